use serde_json::json;

use super::*;
use crate::finding::Severity;
use crate::names;
use crate::secret::{DOCKER_CONFIG_JSON, OPAQUE};

mod azure;
mod canary;
mod documented;
mod gcs;
mod git;
mod good;
mod markers;
mod oci;
mod s3;
mod table;
mod text;
mod uri;

/// base64 of a made-up login.
const AUTH: &str = "cm9ib3Q6dG9rZW4=";
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";

/// A Secret under construction.
#[derive(Debug, Clone)]
struct Given(Secret);

impl Given {
    fn new(type_: &str, data: &[(&str, &str)]) -> Self {
        let secret = Secret::from_value(&json!({
            "kind": "Secret", "metadata": {"name": "c", "namespace": "team-a"}, "type": type_,
        }));
        data.iter()
            .fold(Self(secret.expect("a Secret")), |given, (key, value)| {
                given.set(key, value)
            })
    }

    fn set(self, key: &str, value: &str) -> Self {
        self.set_bytes(key, value.as_bytes())
    }

    fn set_bytes(mut self, key: &str, value: &[u8]) -> Self {
        self.0
            .data
            .insert(key.to_owned(), crate::sensitive::Sensitive::new(value));
        self
    }

    fn unset(mut self, key: &str) -> Self {
        self.0.data.remove(key);
        self
    }

    fn annotate(mut self, key: &str, value: &str) -> Self {
        self.0.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    fn unannotate(mut self, key: &str) -> Self {
        self.0.annotations.remove(key);
        self
    }

    fn label(mut self, key: &str, value: &str) -> Self {
        self.0.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    fn typed(mut self, type_: &str) -> Self {
        type_.clone_into(&mut self.0.type_);
        self
    }

    fn findings(&self) -> Vec<Finding> {
        findings(&self.0)
    }

    /// Fails unless the rule is broken at the field.
    fn breaks(&self, rule: &str, field: &str) {
        let findings = self.findings();
        let is_found = findings.iter().any(|f| f.rule == rule && f.field == field);
        assert!(is_found, "`{rule}` at `{field}` is not among {findings:#?}");
    }

    /// Fails when the rule is broken anywhere.
    fn keeps(&self, rule: &str) {
        let findings = self.findings();
        assert!(
            findings.iter().all(|f| f.rule != rule),
            "`{rule}` is among {findings:#?}"
        );
    }
}

fn s3() -> Given {
    let data = [
        ("AWS_ACCESS_KEY_ID", "trainer"),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzzzz",
        ),
        ("AWS_S3_ENDPOINT", "https://minio.store.svc:9000"),
        ("AWS_S3_BUCKET", "training"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ];
    let labelled = Given::new(OPAQUE, &data)
        .label(names::DASHBOARD_LABEL, "true")
        .label(names::MANAGED_LABEL, "true");
    labelled
        .annotate(names::LEGACY_TYPE, "s3")
        .annotate(names::PROTOCOL, "s3")
}

fn kserve_s3() -> Given {
    Given::new(
        OPAQUE,
        &[
            ("awsAccessKeyID", "trainer"),
            ("awsSecretAccessKey", "a-long-secret-key"),
        ],
    )
    .annotate(names::KSERVE_S3_ENDPOINT, "minio.store.svc:9000")
    .annotate(names::KSERVE_S3_USE_HTTPS, "0")
}

fn uri() -> Given {
    Given::new(OPAQUE, &[("URI", "hf://org/model")]).annotate(names::PROTOCOL, "uri")
}

fn oci() -> Given {
    let login = json!({"auths": {"quay.io": {"auth": AUTH}}}).to_string();
    let data = [
        (".dockerconfigjson", login.as_str()),
        ("OCI_HOST", "quay.io/org"),
        ("ACCESS_TYPE", r#"["Pull"]"#),
    ];
    Given::new(DOCKER_CONFIG_JSON, &data).annotate(names::PROTOCOL, "oci")
}

fn gcs() -> Given {
    let key = json!({"type": "service_account", "client_email": "a@b.example", "private_key": PEM});
    let data = [("gcloud-application-credentials.json", key.to_string())];
    let data = data.each_ref().map(|(key, value)| (*key, value.as_str()));
    Given::new(OPAQUE, &data)
        .annotate(names::PROTOCOL, "gcs")
        .set("GCS_BUCKET", "training_data")
}

fn azure() -> Given {
    let data = [
        ("AZURE_STORAGE_ACCOUNT", "trainingdata"),
        (
            "AZURE_STORAGE_ACCESS_KEY",
            "/Mv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eDf3t0=",
        ),
        ("AZURE_CONTAINER", "models"),
    ];
    Given::new(OPAQUE, &data).annotate(names::PROTOCOL, "azure")
}

fn git() -> Given {
    let data = [
        ("GIT_URL", "https://git.example/team/repo.git"),
        ("GIT_TOKEN", "a-long-token"),
    ];
    Given::new(OPAQUE, &data).annotate(names::PROTOCOL, "git")
}

fn git_ssh() -> Given {
    let data = [
        ("GIT_URL", "git@git.example:team/repo.git"),
        ("ssh-privatekey", PEM),
        ("known_hosts", "git.example ssh-ed25519 AAAA\n"),
    ];
    Given::new(OPAQUE, &data).annotate(names::PROTOCOL, "git")
}
