//! Runs what a pod would run: KServe's own storage code with a container's argument, variables and
//! files, and a notebook's few lines of Python with the Notebook's variables.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use bowline_testkit::s3::UNAVAILABLE;

use super::{Container, Variables};

/// A Python that has KServe's storage code.
#[derive(Debug)]
pub struct Python(PathBuf);

/// What made a program fail, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The server does not know the key, does not believe the signature, or grants nothing.
    Refused,
    /// There is no such bucket.
    NoBucket,
    /// There is nothing below the path.
    NoModel,
    /// The server's certificate is not trusted.
    Untrusted,
    /// A file of trusted certificates is not where a variable says.
    NoBundle,
    /// A variable is missing.
    NoVariable,
    /// Something else.
    Other,
}

/// A program that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause:?}: {text}")]
pub struct Failure {
    /// What made it fail.
    pub cause: Cause,
    /// What it said last.
    pub text: String,
}

impl Python {
    /// The one that all tests of this binary share; `None` where it cannot be had on this machine,
    /// which is said on standard error.
    ///
    /// # Panics
    /// When it could be had and its installation fails.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Python>> = OnceLock::new();
        SHARED.get_or_init(Self::install).as_ref()
    }

    fn install() -> Option<Self> {
        let script = project().join("scripts/kserve-storage.sh");
        let output = Command::new(script).stderr(Stdio::inherit()).output();
        let output = output.expect("scripts/kserve-storage.sh must run");
        if output.status.code() == Some(UNAVAILABLE) {
            anstream::eprintln!(
                "SKIPPED: KServe's storage code cannot be installed here; see above"
            );
            return None;
        }
        assert!(
            output.status.success(),
            "scripts/kserve-storage.sh failed; see above"
        );
        let path = String::from_utf8(output.stdout).expect("a path in UTF-8");
        Some(Self(path.trim_end().into()))
    }

    /// Fetches what a container would fetch, with `root` for the container's file system, and
    /// returns the folder of the model in it.
    ///
    /// # Errors
    /// When KServe's code does.
    ///
    /// # Panics
    /// When files cannot be written below `root`, or Python does not start.
    pub fn fetch(&self, container: &Container, root: &Path) -> Result<PathBuf, Failure> {
        for (folder, files) in &container.mounts {
            let folder = below(root, folder);
            std::fs::create_dir_all(&folder).expect("a folder for a mount");
            for (name, text) in files {
                std::fs::write(folder.join(name), text).expect("a file of a ConfigMap");
            }
        }
        let model = below(root, "/mnt/models");
        let mut command = self.command("fetch.py", root);
        command.arg(&container.source).arg(&model);
        for (name, value) in &container.variables {
            let mut text = value.expose().to_vec();
            // Paths that a mount makes are somewhere else here.
            if let Ok(mut clear) = String::from_utf8(text.clone()) {
                for folder in container.mounts.keys() {
                    clear = clear.replace(folder, &below(root, folder).to_string_lossy());
                }
                text = clear.into_bytes();
            }
            command.env(name, OsString::from_vec(text));
        }
        finish(command).map(|()| model)
    }

    /// Copies what lies below `MODEL_PATH` in the bucket that a Notebook's variables tell of.
    ///
    /// # Errors
    /// When the few lines of Python do.
    ///
    /// # Panics
    /// When Python does not start.
    pub fn read_bucket(&self, variables: &Variables, root: &Path) -> Result<PathBuf, Failure> {
        let model = below(root, "/opt/app-root/src");
        let mut command = self.command("read_bucket.py", root);
        command.arg(&model);
        for (name, value) in variables {
            command.env(name, OsString::from_vec(value.expose().to_vec()));
        }
        finish(command).map(|()| model)
    }

    /// Python with nothing of this process's environment: no proxy, no profile, no trusted CA.
    fn command(&self, program: &str, root: &Path) -> Command {
        let mut command = Command::new(&self.0);
        let program = project().join("tests/cluster/storage").join(program);
        command
            .arg(program)
            .env_clear()
            .env("HOME", root)
            // KServe leaves the certificates that it downloads in its temporary folder.
            .env("TMPDIR", root)
            .current_dir(root);
        command
    }
}

fn finish(mut command: Command) -> Result<(), Failure> {
    let output = command.output().expect("Python must start");
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let text = last.unwrap_or_default().to_owned();
    Err(Failure {
        cause: cause(&text),
        text,
    })
}

/// From the words of KServe's code and of boto3.
fn cause(text: &str) -> Cause {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if says(&["certificate verify failed", "CERTIFICATE_VERIFY_FAILED"]) => Cause::Untrusted,
        () if says(&["Failed to find ca bundle file"]) => Cause::NoBundle,
        () if says(&["No model found in", "nothing in bucket"]) => Cause::NoModel,
        () if says(&["NoSuchBucket", "' not found."]) => Cause::NoBucket,
        () if says(&[
            "[403]",
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId",
            "AccessDenied",
            "Access denied",
        ]) =>
        {
            Cause::Refused
        }
        () if says(&["KeyError"]) => Cause::NoVariable,
        () => Cause::Other,
    }
}

fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// The root of the repository.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
