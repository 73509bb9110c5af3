//! A bucket on a real S3 server with users and their policies, an installation that is described for
//! it, and what a check of that says.

use std::process::{Command, Output};

use bowline_testkit::s3::{Call, S3, User};
use serde_json::{Value, json};
use tempfile::TempDir;

const LAYOUT: &str = "artifacts/{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}";
const SUBJECTS: [&str; 3] = ["backend", "team-1", "team-10"];

/// A bucket, three users with the policies of an installation, and the installation's documents.
pub(crate) struct Scene {
    server: &'static S3,
    pub(crate) bucket: String,
    pub(crate) users: Vec<User>,
    folder: TempDir,
}

impl Scene {
    /// One with the right policies; `None` where there is no server.
    pub(crate) fn new(bucket: &str) -> Option<Self> {
        let server = S3::shared()?;
        server.make_bucket(bucket).expect("a bucket");
        let make = |subject: &str| server.make_user(&format!("{subject}.{bucket}"));
        let users = SUBJECTS.map(|subject| make(subject).expect("a user"));
        let scene = Self {
            server,
            bucket: bucket.to_owned(),
            users: users.into(),
            folder: TempDir::new().expect("a folder"),
        };
        scene.describe(|_| {});
        let policies = scene.policies();
        for (user, subject) in scene.users.iter().zip(SUBJECTS) {
            let document = match subject {
                "backend" => &policies["backend"],
                profile => &policies["profiles"][profile],
            };
            scene.give(user, document);
        }
        Some(scene)
    }

    pub(crate) fn policies(&self) -> Value {
        let made = self.bowline("pipelines policies --store store.yaml --for aws -o json");
        serde_json::from_slice(&made.stdout).expect("policies")
    }

    pub(crate) fn give(&self, user: &User, document: &Value) {
        let given = self.server.give_policy(user, &document.to_string());
        given.expect("a policy");
    }

    /// Writes `store.yaml`, with something changed.
    pub(crate) fn describe(&self, change: impl FnOnce(&mut Vec<Value>)) {
        let endpoint = &self.server.ready.endpoint;
        let mut documents = vec![json!({
            "apiVersion": "bowline.dev/v1alpha1", "kind": "PipelineStore",
            "metadata": {"name": "kfp", "namespace": "kubeflow"},
            "spec": {
                "connection": "keys-backend", "vendor": "ceph", "addressing": "path",
                "layout": {"artifactsKeyFormat": LAYOUT}, "releases": {"kfp": "2.17"},
                "auth": {"type": "KeyPerProfile", "secretTemplate": "keys-{profile_name}"},
                "profiles": [{"name": "team-1"}, {"name": "team-10"}],
            },
        })];
        for (user, subject) in self.users.iter().zip(SUBJECTS) {
            documents.push(json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": format!("keys-{subject}"), "namespace": "kubeflow"},
                "stringData": {
                    "AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret_key,
                    "AWS_S3_ENDPOINT": endpoint, "AWS_S3_BUCKET": self.bucket, "AWS_DEFAULT_REGION": "us-east-1",
                },
            }));
        }
        change(&mut documents);
        let texts: Vec<_> = documents.iter().map(Value::to_string).collect();
        let file = self.folder.path().join("store.yaml");
        std::fs::write(file, texts.join("\n---\n")).expect("a file");
    }

    pub(crate) fn bowline(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
        command.env_clear().current_dir(&self.folder);
        command.args(line.split_whitespace());
        let output = command.output().expect("it runs");
        for shown in [&output.stdout, &output.stderr] {
            let shown = String::from_utf8_lossy(shown);
            let leaked = self
                .users
                .iter()
                .find(|user| shown.contains(&user.secret_key));
            assert!(leaked.is_none(), "a secret key is in: {shown}");
        }
        output
    }

    pub(crate) fn check(&self) -> Checked {
        Checked::of(&self.bowline("pipelines check --store store.yaml -o json"))
    }

    /// How many objects there are in the bucket.
    pub(crate) fn is_empty(&self) -> bool {
        let call = |method, path| Call {
            method,
            path,
            query: &[],
            body: "",
        };
        // A bucket goes only when there is nothing in it.
        let calls = [call("DELETE", self.bucket.as_str())];
        let status = self
            .server
            .calls(&self.server.owner(), &calls)
            .expect("an answer");
        status == [204]
    }
}

/// What a check said to programs.
pub(crate) struct Checked {
    pub(crate) code: i32,
    pub(crate) report: Value,
}

impl Checked {
    pub(crate) fn of(output: &Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr);
        Self {
            code: output.status.code().expect("a code"),
            report: serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|_| panic!("no JSON: {stderr}")),
        }
    }

    /// The outcomes of a reader at a prefix: put, get, list.
    pub(crate) fn reader(&self, reader: &str, prefix: &str) -> Vec<&str> {
        let rows = self.report["readers"].as_array().expect("rows");
        let row = rows
            .iter()
            .find(|row| row["reader"] == reader && row["prefix"] == prefix);
        let row = row.unwrap_or_else(|| panic!("{reader} at {prefix} in {rows:#?}"));
        ["put", "get", "list"]
            .map(|verb| row[verb]["outcome"].as_str().unwrap_or("none"))
            .to_vec()
    }

    pub(crate) fn states(&self) -> Vec<&str> {
        let rows = self.report["readers"].as_array().expect("rows");
        let mut states: Vec<_> = rows
            .iter()
            .filter_map(|row| row["state"].as_str())
            .collect();
        states.sort_unstable();
        states.dedup();
        states
    }

    /// How one profile stands to another.
    pub(crate) fn standing(&self, one: &str, other: &str) -> &str {
        let pairs = self.report["isolation"].as_array().expect("pairs");
        let pair = pairs
            .iter()
            .find(|pair| pair["profile"] == one && pair["other"] == other);
        pair.and_then(|pair| pair["standing"].as_str())
            .expect("the pair")
    }

    pub(crate) fn root(&self, profile: &str) -> &str {
        let roots = self.report["roots"].as_array().expect("roots");
        let root = roots.iter().find(|root| root["profile"] == profile);
        root.and_then(|root| root["list"]["standing"].as_str())
            .expect("the root")
    }

    pub(crate) fn findings(&self) -> Vec<(&str, &str)> {
        let findings = self.report["findings"].as_array().expect("findings").iter();
        findings
            .map(|it| {
                let of = |name: &str| it[name].as_str().unwrap_or_default();
                (of("rule"), of("message"))
            })
            .collect()
    }
}
