//! A Kubernetes API of a test's own, callers of it, and the objects that tests create.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use bowline_apiserver::{ApiServer, Config, UserInfo};
use bowline_core::manifest;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for something that is to happen by itself.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct TestApi {
    pub(crate) client: kube::Client,
    server: ApiServer,
    _state: TempDir,
}

impl TestApi {
    /// With namespaces `harbour` and `inland`, and the workload kinds.
    pub(crate) async fn start() -> Result<Self> {
        let state = TempDir::new()?;
        let mut config = Config::new(state.path().join("store.sqlite"));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/crds");
        for file in std::fs::read_dir(folder)? {
            let text = std::fs::read(file?.path())?;
            config.definitions.extend(manifest::parse(&text)?);
        }
        let server = ApiServer::open(config).await?;
        let service = server.in_process(UserInfo::administrator("tester"));
        let this = Self {
            client: kube::Client::new(service, "default"),
            server,
            _state: state,
        };
        for name in ["harbour", "inland"] {
            this.create(
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
            )
            .await?;
        }
        Ok(this)
    }

    /// A client of somebody who may do what bindings say.
    pub(crate) fn client_of(&self, user: &str) -> kube::Client {
        let user = UserInfo::new(user, ["system:authenticated"]);
        kube::Client::new(self.server.in_process(user), "default")
    }

    /// A client whose every request after the first `allowed` of one sort is refused.
    pub(crate) fn failing_client(
        &self,
        method: &'static str,
        path: &'static str,
        allowed: usize,
    ) -> kube::Client {
        let seen = Arc::new(AtomicUsize::new(0));
        let service = self.server.in_process(UserInfo::administrator("tester"));
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            use tower::ServiceExt as _;
            let is_it = is_of_sort(&request, method, path);
            let is_refused = is_it && seen.fetch_add(1, Ordering::Relaxed) >= allowed;
            let service = service.clone();
            async move {
                // The request is lost on its way, as by a proxy that forgets the path.
                let request = match is_refused {
                    true => http::Request::builder()
                        .method("PUT")
                        .uri("/nowhere")
                        .body(kube::client::Body::empty())?,
                    false => request,
                };
                service
                    .oneshot(request)
                    .await
                    .map_err(Into::<tower::BoxError>::into)
            }
        });
        kube::Client::new(service, "default")
    }

    /// A client of Ada, who may do everything in namespace `harbour`, whose `nth` request of one
    /// sort, from 0, is carried out and its answer lost. What happens `meanwhile` is over before she
    /// notices that.
    pub(crate) async fn losing_client(
        &self,
        method: &'static str,
        path: &'static str,
        nth: usize,
        meanwhile: impl Future<Output = Result<()>> + Send + 'static,
    ) -> Result<kube::Client> {
        self.allow("ada", &["*"], &["*"]).await?;
        let ada = UserInfo::new("ada", ["system:authenticated"]);
        let service = self.server.in_process(ada);
        let (mut seen, mut meanwhile) = (0, Some(meanwhile));
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            use tower::ServiceExt as _;
            let mut lost = None;
            if is_of_sort(&request, method, path) {
                lost = meanwhile.take_if(|_| seen == nth);
                seen += 1;
            }
            let service = service.clone();
            async move {
                let answer = service.oneshot(request).await;
                if let Some(meanwhile) = lost {
                    meanwhile.await?;
                    return Err(tower::BoxError::from("the answer was lost"));
                }
                answer.map_err(Into::into)
            }
        });
        Ok(kube::Client::new(service, "default"))
    }

    /// A client of an administrator before whose patch of `path`, after `allowed` ones, dry runs
    /// among them, somebody else is quicker with a merge patch.
    pub(crate) fn overtaken_client(
        &self,
        path: &'static str,
        allowed: usize,
        change: Value,
    ) -> kube::Client {
        let seen = Arc::new(AtomicUsize::new(0));
        let service = self.server.in_process(UserInfo::administrator("tester"));
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            use tower::ServiceExt as _;
            let is_it = request.method() == "PATCH" && request.uri().path() == path;
            let is_overtaken = is_it && seen.fetch_add(1, Ordering::Relaxed) == allowed;
            let service = service.clone();
            let change = change.to_string();
            async move {
                if is_overtaken {
                    let quicker = http::Request::builder()
                        .method("PATCH")
                        .uri(path)
                        .header("content-type", "application/merge-patch+json")
                        .body(kube::client::Body::from(change.into_bytes()))?;
                    let answer = service.clone().oneshot(quicker).await;
                    let answer = answer.map_err(Into::<tower::BoxError>::into)?;
                    assert!(answer.status().is_success(), "{}", answer.status());
                }
                service
                    .oneshot(request)
                    .await
                    .map_err(Into::<tower::BoxError>::into)
            }
        });
        kube::Client::new(service, "default")
    }

    /// Lets somebody do things to resources of namespace `harbour`, from now on only these.
    pub(crate) async fn allow(&self, user: &str, verbs: &[&str], resources: &[&str]) -> Result<()> {
        let name = format!("of-{user}");
        let rules = json!([{"apiGroups": ["*"], "resources": resources, "verbs": verbs}]);
        let metadata = json!({"name": name, "namespace": "harbour"});
        let api = "rbac.authorization.k8s.io/v1";
        let role = json!({"apiVersion": api, "kind": "Role", "metadata": metadata, "rules": rules});
        self.put(role).await?;
        self.put(json!({
            "apiVersion": api, "kind": "RoleBinding", "metadata": metadata,
            "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"kind": "Role", "name": name, "apiGroup": "rbac.authorization.k8s.io"},
        }))
        .await
    }

    /// Creates an object, or changes the one that is there.
    async fn put(&self, object: Value) -> Result<()> {
        if self.get(&object).await?.is_some() {
            return self.patch(&object, object.clone()).await;
        }
        self.create(object).await.map(|_| ())
    }

    pub(crate) fn api(&self, object: &Value) -> Api<DynamicObject> {
        let of = |key: &str| object[key].as_str().unwrap_or_default();
        let (group, version) = of("apiVersion")
            .split_once('/')
            .unwrap_or(("", of("apiVersion")));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, of("kind")));
        match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    pub(crate) async fn create(&self, object: Value) -> Result<DynamicObject> {
        let api = self.api(&object);
        Ok(api
            .create(&PostParams::default(), &serde_json::from_value(object)?)
            .await?)
    }

    pub(crate) async fn delete(&self, object: &Value) -> Result<()> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        self.api(object).delete(name, &Default::default()).await?;
        Ok(())
    }

    pub(crate) async fn patch(&self, object: &Value, patch: Value) -> Result<()> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let params = PatchParams::default();
        self.api(object)
            .patch(name, &params, &Patch::Merge(patch))
            .await?;
        Ok(())
    }

    /// An object as it is now; `None` when it is gone.
    pub(crate) async fn get(&self, object: &Value) -> Result<Option<Value>> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let found = self.api(object).get_opt(name).await?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }
}

