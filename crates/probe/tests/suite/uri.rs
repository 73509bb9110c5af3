//! URI connections: files behind HTTP, repositories of a hub, claims, and what other connections reach.

use bowline_core::Connection;
use bowline_probe::{Ask, Claim, Claims, Report, Request, Settings};
use futures::future::BoxFuture;
use rstest::rstest;

use crate::kit::{self, connection, detail, expect, knowing, lines};
use crate::stub::certificates::Authority;
use crate::stub::{Reply, Stub, answer};

const TOKEN: &str = "Canary/0123456789abcdef+fedcba9876543210";

async fn probe(connection: &Connection, ask: &Ask, settings: &Settings) -> Report {
    let report = kit::run_with(&kit::request(connection, ask), &kit::at_home(), settings).await;
    assert!(!kit::json(&report).to_string().contains(TOKEN));
    report
}

async fn at(stub: &Stub, path: &str) -> Report {
    let uri = format!("{}{path}", stub.url());
    probe(
        &connection("uri", &[("URI", &uri)]),
        &Ask::default(),
        &Settings::default(),
    )
    .await
}

#[rstest]
#[case("200 OK", None)]
#[case("401 Unauthorized", Some("login-needed"))]
#[case("403 Forbidden", Some("login-needed"))]
#[case("404 Not Found", Some("no-such-location"))]
#[case("410 Gone", Some("no-such-location"))]
#[case("429 Too Many Requests", Some("service-busy"))]
#[case("500 Internal Server Error", Some("service-failed"))]
#[case("418 I'm a teapot", Some("refused-otherwise"))]
#[tokio::test]
async fn what_a_file_server_says_is_told(#[case] status: &'static str, #[case] id: Option<&str>) {
    let stub = Stub::start(move |_| answer(status, "", "text")).await;
    let report = at(&stub, "/model.bin").await;
    assert_eq!(
        report.kind().map(|_| kit::outcome(&report)),
        id,
        "{}",
        lines(&report)
    );
}

#[tokio::test]
async fn a_server_that_knows_no_heads_is_asked_for_bytes() {
    let stub = Stub::start(|head| match head.starts_with("HEAD") {
        true => answer("405 Method Not Allowed", "", ""),
        false => answer("206 Partial Content", "", "bytes"),
    })
    .await;
    assert!(at(&stub, "/a").await.kind().is_none());
    assert_eq!(stub.verbs(), ["HEAD", "GET"]);
}

fn with_headers(uri: &str, host: &str) -> Connection {
    let headers = format!("{{\"Authorization\": \"Bearer {TOKEN}\"}}");
    connection(
        "uri",
        &[("URI", uri), ("https-host", host), ("headers", &headers)],
    )
}

#[rstest]
#[case("401 Unauthorized", "wrong-login")]
#[case("403 Forbidden", "may-not-read-location")]
#[tokio::test]
async fn a_login_that_is_refused_is_told(#[case] status: &'static str, #[case] id: &str) {
    let stub = Stub::start(move |_| answer(status, "", "")).await;
    let connection = with_headers(&format!("{}/a", stub.url()), "127.0.0.1");
    expect(
        &probe(&connection, &Ask::default(), &Settings::default()).await,
        id,
    );
    assert!(stub.heard().contains(TOKEN));
}

#[tokio::test]
async fn headers_go_to_the_host_that_they_are_for_and_to_no_other() {
    let stub = Stub::start(|_| answer("200 OK", "", "x")).await;
    let connection = with_headers(&format!("{}/a", stub.url()), "files.example");
    probe(&connection, &Ask::default(), &Settings::default()).await;
    assert!(stub.hits() > 0 && !stub.heard().contains(TOKEN));
}

