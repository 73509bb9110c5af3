//! What the log of `bowline up` tells of writes over the Kubernetes API.

use bowline_testkit::Canaries;
use bowline_testkit::server::Server;
use http::Request;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tempfile::TempDir;

const CORE: &str = "/api/v1/namespaces/default";
const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

struct Scene {
    server: Server,
    client: Client,
    canaries: Canaries,
    _data: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let binary = env!("CARGO_BIN_EXE_bowline");
        let server = Server::start_with(binary, data.path(), "info").expect("a server");
        Self {
            client: server.client().await.expect("a client"),
            server,
            canaries: Canaries::default(),
            _data: data,
        }
    }

    /// Sends a request as the administrator, and returns the code of the answer.
    async fn send(&self, line: &str, headers: &[(&str, &str)], body: &Value) -> u16 {
        send(&self.client, line, headers, body).await
    }

    fn secret(&mut self, name: &str) -> Value {
        let value = self.canaries.plant(format!("Secret {name}"));
        json!({"metadata": {"name": name}, "stringData": {"PASSWORD": value}})
    }

    /// What is told of writes, from the user on; and no value in all the log.
    fn told(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.server.log).expect("a log");
        assert_eq!(self.canaries.leaks(&log), []);
        let lines = log.lines();
        let told = lines.filter_map(|line| line.split_once("bowline_apiserver::audit: write "));
        told.map(|(_, line)| line.to_owned()).collect()
    }
}

async fn send(client: &Client, line: &str, headers: &[(&str, &str)], body: &Value) -> u16 {
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let media_type = match method {
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", media_type);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = match body {
        Value::Null => Body::empty(),
        body => Body::from(body.to_string().into_bytes()),
    };
    let request = request.body(body).expect("a request");
    let answer = client.send(request).await.expect("an answer");
    answer.status().as_u16()
}

/// What is sent, with which headers and body; the code of the answer, and what is told.
type Step<'a> = (String, &'a [(&'a str, &'a str)], &'a Value, u16, &'a str);

