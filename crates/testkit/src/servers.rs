//! The other real servers of tests: each is a script in `tests/servers`, started once per test binary.
//! What is asked of them is left to the tests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::s3::UNAVAILABLE;

/// A running server. It stops with the process that started it, even if that is killed.
///
/// Not `Debug`, since what it says when it is ready holds keys.
pub struct Server<R> {
    child: Child,
    /// Where it is, and who may use it.
    pub ready: R,
}

/// What a server says when it is ready.
pub trait Ready: DeserializeOwned {
    /// The script, without its extension.
    const SCRIPT: &'static str;
}

impl<R: Ready> Server<R> {
    /// Starts a server; `None` where it cannot be had, which is said on standard error.
    ///
    /// # Errors
    /// When it ends, or says something else than the one line it should.
    pub fn start() -> Result<Option<Self>> {
        let script = R::SCRIPT;
        let mut child = Command::new(folder().join(script).with_extension("sh"))
            // It ends when this pipe does, which the kernel sees to.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("tests/servers/{script}.sh does not start"))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if let Ok(ready) = serde_json::from_str(&line) {
            return Ok(Some(Self { child, ready }));
        }
        drop(child.stdin.take());
        let status = child.wait()?;
        if status.code() == Some(UNAVAILABLE) {
            anstream::eprintln!("SKIPPED: there is no `{script}` here; see above what it needs");
            return Ok(None);
        }
        bail!("the server `{script}` ended with {status}; see above")
    }

    fn of_this_binary(shared: &'static OnceLock<Option<Self>>) -> Option<&'static R> {
        let start = || Self::start().expect("the server must start");
        shared.get_or_init(start).as_ref().map(|it| &it.ready)
    }
}

impl<R> Drop for Server<R> {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The folder of the servers that tests start.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers")
}

/// Says what a server tells, and gives it a `shared` that starts it once per test binary.
macro_rules! server {
    ($(#[$doc:meta])* $name:ident, $script:literal, { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Ready for $name {
            const SCRIPT: &'static str = $script;
        }

        impl $name {
            /// The one of this test binary; `None` where it cannot be had on this machine.
            ///
            /// # Panics
            /// When it could be had and does not start.
            pub fn shared() -> Option<&'static Self> {
                static SHARED: OnceLock<Option<Server<$name>>> = OnceLock::new();
                Server::of_this_binary(&SHARED)
            }
        }
    };
}

server!(
    /// An OCI registry. It holds `team/app:v1` and `public/app:v1`.
    Registry, "registry", {
        /// Host and port that take a user and a password.
        basic: String,
        /// The same over TLS.
        tls: String,
        /// Host and port that take tokens; `public/*` needs none.
        token: String,
        /// File with the certificate of the CA that signed the server's.
        ca: PathBuf,
        /// Who may do everything.
        username: String,
        /// His password.
        password: String,
        /// Who may not push, where tokens are taken.
        reader: String,
        /// His password.
        reader_password: String,
        /// Digest of the manifest of all images.
        digest: String,
    }
);

server!(
    /// Git over HTTP(S): `/private/demo.git`, `/public/demo.git`, and `/forbidden/demo.git`, which
    /// nobody may read.
    GitHttp, "git-http", {
        /// URL of the folder of repositories.
        url: String,
        /// The same over TLS.
        tls_url: String,
        /// File with the certificate of the CA that signed the server's.
        ca: PathBuf,
        /// Commit of the branch `main` and the tag `v1`.
        commit: String,
        /// Who may read.
        username: String,
        /// His password.
        password: String,
        /// Token that `git`, `oauth2` and `x-access-token` may use as the password.
        token: String,
    }
);

server!(
    /// Git over SSH: `demo.git` and `empty.git`.
    GitSsh, "git-ssh", {
        /// URL of the folder of repositories.
        url: String,
        /// The same of a server whose only host key is an RSA one.
        rsa_url: String,
        /// Folder with the keys `read`, `write`, `locked`, `unknown`, `ecdsa`, and of RSA `rsa`, `rsa-pem`,
        /// `unknown-pem`, and `short`.
        keys: PathBuf,
        /// What unlocks `locked`.
        passphrase: String,
        /// File with the server's key.
        known_hosts: PathBuf,
        /// File with another one.
        wrong_known_hosts: PathBuf,
        /// File with RSA keys for both.
        rsa_known_hosts: PathBuf,
        /// Commit of the branch `main` and the tag `v1`.
        commit: String,
    }
);

server!(
    /// Azure Blob storage. The container `models` holds `demo/hello.txt`, and `public`, which everybody
    /// may read, the same.
    Azurite, "azurite", {
        /// URL of the account.
        endpoint: String,
        /// URL of an account of the same name and key over TLS.
        tls_endpoint: String,
        /// File with the certificate of the CA that signed the server's.
        ca: PathBuf,
        /// Name of the account.
        account: String,
        /// Its key.
        key: String,
    }
);

server!(
    /// Google Cloud Storage. The bucket `models` holds `demo/hello.txt`; nobody may use `forbidden`.
    Gcs, "gcs", {
        /// URL of the service.
        endpoint: String,
        /// A good key file of a service account.
        key_file: PathBuf,
        /// The same account with a key that is not its.
        wrong_key_file: PathBuf,
        /// An account that does not exist.
        unknown_account_file: PathBuf,
    }
);

server!(
    /// STS, ECR, IAM and S3 of one AWS account.
    Aws, "sts-ecr", {
        /// URL of all services.
        endpoint: String,
        /// Its region.
        region: String,
        /// Number of the account.
        account: String,
        /// Access key of a user who may do everything.
        access_key: String,
        /// His secret key.
        secret_key: String,
        /// Access key of a user who may do nothing.
        denied_access_key: String,
        /// His secret key.
        denied_secret_key: String,
        /// A role that the first user may assume, and that may read.
        role: String,
        /// Another one, that may do nothing.
        narrow_role: String,
    }
);

server!(
    /// Files over HTTP(S), and a small model hub.
    Hub, "hub", {
        /// URL without TLS.
        endpoint: String,
        /// URL with TLS.
        tls_endpoint: String,
        /// File with the certificate of the CA that signed the server's.
        ca: PathBuf,
        /// Token that models and files want.
        token: String,
        /// Who may read `files/basic.txt`.
        username: String,
        /// His password.
        password: String,
    }
);

impl Azurite {
    /// A shared access signature of the account: `permissions` as the service spells them, the
    /// hours until it ends, and the addresses that may use it.
    ///
    /// # Errors
    /// When Python does not start.
    pub fn sas(&self, permissions: &str, hours: i32, ip: Option<&str>) -> Result<String> {
        let output = Command::new("python3")
            .arg(folder().join("azure_sas.py"))
            .args([&self.account, permissions, &hours.to_string()])
            .args(ip)
            .env("KEY", &self.key)
            .output()
            .context("python3 does not start")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

#[cfg(test)]
mod tests;
