//! The commands that read a cluster, on a real API server: with rights to all, and with none.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{program, skipped};
use kube::config::Kubeconfig;
use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

use crate::scene::{CONNECTION, Scene, connection};

/// The value that no command may show.
const VALUE: &str = "not-a-real-one";

/// A scene with a Notebook in it, and a kubeconfig with the administrator's client certificate.
struct Harbour {
    scene: Scene,
    program: PathBuf,
    kubeconfig: PathBuf,
    folder: TempDir,
}

impl Harbour {
    /// None where there is no control plane of our own.
    async fn new() -> Result<Option<Self>> {
        let Some(scene) = Scene::new().await? else {
            return Ok(None);
        };
        let Some(kubeconfig) = scene.cluster().kubeconfig_path() else {
            skipped("the kubeconfig of an existing cluster is not handed to commands");
            return Ok(None);
        };
        let notebook = scene.tied("kubeflow.org/v1", "Notebook");
        let path = scene.all(&notebook)?;
        scene.author.post(&path, &notebook).await?.granted()?;
        Ok(Some(Self {
            scene,
            program: program()?,
            kubeconfig,
            folder: TempDir::new()?,
        }))
    }

    /// Runs a command, in which `$NS` is the scene's namespace, with this kubeconfig.
    fn output(&self, kubeconfig: &Path, line: &str) -> Result<Output> {
        let line = line.replace("$NS", &self.scene.namespace);
        let output = Command::new(&self.program)
            .args(line.split(' '))
            .env_clear()
            .env("KUBECONFIG", kubeconfig)
            .current_dir(self.folder.path())
            .output()?;
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        let said = String::from_utf8_lossy(&said);
        ensure!(!said.contains(VALUE), "a value in the output of `{line}`");
        Ok(output)
    }

    /// What a command prints, which must succeed.
    fn run(&self, line: &str) -> Result<String> {
        let output = self.output(&self.kubeconfig, line)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{line}`: {errors}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A kubeconfig of somebody who has no rights at all.
    fn stranger(&self) -> Result<PathBuf> {
        let mut kubeconfig = Kubeconfig::read_from(&self.kubeconfig)?;
        let user = kubeconfig.auth_infos.first_mut().context("no user")?;
        let user = user.auth_info.as_mut().context("no credentials")?;
        user.impersonate = Some("stranger".to_owned());
        let path = self.folder.path().join("stranger");
        std::fs::write(&path, serde_json::to_string(&kubeconfig)?)?;
        Ok(path)
    }
}

#[tokio::test]
async fn connections_and_their_users_are_read_from_a_real_api_server() -> Result<()> {
    let Some(harbour) = Harbour::new().await? else {
        return Ok(());
    };
    let namespace = harbour.scene.namespace.as_str();
    let list = harbour.run("list -n $NS")?;
    let row = list.lines().find(|line| line.starts_with(CONNECTION));
    ensure!(row.is_some_and(|row| row.contains("s3")), "{list}");

    let all: Value = serde_json::from_str(&harbour.run("list -A -o json")?)?;
    let rows = all["connections"].as_array().context("no connections")?;
    let own = rows.iter().find(|row| row["namespace"] == namespace);
    let own = own.context("the connection is not listed")?;
    ensure!(own["name"] == CONNECTION && own["usedBy"] == 1, "{own}");

    let shown = harbour.run(&format!("show {CONNECTION} -n $NS"))?;
    ensure!(shown.contains("https://s3.example.com"), "{shown}");

    let users = harbour.run("usage -n $NS")?;
    ensure!(
        users.contains("Notebook") && users.contains("demo"),
        "{users}"
    );
    Ok(())
}

#[tokio::test]
async fn lint_judges_the_workloads_of_a_real_api_server() -> Result<()> {
    let Some(harbour) = Harbour::new().await? else {
        return Ok(());
    };
    // Of all namespaces, in which other tests leave what they like.
    let output = harbour.output(&harbour.kubeconfig, "lint -A -o json")?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(
        report["checked"]["workloads"].as_u64() >= Some(1),
        "{report}"
    );
    let report: Value = serde_json::from_str(&harbour.run("lint -n $NS -o json")?)?;
    ensure!(report["checked"]["workloads"] == 1, "{report}");

    let secret = connection(&harbour.scene.namespace);
    harbour.scene.cluster().delete(&[secret]).await?;
    let output = harbour.output(&harbour.kubeconfig, "lint -n $NS -o json")?;
    ensure!(output.status.code() == Some(1), "{:?}", output.status);
    let report: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["findings"][0]["rule"] == "denied", "{report}");
    Ok(())
}

#[tokio::test]
async fn inject_gives_what_admission_on_a_real_api_server_gives() -> Result<()> {
    let Some(harbour) = Harbour::new().await? else {
        return Ok(());
    };
    let scene = &harbour.scene;
    let notebook = scene.tied("kubeflow.org/v1", "Notebook");
    let manifests = [connection(&scene.namespace), notebook.clone()];
    for (name, object) in ["connection.json", "notebook.json"].iter().zip(&manifests) {
        std::fs::write(harbour.folder.path().join(name), object.to_string())?;
    }
    let shown = {
        // The manifest of the connection is printed as it is, values and all.
        let output = Command::new(&harbour.program)
            .args(["inject", "-f", "connection.json", "notebook.json"])
            .current_dir(harbour.folder.path())
            .output()?;
        ensure!(output.status.success(), "{:?}", output.status);
        bowline_core::manifest::parse(&output.stdout)?
    };
    let stored = scene
        .cluster()
        .get(&notebook)
        .await?
        .context("not stored")?;
    let at = "/spec/template/spec/containers/0/envFrom";
    let injected = shown.iter().find_map(|object| object.pointer(at));
    ensure!(
        injected.is_some() && injected == stored.pointer(at),
        "{stored}"
    );
    Ok(())
}

#[rstest]
#[case("list -n $NS")]
#[case("list -A -o json")]
#[case("show soundings -n $NS")]
#[case("lint -A")]
#[case("usage -n $NS soundings")]
#[tokio::test]
async fn whoever_has_no_rights_is_told_which_are_missing(#[case] line: &str) -> Result<()> {
    let Some(harbour) = Harbour::new().await? else {
        return Ok(());
    };
    let output = harbour.output(&harbour.stranger()?, line)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(6), "`{line}`: {errors}");
    ensure!(
        output.stdout.is_empty() && errors.contains("stranger"),
        "{errors}"
    );
    Ok(())
}