#[tokio::test]
async fn a_login_never_follows_to_another_host() {
    let other = Stub::start(|_| answer("200 OK", "", "x")).await;
    let there = other.url();
    let stub =
        Stub::start(move |_| answer("302 Found", &format!("Location: {there}/signed\r\n"), ""))
            .await;
    let connection = with_headers(&format!("{}/a", stub.url()), "127.0.0.1");
    let report = probe(&connection, &Ask::default(), &Settings::default()).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    assert!(stub.heard().contains(TOKEN) && other.hits() > 0 && !other.heard().contains(TOKEN));
}

#[rstest]
#[case("http://169.254.169.254/latest/meta-data/iam/", "redirect-forbidden")]
#[case("http://[::ffff:a9fe:a9fe]/", "redirect-forbidden")]
#[case("http://metadata.google.internal/", "redirect-forbidden")]
#[case("http://2852039166/", "redirect-forbidden")]
#[case("file:///etc/passwd", "redirect-forbidden")]
#[case("gopher://127.0.0.1/", "redirect-forbidden")]
#[tokio::test]
async fn a_redirect_to_where_no_test_goes_is_refused(
    #[case] location: &'static str,
    #[case] id: &str,
) {
    let stub =
        Stub::start(move |_| answer("302 Found", &format!("Location: {location}\r\n"), "")).await;
    expect(&at(&stub, "/").await, id);
}

/// The name is good when it is asked first, and metadata after the redirect.
#[tokio::test]
async fn every_hop_is_judged_anew() {
    let stub = Stub::start(|head| {
        let port = head
            .split("rebinding.example:")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next())
            .unwrap_or_default()
            .to_owned();
        answer(
            "302 Found",
            &format!("Connection: close\r\nLocation: http://other.example:{port}/\r\n"),
            "",
        )
    })
    .await;
    let guard = knowing(&[
        ("rebinding.example", &[&["127.0.0.1"]]),
        ("other.example", &[&["169.254.169.254"]]),
    ]);
    let uri = format!("http://rebinding.example:{}/", stub.port());
    expect(
        &kit::run(&connection("uri", &[("URI", &uri)]), &guard).await,
        "redirect-forbidden",
    );
    assert_eq!(stub.hits(), 1);
}

#[tokio::test]
async fn redirects_without_end_are_told() {
    let stub = Stub::start(|_| answer("302 Found", "Location: /again\r\n", "")).await;
    expect(&at(&stub, "/").await, "redirect-endless");
    assert_eq!(stub.verbs().len(), 6);
}

#[tokio::test]
async fn a_redirect_from_tls_to_none_is_not_followed() {
    let authority = Authority::new();
    let stub = Stub::start_tls(authority.server("files.example", |_| {}), |_| {
        answer("302 Found", "Location: http://files.example/\r\n", "")
    })
    .await;
    let uri = format!("https://files.example:{}/", stub.port());
    let (connection, ask) = (connection("uri", &[("URI", &uri)]), Ask::default());
    let request = Request {
        authorities: Some(&authority.pem),
        ..kit::request(&connection, &ask)
    };
    let report = kit::run_with(
        &request,
        &knowing(&[("files.example", &[&["127.0.0.1"]])]),
        &Settings::default(),
    )
    .await;
    expect(&report, "redirected");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told() {
    let report = kit::run(
        &connection("uri", &[("URI", "https://nobody.example/")]),
        &knowing(&[]),
    )
    .await;
    expect(&report, "name-unknown");
    assert_eq!(
        report.decisive().and_then(|step| step.field.as_deref()),
        Some("URI")
    );
}

/// A hub with one public and one private repository, and one that asks for terms.
async fn hub() -> (Stub, Settings) {
    let stub = Stub::start(|head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let token = head
            .lines()
            .find_map(|line| line.strip_prefix("authorization: Bearer "));
        let refuse =
            |status: &str, code: &str| answer(status, &format!("X-Error-Code: {code}\r\n"), "");
        match (path, token) {
            (_, Some(token)) if token != TOKEN => answer(
                "401 Unauthorized",
                "X-Error-Message: Invalid credentials in Authorization header\r\n",
                "",
            ),
            ("/api/models/org/open/revision/main", _)
            | ("/api/models/org/private/revision/main", Some(_))
            | ("/api/models/org/gated/revision/main", _) => answer(
                "200 OK",
                "",
                "{\"siblings\": [{\"rfilename\": \"config.json\"}]}",
            ),
            ("/api/models/org/empty/revision/main", _) => {
                answer("200 OK", "", "{\"siblings\": []}")
            }
            (path, _) if path.starts_with("/api/models/org/open/revision/") => {
                refuse("404 Not Found", "RevisionNotFound")
            }
            (path, _) if path.starts_with("/org/gated/") => refuse("403 Forbidden", "GatedRepo"),
            (path, _) if path.ends_with("/resolve/main/config.json") => {
                answer("206 Partial Content", "", "{}")
            }
            (path, _) if path.contains("/resolve/") => refuse("404 Not Found", "EntryNotFound"),
            (_, token) => refuse(
                if token.is_some() {
                    "404 Not Found"
                } else {
                    "401 Unauthorized"
                },
                "RepoNotFound",
            ),
        }
    })
    .await;
    let settings = Settings {
        hub: stub.url(),
        ..Settings::default()
    };
    (stub, settings)
}

