//! Registry connections, against a real registry with each way to log in, and against stubs.

use bowline_core::{Connection, Recognition, Secret};
use bowline_probe::{Ask, Report, Settings};
use bowline_testkit::servers::Registry;
use rstest::rstest;
use serde_json::json;

use crate::kit::{self, at_home, expect};
use crate::stub::certificates::Authority;
use crate::stub::{Reply, Stub, answer};

/// A connection for a registry, and the docker config with one login for another or the same host.
pub(crate) fn registry(
    host: &str,
    login_host: &str,
    login: (&str, &str),
    more: &[(&str, &str)],
) -> Connection {
    let (username, password) = login;
    let config = json!({"auths": {login_host: {"username": username, "password": password}}});
    let mut data = json!({".dockerconfigjson": config.to_string(), "OCI_HOST": host});
    for (key, value) in more {
        data[key] = json!(value);
    }
    let secret = Secret::from_value(&json!({
        "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "stringData": data,
        "metadata": {
            "name": "tested", "namespace": "team",
            "annotations": {"opendatahub.io/connection-type-protocol": "oci"},
        },
    }));
    match Connection::from_secret(secret.expect("a Secret")) {
        Recognition::Connection(connection) => *connection,
        _ => unreachable!("the annotation makes it a connection"),
    }
}

async fn run(connection: &Connection, ask: &Ask) -> Report {
    kit::run_with(
        &kit::request(connection, ask),
        &at_home(),
        &Settings::default(),
    )
    .await
}

pub(crate) fn robot(server: &Registry) -> (&str, &str) {
    (&server.username, &server.password)
}

/// Each way to log in, by the host that wants it.
fn hosts(server: &Registry) -> [&str; 2] {
    [&server.basic, &server.token]
}

#[tokio::test]
async fn an_image_can_be_pulled_by_who_is_let_in() {
    let Some(server) = Registry::shared() else {
        return;
    };
    for host in hosts(server) {
        let connection = registry(host, host, robot(server), &[]);
        let report = run(&connection, &kit::path("team/app:v1")).await;
        expect(&report, "passed");
        let lines = kit::lines(&report);
        assert!(lines.contains("object passed: team/app:v1"), "{lines}");
        assert!(lines.contains("first-bytes passed"), "{lines}");
    }
}

#[tokio::test]
async fn an_image_is_found_by_its_digest() {
    let Some(server) = Registry::shared() else {
        return;
    };
    let connection = registry(
        &format!("{}/team", server.basic),
        &server.basic,
        robot(server),
        &[],
    );
    let path = format!("app@{}", server.digest);
    expect(&run(&connection, &kit::path(&path)).await, "passed");
}

#[tokio::test]
async fn without_a_path_only_the_login_is_proved() {
    let Some(server) = Registry::shared() else {
        return;
    };
    for host in hosts(server) {
        let connection = registry(&format!("{host}/team"), host, robot(server), &[]);
        let report = run(&connection, &Ask::default()).await;
        expect(&report, "passed");
        assert!(kit::lines(&report).contains("object skipped not-asked"));
    }
}

#[rstest]
#[case::no_such_tag("team/app:v9", "no-such-tag")]
#[case::no_such_repository("team/none:v1", "no-such-image")]
#[case::no_such_repository_by_its_tags("team/none", "no-such-image")]
#[case::not_a_name("Team/App", "image-name-wrong")]
#[tokio::test]
async fn what_is_not_there_is_told_apart(#[case] path: &str, #[case] id: &str) {
    let Some(server) = Registry::shared() else {
        return;
    };
    for host in hosts(server) {
        let connection = registry(host, host, robot(server), &[]);
        expect(&run(&connection, &kit::path(path)).await, id);
    }
}

#[tokio::test]
async fn a_wrong_password_is_told() {
    let Some(server) = Registry::shared() else {
        return;
    };
    for host in hosts(server) {
        for ask in [Ask::default(), kit::path("team/app:v1")] {
            let connection = registry(host, host, (&server.username, "some-wrong-one"), &[]);
            expect(&run(&connection, &ask).await, "wrong-registry-login");
        }
    }
}

