//! Secrets of every protocol and dialect, good ones and bad ones, with a canary in every value that
//! is secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_testkit::Canaries;
use serde_json::{Value, json};

/// Secrets that both kinds of service accept.
pub(super) const SERVABLE: [&str; 6] = ["s3", "uri", "oci", "type-ref", "alauda-s3", "alauda-oci"];

/// Secrets with a canary in a field that is not secret, such as a bucket's name.
pub(super) const NOT_SECRET: [&str; 10] = [
    "bad-access",
    "bad-azure",
    "bad-bucket",
    "bad-flag",
    "bad-git",
    "bad-headers",
    "bad-login",
    "bad-region",
    "bad-uri",
    "bad-uri-scheme",
];

const PROTOCOL: &str = "opendatahub.io/connection-type-protocol";
const TYPE_REF: &str = "opendatahub.io/connection-type-ref";

/// A Secret with these values; `$` in one is replaced by a canary of its own, `§` by the same canary
/// as it must be written in a URL.
fn secret(
    canaries: &mut Canaries,
    name: &str,
    annotations: &Value,
    values: &[(&str, &str)],
) -> Value {
    let filled = values.iter().map(|(key, text)| {
        let canary = canaries.plant(format!("Secret {name}, key {key}"));
        (
            (*key).to_owned(),
            Value::from(text.replace('§', &for_url(&canary)).replace('$', &canary)),
        )
    });
    let values: serde_json::Map<String, Value> = filled.collect();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "labels": {"opendatahub.io/dashboard": "true"},
            "annotations": annotations,
        },
        "stringData": values,
    })
}

fn for_url(text: &str) -> String {
    text.replace('/', "%2F").replace('+', "%2B")
}

fn with_type(mut secret: Value, kind: &str) -> Value {
    secret["type"] = kind.into();
    secret
}

/// A registry login, whose `auth` is base64 of name and password.
fn login(canaries: &mut Canaries, name: &str, annotations: &Value) -> Value {
    let values = [
        ("OCI_HOST", "registry.reef.example/models"),
        ("ACCESS_TYPE", "[\"Pull\"]"),
    ];
    let mut secret = secret(canaries, name, annotations, &values);
    let mut plant = |key: &str| canaries.plant(format!("Secret {name}, {key} of the login"));
    let auth = STANDARD.encode(format!("reader:{}", plant("auth")));
    let entry = json!({
        "auth": auth, "password": plant("password"), "identitytoken": plant("identity token"),
    });
    let config = json!({"auths": {"registry.reef.example": entry}}).to_string();
    secret["stringData"][".dockerconfigjson"] = config.into();
    with_type(secret, "kubernetes.io/dockerconfigjson")
}

const S3: [(&str, &str); 6] = [
    ("AWS_ACCESS_KEY_ID", "$"),
    ("AWS_SECRET_ACCESS_KEY", "$"),
    ("AWS_SESSION_TOKEN", "$"),
    ("AWS_S3_ENDPOINT", "https://s3.reef.example"),
    ("AWS_S3_BUCKET", "reef"),
    ("AWS_DEFAULT_REGION", "eu-north-1"),
];

pub(crate) fn of_every_protocol_and_dialect(canaries: &mut Canaries) -> Vec<Value> {
    let mut all = good(canaries);
    all.extend(of_other_dialects(canaries));
    all.extend(bad(canaries));
    all
}

fn good(canaries: &mut Canaries) -> Vec<Value> {
    let protocol = |protocol: &str| json!({PROTOCOL: protocol});
    let key_file = r#"{"type": "service_account", "project_id": "reef", "client_email": "a@reef.example",
        "private_key": "-----BEGIN PRIVATE KEY-----\n$\n-----END PRIVATE KEY-----\n"}"#;
    let ssh_key = "-----BEGIN OPENSSH PRIVATE KEY-----\n$\n-----END OPENSSH PRIVATE KEY-----\n";
    vec![
        secret(canaries, "s3", &protocol("s3"), &S3),
        secret(
            canaries,
            "uri",
            &protocol("uri"),
            &[("URI", "hf://reef/coral"), ("HF_TOKEN", "$")],
        ),
        secret(
            canaries,
            "type-ref",
            &json!({TYPE_REF: "uri-v1"}),
            &[("URI", "pvc://reef/a"), ("note", "$")],
        ),
        login(canaries, "oci", &protocol("oci")),
        secret(
            canaries,
            "gcs",
            &protocol("gcs"),
            &[("gcloud-application-credentials.json", key_file)],
        ),
        secret(
            canaries,
            "azure",
            &protocol("azure"),
            &[
                ("AZURE_STORAGE_ACCOUNT", "reef"),
                ("AZURE_STORAGE_ACCESS_KEY", "$"),
                ("AZURE_STORAGE_SAS_TOKEN", "sv=2022&sig=$"),
                (
                    "AZURE_STORAGE_CONNECTION_STRING",
                    "AccountName=reef;AccountKey=$",
                ),
                ("AZURE_CLIENT_SECRET", "$"),
            ],
        ),
        secret(
            canaries,
            "git",
            &protocol("git"),
            &[
                ("GIT_URL", "https://git.reef.example/a/b.git"),
                ("GIT_TOKEN", "$"),
                ("ssh-privatekey", ssh_key),
            ],
        ),
    ]
}

