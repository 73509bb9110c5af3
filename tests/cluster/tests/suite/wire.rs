//! Requests to the API server as they go over the wire, since warnings, dry runs and the form of a
//! patch are what the tests are about. What to send is left to the tests.

use anyhow::{Context as _, Result};
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::api::ApiResource;
use kube::client::Body;
use kube::core::GroupVersionKind;
use serde_json::Value;

pub(crate) const JSON: &str = "application/json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const STRATEGIC_MERGE_PATCH: &str = "application/strategic-merge-patch+json";
pub(crate) const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// Somebody who makes requests.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    /// Who is impersonated; the administrator when empty.
    user: String,
    groups: Vec<String>,
}

/// What the API server said.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

impl Caller {
    pub(crate) fn administrator(client: Client) -> Self {
        Self {
            client,
            user: String::new(),
            groups: Vec::new(),
        }
    }

    /// The same client on behalf of another user.
    pub(crate) fn acting_as(&self, user: &str, groups: &[&str]) -> Self {
        Self {
            client: self.client.clone(),
            user: user.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Reply> {
        self.send(Method::GET, path, JSON, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, object: &Value) -> Result<Reply> {
        self.send(Method::POST, path, JSON, object).await
    }

    pub(crate) async fn put(&self, path: &str, object: &Value) -> Result<Reply> {
        self.send(Method::PUT, path, JSON, object).await
    }

    pub(crate) async fn patch(&self, path: &str, form: &str, patch: &Value) -> Result<Reply> {
        self.send(Method::PATCH, path, form, patch).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Reply> {
        self.send(Method::DELETE, path, JSON, &Value::Null).await
    }

    async fn send(&self, method: Method, path: &str, form: &str, body: &Value) -> Result<Reply> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, form);
        if !self.user.is_empty() {
            request = request.header("impersonate-user", &self.user);
        }
        for group in &self.groups {
            request = request.header("impersonate-group", group);
        }
        let body = match body {
            Value::Null => Vec::new(),
            body => serde_json::to_vec(body)?,
        };
        let response = self.client.send(request.body(Body::from(body))?).await?;
        let code = response.status().as_u16();
        let warnings = warnings(response.headers());
        let text = response.into_body().collect().await?.to_bytes();
        let body = serde_json::from_slice(&text).context("the answer is not JSON")?;
        Ok(Reply {
            code,
            body,
            warnings,
        })
    }
}

impl Reply {
    pub(crate) const fn is_ok(&self) -> bool {
        self.code < 300
    }

    /// The message of a refusal.
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// The object, where the request was granted.
    pub(crate) fn granted(self) -> Result<Value> {
        anyhow::ensure!(self.is_ok(), "{}: {}", self.code, self.message());
        Ok(self.body)
    }
}

/// `299 - "text"`, with quotes and backslashes inside of the text escaped.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(header::WARNING).into_iter();
    texts
        .filter_map(|value| {
            let text = std::str::from_utf8(value.as_bytes()).ok()?;
            let text = text.split_once('"')?.1;
            let text = text.strip_suffix('"').unwrap_or(text);
            Some(text.replace("\\\"", "\"").replace("\\\\", "\\"))
        })
        .collect()
}

/// Where objects of this one's kind are in a namespace.
pub(crate) fn collection(object: &Value, namespace: &str) -> Result<String> {
    let api_version = object["apiVersion"].as_str().context("no apiVersion")?;
    let kind = object["kind"].as_str().context("no kind")?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    Ok(resource_path(&resource, namespace))
}

fn resource_path(resource: &ApiResource, namespace: &str) -> String {
    let root = if resource.group.is_empty() {
        "/api"
    } else {
        "/apis"
    };
    format!(
        "{root}/{}/namespaces/{namespace}/{}",
        resource.api_version, resource.plural
    )
}
