//! Addresses that servers name, not connections: where tokens are given, where blobs and files are, where
//! roles are taken on. They pass the same judge and the same lists.

use bowline_core::{Connection, Kind};
use bowline_probe::{Ask, Guard, Settings};
use rstest::rstest;
use serde_json::json;

use crate::kit::{self, connection, knowing, lines};
use crate::oci::registry;
use crate::stub::{Stub, answer};

/// Who names the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Realm,
    Blob,
    TokenUri,
    Sts,
    Web,
    Git,
    HubFile,
}

/// A server whose every answer leads to `elsewhere`, where the protocol lets it.
async fn leading_to(by: By, elsewhere: String) -> Stub {
    let digest = format!("sha256:{}", "0".repeat(64));
    Stub::start(move |head| {
        let location = format!("Location: {elsewhere}\r\n");
        let is = |part: &str| head.lines().next().is_some_and(|line| line.contains(part));
        match by {
            By::Realm => answer(
                "401 Unauthorized",
                &format!("WWW-Authenticate: Bearer realm=\"{elsewhere}\"\r\n"),
                "",
            ),
            By::Blob if is("/blobs/") => answer("307 Temporary Redirect", &location, ""),
            By::Blob if is("/manifests/") => {
                let manifest = json!({"config": {"digest": digest}});
                answer("200 OK", "", &manifest.to_string())
            }
            By::HubFile if is("/api/") => {
                let model = json!({"id": "demo/tiny", "siblings": [{"rfilename": "a.bin"}]});
                answer("200 OK", "", &model.to_string())
            }
            By::HubFile | By::Web | By::Git => answer("302 Found", &location, ""),
            By::Blob | By::TokenUri | By::Sts => answer("200 OK", "", "{}"),
        }
    })
    .await
}

fn at(by: By, stub: &Stub, elsewhere: &str) -> (Connection, Ask) {
    let url = stub.url();
    let host = stub.address.to_string();
    match by {
        By::Realm | By::Blob => (
            registry(&url, &host, ("ada", "Canary/password-for-one-host"), &[]),
            kit::path("team/app:v1"),
        ),
        By::TokenUri => {
            let key = json!({
                "type": "authorized_user", "client_id": "some-client",
                "client_secret": "Canary/client", "refresh_token": "Canary/refresh",
                "token_uri": elsewhere,
            });
            (
                crate::gcs::gcs(&key.to_string(), Some("models")),
                Ask::default(),
            )
        }
        By::Sts => {
            let data = [
                ("AWS_ACCESS_KEY_ID", "some-key"),
                ("AWS_SECRET_ACCESS_KEY", "Canary/secret"),
                ("AWS_S3_ENDPOINT", &*url),
                ("AWS_S3_BUCKET", "models"),
                ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader"),
                ("AWS_ENDPOINT_URL_STS", elsewhere),
            ];
            (connection("s3", &data), Ask::default())
        }
        By::Web => (connection("uri", &[("URI", &url)]), Ask::default()),
        By::Git => (
            connection("git", &[("GIT_URL", &format!("{url}/demo.git"))]),
            Ask::default(),
        ),
        By::HubFile => (
            connection("uri", &[("URI", "hf://demo/tiny")]),
            Ask::default(),
        ),
    }
}

#[rstest]
#[case::realm(By::Realm, "realm-forbidden")]
#[case::blob(By::Blob, "redirect-forbidden")]
#[case::token_uri(By::TokenUri, "tokens-forbidden")]
#[case::sts(By::Sts, "sts-forbidden")]
#[case::web(By::Web, "redirect-forbidden")]
#[case::git(By::Git, "redirect-forbidden")]
#[case::hub_file(By::HubFile, "redirect-forbidden")]
#[tokio::test]
async fn what_a_server_names_is_judged_like_what_a_connection_names(
    #[case] by: By,
    #[case] id: &str,
    #[values(
        "other-tenant.example",
        "metadata.google.internal",
        "[::ffff:127.0.0.2]"
    )]
    host: &str,
) {
    let other = Stub::start(|_| answer("200 OK", "", "{}")).await;
    let elsewhere = format!("http://{host}:{}/x", other.port());
    let stub = leading_to(by, elsewhere.clone()).await;
    let guard = Guard {
        denied: ["other-tenant.example", "127.0.0.2"]
            .map(|text| text.parse().expect("a pattern"))
            .into(),
        ..knowing(&[("other-tenant.example", &[&["127.0.0.1"]])])
    };
    let settings = Settings {
        google: stub.url(),
        hub: stub.url(),
        ..Settings::default()
    };
    let (connection, ask) = at(by, &stub, &elsewhere);
    let report = kit::run_with(&kit::request(&connection, &ask), &guard, &settings).await;
    kit::expect(&report, id);
    assert_eq!(report.kind(), Some(Kind::Forbidden), "{}", lines(&report));
    assert_eq!(other.hits(), 0);
}