/// Whether a request is of one sort, and no dry run as far as its query says that.
fn is_of_sort<T>(request: &http::Request<T>, method: &str, path: &str) -> bool {
    let (found, uri) = (request.method(), request.uri());
    let is_dry = uri.query().is_some_and(|query| query.contains("dryRun"));
    found == method && uri.path() == path && !is_dry
}

/// Waits until something is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) -> Result<()> {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    Ok(tokio::time::timeout(PATIENCE, wait).await?)
}

/// A connection to a location in namespace `harbour`.
pub(crate) fn connection(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "namespace": "harbour", "name": name,
            "annotations": {"opendatahub.io/connection-type-protocol": "uri"},
        },
        "stringData": {"URI": format!("https://models.example/{name}")},
    })
}

/// A Notebook that names connections and takes their variables, as after admission.
pub(crate) fn notebook(name: &str, connections: &[&str]) -> Value {
    let list: Vec<_> = connections
        .iter()
        .map(|secret| format!("harbour/{secret}"))
        .collect();
    let from: Vec<_> = connections
        .iter()
        .map(|secret| json!({"secretRef": {"name": secret}}))
        .collect();
    let container = json!({"name": name, "image": "a", "envFrom": from});
    json!({
        "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
        "metadata": {
            "namespace": "harbour", "name": name,
            "annotations": {"opendatahub.io/connections": list.join(",")},
        },
        "spec": {"template": {"spec": {"containers": [container]}}},
    })
}

/// A Deployment with this pod specification beside its container.
pub(crate) fn deployment(name: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": "harbour", "name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "a", "image": "a"}]},
            },
        },
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        object["spec"]["template"]["spec"][key] = value.clone();
    }
    object
}
