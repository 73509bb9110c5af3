//! The admission cases, posted over HTTPS to the `/mutate` of a running `bowline up`, with Secrets,
//! rights and accounts in its API. The same cases run on the bare handler in the operator's tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use bowline_testkit::cases::{NAMESPACE, Reach, USER, World, load, run};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::core::{DynamicObject, GroupVersionKind, ObjectMeta};
use kube::discovery::ApiResource;
use serde_json::{Value, json};

use crate::project::Shared;

/// The account that every namespace has from the start.
const DEFAULT_ACCOUNT: &str = "default";

struct Served {
    api: kube::Client,
    admission: kube::Client,
    secrets: BTreeSet<String>,
    forbidden: BTreeSet<String>,
}

impl Served {
    async fn on(shared: &Shared) -> Result<Self> {
        let api = shared.server.client().await?;
        let admission = shared.server.admission().await?;
        let world = Self {
            api,
            admission,
            secrets: BTreeSet::new(),
            forbidden: BTreeSet::new(),
        };
        let namespace = json!({"metadata": {"name": NAMESPACE}});
        world
            .put(&world.all("", "Namespace"), NAMESPACE, namespace)
            .await?;
        let binding = json!({
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        });
        world.put_role().await?;
        world
            .put(
                &world.local("rbac.authorization.k8s.io", "RoleBinding"),
                "reader",
                binding,
            )
            .await?;
        Ok(world)
    }

    fn local(&self, group: &str, kind: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.api.clone(), NAMESPACE, &resource(group, kind))
    }

    fn all(&self, group: &str, kind: &str) -> Api<DynamicObject> {
        Api::all_with(self.api.clone(), &resource(group, kind))
    }

    /// Creates an object, instead of any that has the name.
    async fn put(&self, api: &Api<DynamicObject>, name: &str, content: Value) -> Result<()> {
        delete(api, name).await?;
        let mut object: DynamicObject = serde_json::from_value(content)?;
        object.metadata = ObjectMeta {
            namespace: None,
            name: Some(name.to_owned()),
            ..object.metadata
        };
        api.create(&PostParams::default(), &object)
            .await
            .with_context(|| format!("create {name}"))?;
        Ok(())
    }

    /// The requester may get all Secrets but the forbidden ones.
    async fn put_role(&self) -> Result<()> {
        let mut rule = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]});
        if !self.forbidden.is_empty() {
            let allowed = self.secrets.difference(&self.forbidden).map(String::as_str);
            // An empty list of names would mean all of them.
            rule["resourceNames"] = allowed.chain(["none"]).collect();
        }
        self.put(
            &self.local("rbac.authorization.k8s.io", "Role"),
            "reader",
            json!({"rules": [rule]}),
        )
        .await
    }
}

impl World for Served {
    fn reach(&self) -> Reach {
        Reach::Review
    }

    async fn reset(&mut self) -> Result<()> {
        for name in std::mem::take(&mut self.secrets) {
            self.delete_secret(&name).await?;
        }
        for name in self.accounts().await?.keys() {
            delete(&self.local("", "ServiceAccount"), name).await?;
        }
        self.forbid(&[]).await
    }

    async fn put_secret(&mut self, secret: &Value) -> Result<()> {
        let name = secret
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .context("no name")?;
        self.secrets.insert(name.to_owned());
        self.put(&self.local("", "Secret"), name, secret.clone())
            .await
    }

    async fn delete_secret(&mut self, name: &str) -> Result<()> {
        delete(&self.local("", "Secret"), name).await
    }

    async fn put_account(&mut self, name: &str, links: &[String]) -> Result<()> {
        let links: Vec<Value> = links.iter().map(|name| json!({"name": name})).collect();
        self.put(
            &self.local("", "ServiceAccount"),
            name,
            json!({"secrets": links}),
        )
        .await
    }

    async fn forbid(&mut self, names: &[String]) -> Result<()> {
        self.forbidden = names.iter().cloned().collect();
        self.put_role().await
    }

    async fn disconnect(&mut self, names: &[String]) -> Result<()> {
        ensure!(names.is_empty(), "this world cannot break its own API");
        Ok(())
    }

    async fn post(&mut self, review: &Value) -> Result<String> {
        let request = http::Request::post("/mutate")
            .header("content-type", "application/json")
            .body(serde_json::to_vec(review)?)?;
        Ok(self.admission.request_text(request).await?)
    }

    async fn accounts(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        let list = self
            .local("", "ServiceAccount")
            .list(&ListParams::default())
            .await?;
        let others = list
            .items
            .into_iter()
            .filter(|a| a.metadata.name.as_deref() != Some(DEFAULT_ACCOUNT));
        let links = |account: &DynamicObject| -> Vec<String> {
            let links = account
                .data
                .get("secrets")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            links
                .iter()
                .filter_map(|link| Some(link.get("name")?.as_str()?.to_owned()))
                .collect()
        };
        Ok(others
            .map(|account| {
                (
                    account.metadata.name.clone().unwrap_or_default(),
                    links(&account),
                )
            })
            .collect())
    }
}

fn resource(group: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind))
}

async fn delete(api: &Api<DynamicObject>, name: &str) -> Result<()> {
    match api.delete(name, &DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other.map(drop).with_context(|| format!("delete {name}")),
    }
}

#[tokio::test]
async fn every_admission_case_holds_over_https() -> Result<()> {
    let shared = Shared::start();
    let mut world = Served::on(&shared).await?;
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testkit/cases");
    let (mut played, mut failures) = (0, Vec::new());
    for file in load(&directory)? {
        let report = run(&mut world, &file).await;
        played += report.played;
        failures.extend(report.failures);
    }
    ensure!(
        failures.is_empty(),
        "{} of {played} cases failed\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    ensure!(played >= 150, "only {played} cases were played");
    println!("{played} admission cases hold over HTTPS");
    Ok(())
}
