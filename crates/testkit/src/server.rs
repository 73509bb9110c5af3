//! A `bowline up` of a test's own: started on fresh state and free ports, ended when dropped, its
//! logs kept at the most verbose level for the canary scan.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail, ensure};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde::Deserialize;

/// What `bowline up --output json` says when it is ready.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Path of the kubeconfig.
    pub kubeconfig: PathBuf,
    /// URL of the Kubernetes API.
    pub kubernetes: String,
    /// URL of the admission server.
    pub admission: String,
    /// URL of the HTTP server.
    pub http: String,
    /// URL of the web over TLS, where other machines reach it.
    pub https: Option<String>,
    /// Bearer token of the administrator.
    pub token: String,
    /// Path of the CA certificate.
    pub ca: PathBuf,
    /// A link by which a browser signs in once.
    pub login: String,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub ready: Ready,
    /// The file that its log goes to.
    pub log: PathBuf,
}

impl Server {
    /// Starts `binary` on a data folder and waits until it is ready.
    ///
    /// # Errors
    /// When it ends, or says something else than the one line it should.
    pub fn start(binary: impl AsRef<Path>, data: &Path) -> Result<Self> {
        Self::start_with(binary, data, "trace")
    }

    /// As [`Server::start`], with a log level.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_with(binary: impl AsRef<Path>, data: &Path, level: &str) -> Result<Self> {
        Self::start_in(binary, data, &[("RUST_LOG", level)])
    }

    /// As [`Server::start`], with variables of the environment.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_in(
        binary: impl AsRef<Path>,
        data: &Path,
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let ports = ["--kubernetes-port", "--admission-port", "--http-port"];
        let log = log_file(data)?;
        let mut child = Command::new(binary.as_ref())
            .arg("up")
            .args(ports.iter().flat_map(|port| [port, "0"]))
            .args(["--output", "json", "--data"])
            .arg(data)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .context("bowline up does not start")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let Ok(ready) = serde_json::from_str(&line) else {
            let _ = child.kill();
            bail!(
                "bowline up said `{}` instead of where it listens",
                line.trim()
            );
        };
        Ok(Self { child, ready, log })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A client of the Kubernetes API, as the administrator.
    ///
    /// # Errors
    /// When the written kubeconfig is no good.
    pub async fn client(&self) -> Result<kube::Client> {
        Ok(kube::Client::try_from(self.config().await?)?)
    }

    /// A client of the admission server.
    ///
    /// # Errors
    /// As [`Server::client`].
    pub async fn admission(&self) -> Result<kube::Client> {
        let mut config = self.config().await?;
        config.cluster_url = self.ready.admission.parse()?;
        Ok(kube::Client::try_from(config)?)
    }

    /// The configuration behind [`Server::client`].
    ///
    /// # Errors
    /// As [`Server::client`].
    pub async fn config(&self) -> Result<kube::Config> {
        let kubeconfig = Kubeconfig::read_from(&self.ready.kubeconfig)?;
        Ok(kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)
    }

    /// Asks it to end, and waits for that.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        let asked = Command::new("kill").arg(self.id().to_string()).status()?;
        ensure!(asked.success(), "bowline up cannot be asked to end");
        Ok(self.child.wait()?)
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Logs go where the canary scan looks, else beside the state.
fn log_file(data: &Path) -> Result<PathBuf> {
    let folder =
        std::env::var_os("BOWLINE_CANARY_DIR").map_or_else(|| data.to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("up-{}.log", uuid::Uuid::new_v4().simple())))
}
