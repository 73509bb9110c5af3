//! TLS: what may be wrong with a certificate, told apart; and what connections may decide about it.

use bowline_core::Connection;
use bowline_probe::Guard;
use rstest::rstest;
use tokio_rustls::TlsAcceptor;

use crate::kit::{self, connection, expect, knowing};
use crate::stub::certificates::{Authority, early, expired, for_clients};
use crate::stub::{Stub, answer};

const LIST: &str = "<ListBucketResult><Name>models</Name></ListBucketResult>";

async fn s3(tls: TlsAcceptor) -> Stub {
    Stub::start_tls(tls, |_| answer("200 OK", "", LIST)).await
}

fn guard() -> Guard {
    knowing(&[("s3.example", &[&["127.0.0.1"]])])
}

fn trusting(stub: &Stub, more: &[(&str, &str)]) -> Connection {
    let endpoint = format!("https://s3.example:{}", stub.port());
    let mut data = vec![
        ("AWS_ACCESS_KEY_ID", "some-key"),
        ("AWS_SECRET_ACCESS_KEY", "some-secret-key"),
        ("AWS_S3_ENDPOINT", &endpoint),
        ("AWS_S3_BUCKET", "models"),
    ];
    data.extend(more);
    connection("s3", &data)
}

#[tokio::test]
async fn an_authority_of_the_connections_own_is_trusted() {
    let authority = Authority::new();
    let stub = s3(authority.server("s3.example", |_| {})).await;
    let report = kit::run(
        &trusting(&stub, &[("AWS_CA_BUNDLE", &authority.pem)]),
        &guard(),
    )
    .await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
    assert!(kit::lines(&report).contains("tls passed"));
}

#[tokio::test]
async fn an_authority_of_one_connection_is_not_trusted_for_another() {
    let authority = Authority::new();
    let stub = s3(authority.server("s3.example", |_| {})).await;
    kit::run(
        &trusting(&stub, &[("AWS_CA_BUNDLE", &authority.pem)]),
        &guard(),
    )
    .await;
    expect(
        &kit::run(&trusting(&stub, &[]), &guard()).await,
        "tls-untrusted",
    );
    let other = Authority::new();
    expect(
        &kit::run(&trusting(&stub, &[("AWS_CA_BUNDLE", &other.pem)]), &guard()).await,
        "tls-untrusted",
    );
}

#[rstest]
#[case::expired("tls-expired")]
#[case::early("tls-not-yet-valid")]
#[case::wrong_name("tls-wrong-name")]
#[case::for_clients_only("tls-bad-certificate")]
#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_apart(#[case] id: &str) {
    let authority = Authority::new();
    let server = match id {
        "tls-expired" => authority.server("s3.example", expired),
        "tls-not-yet-valid" => authority.server("s3.example", early),
        "tls-bad-certificate" => authority.server("s3.example", for_clients),
        _ => authority.server("other.example", |_| {}),
    };
    let stub = s3(server).await;
    let report = kit::run(
        &trusting(&stub, &[("AWS_CA_BUNDLE", &authority.pem)]),
        &guard(),
    )
    .await;
    expect(&report, id);
    assert!(!stub.heard().contains("GET"), "nothing may be sent to it");
}

#[tokio::test]
async fn tls_that_is_not_verified_is_marked() {
    let stub = s3(Authority::new().server("other.example", expired)).await;
    let report = kit::run(
        &trusting(&stub, &[("AWS_S3_VERIFY_SSL", "false")]),
        &guard(),
    )
    .await;
    let step = report
        .steps
        .iter()
        .find(|step| step.outcome.id == "tls-not-verified")
        .expect("a step");
    assert_eq!(step.field.as_deref(), Some("AWS_S3_VERIFY_SSL"));
    assert!(kit::lines(&report).contains("fields warned fields-doubtful"));
    expect(&report, "tls-not-verified");
}

