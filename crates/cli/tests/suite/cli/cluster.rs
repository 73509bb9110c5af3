//! The commands that read a cluster, against `bowline up`, and the page that describes them all.

use bowline_testkit::server::Server;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;
use kube::api::{PostParams, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Sandbox;

const GUIDE: &str = include_str!("../../../../../docs/guide/command-line.md");

/// A sandbox with the guide's manifests, beside a cluster that holds its connection, two more
/// Secrets, and one of the platform's.
struct Harbour {
    sandbox: Sandbox,
    server: Server,
}

impl Harbour {
    async fn new() -> Self {
        let sandbox = blocks("yaml")
            .into_iter()
            .fold(Sandbox::new(), |sandbox, text| {
                let name = text.lines().next().and_then(|line| line.strip_prefix("# "));
                sandbox.file(name.expect("a file's name"), text)
            });
        let data = sandbox.path().join("state");
        let server = Server::start(env!("CARGO_BIN_EXE_bowline"), &data).expect("a server");
        let harbour = Self { sandbox, server };
        let client = harbour.server.client().await.expect("a client");
        create::<Namespace>(
            &Api::all(client.clone()),
            json!({"metadata": {"name": "team-a"}}),
        )
        .await;
        let secrets: Api<Secret> = Api::namespaced(client, "team-a");
        for secret in secrets_of_the_guide() {
            create(&secrets, secret).await;
        }
        harbour
    }

    /// All that a command prints, on stdout and then on stderr.
    fn run(&self, line: &str) -> String {
        let mut command = self.sandbox.command(line);
        let output = command
            .env("KUBECONFIG", &self.server.ready.kubeconfig)
            .output();
        let output = output.expect("the binary runs");
        String::from_utf8([output.stdout, output.stderr].concat()).expect("text")
    }
}

async fn create<K>(api: &Api<K>, object: Value)
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Serialize + Resource,
{
    let object = serde_json::from_value(object).expect("an object");
    api.create(&PostParams::default(), &object)
        .await
        .expect("created");
}

fn secrets_of_the_guide() -> Vec<Value> {
    let connection = blocks("yaml")[0].as_bytes();
    let mut secrets = bowline_core::manifest::parse(connection).expect("a manifest");
    secrets.push(json!({
        "metadata": {"name": "granite",
            "annotations": {"opendatahub.io/connection-type-protocol": "uri"}},
        "stringData": {"URI": "hf://ibm-granite/granite-3.1-2b-instruct"},
    }));
    secrets.push(json!({
        "metadata": {"name": "quay"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json!({"auths": {"quay.io": {"auth": "YTpi"}}}).to_string()},
    }));
    secrets.push(json!({
        "metadata": {"name": "release", "labels": {"owner": "helm"}},
        "type": "helm.sh/release.v1",
        "stringData": {"release": "AWS_S3_BUCKET"},
    }));
    secrets
}

/// The code blocks of a language in the guide.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let starts = GUIDE.split(&fence).skip(1);
    starts.filter_map(|rest| rest.split("```").next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_shows_what_the_commands_print() {
    let harbour = Harbour::new().await;
    let runs = blocks("console");
    assert!(runs.len() >= 7);
    for run in runs {
        let (line, expected) = run.split_once('\n').expect("a command and its output");
        let line = line.strip_prefix("$ bowline ").expect("a command");
        assert_eq!(harbour.run(line), expected, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_documents_of_a_cluster_can_be_read_by_programs() {
    let harbour = Harbour::new().await;
    assert_eq!(
        harbour.run("list -n team-a --output name"),
        "granite\ntraining-data\n"
    );
    assert_eq!(
        harbour.run("list -A --output name"),
        "team-a/granite\nteam-a/training-data\n"
    );
    let read = |line| serde_json::from_str::<Value>(&harbour.run(line)).expect("JSON");
    assert_eq!(
        read("list -A --output json")["candidates"][0]["name"],
        "quay"
    );
    assert_eq!(
        read("show quay -n team-a --output json")["isConnection"],
        false
    );
    assert_eq!(read("lint -A --output json")["checked"]["secrets"], 3);
    assert_eq!(
        read("lint -n default --output json")["checked"]["secrets"],
        0
    );
}

/// A workload as it was stored before its connection was taken away, or by an API without admission.
fn notebook(name: &str, annotation: (&str, &str)) -> Value {
    json!({
        "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
        "metadata": {"name": name, "annotations": {annotation.0: annotation.1}},
        "spec": {"template": {"spec": {"containers": [{"name": name, "image": "jupyter"}]}}},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn lint_looks_at_the_workloads_of_a_cluster() {
    let harbour = Harbour::new().await;
    let client = harbour.server.client().await.expect("a client");
    let gvk = kube::core::GroupVersionKind::gvk("kubeflow.org", "v1", "Notebook");
    let resource = kube::api::ApiResource::from_gvk(&gvk);
    let notebooks =
        Api::<kube::api::DynamicObject>::namespaced_with(client.clone(), "team-a", &resource);
    let reference = "opendatahub.io/connections";
    for object in [
        notebook("fine", (reference, "team-a/granite")),
        notebook("left-alone", (reference, "team-a/gone")),
        notebook("misspelt", ("opendatahub.io/conections", "team-a/granite")),
    ] {
        let gone = json!({
            "metadata": {"name": "gone",
                "annotations": {"opendatahub.io/connection-type-protocol": "uri"}},
            "stringData": {"URI": "hf://ibm-granite/granite-3.1-2b-instruct"},
        });
        let secrets: Api<Secret> = Api::namespaced(client.clone(), "team-a");
        if object["metadata"]["name"] == "left-alone" {
            create(&secrets, gone).await;
        }
        let object = serde_json::from_value(object).expect("an object");
        let created = notebooks.create(&PostParams::default(), &object).await;
        created.expect("created");
        let _ = secrets.delete("gone", &Default::default()).await;
    }
    let report: Value = serde_json::from_str(&harbour.run("lint -A --output json")).expect("JSON");
    assert_eq!(report["checked"], json!({"secrets": 3, "workloads": 3}));
    let findings = report["findings"].as_array().expect("findings");
    let of_notebooks = findings
        .iter()
        .filter(|finding| finding["object"]["kind"] == "Notebook")
        .map(|finding| json!([finding["object"]["name"], finding["rule"]]));
    assert_eq!(
        of_notebooks.collect::<Vec<_>>(),
        [
            json!(["misspelt", "unknown-annotation"]),
            json!(["left-alone", "denied"])
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_misspelt_is_told_from_an_empty_one() {
    let harbour = Harbour::new().await;
    assert_eq!(
        harbour.run("list -n default"),
        "no connections in namespace `default`\n"
    );
    assert_eq!(
        harbour.run("list -n taem-a"),
        "error: there is no namespace `taem-a`\nhelp: did you mean `team-a`?\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_output_of_inject_can_be_created() {
    let harbour = Harbour::new().await;
    let injected = harbour
        .sandbox
        .command("inject -f connection.yaml model.yaml")
        .output();
    let injected =
        bowline_core::manifest::parse(&injected.expect("runs").stdout).expect("manifests");
    let client = harbour.server.client().await.expect("a client");
    let model: kube::api::DynamicObject =
        serde_json::from_value(injected[1].clone()).expect("an object");
    let gvk = kube::core::GroupVersionKind::gvk("serving.kserve.io", "v1beta1", "InferenceService");
    let resource = kube::api::ApiResource::from_gvk(&gvk);
    let api = Api::<kube::api::DynamicObject>::namespaced_with(client, "team-a", &resource);
    let created = api
        .create(&PostParams::default(), &model)
        .await
        .expect("created");
    assert_eq!(created.data["spec"], injected[1]["spec"]);
    let annotations = created.metadata.annotations.expect("annotations");
    assert_eq!(json!(annotations), injected[1]["metadata"]["annotations"]);
}