#[rstest]
#[case("hf://org/open", None, None, None)]
#[case("hf://org/open:main", None, None, None)]
#[case("hf://org/open", None, Some("config.json"), None)]
#[case("hf://org/private", Some(TOKEN), None, None)]
#[case("hf://org/empty", None, None, None)]
#[case("hf://org/private", None, None, Some("no-such-repository"))]
#[case("hf://org/open", Some("another-token"), None, Some("wrong-token"))]
#[case("hf://org/nothing", Some(TOKEN), None, Some("no-such-repository"))]
#[case("hf://org/open:v9", None, None, Some("no-such-revision"))]
#[case("hf://org/gated", Some(TOKEN), None, Some("terms-not-accepted"))]
#[case("hf://org/open", None, Some("other.bin"), Some("no-such-object"))]
#[tokio::test]
async fn a_repository_of_a_hub_is_there_or_it_is_told_why_not(
    #[case] uri: &str,
    #[case] token: Option<&str>,
    #[case] file: Option<&str>,
    #[case] id: Option<&str>,
) {
    let (_stub, settings) = hub().await;
    let mut data = vec![("URI", uri)];
    data.extend(token.map(|token| ("HF_TOKEN", token)));
    let ask = Ask {
        path: file.map(str::to_owned),
        ..Ask::default()
    };
    let report = probe(&connection("uri", &data), &ask, &settings).await;
    assert_eq!(
        report.kind().map(|_| kit::outcome(&report)),
        id,
        "{}",
        lines(&report)
    );
}

#[rstest]
#[case("ftp://hub.example", "scheme-forbidden")]
#[case("hub.example", "address-unreadable")]
#[tokio::test]
async fn a_hub_that_no_test_can_reach_is_told(#[case] hub: &str, #[case] id: &str) {
    let settings = Settings {
        hub: hub.to_owned(),
        ..Settings::default()
    };
    expect(
        &probe(
            &connection("uri", &[("URI", "hf://org/open")]),
            &Ask::default(),
            &settings,
        )
        .await,
        id,
    );
}

#[tokio::test]
async fn a_protocol_that_nobody_can_tell_is_told() {
    let secret = bowline_core::Secret::from_value(&serde_json::json!({
        "kind": "Secret", "stringData": {"SOMETHING": "else"},
        "metadata": {"name": "tested", "annotations": {"opendatahub.io/connection-type-ref": "our-own"}},
    }));
    let bowline_core::Recognition::Connection(connection) =
        Connection::from_secret(secret.expect("a Secret"))
    else {
        panic!("the annotation makes it a connection");
    };
    let report = kit::run(&connection, &kit::at_home()).await;
    expect(&report, "no-protocol");
    assert!(lines(&report).starts_with("fields warned no-protocol"));
    assert!(report.kind().is_none());
}

