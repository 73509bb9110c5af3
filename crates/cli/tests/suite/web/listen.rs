//! `bowline up --listen`: what is reached at another address than loopback's own, and what is not.

use std::net::TcpStream;

use anyhow::{Context as _, Result};
use assert_cmd::Command;
use bowline_testkit::server::Server;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::ListParams;
use reqwest::{Certificate, Client, Url};
use rstest::rstest;

use super::{WHOAMI, builder, whoami};

const BINARY: &str = env!("CARGO_BIN_EXE_bowline");
/// An address of this machine that is not the one that everything listens on by itself.
const FAR: &str = "127.0.0.2";
const NEAR: &str = "127.0.0.1";

/// Whether somebody listens at the port of a URL, at this address.
fn answers(url: &str, address: &str) -> Result<bool> {
    let port = Url::parse(url)?.port().context("a port")?;
    Ok(TcpStream::connect((address, port)).is_ok())
}

fn host(url: &str) -> Result<String> {
    Ok(Url::parse(url)?.host_str().context("a host")?.to_owned())
}

/// A server that is reached at [`FAR`], and a client that trusts its authority and no other.
fn far() -> Result<(tempfile::TempDir, Server, Client)> {
    let data = tempfile::tempdir()?;
    let environment = [("BOWLINE_LISTEN", FAR), ("BOWLINE_HTTPS_PORT", "0")];
    let server = Server::start_in(BINARY, data.path(), &environment)?;
    let ca = Certificate::from_pem(&std::fs::read(&server.ready.ca)?)?;
    let client = builder().tls_certs_only([ca]).build()?;
    Ok((data, server, client))
}

#[tokio::test]
async fn only_what_asks_who_one_is_is_reached_from_elsewhere() -> Result<()> {
    let (_data, server, client) = far()?;
    let ready = &server.ready;
    let https = ready.https.as_deref().context("no web over TLS")?;
    for url in [&ready.kubernetes, https] {
        assert_eq!(host(url)?, FAR);
        assert!(answers(url, FAR)? && !answers(url, NEAR)?, "{url}");
    }
    for url in [&ready.admission, &ready.http] {
        assert_eq!(host(url)?, NEAR);
        assert!(answers(url, NEAR)? && !answers(url, FAR)?, "{url}");
    }

    let namespaces: Api<Namespace> = Api::all(server.client().await?);
    assert!(
        !namespaces
            .list(&ListParams::default())
            .await?
            .items
            .is_empty()
    );

    let who = || client.get(format!("{https}{WHOAMI}"));
    assert_eq!(whoami(who()).await?, None);
    let (user, _) = whoami(who().bearer_auth(&ready.token))
        .await?
        .context("nobody")?;
    assert_eq!(user, "bowline-admin");
    for (path, status) in [("/metrics", 404), ("/readyz", 404)] {
        let answer = client.get(format!("{https}{path}")).send().await?;
        assert_eq!(answer.status(), status, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn the_far_web_answers_to_its_own_address_only() -> Result<()> {
    let (_data, server, client) = far()?;
    let https = server.ready.https.as_deref().context("no web over TLS")?;
    let port = Url::parse(https)?.port().context("a port")?;
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        FAR.to_owned(),
    ] {
        let request = client.get(format!("{https}{WHOAMI}")).header("host", &host);
        assert_eq!(request.send().await?.status(), 421, "{host}");
    }
    Ok(())
}

#[test]
fn by_itself_everything_is_on_loopback() -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = Server::start(BINARY, data.path())?;
    let ready = &server.ready;
    assert_eq!(ready.https, None);
    for url in [&ready.kubernetes, &ready.admission, &ready.http] {
        assert_eq!(host(url)?, NEAR);
        assert!(!answers(url, FAR)?, "{url}");
    }
    Ok(())
}

#[rstest]
#[case::no_address_in_particular(&["--listen", "0.0.0.0"], "names no address")]
#[case::nobody_is_asked(&["--listen", FAR, "--odahu-open"], "is for loopback only")]
#[case::no_address(&["--listen", "harbour.example"], "invalid IP address")]
fn what_would_be_open_to_everybody_is_refused(
    #[case] flags: &[&str],
    #[case] why: &str,
) -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut command = Command::cargo_bin("bowline")?;
    let output = command
        .arg("up")
        .arg("--data")
        .arg(data.path())
        .args(flags)
        .output()?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(why), "{said}");
    Ok(())
}