fn of_other_dialects(canaries: &mut Canaries) -> Vec<Value> {
    let alauda = |protocol: &str| json!({"cpaas.io/connection-type-protocol": protocol});
    let kserve = json!({"serving.kserve.io/s3-endpoint": "s3.reef.example:9000"});
    let headers = r#"{"Authorization": "Bearer $"}"#;
    let none = json!({});
    vec![
        secret(
            canaries,
            "legacy",
            &json!({"opendatahub.io/connection-type": "s3"}),
            &S3,
        ),
        secret(canaries, "alauda-s3", &alauda("s3"), &S3),
        login(canaries, "alauda-oci", &alauda("oci")),
        secret(
            canaries,
            "kserve-s3",
            &kserve,
            &[("awsAccessKeyID", "$"), ("awsSecretAccessKey", "$")],
        ),
        secret(
            canaries,
            "kserve-https",
            &none,
            &[("https-host", "reef.example"), ("headers", headers)],
        ),
        secret(
            canaries,
            "kserve-azure",
            &none,
            &[("AZ_CLIENT_ID", "a"), ("AZ_CLIENT_SECRET", "$")],
        ),
        secret(canaries, "kserve-hub", &none, &[("HF_TOKEN", "$")]),
        login(canaries, "docker", &none),
        secret(
            canaries,
            "custom",
            &json!({TYPE_REF: "ct-database"}),
            &[("HOST", "a"), ("PASSWORD", "$")],
        ),
        with_type(
            secret(
                canaries,
                "basic",
                &none,
                &[("username", "a"), ("password", "$")],
            ),
            "kubernetes.io/basic-auth",
        ),
    ]
}

/// Values that findings are about: what quotes its input would quote these.
fn bad(canaries: &mut Canaries) -> Vec<Value> {
    let protocol = |protocol: &str| json!({PROTOCOL: protocol});
    let s3 = |key: &'static str, text: &'static str| {
        S3.map(|(other, value)| {
            if other == key {
                (other, text)
            } else {
                (other, value)
            }
        })
    };
    let mut bad = |name: &str, kind: &str, values: &[(&str, &str)]| {
        secret(canaries, name, &protocol(kind), values)
    };
    vec![
        bad(
            "bad-blanks",
            "s3",
            &s3("AWS_SECRET_ACCESS_KEY", " \"$\"\r\n\n"),
        ),
        bad(
            "bad-endpoint",
            "s3",
            &s3("AWS_S3_ENDPOINT", "reader:$@s3.reef.example/path?key=$"),
        ),
        bad(
            "bad-endpoint-login",
            "s3",
            &s3("AWS_S3_ENDPOINT", "https://reader:$@s3.reef.example"),
        ),
        bad("bad-bucket", "s3", &s3("AWS_S3_BUCKET", "$")),
        bad("bad-region", "s3", &s3("AWS_DEFAULT_REGION", "$")),
        bad(
            "bad-flag",
            "s3",
            &[("AWS_S3_VERIFY_SSL", "$"), ("AWS_CA_BUNDLE", "$")],
        ),
        bad("bad-uri", "uri", &[("URI", "$")]),
        bad("bad-uri-scheme", "uri", &[("URI", "$://reef.example")]),
        bad(
            "bad-uri-login",
            "uri",
            &[("URI", "https://reader:$@reef.example/a b")],
        ),
        bad(
            "slash-login",
            "uri",
            &[("URI", "https://reader:$@reef.example/a")],
        ),
        bad(
            "uri-login",
            "uri",
            &[("URI", "https://reader:§@reef.example/a")],
        ),
        bad(
            "s3-login",
            "s3",
            &s3("AWS_S3_ENDPOINT", "https://reader:§@s3.reef.example"),
        ),
        bad(
            "git-login",
            "git",
            &[("GIT_URL", "https://reader:§@git.reef.example/a.git")],
        ),
        bad(
            "https-login",
            "uri",
            &[("https-host", "https://reader:§@reef.example/a")],
        ),
        bad(
            "bad-uri-signed",
            "uri",
            &[("URI", "gopher://reef.example/a?sig=$")],
        ),
        bad(
            "bad-headers",
            "uri",
            &[
                ("URI", "pvc://a/b"),
                ("https-host", "$"),
                ("headers", "{\"a\": [\"$\""),
            ],
        ),
        bad(
            "bad-login",
            "oci",
            &[
                (".dockerconfigjson", "{\"auths\": {\"a\": {\"auth\": \"$"),
                ("OCI_HOST", "https://$"),
            ],
        ),
        bad(
            "bad-access",
            "oci",
            &[(".dockerconfigjson", "$"), ("ACCESS_TYPE", "[\"$")],
        ),
        bad(
            "bad-key-file",
            "gcs",
            &[("gcloud-application-credentials.json", "{\"type\": \"$\"")],
        ),
        bad(
            "bad-azure",
            "azure",
            &[
                ("AZURE_STORAGE_ACCOUNT", "$"),
                ("AZURE_STORAGE_CONNECTION_STRING", "$"),
            ],
        ),
        bad(
            "bad-git",
            "git",
            &[("GIT_URL", "ext::sh -c $"), ("known_hosts", "$")],
        ),
        bad("bad-protocol", "S3", &[("AWS_SECRET_ACCESS_KEY", "$")]),
    ]
}
