//! Files and repositories of a hub, against the hub that its own client library is tested with.

use bowline_core::Connection;
use bowline_probe::{Ask, Report, Settings};
use bowline_testkit::servers::Hub;
use rstest::rstest;

use crate::kit::{self, connection, expect, lines};

pub(crate) async fn hub() -> Option<&'static Hub> {
    tokio::task::spawn_blocking(Hub::shared)
        .await
        .expect("no panic")
}

macro_rules! hub {
    () => {
        match hub().await {
            Some(hub) => hub,
            None => return,
        }
    };
}

async fn probe(hub: &Hub, connection: &Connection, ask: &Ask) -> Report {
    let settings = Settings {
        hub: hub.endpoint.clone(),
        ..Settings::default()
    };
    let report = kit::run_with(&kit::request(connection, ask), &kit::at_home(), &settings).await;
    assert!(!kit::json(&report).to_string().contains("Canary/"));
    report
}

#[rstest]
#[case("hf://demo/tiny", false, None)]
#[case("hf://demo/tiny:main", true, None)]
#[case("hf://demo/private", true, None)]
#[case("hf://demo/private", false, Some("no-such-repository"))]
#[case("hf://demo/nothing", true, Some("no-such-repository"))]
#[case("hf://demo/tiny:v9", false, Some("no-such-revision"))]
#[case("hf://demo/gated", true, Some("terms-not-accepted"))]
#[tokio::test]
async fn a_repository_is_there_or_it_is_told_why_not(
    #[case] uri: &str,
    #[case] has_token: bool,
    #[case] id: Option<&str>,
) {
    let hub = hub!();
    let mut data = vec![("URI", uri)];
    if has_token {
        data.push(("HF_TOKEN", &hub.token));
    }
    let report = probe(hub, &connection("uri", &data), &Ask::default()).await;
    assert_eq!(
        report.kind().map(|_| kit::outcome(&report)),
        id,
        "{}",
        lines(&report)
    );
}

#[tokio::test]
async fn a_token_that_the_hub_does_not_know_is_told() {
    let hub = hub!();
    let wrong = connection(
        "uri",
        &[
            ("URI", "hf://demo/tiny"),
            ("HF_TOKEN", "hf_of_somebody_else"),
        ],
    );
    expect(&probe(hub, &wrong, &Ask::default()).await, "wrong-token");
}

#[rstest]
#[case("weights/model.bin", None)]
#[case("weights/other.bin", Some("no-such-object"))]
#[tokio::test]
async fn a_file_of_a_repository_is_there_or_not(#[case] file: &str, #[case] id: Option<&str>) {
    let hub = hub!();
    let report = probe(
        hub,
        &connection("uri", &[("URI", "hf://demo/tiny")]),
        &kit::path(file),
    )
    .await;
    assert_eq!(
        report.kind().map(|_| kit::outcome(&report)),
        id,
        "{}",
        lines(&report)
    );
}

#[tokio::test]
async fn a_file_that_wants_a_login_gets_that_of_the_headers() {
    let hub = hub!();
    let uri = format!("{}/files/bearer.txt", hub.endpoint);
    let headers = |token: &str| format!("{{\"Authorization\": \"Bearer {token}\"}}");
    let with = |headers: &str| {
        connection(
            "uri",
            &[
                ("URI", &uri),
                ("https-host", "127.0.0.1"),
                ("headers", headers),
            ],
        )
    };
    expect(
        &probe(hub, &connection("uri", &[("URI", &uri)]), &Ask::default()).await,
        "login-needed",
    );
    expect(
        &probe(hub, &with(&headers("another")), &Ask::default()).await,
        "wrong-login",
    );
    let report = probe(hub, &with(&headers(&hub.token)), &Ask::default()).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
}

#[tokio::test]
async fn the_hub_that_the_connection_names_gets_its_token_and_no_other() {
    let hub = hub!();
    let data = [
        ("URI", "hf://demo/private"),
        ("HF_TOKEN", hub.token.as_str()),
        ("HF_ENDPOINT", hub.endpoint.as_str()),
    ];
    let settings = Settings {
        hub: "http://127.0.0.1:9".to_owned(),
        ..Settings::default()
    };
    let connection = connection("uri", &data);
    let ask = Ask::default();
    let report = kit::run_with(&kit::request(&connection, &ask), &kit::at_home(), &settings).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
}

#[rstest]
#[case("hub.example", "address-unreadable")]
#[case("file:///etc", "address-unreadable")]
#[case("ftp://hub.example", "scheme-forbidden")]
#[case("http://169.254.169.254", "address-forbidden")]
#[tokio::test]
async fn a_hub_that_is_none_is_told(#[case] endpoint: &str, #[case] id: &str) {
    let data = [("URI", "hf://demo/tiny"), ("HF_ENDPOINT", endpoint)];
    let report = kit::run(&connection("uri", &data), &kit::at_home()).await;
    expect(&report, id);
}