#[tokio::test]
async fn a_registry_without_an_entry_is_asked_without_a_login() {
    let Some(server) = Registry::shared() else {
        return;
    };
    let connection = registry(&server.token, "quay.io", robot(server), &[]);
    let report = run(&connection, &kit::path("public/app:v1")).await;
    assert!(
        kit::lines(&report).contains("sign-in warned no-login-for-host"),
        "{}",
        kit::lines(&report)
    );
    assert!(kit::lines(&report).contains("object passed"));
    expect(
        &run(&connection, &kit::path("team/app:v1")).await,
        "registry-login-needed",
    );
    let basic = registry(&server.basic, "quay.io", robot(server), &[]);
    expect(
        &run(&basic, &kit::path("team/app:v1")).await,
        "registry-login-needed",
    );
}

fn push(path: &str) -> Ask {
    Ask {
        push: true,
        ..kit::path(path)
    }
}

#[tokio::test]
async fn the_right_to_push_is_proved_without_leaving_anything() {
    let Some(server) = Registry::shared() else {
        return;
    };
    for host in hosts(server) {
        let connection = registry(host, host, robot(server), &[]);
        let report = run(&connection, &push("team/app:v1")).await;
        expect(&report, "passed");
        assert!(
            kit::lines(&report).contains("right passed: push"),
            "{}",
            kit::lines(&report)
        );
        expect(
            &run(&connection, &push("team/never")).await,
            "no-such-image",
        );
    }
}

#[tokio::test]
async fn who_may_only_pull_may_not_push() {
    let Some(server) = Registry::shared() else {
        return;
    };
    let reader = (server.reader.as_str(), server.reader_password.as_str());
    let connection = registry(&server.token, &server.token, reader, &[]);
    expect(&run(&connection, &kit::path("team/app:v1")).await, "passed");
    expect(
        &run(&connection, &push("team/app:v1")).await,
        "may-not-push",
    );
}

