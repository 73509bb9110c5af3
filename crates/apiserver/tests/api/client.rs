//! A server on fresh state, and clients that speak to it in this process.

use bowline_apiserver::{ApiServer, Body, Config, InProcess, UserInfo};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// How long anything that must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) api: ApiServer,
    pub(crate) directory: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with_definitions(Vec::new()).await
    }

    pub(crate) async fn with_definitions(definitions: Vec<Value>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::new(directory.path().join("store.sqlite"));
        config.definitions = definitions;
        Self {
            api: ApiServer::open(config).await.unwrap(),
            directory,
        }
    }

    /// A server on state that is there already.
    pub(crate) async fn again(directory: TempDir) -> Self {
        let config = Config::new(directory.path().join("store.sqlite"));
        Self {
            api: ApiServer::open(config).await.unwrap(),
            directory,
        }
    }

    pub(crate) fn admin(&self) -> Client {
        self.client(UserInfo::administrator("admin"))
    }

    pub(crate) fn user(&self, name: &str) -> Client {
        self.client(UserInfo::new(name, ["people"]))
    }

    fn client(&self, user: UserInfo) -> Client {
        Client {
            service: self.api.in_process(user),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    service: InProcess,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; a body that is none is a text.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&self.body).into())
    }

    /// The body of a request that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(
            (200..300).contains(&self.code),
            "{}: {}",
            self.code,
            self.json()
        );
        self.json()
    }

    /// The message of a request that must have been refused so.
    #[track_caller]
    pub(crate) fn refused(&self, code: u16, reason: &str) -> String {
        let status = self.json();
        assert_eq!(
            (self.code, status["reason"].as_str()),
            (code, Some(reason)),
            "{status}"
        );
        assert_eq!(
            (&status["kind"], &status["status"], &status["code"]),
            (&json!("Status"), &json!("Failure"), &json!(code))
        );
        status["message"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.headers
            .get_all("warning")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }
}

impl Client {
    pub(crate) async fn raw(&self, request: Request<Full<bytes::Bytes>>) -> Response<Body> {
        self.service.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body: Vec<u8> = body.into();
        let response = self.raw(request.body(Full::from(body)).unwrap()).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            code: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, object: &Value) -> Answer {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            object.to_string(),
        )
        .await
    }

    pub(crate) async fn put(&self, path: &str, object: &Value) -> Answer {
        self.send(
            "PUT",
            path,
            &[("content-type", "application/json")],
            object.to_string(),
        )
        .await
    }

    /// A patch of the kind `json`, `merge` or `strategic-merge`.
    pub(crate) async fn patch(&self, path: &str, kind: &str, patch: &Value) -> Answer {
        let media_type = format!("application/{kind}-patch+json");
        self.send(
            "PATCH",
            path,
            &[("content-type", &media_type)],
            patch.to_string(),
        )
        .await
    }
}

/// An object as admission sees it.
pub(crate) fn without_owners(mut object: Value) -> Value {
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.shift_remove("managedFields");
    object
}

pub(crate) const SECRETS: &str = "/api/v1/namespaces/default/secrets";

pub(crate) fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"KEY": "value"}})
}

pub(crate) fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}})
}
