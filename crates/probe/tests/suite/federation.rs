//! Workloads that are known at Google by the token of their own cluster, against a stub that speaks as
//! Google's services do: nobody else's accepts such tokens.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use bowline_core::{Connection, Sensitive};
use bowline_probe::{Ask, Report, Request, Settings, token_audience};
use rstest::rstest;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::gcs::gcs;
use crate::kit::{self, expect, lines};
use crate::stub::{Stub, answer};

const PROVIDER: &str = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/quay/providers/harbour";
const ACCOUNT: &str = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/reader@quay.iam.gserviceaccount.com:generateAccessToken";
const TOKEN: &str = "Canary.token-of-the-pod";

/// Credentials as `gcloud iam workload-identity-pools create-cred-config` writes them, changed.
fn credentials(changes: &[(&str, Value)]) -> Connection {
    let mut file = json!({
        "type": "external_account", "universe_domain": "googleapis.com",
        "audience": PROVIDER,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {
            "file": "/var/run/service-account/token", "format": {"type": "text"},
        },
        "service_account_impersonation_url": ACCOUNT,
    });
    for (member, value) in changes {
        file[*member] = value.clone();
    }
    gcs(&file.to_string(), Some("models"))
}

/// Google, where some requests are refused: by what their first line holds, with which answer.
async fn google(refused: Option<(&'static str, &'static str, &'static str)>) -> Stub {
    Stub::start(move |head| {
        let line = head.lines().next().unwrap_or_default();
        match refused {
            Some((part, status, body)) if line.contains(part) => answer(status, "", body),
            _ if line.contains("/v1/token") => answer(
                "200 OK",
                "",
                r#"{"access_token": "Canary.federated", "expires_in": 3600}"#,
            ),
            _ if line.contains(":generateAccessToken") => {
                let body =
                    r#"{"accessToken": "Canary.account", "expireTime": "2040-01-01T00:00:00Z"}"#;
                answer("200 OK", "", body)
            }
            _ if line.contains("/o?") => answer("200 OK", "", r#"{"items": [{"name": "a"}]}"#),
            _ => answer("200 OK", "", "x"),
        }
    })
    .await
}

async fn as_workload(connection: &Connection, stub: &Stub) -> Report {
    let (ask, token) = (Ask::default(), Sensitive::from(TOKEN));
    let request = Request {
        workload: Some(&token),
        ..kit::request(connection, &ask)
    };
    let settings = Settings {
        google: stub.url(),
        google_sts: format!("{}/v1/token", stub.url()),
        google_iam: stub.url(),
        ..Settings::default()
    };
    kit::run_with(&request, &kit::at_home(), &settings).await
}

#[rstest]
#[case::as_an_account(json!(ACCOUNT), "as `reader@quay.iam.gserviceaccount.com`, by this workload's own identity", "account")]
#[case::as_itself(Value::Null, "by this workload's own identity", "federated")]
#[tokio::test]
async fn a_workload_reads_by_its_own_identity(
    #[case] account: Value,
    #[case] shown: &str,
    #[case] by: &str,
) {
    let stub = google(None).await;
    let connection = credentials(&[("service_account_impersonation_url", account)]);
    let report = as_workload(&connection, &stub).await;
    expect(&report, "passed");
    let said = lines(&report);
    assert!(
        said.contains(&format!("sign-in passed: {shown}\n")),
        "{said}"
    );
    assert!(said.contains("first-bytes passed"), "{said}");
    assert!(!kit::json(&report).to_string().contains("Canary"), "{said}");

    let heard = stub.heard();
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
    let shows = format!("&subject_token={TOKEN}");
    for sent in [
        grant,
        "&audience=%2F%2Fiam.googleapis.com%2Fprojects%2F123456%2F",
        &shows,
    ] {
        assert!(heard.contains(sent), "{heard}");
    }
    let reads = heard.split("GET /storage/v1/b/models/o?").nth(1);
    let reads = reads.expect("a list").to_lowercase();
    assert!(
        reads.contains(&format!("authorization: bearer canary.{by}")),
        "{reads}"
    );
}

#[rstest]
#[case::no_pool(
    "/v1/token",
    "400 Bad Request",
    r#"{"error": "invalid_target"}"#,
    "identity-pool-unknown"
)]
#[case::untrusted(
    "/v1/token",
    "400 Bad Request",
    r#"{"error": "invalid_grant"}"#,
    "workload-identity-refused"
)]
#[case::condition(
    "/v1/token",
    "401 Unauthorized",
    r#"{"error": "unauthorized_client"}"#,
    "workload-identity-refused"
)]
#[case::no_token("/v1/token", "200 OK", "{}", "answer-unknown")]
#[case::repeating(
    "/v1/token",
    "400 Bad Request",
    r#"{"error": "Canary.token-of-the-pod"}"#,
    "refused-otherwise"
)]
#[case::may_not(
    ":generateAccessToken",
    "403 Forbidden",
    r#"{"error": {"status": "PERMISSION_DENIED"}}"#,
    "may-not-act-as"
)]
#[case::no_account(
    ":generateAccessToken",
    "404 Not Found",
    "{}",
    "unknown-service-account"
)]
#[case::no_right("/o?", "403 Forbidden", "{}", "gcs-may-not-list")]
#[tokio::test]
async fn what_google_refuses_is_told(
    #[case] part: &'static str,
    #[case] status: &'static str,
    #[case] body: &'static str,
    #[case] id: &str,
) {
    let stub = google(Some((part, status, body))).await;
    let report = as_workload(&credentials(&[]), &stub).await;
    expect(&report, id);
    assert!(
        !kit::json(&report).to_string().contains("Canary"),
        "{}",
        lines(&report)
    );
}

