//! Helm against `bowline up`: the life of a release of a small chart, `tests/cluster/helm/tides`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{program, skipped};
use bowline_testkit::Canaries;
use bowline_testkit::server::Server;
use serde_json::Value;
use tempfile::TempDir;

/// A server, a folder, and a shell in which Helm is at home.
struct Harbour {
    server: Server,
    helm: PathBuf,
    kubectl: PathBuf,
    folder: TempDir,
    canaries: Canaries,
    canary: String,
    _data: TempDir,
}

/// What a command put out.
struct Outcome {
    succeeds: bool,
    stdout: String,
    stderr: String,
}

impl Harbour {
    /// `None` where there is no Helm, which is said loudly.
    fn new() -> Result<Option<Self>> {
        let Some(helm) = script("helm", &["--built"])? else {
            return Ok(None);
        };
        let kubectl = script("kubectl", &[])?.context("a kubectl")?;
        let (data, folder) = (TempDir::new()?, TempDir::new()?);
        let server = Server::start(program()?, data.path())?;
        let mut canaries = Canaries::default();
        let canary = canaries.plant("a value of a chart");
        Ok(Some(Self {
            server,
            helm,
            kubectl,
            folder,
            canaries,
            canary,
            _data: data,
        }))
    }

    fn sh(&self, script: &str) -> Result<Outcome> {
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("helm/tides");
        let output = Command::new("sh")
            .args(["-c", &format!("{FUNCTIONS}\n{script}")])
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .envs([("HELM", &self.helm), ("KUBECTL", &self.kubectl)])
            .env("KUBECONFIG", &self.server.ready.kubeconfig)
            .envs([("CHART", chart.as_os_str()), ("KEY", self.canary.as_ref())])
            .output()?;
        let outcome = Outcome {
            succeeds: output.status.success(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        };
        let leaks = self.canaries.leaks(&outcome.stderr);
        ensure!(leaks.is_empty(), "on standard error: {leaks:?}");
        Ok(outcome)
    }

    /// What a script prints, which must succeed.
    fn run(&self, script: &str) -> Result<String> {
        let outcome = self.sh(script)?;
        ensure!(outcome.succeeds, "`{script}`: {}", outcome.stderr);
        Ok(outcome.stdout)
    }

    /// What a script complains of, which must fail.
    fn fails(&self, script: &str) -> Result<String> {
        let outcome = self.sh(script)?;
        ensure!(!outcome.succeeds, "`{script}`: {}", outcome.stdout);
        Ok(outcome.stderr)
    }

    /// The data of the release's ConfigMap.
    fn data(&self) -> Result<Value> {
        let text = self.run("kubectl get configmap spring -o jsonpath='{.data}'")?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The state and the number of each revision, the last one last.
    fn history(&self) -> Result<Vec<(String, u64)>> {
        let history: Value = serde_json::from_str(&self.run("helm history spring -o json")?)?;
        let revisions = history.as_array().context("a list")?.iter();
        let pair = |revision: &Value| {
            let status = revision["status"].as_str()?.to_owned();
            Some((status, revision["revision"].as_u64()?))
        };
        revisions
            .map(|revision| pair(revision).context("a revision"))
            .collect()
    }
}

/// The program that a script of `scripts/` finds; `None` where it cannot be had.
fn script(name: &str, arguments: &[&str]) -> Result<Option<PathBuf>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../scripts/{name}.sh"));
    let output = Command::new(script).args(arguments).output()?;
    let why = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(69) {
        skipped(&format!("there is no {name} here: {why}"));
        return Ok(None);
    }
    ensure!(output.status.success(), "scripts/{name}.sh: {why}");
    let path = String::from_utf8(output.stdout)?;
    Ok(Some(PathBuf::from(path.trim())))
}

/// Both programs by their usual names, wherever they are.
const FUNCTIONS: &str = r#"helm() { "$HELM" "$@"; }
kubectl() { "$KUBECTL" "$@"; }"#;
const INSTALL: &str = "helm install spring $CHART --set key=$KEY";

#[test]
fn a_release_is_installed_with_all_its_objects() -> Result<()> {
    let Some(harbour) = Harbour::new()? else {
        return Ok(());
    };
    let said = harbour.run(INSTALL)?;
    ensure!(said.contains("High water is at 4."), "{said}");
    let kinds =
        "configmap,secret,serviceaccount,service,role,rolebinding,ingress,pdb,buoy,deployment";
    let found = harbour.run(&format!("kubectl get {kinds} -o name | grep -c /spring"))?;
    ensure!(found.trim() == "10", "{found}");
    let data = harbour.data()?;
    ensure!(
        data["ingresses"] == "true" && data["before"] == "none",
        "{data}"
    );
    let list = harbour.run("helm list -o json")?;
    ensure!(
        list.contains("\"chart\":\"tides-1.2.3\"") && list.contains("deployed"),
        "{list}"
    );
    let status = harbour.run("helm status spring -o json")?;
    let status: Value = serde_json::from_str(&status)?;
    ensure!(status["info"]["status"] == "deployed", "{status}");
    Ok(())
}

#[test]
fn a_release_is_upgraded_rolled_back_and_uninstalled() -> Result<()> {
    let Some(harbour) = Harbour::new()? else {
        return Ok(());
    };
    harbour.run(INSTALL)?;
    harbour.run("helm upgrade spring $CHART --reuse-values --set high=5")?;
    let data = harbour.data()?;
    ensure!(data["high"] == "5" && data["before"] == "4", "{data}");
    harbour.run("helm rollback spring 1")?;
    ensure!(harbour.data()?["high"] == "4");
    let states = [("superseded", 1), ("superseded", 2), ("deployed", 3)];
    let history = harbour.history()?;
    ensure!(
        history
            .iter()
            .map(|(state, number)| (state.as_str(), *number))
            .eq(states),
        "{history:?}"
    );
    harbour.run("helm uninstall spring")?;
    let left =
        harbour.run("kubectl get configmap,secret,service,ingress,deployment,buoy -o name")?;
    ensure!(!left.contains("spring"), "{left}");
    Ok(())
}

#[test]
fn an_upgrade_that_is_refused_leaves_a_failed_revision() -> Result<()> {
    let Some(harbour) = Harbour::new()? else {
        return Ok(());
    };
    harbour.run(INSTALL)?;
    let why = harbour.fails("helm upgrade spring $CHART --reuse-values --set high=5,port=70000")?;
    ensure!(why.contains("must be between 1 and 65535"), "{why}");
    let history = harbour.history()?;
    ensure!(
        history.last() == Some(&("failed".to_owned(), 2)),
        "{history:?}"
    );
    harbour.run("helm upgrade spring $CHART --reuse-values --set high=6,port=80")?;
    ensure!(harbour.data()?["high"] == "6");
    Ok(())
}

#[test]
fn an_upgrade_that_is_refused_is_rolled_back_when_asked_for() -> Result<()> {
    let Some(harbour) = Harbour::new()? else {
        return Ok(());
    };
    harbour.run(&format!(
        "{INSTALL} --set workload=false --wait --timeout 30s"
    ))?;
    let why = harbour.fails(
        "helm upgrade spring $CHART --reuse-values --set high=5,port=70000 --rollback-on-failure --timeout 30s",
    )?;
    ensure!(why.contains("rolled back"), "{why}");
    let data = harbour.data()?;
    ensure!(data["high"] == "4", "{data}");
    let history = harbour.history()?;
    ensure!(
        history.last() == Some(&("deployed".to_owned(), 3)),
        "{history:?}"
    );
    Ok(())
}

#[test]
fn an_install_that_waits_for_pods_is_taken_back() -> Result<()> {
    let Some(harbour) = Harbour::new()? else {
        return Ok(());
    };
    harbour.fails(&format!("{INSTALL} --rollback-on-failure --timeout 2s"))?;
    let left = harbour.run("kubectl get configmap,secret,service,deployment -o name")?;
    ensure!(!left.contains("spring"), "{left}");
    Ok(())
}

#[test]
fn an_install_takes_over_nothing_of_somebody_else() -> Result<()> {
    let Some(harbour) = Harbour::new()? else {
        return Ok(());
    };
    harbour.run("kubectl create configmap spring --from-literal=own=yes")?;
    let why = harbour.fails(INSTALL)?;
    ensure!(
        why.contains("cannot be imported into the current release"),
        "{why}"
    );
    ensure!(harbour.data()?["own"] == "yes");
    harbour.run(&format!("{INSTALL} --take-ownership"))?;
    ensure!(harbour.data()?["high"] == "4");
    Ok(())
}

#[test]
fn a_dry_run_on_the_server_stores_nothing() -> Result<()> {
    let Some(harbour) = Harbour::new()? else {
        return Ok(());
    };
    // A dry run installs no definitions, and then knows no Buoys.
    harbour.run("kubectl create -f $CHART/crds")?;
    let shown = harbour.run(&format!("{INSTALL} --dry-run=server --hide-secret"))?;
    ensure!(shown.contains("kind: Deployment"), "{shown}");
    let left = harbour.run("kubectl get configmap,secret,deployment -o name; helm list -q")?;
    ensure!(!left.contains("spring"), "{left}");
    Ok(())
}
