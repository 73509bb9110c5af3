//! GCS connections, against an emulator behind a gate that checks logins as Google does, and stubs.

use std::fs;
use std::path::Path;

use bowline_core::Connection;
use bowline_probe::{Ask, Report, Settings};
use bowline_testkit::servers::Gcs;
use rstest::rstest;
use serde_json::{Value, json};

use crate::kit::{self, at_home, connection, expect};
use crate::stub::{Stub, answer};

pub(crate) fn gcs(key: &str, bucket: Option<&str>) -> Connection {
    let mut data = vec![("gcloud-application-credentials.json", key)];
    data.extend(bucket.map(|bucket| ("GCS_BUCKET", bucket)));
    connection("gcs", &data)
}

pub(crate) fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("a key file")
}

async fn run_at(endpoint: &str, connection: &Connection, ask: &Ask) -> Report {
    let settings = Settings {
        google: endpoint.to_owned(),
        ..Settings::default()
    };
    kit::run_with(&kit::request(connection, ask), &at_home(), &settings).await
}

async fn run(server: &Gcs, file: &Path, bucket: &str, ask: &Ask) -> Report {
    run_at(&server.endpoint, &gcs(&read(file), Some(bucket)), ask).await
}

#[tokio::test]
async fn a_good_key_reads_an_object_and_finds_a_folder() {
    let Some(server) = Gcs::shared() else { return };
    for ask in [
        kit::path("demo/hello.txt"),
        kit::path("demo/"),
        Ask::default(),
    ] {
        let report = run(server, &server.key_file, "models", &ask).await;
        expect(&report, "passed");
        assert!(
            kit::lines(&report).contains("first-bytes passed"),
            "{}",
            kit::lines(&report)
        );
    }
}

#[tokio::test]
async fn without_a_bucket_only_the_key_is_proved() {
    let Some(server) = Gcs::shared() else { return };
    let report = run_at(
        &server.endpoint,
        &gcs(&read(&server.key_file), None),
        &Ask::default(),
    )
    .await;
    expect(&report, "passed");
    assert!(kit::lines(&report).contains("object skipped not-asked"));
}