#[rstest]
#[case::token_url("token_url", json!("https://elsewhere.example/v1/token"))]
#[case::account("service_account_impersonation_url", json!("https://elsewhere.example/v1/projects/-/serviceAccounts/a:generateAccessToken"))]
#[case::account_with_a_path("service_account_impersonation_url", json!("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a/../b:generateAccessToken"))]
#[case::audience_of_the_cluster("audience", json!("https://kubernetes.default.svc"))]
#[case::audience_beside("audience", json!(format!("{PROVIDER}/more")))]
#[case::audience_with_spaces("audience", json!(format!("{PROVIDER} x")))]
#[case::audience_of_a_fleet("audience", json!("identitynamespace:quay.svc.id.goog:harbour"))]
#[case::a_program("credential_source", json!({"executable": {"command": "/bin/sh"}}))]
#[case::an_address("credential_source", json!({"url": "http://169.254.169.254/token"}))]
#[case::another_kind("subject_token_type", json!("urn:ietf:params:aws:token-type:aws4_request"))]
#[tokio::test]
async fn a_connection_chooses_neither_what_the_token_is_good_for_nor_where_it_goes(
    #[case] member: &str,
    #[case] value: Value,
) {
    let stub = google(None).await;
    let connection = credentials(&[(member, value)]);
    let report = as_workload(&connection, &stub).await;
    expect(&report, "credentials-kind-untried");
    assert!(!stub.heard().contains("Canary"));
    assert_eq!(token_audience(&connection), None);
}

#[tokio::test]
async fn the_token_is_made_for_the_provider() {
    let expected = format!("https:{PROVIDER}");
    assert_eq!(token_audience(&credentials(&[])), Some(expected));
}

#[tokio::test]
async fn who_is_no_workload_is_told_where_to_test() {
    let report = kit::run(&credentials(&[]), &kit::at_home()).await;
    expect(&report, "credentials-kind-untried");
}

/// What a program has told a service where tokens are exchanged.
fn exchanged(heard: &str) -> BTreeMap<String, String> {
    let form = heard.find("grant_type=").map(|start| &heard[start..]);
    let form = form.and_then(|form| form.split("POST ").next());
    form_urlencoded::parse(form.expect("a form").as_bytes())
        .into_owned()
        .collect()
}

/// The first line and the login of a request for an account's token, and what it asks for. How long it
/// is to last is everybody's own.
fn asked(heard: &str) -> (String, String, Value) {
    let request = heard
        .split("POST ")
        .find(|one| one.contains(":generateAccessToken"));
    let (head, body) = request
        .and_then(|one| one.split_once("\r\n\r\n"))
        .expect("a request");
    let login = |line: &&str| line.to_lowercase().starts_with("authorization:");
    let login = head.lines().find(login).unwrap_or_default().to_lowercase();
    let body = serde_json::Deserializer::from_str(body)
        .into_iter::<Value>()
        .next();
    let scope = body.expect("a body").expect("JSON")["scope"].clone();
    (
        head.lines().next().unwrap_or_default().to_owned(),
        login,
        scope,
    )
}

#[tokio::test]
async fn a_workload_shows_and_asks_for_what_googles_own_library_does() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/google-auth.sh");
    let python = Command::new(script).stderr(Stdio::inherit()).output();
    let python = python.expect("a script");
    if python.status.code() == Some(69) {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: there is no `google-auth` here; see above why"
        );
        return;
    }
    assert!(python.status.success(), "{}", python.status);
    let python = String::from_utf8_lossy(&python.stdout).trim().to_owned();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), TOKEN).expect("a token");
    let theirs = google(None).await;
    let program = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut program = Command::new(python)
        .arg(program.join("tests/suite/federation/google_auth.py"))
        .arg(theirs.url())
        .arg(file.path())
        .args([PROVIDER, "reader@quay.iam.gserviceaccount.com"])
        .spawn()
        .expect("a program");
    let ended = tokio::task::spawn_blocking(move || program.wait()).await;
    assert!(ended.expect("a thread").expect("an end").success());

    let ours = google(None).await;
    expect(&as_workload(&credentials(&[]), &ours).await, "passed");
    assert_eq!(exchanged(&ours.heard()), exchanged(&theirs.heard()));
    assert_eq!(asked(&ours.heard()), asked(&theirs.heard()));
}
