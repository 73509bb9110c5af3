//! `bowline server` in front of a Kubernetes API that judges tokens and impersonation itself.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use bowline_testkit::server::Server;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use reqwest::{Certificate, Identity};
use serde_json::Value;
use tempfile::TempDir;

use super::{WHOAMI, builder, http, whoami};

const BINARY: &str = env!("CARGO_BIN_EXE_bowline");

/// A `bowline server`, and the API behind it.
struct Web {
    child: Child,
    address: String,
    api: Server,
    _data: TempDir,
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(flags: &[&str]) -> Result<Web> {
    let data = tempfile::tempdir()?;
    let api = Server::start(BINARY, data.path())?;
    let mut child = Command::new(BINARY)
        .args(["server", "--listen", "127.0.0.1:0", "--kubeconfig"])
        .arg(&api.ready.kubeconfig)
        .args(flags)
        .env("RUST_LOG", "info")
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stderr.take().context("stderr")?).lines();
    let address = lines.by_ref().find_map(|line| {
        let said: Value = serde_json::from_str(&line.ok()?).ok()?;
        Some(said["address"].as_str()?.to_owned())
    });
    // Whoever writes to a pipe that nobody reads stands still.
    std::thread::spawn(move || lines.for_each(drop));
    let address = address.context("bowline server does not say where it listens")?;
    Ok(Web {
        child,
        address,
        api,
        _data: data,
    })
}

#[tokio::test]
async fn a_token_is_passed_on_to_the_cluster() -> Result<()> {
    let web = start(&[])?;
    let request = |token: &str| {
        Ok::<_, anyhow::Error>(
            http()?
                .get(format!("http://{}{WHOAMI}", web.address))
                .bearer_auth(token),
        )
    };
    let (user, groups) = whoami(request(&web.api.ready.token)?)
        .await?
        .context("known")?;
    assert_eq!(user, "bowline-admin");
    assert!(groups.contains(&"system:masters".to_owned()));
    assert_eq!(whoami(request("wrong")?).await?, None);
    let list = http()?.get(format!(
        "http://{}/api/v1/projects/default/connections",
        web.address
    ));
    assert_eq!(
        list.bearer_auth(&web.api.ready.token)
            .send()
            .await?
            .status(),
        200
    );
    Ok(())
}

#[tokio::test]
async fn whom_a_trusted_proxy_names_is_impersonated() -> Result<()> {
    let web = start(&["--trusted-proxy", "127.0.0.1"])?;
    let request = |path: &str, group: &str| {
        let request = http()?.get(format!("http://{}{path}", web.address));
        Ok::<_, anyhow::Error>(
            request
                .header("x-remote-user", "ada")
                .header("x-remote-group", group),
        )
    };
    let (user, groups) = whoami(request(WHOAMI, "team-a")?).await?.context("known")?;
    assert_eq!((user.as_str(), groups), ("ada", vec!["team-a".to_owned()]));
    let list = "/api/v1/projects/default/connections";
    assert_eq!(request(list, "team-a")?.send().await?.status(), 403);
    assert_eq!(request(list, "system:masters")?.send().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn without_a_trusted_proxy_its_headers_mean_nothing() -> Result<()> {
    let web = start(&[])?;
    let request = http()?.get(format!("http://{}{WHOAMI}", web.address));
    assert_eq!(whoami(request.header("x-remote-user", "ada")).await?, None);
    Ok(())
}

/// A certificate authority, a server's certificate by it, and a client's.
struct Certificates {
    folder: TempDir,
    ca: String,
    client: String,
}

fn certificates() -> Result<Certificates> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    let ca = params.self_signed(&key)?.pem();
    let issuer = Issuer::new(params, key);
    let server_key = KeyPair::generate()?;
    let server =
        CertificateParams::new(["localhost".to_owned()])?.signed_by(&server_key, &issuer)?;
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name.push(DnType::CommonName, "ada");
    params
        .distinguished_name
        .push(DnType::OrganizationName, "team-a");
    let client_key = KeyPair::generate()?;
    let client = params.signed_by(&client_key, &issuer)?;
    let folder = tempfile::tempdir()?;
    write(folder.path(), "tls.crt", &server.pem())?;
    write(folder.path(), "tls.key", &server_key.serialize_pem())?;
    write(folder.path(), "ca.crt", &ca)?;
    Ok(Certificates {
        folder,
        ca,
        client: format!("{}{}", client.pem(), client_key.serialize_pem()),
    })
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    Ok(fs::write(folder.join(name), text)?)
}

#[tokio::test]
async fn whom_a_client_certificate_names_is_impersonated() -> Result<()> {
    let certificates = certificates()?;
    let folder = certificates.folder.path().to_str().context("a path")?;
    let ca = format!("{folder}/ca.crt");
    let web = start(&["--certificate-dir", folder, "--client-ca-file", &ca])?;
    let port = web.address.rsplit(':').next().context("a port")?;
    let url = format!("https://localhost:{port}{WHOAMI}");
    let roots = || {
        Ok::<_, anyhow::Error>(
            builder().tls_certs_only([Certificate::from_pem(certificates.ca.as_bytes())?]),
        )
    };
    let known = roots()?
        .identity(Identity::from_pem(certificates.client.as_bytes())?)
        .build()?;
    let (user, groups) = whoami(known.get(&url)).await?.context("known")?;
    assert_eq!((user.as_str(), groups), ("ada", vec!["team-a".to_owned()]));
    assert_eq!(whoami(roots()?.build()?.get(&url)).await?, None);
    let answer = known.get(&url).send().await?;
    assert_eq!(
        answer.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    Ok(())
}
