//! Plants values that stand for secret ones in Secrets of every protocol and dialect, works with
//! them as people, programs and API servers do, and searches all that comes out.
//!
//! What the values look like, and in which spellings they are searched for, is left to
//! `bowline_testkit::canary`.

mod admission;
mod commands;
mod debug;
mod kubectl;
pub(crate) mod secrets;
mod state;

use std::sync::Arc;

use bowline_testkit::Canaries;
use serde_json::{Value, json};

use crate::project::{Project, Shared};

/// A server of the test's own with a project in it, and the Secrets that are to be planted.
struct Scene {
    project: Project,
    canaries: Canaries,
    secrets: Vec<Value>,
}

impl Scene {
    /// An empty project; the Secrets are made, but not created.
    fn new() -> Self {
        let mut canaries = Canaries::default();
        let secrets = secrets::of_every_protocol_and_dialect(&mut canaries);
        Self {
            project: Project::on(Arc::new(Shared::start()), "reef"),
            canaries,
            secrets,
        }
    }

    /// A project in which all Secrets have been created and workloads name them.
    fn in_use() -> Self {
        let scene = Self::new();
        scene.project.file("secrets.json", &list(&scene.secrets));
        scene
            .project
            .file("workloads.json", &list(&scene.workloads()));
        scene.run("kubectl create -f secrets.json");
        scene.run("kubectl create -f workloads.json");
        scene
    }

    /// A workload of each kind for every Secret that it can use.
    fn workloads(&self) -> Vec<Value> {
        let names = self
            .secrets
            .iter()
            .filter_map(|secret| secret["metadata"]["name"].as_str());
        let notebooks = names
            .clone()
            .map(|name| notebook(name, &format!("$PROJECT/{name}")));
        let services = secrets::SERVABLE.iter().map(|name| inference_service(name));
        let llm_services = secrets::SERVABLE
            .iter()
            .map(|name| llm_inference_service(name));
        // As many as one workload may name.
        let all = names
            .clone()
            .take(32)
            .map(|name| format!("$PROJECT/{name},"))
            .collect::<String>();
        let everything = notebook("everything", &all);
        notebooks
            .chain(services)
            .chain(llm_services)
            .chain([everything])
            .collect()
    }

    /// Runs a script, which must succeed, and searches its output.
    fn run(&self, script: &str) {
        let outcome = self.project.run(script);
        self.search(script, &outcome.stdout);
        self.search(script, &outcome.stderr);
    }

    /// Runs a command, whether it succeeds or not, and searches its output, which there must be.
    fn try_run(&self, command: &str) {
        let outcome = self.project.run(&format!("({command}) || true"));
        assert!(
            !outcome.stdout.is_empty() || !outcome.stderr.is_empty(),
            "`{command}` is silent"
        );
        self.search(command, &outcome.stdout);
        self.search(command, &outcome.stderr);
    }

    /// Nothing planted may occur in a piece of output.
    #[track_caller]
    fn search(&self, place: &str, output: &str) {
        assert!(!output.contains('\u{0}'), "search text, not bytes");
        assert_eq!(self.canaries.leaks(output), [], "in the output of {place}");
    }
}

fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn notebook(name: &str, reference: &str) -> Value {
    json!({
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {"name": name, "annotations": {"opendatahub.io/connections": reference}},
        "spec": {"template": {"spec": {"containers": [{"name": name, "image": "a"}]}}},
    })
}

fn inference_service(secret: &str) -> Value {
    json!({
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": secret, "annotations": reference(secret)},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}},
    })
}

fn llm_inference_service(secret: &str) -> Value {
    json!({
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": {"name": secret, "annotations": reference(secret)},
        "spec": {"model": {"name": "a"}, "prefill": {}},
    })
}

fn reference(secret: &str) -> Value {
    json!({"opendatahub.io/connections": secret, "opendatahub.io/connection-path": "models/reef"})
}
