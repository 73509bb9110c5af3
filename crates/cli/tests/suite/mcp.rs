//! kubernetes-mcp-server, by which assistants use a Kubernetes API: its tools, called over its
//! standard input and output.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::project::Project;
use crate::tools::tool;

/// A running server that has been greeted, and the project that it works in.
struct Assistant {
    project: Project,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    last: u64,
}

impl Assistant {
    /// `None` where there is no such server for this machine.
    fn new() -> Option<Self> {
        let program = tool("kubernetes-mcp-server")?;
        let project = Project::new("harbour");
        let mut child = Command::new(program)
            .arg("--kubeconfig")
            .arg(project.kubeconfig())
            .args(["--list-output", "yaml"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its output"));
        let mut assistant = Self {
            project,
            child,
            requests,
            answers,
            last: 0,
        };
        let client = json!({"name": "tests", "version": "1"});
        let greeting =
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        assistant.ask("initialize", greeting);
        assistant.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        Some(assistant)
    }

    fn send(&mut self, message: &Value) {
        let requests = self.requests.as_mut().expect("it listens");
        writeln!(requests, "{message}").expect("it listens");
    }

    /// What it answers; what it says unasked is passed over.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            let length = self.answers.read_line(&mut line).expect("an answer");
            assert_ne!(length, 0, "it has ended");
            let mut answer: Value = serde_json::from_str(&line).expect("JSON");
            if answer["id"] == id {
                assert_eq!(answer["error"], Value::Null, "{method}");
                return answer["result"].take();
            }
        }
    }

    fn call(&mut self, name: &str, arguments: Value) -> Result<String, String> {
        let answer = self.ask("tools/call", json!({"name": name, "arguments": arguments}));
        let text = answer["content"][0]["text"]
            .as_str()
            .expect("a text")
            .to_owned();
        if answer["isError"] == true {
            Err(text)
        } else {
            Ok(text)
        }
    }

    /// What a tool says, which must succeed.
    fn does(&mut self, name: &str, arguments: Value) -> String {
        self.call(name, arguments)
            .unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    /// What a tool complains of.
    fn cannot(&mut self, name: &str, arguments: Value) -> String {
        self.call(name, arguments).expect_err(name)
    }

    fn namespace(&self) -> String {
        self.project.name.clone()
    }

    /// Where a ConfigMap of the project is.
    fn config_map(&self, name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": self.namespace(), "name": name})
    }
}

impl Drop for Assistant {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config_map(high: &str) -> Value {
    let object = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: tides}}\ndata: {{high: '{high}'}}\n"
    );
    json!({ "resource": object })
}

#[test]
fn an_assistant_is_offered_tools() {
    let Some(mut assistant) = Assistant::new() else {
        return;
    };
    let offered = assistant.ask("tools/list", json!({}));
    let tools = offered["tools"].as_array().expect("tools");
    let names: Vec<&str> = tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    for name in [
        "namespaces_list",
        "resources_create_or_update",
        "pods_list_in_namespace",
        "events_list",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}

#[test]
fn an_assistant_lists_namespaces() {
    let Some(mut assistant) = Assistant::new() else {
        return;
    };
    let said = assistant.does("namespaces_list", json!({}));
    assert!(
        said.contains(&format!("name: {}\n", assistant.namespace())),
        "{said}"
    );
}

#[test]
fn an_assistant_makes_reads_changes_and_deletes_an_object() {
    let Some(mut assistant) = Assistant::new() else {
        return;
    };
    assistant.does("resources_create_or_update", config_map("4"));
    let tides = assistant.config_map("tides");
    assert!(
        assistant
            .does("resources_get", tides.clone())
            .contains("high: \"4\"")
    );
    assistant.does("resources_create_or_update", config_map("5"));
    let kind = json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": assistant.namespace()});
    assert!(
        assistant
            .does("resources_list", kind)
            .contains("high: \"5\"")
    );
    assistant.does("resources_delete", tides.clone());
    let why = assistant.cannot("resources_get", tides);
    assert!(why.contains("configmaps \"tides\" not found"), "{why}");
}

#[test]
fn an_assistant_makes_a_workload_that_is_tied_to_its_connection() {
    let Some(mut assistant) = Assistant::new() else {
        return;
    };
    let canary = assistant.project.canary.clone();
    let connection = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: soundings\n  annotations: {{opendatahub.io/connection-type-protocol: s3}}\n\
         stringData: {{AWS_S3_ENDPOINT: 'https://s3.harbour.example', AWS_S3_BUCKET: soundings, AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: '{canary}'}}\n"
    );
    assistant.does(
        "resources_create_or_update",
        json!({ "resource": connection }),
    );
    let notebook = format!(
        "apiVersion: kubeflow.org/v1\nkind: Notebook\nmetadata:\n  name: chart-room\n  annotations: {{opendatahub.io/connections: {}/soundings}}\n\
         spec: {{template: {{spec: {{containers: [{{name: chart-room, image: 'registry.harbour.example/workbench:1'}}]}}}}}}\n",
        assistant.namespace()
    );
    let said = assistant.does(
        "resources_create_or_update",
        json!({ "resource": notebook }),
    );
    assert!(said.contains("secretRef"), "{said}");
}