#[tokio::test]
async fn an_empty_file_is_known_by_what_a_server_without_lengths_says_to_a_part() {
    let stub = Stub::start(|head| match head.starts_with("HEAD") {
        true => Reply::Whole("HTTP/1.1 200 OK\r\n\r\n".to_owned()),
        false => answer(
            "416 Range Not Satisfiable",
            "Content-Range: bytes */0\r\n",
            "",
        ),
    })
    .await;
    let report = kit::run(&connection("uri", &[("URI", &stub.url())]), &kit::at_home()).await;
    expect(&report, "passed");
}

struct Known(Option<Claim>);

impl Claims for Known {
    fn claim<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Option<Claim>> {
        assert_eq!((namespace, name), ("team", "models"));
        Box::pin(async { self.0 })
    }
}

#[rstest]
#[case(Some(Claim::Bound), "passed")]
#[case(Some(Claim::Unbound), "claim-not-bound")]
#[case(Some(Claim::Absent), "no-such-claim")]
#[case(None, "claims-unknown")]
#[tokio::test]
async fn a_claim_is_looked_up_in_the_connections_own_project(
    #[case] claim: Option<Claim>,
    #[case] id: &str,
) {
    let (connection, ask, known) = (
        connection("uri", &[("URI", "pvc://models/llama")]),
        Ask::default(),
        Known(claim),
    );
    let request = Request {
        claims: Some(&known),
        ..kit::request(&connection, &ask)
    };
    let report = kit::run_with(&request, &bowline_probe::Guard::new(), &Settings::default()).await;
    assert!(lines(&report).contains(id), "{}", lines(&report));
    assert_eq!(
        report.kind().is_some(),
        matches!(claim, Some(Claim::Absent | Claim::Unbound))
    );
}

#[tokio::test]
async fn a_location_of_another_service_is_proved_with_the_login_of_that_connection() {
    let stub = Stub::start(|head| match head.split(' ').next() {
        Some("HEAD") => Reply::Whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".to_owned()),
        _ if head.contains("list-type=2") && head.contains("prefix") => answer(
            "200 OK",
            "",
            "<ListBucketResult><Key>llama/a</Key></ListBucketResult>",
        ),
        _ if head.contains("list-type=2") => {
            answer("200 OK", "", "<ListBucketResult></ListBucketResult>")
        }
        _ => answer("206 Partial Content", "", "bytes"),
    })
    .await;
    let endpoint = stub.url();
    let of = |bucket: &str, key: &str| {
        connection(
            "s3",
            &[
                ("AWS_ACCESS_KEY_ID", key),
                ("AWS_SECRET_ACCESS_KEY", TOKEN),
                ("AWS_S3_ENDPOINT", &endpoint),
                ("AWS_S3_BUCKET", bucket),
            ],
        )
    };
    let (other, right) = (of("other", "wrong-one"), of("models", "right-one"));
    let others = [&other, &right];
    let (connection, ask) = (
        connection("uri", &[("URI", "s3://models/llama")]),
        Ask::default(),
    );
    let request = Request {
        others: &others,
        ..kit::request(&connection, &ask)
    };
    let report = kit::run_with(&request, &kit::at_home(), &Settings::default()).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    assert!(stub.heard().contains("Credential=right-one/") && !stub.heard().contains("wrong-one"));
    assert!(stub.heard().contains("/models/llama/a"));
}

#[tokio::test]
async fn a_location_without_a_login_beside_it_is_told() {
    let report = probe(
        &connection("uri", &[("URI", "s3://models/llama")]),
        &Ask::default(),
        &Settings::default(),
    )
    .await;
    expect(&report, "not-linked");
    assert_eq!(detail(&report), "`models`");
}