#[tokio::test]
async fn the_access_type_is_kept() {
    let Some(server) = Registry::shared() else {
        return;
    };
    let with = |access| {
        registry(
            &server.token,
            &server.token,
            robot(server),
            &[("ACCESS_TYPE", access)],
        )
    };
    expect(
        &run(&with(r#"["Pull"]"#), &push("team/app:v1")).await,
        "push-not-meant",
    );
    let report = run(&with(r#"["Push"]"#), &push("team/app:v1")).await;
    expect(&report, "passed");
    assert!(
        kit::lines(&report).contains("object skipped not-asked"),
        "{}",
        kit::lines(&report)
    );
}

#[tokio::test]
async fn an_unknown_authority_is_told_and_that_of_the_project_trusted() {
    let Some(server) = Registry::shared() else {
        return;
    };
    let connection = registry(
        &format!("https://{}", server.tls),
        &server.tls,
        robot(server),
        &[],
    );
    let ask = kit::path("team/app:v1");
    expect(&run(&connection, &ask).await, "tls-untrusted");
    let pem = std::fs::read_to_string(&server.ca).expect("the authority");
    let request = bowline_probe::Request {
        authorities: Some(&pem),
        ..kit::request(&connection, &ask)
    };
    let report = kit::run_with(&request, &at_home(), &Settings::default()).await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
}

#[tokio::test]
async fn a_port_without_a_registry_is_told() {
    let connection = |port: &str| registry(port, port, ("a", "b"), &[]);
    let refused = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = refused.local_addr().expect("an address").to_string();
    drop(refused);
    expect(
        &run(&connection(&port), &Ask::default()).await,
        "connect-refused",
    );
    let stub = Stub::start(|_| answer("404 Not Found", "", "<html>")).await;
    expect(
        &run(&connection(&stub.address.to_string()), &Ask::default()).await,
        "answer-unknown",
    );
}

/// A registry that sends logins to a realm.
async fn sending_to(realm: &'static str) -> Report {
    let stub = Stub::start(move |_| {
        answer(
            "401 Unauthorized",
            &format!("WWW-Authenticate: Bearer realm=\"{realm}\"\r\n"),
            "",
        )
    })
    .await;
    let host = stub.address.to_string();
    run(
        &registry(&host, &host, ("ada", "some-password"), &[]),
        &kit::path("team/app:v1"),
    )
    .await
}

#[rstest]
#[case("http://169.254.169.254/token")]
#[case("http://[::ffff:169.254.169.254]/token")]
#[case("http://metadata.google.internal/token")]
#[case("file:///etc/passwd")]
#[tokio::test]
async fn a_realm_that_tests_never_go_to_gets_no_login(#[case] realm: &'static str) {
    expect(&sending_to(realm).await, "realm-forbidden");
}

#[tokio::test]
async fn a_redirect_to_metadata_is_not_followed() {
    let stub =
        Stub::start(|_| answer("307 Moved", "Location: http://169.254.169.254/v2/\r\n", "")).await;
    let host = stub.address.to_string();
    let report = run(
        &registry(&host, &host, ("ada", "some-password"), &[]),
        &Ask::default(),
    )
    .await;
    expect(&report, "redirect-forbidden");
}

#[tokio::test]
async fn a_blob_elsewhere_is_read_without_the_login() {
    let elsewhere = Stub::start(|_| answer("206 Partial Content", "", "{")).await;
    let there = format!("Location: {}/blob\r\n", elsewhere.url());
    let stub = Stub::start(move |head| match head {
        _ if !head.contains("uthorization: Basic") => answer(
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"x\"\r\n",
            "",
        ),
        _ if head.contains("/manifests/") => {
            answer("200 OK", "", r#"{"config":{"digest":"sha256:00"}}"#)
        }
        _ if head.contains("/blobs/") => answer("307 Moved", &there, ""),
        _ => answer("200 OK", "", "{}"),
    })
    .await;
    let host = stub.address.to_string();
    let report = run(
        &registry(&host, &host, ("ada", "some-password"), &[]),
        &kit::path("app:v1"),
    )
    .await;
    expect(&report, "passed");
    assert!(elsewhere.hits() == 1 && !elsewhere.heard().to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn a_service_that_fails_is_told_from_a_wrong_login() {
    for (status, id) in [
        ("500 Internal Server Error", "service-failed"),
        ("429 Too Many Requests", "service-busy"),
    ] {
        let stub = Stub::start(move |_| answer(status, "", "")).await;
        let host = stub.address.to_string();
        expect(
            &run(&registry(&host, &host, ("ada", "p"), &[]), &Ask::default()).await,
            id,
        );
    }
}

#[tokio::test]
async fn an_identity_token_is_exchanged_for_another() {
    let stub = Stub::start(|head| match head {
        _ if head.contains("POST /token") => {
            answer("200 OK", "", r#"{"access_token":"some-access"}"#)
        }
        _ if head.contains("Bearer some-access") => answer("200 OK", "", r#"{"tags":[]}"#),
        _ => {
            let host = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("host: ")
                    .map(str::to_owned)
            });
            let realm = format!("http://{}/token", host.unwrap_or_default());
            answer(
                "401 Unauthorized",
                &format!("WWW-Authenticate: Bearer realm=\"{realm}\"\r\n"),
                "",
            )
        }
    })
    .await;
    let host = stub.address.to_string();
    let config = json!({"auths": {&host: {"identitytoken": "some-identity"}}}).to_string();
    let connection = registry(&host, &host, ("a", "b"), &[(".dockerconfigjson", &config)]);
    expect(&run(&connection, &kit::path("team/app")).await, "passed");
}

#[tokio::test]
async fn an_endless_manifest_is_not_read_to_its_end() {
    let stub = Stub::start(|head| match head.contains("/manifests/") {
        true => Reply::Endless("HTTP/1.1 200 OK\r\n\r\n".to_owned(), &[b' '; 65536]),
        false => answer("200 OK", "", "{}"),
    })
    .await;
    let host = stub.address.to_string();
    let report = run(
        &registry(&host, &host, ("ada", "p"), &[]),
        &kit::path("app:v1"),
    )
    .await;
    expect(&report, "answer-too-large");
}

#[tokio::test]
async fn a_connection_without_a_registry_is_told() {
    let report = run(&registry("", "quay.io", ("ada", "p"), &[]), &Ask::default()).await;
    expect(&report, "registry-missing");
}

#[tokio::test]
async fn a_login_that_may_not_pull_is_told() {
    let stub = Stub::start(|head| match head {
        _ if !head.contains("uthorization: Basic") => answer(
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"x\"\r\n",
            "",
        ),
        _ if head.contains("/v2/team/") => answer("403 Forbidden", "", ""),
        _ => answer("200 OK", "", "{}"),
    })
    .await;
    let host = stub.address.to_string();
    for path in ["team/app:v1", "team/app"] {
        let connection = registry(&host, &host, ("ada", "p"), &[]);
        expect(&run(&connection, &kit::path(path)).await, "may-not-pull");
    }
}

#[tokio::test]
async fn a_registry_that_repeats_the_login_does_not_get_it_into_the_report() {
    let password = "Canary/0123456789abcdef+fedcba9876543210";
    let stub = Stub::start(move |head| match head {
        _ if !head.contains("uthorization: Basic") => answer(
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"x\"\r\n",
            "",
        ),
        _ if head.contains("/v2/app/") => answer(
            "400 Bad Request",
            "",
            &json!({"errors": [{"code": password}]}).to_string(),
        ),
        _ => answer("200 OK", "", "{}"),
    })
    .await;
    let host = stub.address.to_string();
    let connection = registry(&host, &host, ("ada", password), &[]);
    let report = run(&connection, &kit::path("app:v1")).await;
    expect(&report, "refused-otherwise");
    assert!(
        !kit::json(&report).to_string().contains("Canary/"),
        "{}",
        kit::lines(&report)
    );
}

#[tokio::test]
async fn a_token_where_only_passwords_are_taken_is_told() {
    let stub = Stub::start(|_| {
        answer(
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"x\"\r\n",
            "",
        )
    })
    .await;
    let host = stub.address.to_string();
    let config = json!({"auths": {&host: {"identitytoken": "some-identity"}}}).to_string();
    let connection = registry(&host, &host, ("a", "b"), &[(".dockerconfigjson", &config)]);
    expect(&run(&connection, &Ask::default()).await, "login-kind-wrong");
}

#[tokio::test]
async fn a_login_that_came_by_tls_does_not_go_on_in_clear() {
    let authority = Authority::new();
    let tokens = Stub::start(|_| answer("200 OK", "", r#"{"token":"t"}"#)).await;
    let header = format!(
        "WWW-Authenticate: Bearer realm=\"{}/token\"\r\n",
        tokens.url()
    );
    let tls = authority.server("registry.example", |_| {});
    let stub = Stub::start_tls(tls, move |_| answer("401 Unauthorized", &header, "")).await;
    let host = format!("registry.example:{}", stub.port());
    let connection = registry(&host, &host, ("ada", "some-password"), &[]);
    let ask = Ask::default();
    let request = bowline_probe::Request {
        authorities: Some(&authority.pem),
        ..kit::request(&connection, &ask)
    };
    let guard = kit::knowing(&[("registry.example", &[&["127.0.0.1"]])]);
    expect(
        &kit::run_with(&request, &guard, &Settings::default()).await,
        "realm-plain",
    );
    assert_eq!(tokens.hits(), 0);
}

#[tokio::test]
async fn a_location_of_an_image_is_proved_with_the_login_of_another_connection() {
    let Some(server) = Registry::shared() else {
        return;
    };
    let linked = registry(&server.token, &server.token, robot(server), &[]);
    let others = [&linked];
    let location = |image: &str| {
        kit::connection(
            "uri",
            &[("URI", &format!("oci://{}/{image}", server.token))],
        )
    };
    let ask = Ask::default();
    for (image, id) in [
        ("team/app:v1", None),
        ("team/app", Some("no-such-tag")),
        ("team/none:v1", Some("no-such-image")),
    ] {
        let connection = location(image);
        let request = bowline_probe::Request {
            others: &others,
            ..kit::request(&connection, &ask)
        };
        let report = kit::run_with(&request, &at_home(), &Settings::default()).await;
        assert_eq!(
            report.kind().map(|_| kit::outcome(&report)),
            id,
            "{}",
            kit::lines(&report)
        );
        assert!(
            kit::lines(&report).contains("sign-in passed"),
            "{}",
            kit::lines(&report)
        );
    }
}
