//! `bowline operator` as processes of their own, as a cluster runs it: started on a cluster, listened
//! to by their logs, and ended, softly or not. What they are to do is left to the tests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;
use tempfile::TempDir;

use crate::admission::configurations_of;
use crate::certificates::Authority;
use crate::process::{Process, log_file};
use crate::wait::until;

/// Names the program to test, instead of the one that was built beside the tests.
const PROGRAM: &str = "BOWLINE";

/// What all replicas of one installation have in common.
#[derive(Debug)]
pub struct Installation {
    folder: Arc<TempDir>,
    authority: Authority,
    certificates: &'static str,
    flags: Vec<String>,
    environment: Vec<String>,
}

impl Installation {
    /// An installation with a certificate of its own; `flags` are for every replica.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn new(flags: &[&str]) -> Result<Self> {
        let authority = Authority::new("admission authority")?;
        let folder = Arc::new(TempDir::new()?);
        let serving = authority.server(&["127.0.0.1"])?;
        std::fs::write(folder.path().join("tls.crt"), &serving.certificate)?;
        std::fs::write(folder.path().join("tls.key"), &serving.key)?;
        Ok(Self {
            folder,
            authority,
            certificates: "files",
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            environment: Vec::new(),
        })
    }

    /// The same, but with certificates that the replicas make themselves.
    #[must_use]
    pub const fn with_own_certificates(mut self) -> Self {
        self.certificates = "self";
        self
    }

    /// The same with this variable for every replica.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push(format!("{name}={value}"));
        self
    }

    /// Starts a replica on any free port.
    ///
    /// # Errors
    /// When it does not come to serve admission.
    pub async fn start(&self, kubeconfig: &Path) -> Result<Operator> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        self.start_at(kubeconfig, any).await
    }

    /// Starts a replica that answers at this address.
    ///
    /// # Errors
    /// As [`Installation::start`].
    pub async fn start_at(&self, kubeconfig: &Path, address: SocketAddr) -> Result<Operator> {
        let mut arguments = [
            "operator",
            "--namespace=default",
            "--http-listen=127.0.0.1:0",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--certificates={}", self.certificates));
        arguments.push(format!("--listen={address}"));
        arguments.push(format!("--kubeconfig={}", kubeconfig.display()));
        arguments.push(format!(
            "--certificate-dir={}",
            self.folder.path().display()
        ));
        arguments.extend(self.flags.iter().cloned());
        let mut operator = Operator::start(&self.environment, &arguments, address).await?;
        if self.certificates == "files" {
            // It listens a moment before it has a certificate to answer with.
            let said = || async { Ok(operator.said("serving with the certificate") > 0) };
            until("there is a certificate to serve with", said).await?;
        }
        // A replica may outlive the installation, and reads its certificates again and again.
        operator.folders.push(Arc::clone(&self.folder));
        Ok(operator)
    }

    /// The chart's webhook configurations for a replica, asked about one namespace only.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn configurations(&self, operator: &Operator, namespace: &str) -> Result<Vec<Value>> {
        let url = format!("https://{}", operator.address);
        configurations_of(namespace, &url, self.authority.pem())
    }

    /// Whom to trust when talking to a replica, as PEM.
    pub fn authority(&self) -> &str {
        self.authority.pem()
    }
}

/// One replica, or the web server; killed when dropped. A panic in its log then fails the test.
#[derive(Debug)]
pub struct Operator {
    process: Process,
    address: SocketAddr,
    folders: Vec<Arc<TempDir>>,
}

impl Operator {
    /// Starts the program with these variables (`NAME=value`) and no others, and these arguments,
    /// among which is `address`.
    ///
    /// # Errors
    /// When it does not come to serve.
    pub async fn start(
        variables: &[String],
        arguments: &[String],
        address: SocketAddr,
    ) -> Result<Self> {
        let program = program()?.display().to_string();
        let of_env = [&["-i".to_owned()], variables, &[program], arguments].concat();
        let folder = TempDir::new()?;
        let log = log_file(folder.path(), &unique("operator"));
        let process = Process::start(Path::new("env"), &of_env, log, None)?;
        let mut operator = Self {
            process,
            address,
            folders: vec![Arc::new(folder)],
        };
        operator.wait_for_address().await?;
        Ok(operator)
    }