#[test]
fn an_assistant_is_told_why_something_is_refused() {
    let Some(mut assistant) = Assistant::new() else {
        return;
    };
    let wrong = json!({"resource": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: No_Name}\n"});
    let why = assistant.cannot("resources_create_or_update", wrong);
    assert!(
        why.contains("a lowercase RFC 1123 subdomain must consist of"),
        "{why}"
    );
    let toaster = json!({"apiVersion": "v1", "kind": "Toaster"});
    let why = assistant.cannot("resources_list", toaster);
    assert!(why.contains("no matches for kind"), "{why}");
}

#[test]
fn an_assistant_runs_lists_scales_and_deletes_workloads() {
    let Some(mut assistant) = Assistant::new() else {
        return;
    };
    let namespace = assistant.namespace();
    let run = json!({"namespace": namespace, "name": "foghorn", "image": "registry.harbour.example/foghorn:1"});
    assistant.does("pods_run", run);
    let pods = assistant.does("pods_list_in_namespace", json!({ "namespace": namespace }));
    assert!(pods.contains("name: foghorn"), "{pods}");
    assistant
        .project
        .run("kubectl create deployment web --image=registry.harbour.example/web:1");
    let scale = json!({"apiVersion": "apps/v1", "kind": "Deployment", "namespace": namespace, "name": "web", "scale": 3});
    assistant.does("resources_scale", scale);
    assert_eq!(
        assistant.project.object("deployment web")["spec"]["replicas"],
        3
    );
    assistant.does(
        "pods_delete",
        json!({"namespace": namespace, "name": "foghorn"}),
    );
    assert!(!assistant.project.has("pod foghorn"));
}

#[test]
fn an_assistant_reads_events() {
    let Some(mut assistant) = Assistant::new() else {
        return;
    };
    assistant.project.file(
        "event.yaml",
        "apiVersion: v1\nkind: Event\nmetadata: {name: rising}\ninvolvedObject: {kind: Pod, namespace: $PROJECT, name: foghorn}\n\
         type: Warning\nreason: Rising\nmessage: the water rises\n",
    );
    assistant.project.run("kubectl create -f event.yaml");
    let said = assistant.does("events_list", json!({"namespace": assistant.namespace()}));
    assert!(said.contains("the water rises"), "{said}");
}

#[test]
fn an_assistant_cannot_use_what_needs_a_cluster() {
    let Some(mut assistant) = Assistant::new() else {
        return;
    };
    let namespace = assistant.namespace();
    assistant
        .project
        .run("kubectl run foghorn --image=registry.harbour.example/foghorn:1");
    let pod = json!({"namespace": namespace, "name": "foghorn"});
    let why = assistant.cannot("pods_log", pod);
    assert!(why.contains("stored here and never run"), "{why}");
    let command = json!({"namespace": namespace, "name": "foghorn", "command": ["true"]});
    let why = assistant.cannot("pods_exec", command);
    assert!(why.contains("stored here and never run"), "{why}");
    let why = assistant.cannot("pods_top", json!({ "namespace": namespace }));
    assert!(why.contains("metrics API is not available"), "{why}");
}