#[tokio::test]
async fn tls_that_is_not_verified_can_be_forbidden() {
    let stub = s3(Authority::new().server("other.example", expired)).await;
    let strict = || Guard {
        is_tls_check_required: true,
        ..guard()
    };
    let lax = trusting(&stub, &[("AWS_S3_VERIFY_SSL", "false")]);
    let linked = connection("uri", &[("URI", "s3://models/llama")]);
    let ask = bowline_probe::Ask::default();
    let by_link = bowline_probe::Request {
        others: &[&lax],
        ..kit::request(&linked, &ask)
    };
    for request in [kit::request(&lax, &ask), by_link] {
        let report = kit::run_with(&request, &strict(), &Default::default()).await;
        expect(&report, "tls-check-required");
    }
    assert_eq!(stub.hits(), 0);
    let authority = Authority::new();
    let stub = s3(authority.server("s3.example", |_| {})).await;
    let checked = trusting(&stub, &[("AWS_CA_BUNDLE", &authority.pem)]);
    let report = kit::run(&checked, &strict()).await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
}

#[tokio::test]
async fn fields_that_only_some_readers_like_are_a_warning() {
    let stub = Stub::start(|_| answer("200 OK", "", LIST)).await;
    let endpoint = stub.url();
    let data = [
        ("AWS_ACCESS_KEY_ID", "some-key"),
        ("AWS_SECRET_ACCESS_KEY", "some-secret-key"),
        ("AWS_S3_ENDPOINT", &*endpoint),
        ("AWS_S3_BUCKET", "models"),
        ("AWS_S3_VERIFY_SSL", "false"),
    ];
    let report = kit::run(&connection("s3", &data), &kit::at_home()).await;
    expect(&report, "fields-doubtful");
}

#[tokio::test]
async fn a_path_to_authorities_is_not_read_here() {
    let stub = s3(Authority::new().server("s3.example", |_| {})).await;
    let report = kit::run(
        &trusting(&stub, &[("AWS_CA_BUNDLE", "/etc/hostname")]),
        &guard(),
    )
    .await;
    expect(&report, "tls-untrusted");
}

#[tokio::test]
async fn a_path_to_authorities_is_marked_where_others_vouch() {
    let authority = Authority::new();
    let stub = s3(authority.server("s3.example", |_| {})).await;
    let (connection, ask) = (
        trusting(&stub, &[("AWS_CA_BUNDLE", "/etc/hostname")]),
        Default::default(),
    );
    let request = bowline_probe::Request {
        authorities: Some(&authority.pem),
        ..kit::request(&connection, &ask)
    };
    let report = kit::run_with(&request, &guard(), &Default::default()).await;
    assert!(
        kit::lines(&report).contains("tls warned trust-elsewhere"),
        "{}",
        kit::lines(&report)
    );
}

#[tokio::test]
async fn what_a_project_trusts_is_trusted_beside_the_systems_authorities() {
    let authority = Authority::new();
    let stub = s3(authority.server("s3.example", |_| {})).await;
    let connection = trusting(&stub, &[]);
    let ask = Default::default();
    let request = bowline_probe::Request {
        authorities: Some(&authority.pem),
        ..kit::request(&connection, &ask)
    };
    let report = kit::run_with(&request, &guard(), &Default::default()).await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
}

#[tokio::test]
async fn authorities_that_are_none_are_told() {
    let stub = s3(Authority::new().server("s3.example", |_| {})).await;
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    expect(
        &kit::run(&trusting(&stub, &[("AWS_CA_BUNDLE", broken)]), &guard()).await,
        "trust-unreadable",
    );
}

#[tokio::test]
async fn a_service_that_wants_a_client_certificate_is_told() {
    let authority = Authority::new();
    let stub = s3(authority.server_for_known_clients("s3.example")).await;
    let report = kit::run(
        &trusting(&stub, &[("AWS_CA_BUNDLE", &authority.pem)]),
        &guard(),
    )
    .await;
    expect(&report, "tls-client-certificate");
}

#[tokio::test]
async fn a_port_without_tls_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(
                &mut stream,
                b"HTTP/1.1 400 Bad Request\r\n\r\n",
            )
            .await;
        }
    });
    let endpoint = format!("https://127.0.0.1:{port}");
    expect(
        &kit::run(&connection("uri", &[("URI", &endpoint)]), &kit::at_home()).await,
        "tls-not-spoken",
    );
}

/// The alert that a server of old sends to whoever speaks newer versions only.
#[tokio::test]
async fn a_service_of_old_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ =
                tokio::io::AsyncWriteExt::write_all(&mut stream, &[21, 3, 1, 0, 2, 2, 70]).await;
        }
    });
    let endpoint = format!("https://127.0.0.1:{port}");
    expect(
        &kit::run(&connection("uri", &[("URI", &endpoint)]), &kit::at_home()).await,
        "tls-version",
    );
}
