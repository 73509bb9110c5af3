//! What the tests have in common: the node, a namespace of one's own, and commands as people call
//! them. What is expected of them is left to the tests.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{program, skipped, until};
use bowline_testkit::canary;
use serde_json::{Value, json};

/// The image of the program that is tested.
pub(crate) const IMAGE: &str = "bowline.test/bowline:dev";
/// An image with `sh`.
pub(crate) const SHELL: &str = "bowline.test/shell:1";

/// The node that `scripts/node.sh` has started.
pub(crate) struct Node {
    /// Where pods reach servers of the tests.
    pub(crate) address: IpAddr,
    hosts: PathBuf,
    kubectl: PathBuf,
    helm: PathBuf,
}

/// What a command put out.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// What it printed; fails where the command did.
    pub(crate) fn succeeded(self) -> Result<String> {
        let Self { code, stderr, .. } = &self;
        ensure!(*code == Some(0), "it ended with {code:?}: {stderr}");
        Ok(self.stdout)
    }
}

impl Node {
    /// The node; none, and a loud word about it, where there is none.
    pub(crate) fn here() -> Result<Option<Self>> {
        let path = |name: &str| Some(PathBuf::from(std::env::var_os(name)?));
        let Some(address) = std::env::var("BOWLINE_NODE_ADDRESS").ok() else {
            skipped("there is no node; `make test-cluster` runs these by scripts/node.sh");
            return Ok(None);
        };
        Ok(Some(Self {
            address: address.parse()?,
            hosts: path("BOWLINE_NODE_HOSTS").context("no folder of names")?,
            kubectl: path("KUBECTL").context("no kubectl")?,
            helm: path("HELM").context("no helm")?,
        }))
    }

    /// Calls `kubectl`, `helm` or `bowline`.
    pub(crate) fn call(&self, name: &str, arguments: &[&str], input: &str) -> Result<Outcome> {
        let program = match name {
            "kubectl" => self.kubectl.clone(),
            "helm" => self.helm.clone(),
            _ => program()?,
        };
        let mut child = Command::new(program)
            .args(arguments)
            .env("BOWLINE_TEST_IMAGE", IMAGE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        stdin.write_all(input.as_bytes())?;
        drop(stdin);
        let output = child.wait_with_output()?;
        canary::keep(&output.stderr);
        Ok(Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// What `kubectl` prints, which must succeed.
    pub(crate) fn kubectl(&self, line: &str) -> Result<String> {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let outcome = self.call("kubectl", &arguments, "")?;
        outcome.succeeded().with_context(|| line.to_owned())
    }

    /// Lets pods know this name of a Service by this address.
    pub(crate) fn name(&self, name: &str, address: &str) -> Result<()> {
        std::fs::write(self.hosts.join(name), format!("{address} {name}\n"))?;
        Ok(())
    }

    /// A new namespace that admits only pods by the strictest standard, as a cautious cluster's do.
    pub(crate) async fn namespace(&self, name: &'static str) -> Result<Namespace<'_>> {
        let namespace = Namespace { node: self, name };
        let labels = json!({
            "pod-security.kubernetes.io/enforce": "restricted",
            "bowline.dev/inject": "enabled",
        });
        let manifest = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels},
        });
        namespace.apply(&manifest.to_string())?;
        until("the namespace has an account", || async {
            namespace
                .kubectl("get serviceaccount default")
                .map(|_| true)
        })
        .await?;
        Ok(namespace)
    }
}

/// A namespace of one test.
pub(crate) struct Namespace<'a> {
    pub(crate) node: &'a Node,
    pub(crate) name: &'static str,
}

impl Namespace<'_> {
    /// Creates or changes what a manifest says.
    pub(crate) fn apply(&self, manifest: &str) -> Result<()> {
        self.send("apply", manifest)
    }

    /// Creates what a manifest says.
    pub(crate) fn create(&self, manifest: &str) -> Result<()> {
        self.send("create", manifest)
    }

    fn send(&self, verb: &str, manifest: &str) -> Result<()> {
        let arguments = ["-n", self.name, verb, "-f", "-"];
        let sent = self.node.call("kubectl", &arguments, manifest)?;
        sent.succeeded().map(drop)
    }

    /// What `kubectl` prints about this namespace, which must succeed.
    pub(crate) fn kubectl(&self, line: &str) -> Result<String> {
        self.node.kubectl(&format!("-n {} {line}", self.name))
    }

    /// One object.
    pub(crate) fn get(&self, object: &str) -> Result<Value> {
        let text = self.kubectl(&format!("get {object} -o json"))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// `bowline test --from cluster` with these arguments.
    pub(crate) fn test(&self, arguments: &[&str]) -> Result<Outcome> {
        let all = [&["test", "-n", self.name, "--from", "cluster"], arguments].concat();
        let outcome = self.node.call("bowline", &all, "")?;
        // Whatever came out, no pod is left.
        let pods = self.get("pods")?;
        let is_ours = |pod: &&Value| {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            name.starts_with("bowline-test-") && pod["metadata"]["deletionTimestamp"].is_null()
        };
        let left = pods["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(is_ours);
        ensure!(left.count() == 0, "pods are left behind: {pods}");
        Ok(outcome)
    }

    /// Makes a connection of this protocol.
    pub(crate) fn connection(&self, name: &str, protocol: &str, values: &Value) -> Result<()> {
        let manifest = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": name,
                "annotations": {"opendatahub.io/connection-type-protocol": protocol},
            },
            "stringData": values,
        });
        self.apply(&manifest.to_string())
    }
}

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
