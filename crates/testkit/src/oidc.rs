//! A real `OpenID` provider of a test's own, started by `tests/servers/oidc.sh`. Who signs in there,
//! and how, is left to the tests.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::s3::UNAVAILABLE;

/// A running provider. It stops with the process that started it, even if that is killed.
#[derive(Debug)]
pub struct Oidc {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Where it is, and what clients and users know.
    pub ready: Ready,
}

/// What the provider says when it is ready. Not `Debug`: it holds secrets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Its name, which is its URL.
    pub issuer: String,
    /// A client with a secret.
    pub client_id: String,
    /// That secret.
    pub client_secret: String,
    /// A client without.
    pub public_client_id: String,
    /// The password of both users, `ada` and `bob`.
    pub password: String,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issuer = &self.issuer;
        f.debug_struct("Ready")
            .field("issuer", issuer)
            .finish_non_exhaustive()
    }
}

impl Oidc {
    /// Starts a provider; `None` where it cannot be had on this machine, which is said on standard
    /// error.
    ///
    /// # Errors
    /// When it ends, or says something else than the one line it should.
    pub fn start() -> Result<Option<Self>> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/servers/oidc.sh");
        let mut child = Command::new(Path::new(script))
            // It ends when this pipe does, which the kernel sees to.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("tests/servers/oidc.sh does not start")?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        if let Ok(ready) = serde_json::from_str(&line) {
            return Ok(Some(Self {
                child,
                stdout,
                ready,
            }));
        }
        drop(child.stdin.take());
        let status = child.wait()?;
        if status.code() == Some(UNAVAILABLE) {
            anstream::eprintln!(
                "SKIPPED: there is no OpenID provider here; see above what it needs"
            );
            return Ok(None);
        }
        bail!("the OpenID provider ended with {status}; see above")
    }

    /// Makes it sign with another key from now on.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn rotate(&mut self) -> Result<()> {
        let stdin = self.child.stdin.as_mut().context("no standard input")?;
        stdin.write_all(b"rotate\n")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        anyhow::ensure!(
            line.contains("kid"),
            "the OpenID provider said `{}`",
            line.trim()
        );
        Ok(())
    }
}

impl Drop for Oidc {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
