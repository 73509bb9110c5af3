//! The cells that servers of their makers' own prove, and those that need a good server of the tests' own.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_probe::{Ask, Settings};
use bowline_testkit::servers::{Azurite, Gcs, GitHttp, GitSsh, Registry};

use super::scene::Scene;
use super::{Failure, Speaks};
use crate::ecr::AMAZON;
use crate::kit::{self, connection};

pub(super) async fn scene(speaks: Speaks, failure: Failure) -> Option<Scene> {
    match speaks {
        Speaks::S3 => s3(failure).await,
        Speaks::Gcs => gcs(failure),
        Speaks::Azure => azure(failure),
        Speaks::Oci => oci(failure),
        Speaks::GitSsh => git_ssh(failure),
        Speaks::GitHttps => git_https(failure),
        Speaks::Http => http(failure).await,
        Speaks::Hf => hf(failure).await,
    }
}

async fn s3(failure: Failure) -> Option<Scene> {
    let server = crate::s3::real::server().await?;
    let ready = &server.ready;
    let port = ready.endpoint.rsplit(':').next()?;
    let named = format!("http://s3.example:{port}");
    let changes: Vec<(&str, &str)> = match failure {
        Failure::WrongKey => vec![("AWS_SECRET_ACCESS_KEY", "Canary/of-somebody-else-0000")],
        Failure::NoRight => vec![
            ("AWS_ACCESS_KEY_ID", &ready.other_access_key),
            ("AWS_SECRET_ACCESS_KEY", &ready.other_secret_key),
        ],
        Failure::NoPlace => vec![("AWS_S3_BUCKET", "none-of-this-name")],
        Failure::WrongStyle => vec![
            ("AWS_S3_ENDPOINT", &named),
            ("AWS_S3_USE_PATH_STYLE", "false"),
        ],
        Failure::UntrustedTls => vec![("AWS_S3_ENDPOINT", &ready.tls_endpoint)],
        _ => Vec::new(),
    };
    let ask = match failure {
        Failure::NoObject => kit::path("none.bin"),
        _ => Ask::default(),
    };
    let mut scene = Scene::new(crate::s3::real::good(server, &changes), ask);
    scene.guard = kit::knowing(&[
        ("s3.example", &[&["127.0.0.1"]]),
        ("models.s3.example", &[&["127.0.0.1"]]),
    ]);
    Some(scene)
}

fn gcs(failure: Failure) -> Option<Scene> {
    let server = Gcs::shared()?;
    let file = match failure {
        Failure::WrongKey => &server.wrong_key_file,
        _ => &server.key_file,
    };
    let bucket = match failure {
        Failure::NoRight => "forbidden",
        Failure::NoPlace => "none-of-this-name",
        _ => "models",
    };
    let ask = match failure {
        Failure::NoObject => kit::path("none.bin"),
        _ => Ask::default(),
    };
    let connection = crate::gcs::gcs(&crate::gcs::read(file), Some(bucket));
    let mut scene = Scene::new(connection, ask);
    scene.settings.google.clone_from(&server.endpoint);
    Some(scene)
}

fn azure(failure: Failure) -> Option<Scene> {
    let server = Azurite::shared()?;
    let sas = |permissions, hours| server.sas(permissions, hours, None).expect("a signature");
    let (narrow, ended) = (sas("r", 24 * 30), sas("rl", -1));
    let proof = match failure {
        Failure::WrongKey => ("AZURE_STORAGE_ACCESS_KEY", "c29tZS13cm9uZy1rZXk="),
        Failure::NoRight => ("AZURE_STORAGE_SAS_TOKEN", narrow.as_str()),
        Failure::Expired => ("AZURE_STORAGE_SAS_TOKEN", ended.as_str()),
        _ => crate::azure::key(server),
    };
    let container = match failure {
        Failure::NoPlace => "none-of-this-name",
        _ => "models",
    };
    let ask = match failure {
        Failure::NoObject => kit::path("none.bin"),
        _ => Ask::default(),
    };
    let mut scene = Scene::new(crate::azure::azure(server, Some(container), proof), ask);
    scene.settings.azure.clone_from(match failure {
        Failure::UntrustedTls => &server.tls_endpoint,
        _ => &server.endpoint,
    });
    Some(scene)
}