#[rstest]
#[case::no_right("forbidden", "", "gcs-may-not-list")]
#[case::no_bucket("nothing-here", "", "no-such-bucket")]
#[case::no_object("models", "demo/none.txt", "no-such-object")]
#[case::no_whole_name("models", "demo/hel", "no-such-object")]
#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_told(
    #[case] bucket: &str,
    #[case] path: &str,
    #[case] id: &str,
) {
    let Some(server) = Gcs::shared() else { return };
    expect(
        &run(server, &server.key_file, bucket, &kit::path(path)).await,
        id,
    );
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_account_are_told_apart() {
    let Some(server) = Gcs::shared() else { return };
    let ask = Ask::default();
    expect(
        &run(server, &server.wrong_key_file, "models", &ask).await,
        "wrong-service-account-key",
    );
    expect(
        &run(server, &server.unknown_account_file, "models", &ask).await,
        "unknown-service-account",
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_told() {
    let Some(server) = Gcs::shared() else { return };
    let connection = gcs(&read(&server.key_file), Some("models"));
    let settings = Settings {
        google: server.endpoint.clone(),
        now: || "2026-01-01T00:00:00Z".parse().expect("a time"),
        ..Settings::default()
    };
    let report = kit::run_with(
        &kit::request(&connection, &Ask::default()),
        &at_home(),
        &settings,
    )
    .await;
    expect(&report, "clock-off");
}

#[tokio::test]
async fn what_is_written_is_removed_again() {
    let Some(server) = Gcs::shared() else { return };
    let ask = Ask {
        write: true,
        ..kit::path("demo/hello.txt")
    };
    let report = run(server, &server.key_file, "models", &ask).await;
    expect(&report, "passed");
    assert!(kit::lines(&report).contains("right passed: delete `demo/.bowline-probe/probe`"));
    let left = run(
        server,
        &server.key_file,
        "models",
        &kit::path("demo/.bowline-probe/"),
    )
    .await;
    expect(&left, "no-such-object");
}

/// A good key file with one member changed.
fn changed(server: &Gcs, member: &str, value: &str) -> Connection {
    let mut key: Value = serde_json::from_str(&read(&server.key_file)).expect("JSON");
    key[member] = json!(value);
    gcs(&key.to_string(), Some("models"))
}

#[rstest]
#[case("http://169.254.169.254/token")]
#[case("http://metadata.google.internal/token")]
#[case("file:///etc/passwd")]
#[case("token")]
#[tokio::test]
async fn a_key_file_that_asks_metadata_for_tokens_is_refused(#[case] address: &str) {
    let Some(server) = Gcs::shared() else { return };
    let connection = changed(server, "token_uri", address);
    expect(
        &run_at(&server.endpoint, &connection, &Ask::default()).await,
        "tokens-forbidden",
    );
}

#[tokio::test]
async fn a_broken_key_sends_nothing() {
    let Some(server) = Gcs::shared() else { return };
    let stub = Stub::start(|_| answer("200 OK", "", "{}")).await;
    let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let report = run_at(
        &stub.url(),
        &changed(server, "private_key", pem),
        &Ask::default(),
    )
    .await;
    expect(&report, "private-key-unreadable");
    assert_eq!(stub.hits(), 0);
}

/// Which requests are refused, and how.
type Decide = fn(&str) -> Option<&'static str>;

/// A stub that gives tokens and has a bucket with one object, which may be used as `decide` says.
async fn stubbed(server: &Gcs, ask: &Ask, decide: Decide) -> Report {
    let stub = Stub::start(move |head| match decide(head) {
        Some(status) => answer(status, "", "{}"),
        None if head.starts_with("POST /token") => {
            answer("200 OK", "", r#"{"access_token":"some-token"}"#)
        }
        None if head.contains("/o?") => answer("200 OK", "", r#"{"items":[{"name":"a"}]}"#),
        None => answer("200 OK", "", "{}"),
    })
    .await;
    let connection = changed(server, "token_uri", &format!("{}/token", stub.url()));
    run_at(&stub.url(), &connection, ask).await
}

#[tokio::test]
async fn each_missing_right_is_told() {
    let Some(server) = Gcs::shared() else { return };
    let write = Ask {
        write: true,
        ..Ask::default()
    };
    let cases: [(Decide, &str); 4] = [
        (
            |head| head.contains("alt=media").then_some("403 Forbidden"),
            "gcs-may-not-read",
        ),
        (
            |head| head.contains("/upload/").then_some("403 Forbidden"),
            "gcs-may-not-write",
        ),
        (
            |head| head.starts_with("DELETE").then_some("403 Forbidden"),
            "gcs-may-not-delete",
        ),
        (
            |head| head.contains("/b/models").then_some("401 Unauthorized"),
            "gcs-token-refused",
        ),
    ];
    for (decide, id) in cases {
        expect(&stubbed(server, &write, decide).await, id);
    }
}

#[tokio::test]
async fn a_persons_refresh_token_is_exchanged_or_refused() {
    for (status, id) in [
        ("200 OK", "no-such-bucket"),
        ("400 Bad Request", "refresh-token-refused"),
    ] {
        let stub = Stub::start(move |head| match head.starts_with("POST /token") {
            true => answer(
                status,
                "",
                r#"{"access_token":"some-token","error":"invalid_grant"}"#,
            ),
            false => answer("404 Not Found", "", "{}"),
        })
        .await;
        let key = json!({
            "type": "authorized_user", "client_id": "some-client", "client_secret": "some-secret",
            "refresh_token": "some-refresh", "token_uri": format!("{}/token", stub.url()),
        });
        let connection = gcs(&key.to_string(), Some("models"));
        expect(&run_at(&stub.url(), &connection, &Ask::default()).await, id);
    }
}

#[tokio::test]
async fn an_identity_that_workloads_borrow_is_not_tried() {
    let key = json!({"type": "external_account", "audience": "a", "subject_token_type": "b", "credential_source": {"file": "/etc/passwd"}});
    let report = run_at(
        "http://127.0.0.1:9",
        &gcs(&key.to_string(), Some("models")),
        &Ask::default(),
    )
    .await;
    expect(&report, "credentials-kind-untried");
}

#[tokio::test]
async fn a_location_in_a_bucket_is_proved_with_the_key_of_another_connection() {
    let Some(server) = Gcs::shared() else { return };
    let linked = gcs(&read(&server.key_file), Some("models"));
    let others = [&linked];
    let location = connection("uri", &[("URI", "gs://models/demo/hello.txt")]);
    let ask = Ask::default();
    let request = bowline_probe::Request {
        others: &others,
        ..kit::request(&location, &ask)
    };
    let settings = Settings {
        google: server.endpoint.clone(),
        ..Settings::default()
    };
    let report = kit::run_with(&request, &at_home(), &settings).await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
    assert!(kit::lines(&report).contains("object passed: `demo/hello.txt`"));
}
