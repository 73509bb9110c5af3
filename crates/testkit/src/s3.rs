//! A real S3 server of a test's own, started by `tests/servers/s3.sh`. What is read from it, and
//! how, is left to the tests.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What scripts end with when they need something that cannot be installed here.
pub const UNAVAILABLE: i32 = 69;

/// A running server. It stops with the process that started it, even if that is killed.
#[derive(Debug)]
pub struct S3 {
    child: Child,
    /// Where it is, and who may use it.
    pub ready: Ready,
}

/// What the server says when it is ready. Not `Debug`: it holds the keys.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// URL without TLS.
    pub endpoint: String,
    /// URL with TLS.
    pub tls_endpoint: String,
    /// File with the certificate of the CA that signed the server's.
    pub ca: PathBuf,
    /// Region that it believes to be in.
    pub region: String,
    /// The user that buckets belong to.
    pub access_key: String,
    /// His secret key.
    pub secret_key: String,
    /// A user who may read nothing of the other's.
    pub other_access_key: String,
    /// His secret key.
    pub other_secret_key: String,
    /// The server's configuration, with which its administration is reached.
    pub configuration: PathBuf,
}

/// A user of the server, made for one test.
pub struct User {
    /// The name by which policies know him.
    pub name: String,
    /// His access key.
    pub access_key: String,
    /// His secret key.
    pub secret_key: String,
}

/// One request to the server.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// Bucket and key.
    pub path: &'a str,
    /// Parameters of the query, in the order of their names.
    pub query: &'a [(&'a str, &'a str)],
    /// What is sent.
    pub body: &'a str,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ready")
            .field("endpoint", &self.endpoint)
            .field("tls_endpoint", &self.tls_endpoint)
            .finish_non_exhaustive()
    }
}

impl S3 {
    /// The server that all tests of this binary share; `None` where it cannot be had on this
    /// machine, which is said on standard error.
    ///
    /// Use a bucket of your own where others would disturb.
    ///
    /// # Panics
    /// When it could be had and does not start.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<S3>> = OnceLock::new();
        let start = || Self::start().expect("the S3 server must start");
        SHARED.get_or_init(start).as_ref()
    }

    /// Starts a server; `None` where it cannot be had.
    ///
    /// # Errors
    /// When it ends, or says something else than the one line it should.
    pub fn start() -> Result<Option<Self>> {
        Self::start_by(&mut Command::new(servers().join("s3.sh")))
    }

    /// Starts a server that gives keys for [roles](Self::make_role).
    ///
    /// # Errors
    /// As [`S3::start`].
    pub fn start_with_roles() -> Result<Option<Self>> {
        Self::start_by(Command::new(servers().join("s3.sh")).env("S3_ROLES", "yes"))
    }

    fn start_by(command: &mut Command) -> Result<Option<Self>> {
        let mut child = command
            // It ends when this pipe does, which the kernel sees to.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("tests/servers/s3.sh does not start")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if let Ok(ready) = serde_json::from_str(&line) {
            return Ok(Some(Self { child, ready }));
        }
        drop(child.stdin.take());
        let status = child.wait()?;
        if status.code() == Some(UNAVAILABLE) {
            anstream::eprintln!("SKIPPED: there is no S3 server here; see above what it needs");
            return Ok(None);
        }
        bail!("the S3 server ended with {status}; see above")
    }

    /// Makes a bucket that belongs to the first user.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn make_bucket(&self, bucket: &str) -> Result<()> {
        self.put_to(&[bucket], &[])
    }

    /// Stores an object.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn put(&self, bucket: &str, key: &str, content: &[u8]) -> Result<()> {
        self.put_to(&[bucket, key], content)
    }

    /// Makes a user who may do nothing.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn make_user(&self, name: &str) -> Result<User> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let user = User {
            name: name.to_owned(),
            access_key: format!("TEST{}", id[..16].to_uppercase()),
            // It begins as what is searched for in all that tests write.
            secret_key: format!("Canary/{}+{}", &id[..16], &id[16..]),
        };
        self.administer(&[
            "user",
            "create",
            &format!("--uid={name}"),
            &format!("--display-name={name}"),
            &format!("--access-key={}", user.access_key),
            &format!("--secret-key={}", user.secret_key),
        ])?;
        Ok(user)
    }

    /// Makes a role that a user may take on, and that may do so much with every bucket. Returns how it
    /// is named by whoever takes it on.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn make_role(&self, name: &str, by: &User, actions: &[&str]) -> Result<String> {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["sts:AssumeRole"],
            "Principal": {"AWS": [format!("arn:aws:iam:::user/{}", by.name)]},
        }]});
        let rights = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": actions, "Resource": "arn:aws:s3:::*",
        }]});
        let role = format!("--role-name={name}");
        self.administer(&[
            "role",
            "create",
            &role,
            &format!("--assume-role-policy-doc={trust}"),
        ])?;
        self.administer(&[
            "role-policy",
            "put",
            &role,
            "--policy-name=rights",
            &format!("--policy-doc={rights}"),
        ])?;
        Ok(format!("arn:aws:iam:::role/{name}"))
    }

    /// The user that buckets belong to.
    pub fn owner(&self) -> User {
        User {
            name: "owner".to_owned(),
            access_key: self.ready.access_key.clone(),
            secret_key: self.ready.secret_key.clone(),
        }
    }

    /// Gives a user a policy of his own, in the place of any that he has.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn give_policy(&self, user: &User, document: &str) -> Result<()> {
        let query = [
            ("Action", "PutUserPolicy"),
            ("PolicyDocument", document),
            ("PolicyName", "pipelines"),
            ("UserName", &user.name),
        ];
        let call = Call {
            method: "POST",
            path: "",
            query: &query,
            body: "",
        };
        match self.calls(&self.owner(), &[call])?[..] {
            [200] => Ok(()),
            ref status => bail!("the policy of {} was refused: {status:?}", user.name),
        }
    }

    fn administer(&self, words: &[&str]) -> Result<()> {
        let output = Command::new("radosgw-admin")
            .args(["-n", "client.rgw", "-c"])
            .arg(&self.ready.configuration)
            .args(words)
            .output()
            .context("radosgw-admin does not start")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Sends requests as a user, one after another, and returns the status of each answer.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn calls(&self, user: &User, calls: &[Call<'_>]) -> Result<Vec<u16>> {
        let mut child = Command::new("python3")
            .arg(servers().join("s3_call.py"))
            .arg(&self.ready.endpoint)
            .env("AWS_ACCESS_KEY_ID", &user.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &user.secret_key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("python3 does not start")?;
        let stdin = child.stdin.take().context("no standard input")?;
        serde_json::to_writer(stdin, calls)?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("the calls ended with {}", output.status);
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn put_to(&self, names: &[&str], content: &[u8]) -> Result<()> {
        let mut child = Command::new("python3")
            .arg(servers().join("s3_put.py"))
            .arg(&self.ready.endpoint)
            .args(names)
            .env("AWS_ACCESS_KEY_ID", &self.ready.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &self.ready.secret_key)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("python3 does not start")?;
        child
            .stdin
            .take()
            .context("no standard input")?
            .write_all(content)?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The folder of the servers that tests start.
fn servers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers")
}