fn oci(failure: Failure) -> Option<Scene> {
    let server = Registry::shared()?;
    let port = server.basic.rsplit(':').next()?;
    let (amazon, plain) = (
        format!("{AMAZON}:{port}"),
        format!("http://{AMAZON}:{port}"),
    );
    let (host, login_host) = match failure {
        Failure::NoRight => (server.token.as_str(), server.token.as_str()),
        Failure::UntrustedTls => (server.tls.as_str(), server.tls.as_str()),
        Failure::Expired => (plain.as_str(), amazon.as_str()),
        _ => (server.basic.as_str(), server.basic.as_str()),
    };
    let secured = format!("https://{}", server.tls);
    let host = match failure {
        Failure::UntrustedTls => &secured,
        _ => host,
    };
    let login = match failure {
        Failure::WrongKey => (server.username.as_str(), "some-wrong-password"),
        Failure::NoRight => (server.reader.as_str(), server.reader_password.as_str()),
        Failure::Expired => ("AWS", "some-old-one"),
        _ => crate::oci::robot(server),
    };
    let path = match failure {
        Failure::NoPlace => "team/none:v1",
        Failure::NoObject => "team/app:v9",
        _ => "team/app:v1",
    };
    let ask = Ask {
        push: failure == Failure::NoRight,
        ..kit::path(path)
    };
    let connection = crate::oci::registry(host, login_host, login, &[]);
    let mut scene = Scene::new(connection, ask);
    scene.guard = kit::knowing(&[(AMAZON, &[&["127.0.0.1"]])]);
    Some(scene)
}

fn git_ssh(failure: Failure) -> Option<Scene> {
    let server = GitSsh::shared()?;
    let read = |file| fs::read_to_string(file).expect("a file");
    let key = match failure {
        Failure::WrongKey => "unknown",
        _ => "read",
    };
    let known = match failure {
        Failure::UntrustedTls => &server.wrong_known_hosts,
        _ => &server.known_hosts,
    };
    let connection = connection(
        "git",
        &[
            (
                "GIT_URL",
                &format!("{}/{}", server.url, repository(failure)),
            ),
            ("ssh-privatekey", &read(server.keys.join(key))),
            ("known_hosts", &read(known.clone())),
        ],
    );
    Some(Scene::new(connection, of_git(failure)))
}

fn repository(failure: Failure) -> &'static str {
    match failure {
        Failure::NoPlace => "none.git",
        _ => "demo.git",
    }
}

fn of_git(failure: Failure) -> Ask {
    let reference = match failure {
        Failure::NoObject => "none",
        _ => "main",
    };
    Ask {
        reference: Some(reference.to_owned()),
        push: failure == Failure::NoRight,
        ..Ask::default()
    }
}

fn git_https(failure: Failure) -> Option<Scene> {
    let server = GitHttp::shared()?;
    let folder = match failure {
        Failure::NoRight => "forbidden",
        _ => "private",
    };
    let password = match failure {
        Failure::WrongKey => "some-wrong-password",
        _ => &server.password,
    };
    let connection = connection(
        "git",
        &[
            (
                "GIT_URL",
                &format!("{}/{folder}/{}", server.tls_url, repository(failure)),
            ),
            ("GIT_USERNAME", &server.username),
            ("GIT_PASSWORD", password),
        ],
    );
    let ask = Ask {
        push: false,
        ..of_git(failure)
    };
    let authority = fs::read_to_string(&server.ca).expect("the authority");
    Some(Scene {
        authorities: (failure != Failure::UntrustedTls).then_some(authority),
        ..Scene::new(connection, ask)
    })
}

async fn http(failure: Failure) -> Option<Scene> {
    let hub = crate::hub::hub().await?;
    let endpoint = match failure {
        Failure::UntrustedTls => &hub.tls_endpoint,
        _ => &hub.endpoint,
    };
    let file = match failure {
        Failure::NoPlace => "none.txt",
        _ => "basic.txt",
    };
    let password = match failure {
        Failure::WrongKey => "some-wrong-password",
        _ => &hub.password,
    };
    let login = STANDARD.encode(format!("{}:{password}", hub.username));
    let connection = connection(
        "uri",
        &[
            ("URI", &format!("{endpoint}/files/{file}")),
            ("https-host", "127.0.0.1"),
            (
                "headers",
                &format!(r#"{{"Authorization": "Basic {login}"}}"#),
            ),
        ],
    );
    Some(Scene::new(connection, Ask::default()))
}

async fn hf(failure: Failure) -> Option<Scene> {
    let hub = crate::hub::hub().await?;
    let uri = match failure {
        Failure::NoRight => "hf://demo/gated",
        Failure::NoPlace => "hf://demo/none",
        Failure::NoObject => "hf://demo/private:v9",
        _ => "hf://demo/private",
    };
    let token = match failure {
        Failure::WrongKey => "some-wrong-token",
        _ => &hub.token,
    };
    let endpoint = match failure {
        Failure::UntrustedTls => &hub.tls_endpoint,
        _ => &hub.endpoint,
    };
    let connection = connection("uri", &[("URI", uri), ("HF_TOKEN", token)]);
    let settings = Settings {
        hub: endpoint.clone(),
        ..Settings::default()
    };
    Some(Scene {
        settings,
        ..Scene::new(connection, Ask::default())
    })
}
