//! What a cell is played with; and the faults that are the same whatever is spoken: a good connection
//! that is led to a server with that fault.

use std::time::Duration;

use bowline_core::Connection;
use bowline_probe::{Ask, Guard, Report, Request, Settings};
use serde_json::json;

use super::{Failure, Speaks};
use crate::kit::{self, connection};
use crate::oci::registry;
use crate::stub::certificates::{Authority, expired};
use crate::stub::{Reply, Stub, answer};

/// What a cell is played with.
pub(crate) struct Scene {
    pub(crate) connection: Connection,
    pub(crate) ask: Ask,
    pub(crate) guard: Guard,
    pub(crate) settings: Settings,
    pub(crate) authorities: Option<String>,
    pub(crate) stub: Option<Stub>,
}

impl Scene {
    pub(crate) fn new(connection: Connection, ask: Ask) -> Self {
        Self {
            connection,
            ask,
            guard: kit::at_home(),
            settings: Settings::default(),
            authorities: None,
            stub: None,
        }
    }

    pub(crate) async fn run(&self) -> Report {
        let request = Request {
            authorities: self.authorities.as_deref(),
            ..kit::request(&self.connection, &self.ask)
        };
        kit::run_with(&request, &self.guard, &self.settings).await
    }
}

/// The stub's part of the table; `None` where it needs more than one fault at a good server.
pub(super) async fn of_stub(speaks: Speaks, failure: Failure) -> Option<Scene> {
    let stub = match failure {
        Failure::WrongRegion => {
            let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>ap-south-1</Region></Error>";
            Stub::start(move |_| answer("400 Bad Request", "", body)).await
        }
        Failure::Expired => {
            let body = "<Error><Code>ExpiredToken</Code></Error>";
            Stub::start(move |_| answer("400 Bad Request", "", body)).await
        }
        Failure::NoRight if speaks == Speaks::Http => {
            Stub::start(|_| answer("403 Forbidden", "", "")).await
        }
        Failure::UntrustedTls if matches!(speaks, Speaks::Gcs | Speaks::Azure) => {
            let tls = Authority::new().server("127.0.0.1", |_| {});
            return Some(secured(speaks, tls, None).await);
        }
        Failure::ExpiredTls => {
            let authority = Authority::new();
            let tls = authority.server("127.0.0.1", expired);
            return Some(secured(speaks, tls, Some(authority.pem)).await);
        }
        Failure::RefusedPort => {
            let stub = Stub::start(|_| Reply::Close).await;
            let scene = at(speaks, &stub.url());
            drop(stub);
            // The listener goes when its task does.
            tokio::task::yield_now().await;
            return Some(scene);
        }
        Failure::Tarpit => {
            let short = Duration::from_millis(300);
            let stub = Stub::start(|_| Reply::Hang).await;
            let mut scene = at(speaks, &stub.url());
            scene.settings.answer = short;
            scene.stub = Some(stub);
            return Some(scene);
        }
        Failure::Endless if speaks == Speaks::GitSsh => {
            Stub::talking(b"SSH-2.0-endless\r\n", &[b'x'; 65_536]).await
        }
        Failure::Endless => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n";
            Stub::start(|_| Reply::Endless(head.to_owned(), &[b'x'; 65_536])).await
        }
        Failure::Redirect => {
            let metadata = "Location: http://169.254.169.254/latest/\r\n";
            Stub::start(move |head| match head.starts_with("POST /token") {
                true => answer("200 OK", "", r#"{"access_token":"some-token"}"#),
                false => answer("307 Temporary Redirect", metadata, ""),
            })
            .await
        }
        _ => return None,
    };
    let mut scene = at(speaks, &stub.url());
    scene.stub = Some(stub);
    Some(scene)
}

async fn secured(
    speaks: Speaks,
    tls: tokio_rustls::TlsAcceptor,
    authorities: Option<String>,
) -> Scene {
    let stub = Stub::start_tls(tls, |_| answer("200 OK", "", "{}")).await;
    let scene = at(speaks, &stub.url().replace("http://", "https://"));
    Scene {
        authorities,
        stub: Some(stub),
        ..scene
    }
}

/// What all secrets are here.
const SECRET: &str = "Canary/0123456789abcdef+fedcba9876543210";

/// A connection that looks good, at this URL.
pub(crate) fn at(speaks: Speaks, url: &str) -> Scene {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let key = || {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        key.serialize_pem()
    };
    let settings = Settings {
        hub: url.to_owned(),
        google: url.to_owned(),
        azure: url.to_owned(),
        ..Settings::default()
    };
    let connection = match speaks {
        Speaks::S3 => connection(
            "s3",
            &[
                ("AWS_ACCESS_KEY_ID", "some-key"),
                ("AWS_SECRET_ACCESS_KEY", SECRET),
                ("AWS_S3_ENDPOINT", url),
                ("AWS_S3_BUCKET", "models"),
            ],
        ),
        Speaks::Gcs => {
            let key = json!({
                "type": "authorized_user", "client_id": "some-client", "client_secret": SECRET,
                "refresh_token": SECRET, "token_uri": format!("{url}/token"),
            });
            crate::gcs::gcs(&key.to_string(), Some("models"))
        }
        Speaks::Azure => connection(
            "azure",
            &[
                ("AZURE_STORAGE_ACCOUNT", "someaccount"),
                ("AZURE_STORAGE_ACCESS_KEY", "c29tZS1rZXk="),
                ("AZURE_CONTAINER", "models"),
            ],
        ),
        Speaks::Oci => registry(url, place, ("ada", SECRET), &[]),
        Speaks::GitSsh => connection(
            "git",
            &[
                ("GIT_URL", &format!("ssh://git@{place}/demo.git")),
                ("ssh-privatekey", &key()),
                ("known_hosts", "x ssh-ed25519 AAAA"),
            ],
        ),
        Speaks::GitHttps => connection(
            "git",
            &[
                ("GIT_URL", &format!("{url}/demo.git")),
                ("GIT_TOKEN", SECRET),
            ],
        ),
        Speaks::Http => connection(
            "uri",
            &[
                ("URI", &format!("{url}/model")),
                ("https-host", "127.0.0.1"),
                (
                    "headers",
                    &json!({"Authorization": format!("Bearer {SECRET}")}).to_string(),
                ),
            ],
        ),
        Speaks::Hf => connection("uri", &[("URI", "hf://demo/tiny"), ("HF_TOKEN", SECRET)]),
    };
    let ask = match speaks {
        Speaks::Oci => kit::path("team/app:v1"),
        _ => Ask::default(),
    };
    Scene {
        settings,
        ..Scene::new(connection, ask)
    }
}