#[tokio::test]
async fn every_write_is_one_line() {
    let mut scene = Scene::new().await;
    let tides = scene.secret("tides");
    let patch = json!({"stringData": {"PASSWORD": scene.canaries.plant("a patch")}});
    let pod = json!({"metadata": {"name": "buoy"}, "spec": {"containers": [{"name": "buoy", "image": "buoy"}]}});
    let fleet = json!({
        "metadata": {"name": "fleet"},
        "spec": {
            "selector": {"matchLabels": {"app": "fleet"}},
            "template": {"metadata": {"labels": {"app": "fleet"}}, "spec": {"containers": [{"name": "ship", "image": "ship"}]}},
        },
    });
    let (nothing, empty) = (Value::Null, json!({}));
    let steps = [
        (
            format!("POST {SECRETS}"),
            &tides,
            201,
            r#"verb="create" group="" resource="secrets" namespace="default" name="tides" dry_run=false verdict="done""#,
        ),
        (
            format!("PUT {SECRETS}/tides?dryRun=All"),
            &tides,
            200,
            r#"verb="update" group="" resource="secrets" namespace="default" name="tides" dry_run=true verdict="done""#,
        ),
        (
            format!("PATCH {SECRETS}/tides"),
            &patch,
            200,
            r#"verb="patch" group="" resource="secrets" namespace="default" name="tides" dry_run=false verdict="done""#,
        ),
        (
            format!("DELETE {SECRETS}/tides"),
            &nothing,
            200,
            r#"verb="delete" group="" resource="secrets" namespace="default" name="tides" dry_run=false verdict="done""#,
        ),
        (
            format!("POST {DEPLOYMENTS}"),
            &fleet,
            201,
            r#"verb="create" group="apps" resource="deployments" namespace="default" name="fleet" dry_run=false verdict="done""#,
        ),
        (
            format!("PATCH {DEPLOYMENTS}/fleet/status"),
            &empty,
            200,
            r#"verb="patch" group="apps" resource="deployments" subresource="status" namespace="default" name="fleet" dry_run=false verdict="done""#,
        ),
        (
            format!("PATCH {DEPLOYMENTS}/fleet/scale"),
            &empty,
            200,
            r#"verb="patch" group="apps" resource="deployments" subresource="scale" namespace="default" name="fleet" dry_run=false verdict="done""#,
        ),
        (
            format!("POST {CORE}/serviceaccounts/default/token"),
            &empty,
            201,
            r#"verb="create" group="" resource="serviceaccounts" subresource="token" namespace="default" name="default" dry_run=false verdict="done""#,
        ),
        (
            format!("POST {CORE}/pods"),
            &pod,
            201,
            r#"verb="create" group="" resource="pods" namespace="default" name="buoy" dry_run=false verdict="done""#,
        ),
        (
            format!("POST {CORE}/pods/buoy/eviction"),
            &empty,
            201,
            r#"verb="create" group="" resource="pods" subresource="eviction" namespace="default" name="buoy" dry_run=false verdict="done""#,
        ),
        (
            format!("DELETE {DEPLOYMENTS}"),
            &nothing,
            200,
            r#"verb="deletecollection" group="apps" resource="deployments" namespace="default" deleted=1 dry_run=false verdict="done""#,
        ),
    ];
    let mut expected = Vec::new();
    for (line, body, code, told) in &steps {
        assert_eq!(scene.send(line, &[], body).await, *code, "{line}");
        expected.push(format!(r#"user="bowline-admin" {told} status={code}"#));
    }
    assert_eq!(scene.told(), expected);
}

#[tokio::test]
async fn a_generated_name_is_told_and_reads_and_reviews_are_not() {
    let mut scene = Scene::new().await;
    let mut secret = scene.secret("tide-");
    secret["metadata"] = json!({"generateName": "tide-"});
    let review = json!({"spec": {"resourceAttributes": {"verb": "get", "resource": "secrets"}}});
    scene.send(&format!("POST {REVIEWS}"), &[], &review).await;
    scene
        .send(&format!("GET {SECRETS}"), &[], &Value::Null)
        .await;
    scene.send(&format!("POST {SECRETS}"), &[], &secret).await;
    let told = scene.told();
    assert!(
        told.len() == 1 && told[0].contains(r#"name="tide-"#),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_write_that_is_not_done_is_told_and_by_whom() {
    let mut scene = Scene::new().await;
    let secret = scene.secret("tides");
    let mut bad = secret.clone();
    bad["metadata"]["name"] = "No Name\nof ours".into();
    let as_alice = [("impersonate-user", "alice")];
    let by_alice = json!({"spec": {"paused": true}});
    let steps: [Step<'_>; 6] = [
        (
            format!("POST {SECRETS}"),
            &as_alice,
            &secret,
            403,
            r#"user="alice" impersonated_by="bowline-admin" verb="create" group="" resource="secrets" namespace="default" dry_run=false verdict="refused""#,
        ),
        (
            format!("PATCH {DEPLOYMENTS}/fleet"),
            &as_alice,
            &by_alice,
            403,
            r#"user="alice" impersonated_by="bowline-admin" verb="patch" group="apps" resource="deployments" namespace="default" name="fleet" dry_run=false verdict="refused""#,
        ),
        (
            format!("POST {SECRETS}"),
            &[],
            &bad,
            422,
            r#"user="bowline-admin" verb="create" group="" resource="secrets" namespace="default" name="No Name\nof ours" dry_run=false verdict="failed""#,
        ),
        (
            format!("DELETE {SECRETS}/a%0Ab"),
            &[],
            &Value::Null,
            404,
            r#"user="bowline-admin" verb="delete" group="" resource="secrets" namespace="default" name="a\nb" dry_run=false verdict="failed""#,
        ),
        (
            format!("POST {CORE}/whales"),
            &[],
            &secret,
            404,
            r#"user="bowline-admin" verb="create" group="" resource="whales" namespace="default" dry_run=false verdict="failed""#,
        ),
        (
            format!("POST {SECRETS}/tides"),
            &[],
            &secret,
            405,
            r#"user="" verb="post" group="" resource="secrets" namespace="default" name="tides" dry_run=false verdict="failed""#,
        ),
    ];
    let mut expected = Vec::new();
    for (line, headers, body, code, told) in steps {
        assert_eq!(scene.send(&line, headers, body).await, code, "{line}");
        expected.push(format!("{told} status={code}"));
    }
    let mut config = scene.server.config().await.expect("a kubeconfig");
    config.auth_info = kube::config::AuthInfo::default();
    let nobody = Client::try_from(config).expect("a client");
    let unknown = [("authorization", "Bearer nonsense")];
    let line = format!("POST {SECRETS}");
    assert_eq!(send(&nobody, &line, &unknown, &secret).await, 401);
    expected.push(r#"user="" verb="create" group="" resource="secrets" namespace="default" dry_run=false verdict="refused" status=401"#.to_owned());
    assert_eq!(scene.told(), expected);
}