    /// Where it answers admission, or people.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers to this path on its port for health and metrics.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        let address = address_of("http", &self.log()).context("no port for health")?;
        let mut config = kube::Config::new(format!("http://{address}").parse()?);
        config.default_retry = false;
        let client = kube::Client::try_from(config)?;
        let request = http::Request::get(path).body(Body::empty())?;
        let answer = client.send(request).await?;
        let code = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((code, String::from_utf8(body.to_vec())?))
    }

    /// All that it has said.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The lines of its log that contain this text.
    pub fn said(&self, text: &str) -> usize {
        self.log()
            .lines()
            .filter(|line| line.contains(text))
            .count()
    }

    /// Whether it leads, as far as it said.
    pub fn leads(&self) -> bool {
        let log = self.log();
        let said = log.lines().rev().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["leads"].as_bool()
        });
        said.unwrap_or(false)
    }

    /// Waits until it leads.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn until_leading(&self) -> Result<()> {
        until("this replica leads", || async { Ok(self.leads()) })
            .await
            .with_context(|| self.log())
    }

    /// Sends it a signal, such as `TERM` or `STOP`.
    ///
    /// # Errors
    /// When it runs no more.
    pub fn signal(&self, signal: &str) -> Result<()> {
        self.process.signal(signal)
    }

    /// Ends it at once, as a crash would.
    ///
    /// # Errors
    /// When it runs no more.
    pub async fn kill(&mut self) -> Result<()> {
        self.signal("KILL")?;
        self.ended(Duration::from_secs(5)).await.map(drop)
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.process.code()?.is_none())
    }

    /// Waits for its end; returns its exit code.
    ///
    /// # Errors
    /// When it does not end in this time.
    pub async fn ended(&mut self, patience: Duration) -> Result<i32> {
        let start = Instant::now();
        loop {
            if let Some(code) = self.process.code()? {
                return Ok(code);
            }
            if start.elapsed() > patience {
                bail!(
                    "it runs on after {patience:?}\n{}",
                    self.process.last_words()
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn wait_for_address(&mut self) -> Result<()> {
        let start = Instant::now();
        loop {
            if let Some(address) = address_of("address", &self.log()) {
                self.address = address;
                return Ok(());
            }
            let has_ended = self.process.code()?.is_some();
            if has_ended || start.elapsed() > Duration::from_secs(30) {
                bail!("it does not serve\n{}", self.process.last_words());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        // Told to whoever reads a failed test, and to nobody else.
        anstream::println!(
            "last words of {}:\n{}",
            self.address,
            self.process.last_words()
        );
        let has_panicked = self.log().contains("panicked");
        if !std::thread::panicking() {
            assert!(!has_panicked, "a panic:\n{}", self.log());
        }
    }
}

/// An address in the line of the log that says where it serves, in either format.
fn address_of(port: &str, log: &str) -> Option<SocketAddr> {
    let says_so = ["serving admission", "serving connections"];
    let line = log
        .lines()
        .find(|line| says_so.iter().any(|words| line.contains(words)))?;
    let at = [format!("\"{port}\":\""), format!("{port}=")];
    let rest = at.iter().find_map(|mark| line.split_once(mark.as_str()))?.1;
    let end = rest.find(['"', ' ']).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// A name that no other log has, as one is added to when it is there.
fn unique(program: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{program}-{}-{count}", std::process::id())
}

/// The program that was built beside the running test, unless another one is named.
///
/// # Errors
/// When it is not there.
pub fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAM).filter(|named| !named.is_empty()) {
        return Ok(named.into());
    }
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).context("no target folder")?;
    let program = folder.join("bowline");
    anyhow::ensure!(
        program.is_file(),
        "{} is not there; `cargo build -p bowline` makes it",
        program.display()
    );
    Ok(program)
}
