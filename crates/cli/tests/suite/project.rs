//! A project of a test's own: a namespace on the `bowline up` that tests share, a folder, and a
//! shell in which `kubectl` and `bowline` are at home. What commands have to do is left to the tests.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use bowline_testkit::server::Server;
use bowline_testkit::{Canaries, canary};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::tool;

/// The server that tests share: started by the first that needs it, ended with the last, so that
/// no process outlives the suite.
static SHARED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());
static PROJECTS: AtomicUsize = AtomicUsize::new(1);

/// A server with the folders it and its clients need. Fields are dropped in this order.
pub(crate) struct Shared {
    pub(crate) server: Server,
    home: TempDir,
    /// The folder of the server's state.
    pub(crate) data: TempDir,
}

impl Shared {
    /// The running server, or a new one.
    pub(crate) fn get() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::start());
            *shared = Arc::downgrade(&started);
            started
        })
    }

    /// A server of a test's own.
    pub(crate) fn start() -> Self {
        Self::start_in(&[])
    }

    /// The same with variables of the environment.
    pub(crate) fn start_in(environment: &[(&str, &str)]) -> Self {
        let environment = [environment, &[("RUST_LOG", "trace")]].concat();
        let data = tempfile::tempdir().expect("a folder for the state");
        let home = tempfile::tempdir().expect("a folder for clients");
        let server = Server::start_in(env!("CARGO_BIN_EXE_bowline"), data.path(), &environment)
            .unwrap_or_else(|error| panic!("the server must start: {error:#}"));
        let link = |name: &str, program: &Path| {
            symlink(program, home.path().join(name)).expect("a link to a program");
        };
        link("bowline", Path::new(env!("CARGO_BIN_EXE_bowline")));
        // `scripts/kubectl.sh` may have put kubectl anywhere and under any name.
        let kubectl = std::env::var_os("KUBECTL").map(PathBuf::from);
        if let Some(kubectl) = kubectl.filter(|path| path.is_absolute()) {
            link("kubectl", &kubectl);
        }
        // Guides pipe what kubectl prints through it.
        if let Some(jq) = tool("jq") {
            link("jq", &jq);
        }
        Self { server, home, data }
    }
}

/// A namespace, a folder and a shell.
pub(crate) struct Project {
    /// Name of the namespace.
    pub(crate) name: String,
    /// A value that stands for a secret one.
    pub(crate) canary: String,
    pub(crate) shared: Arc<Shared>,
    canaries: Canaries,
    folder: TempDir,
}

impl Project {
    /// A new one on the shared server, whose name starts with `name`.
    pub(crate) fn new(name: &str) -> Self {
        Self::on(Shared::get(), name)
    }

    /// A new one on a server.
    pub(crate) fn on(shared: Arc<Shared>, name: &str) -> Self {
        let mut canaries = Canaries::default();
        let project = Self {
            name: format!("{name}-{}", PROJECTS.fetch_add(1, Ordering::Relaxed)),
            canary: canaries.plant(format!("a Secret of project {name}")),
            shared,
            canaries,
            folder: tempfile::tempdir().expect("a folder for the project"),
        };
        std::fs::write(project.kubeconfig(), project.access().to_string()).expect("a kubeconfig");
        // Apart, since some tests have a runtime of their own.
        std::thread::scope(|scope| scope.spawn(|| project.create()).join()).expect("a namespace");
        project
    }

    /// Makes the namespace, in less time than kubectl takes to start.
    #[tokio::main(flavor = "current_thread")]
    async fn create(&self) {
        let client = self.shared.server.client().await.expect("a client");
        let namespace = serde_json::from_value(json!({"metadata": {"name": self.name}}));
        let namespace: Namespace = namespace.expect("a namespace");
        Api::all(client)
            .create(&PostParams::default(), &namespace)
            .await
            .expect("created");
    }

    /// The kubeconfig that the server has written, with this project as the current namespace.
    fn access(&self) -> Value {
        let ready = &self.shared.server.ready;
        let cluster = json!({"server": ready.kubernetes, "certificate-authority": ready.ca});
        let context = json!({"cluster": "up", "user": "admin", "namespace": self.name});
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "up", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": ready.token}}],
            "contexts": [{"name": "up", "context": context}],
            "current-context": "up",
        })
    }

    /// Path of the kubeconfig of this project's administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Writes a file into the project's folder; `$PROJECT` and `$CANARY` are filled in.
    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let text = text
            .replace("$PROJECT", &self.name)
            .replace("$CANARY", &self.canary);
        std::fs::write(path, text).expect("a file");
        self
    }

    /// Writes a manifest and applies it.
    pub(crate) fn apply(&self, manifest: &str) -> Outcome {
        self.file("manifest.yaml", manifest)
            .run("kubectl apply -f manifest.yaml")
    }

    /// Writes a manifest and applies it, which must be refused.
    pub(crate) fn apply_fails(&self, manifest: &str) -> Outcome {
        self.file("manifest.yaml", manifest)
            .fails("kubectl apply -f manifest.yaml")
    }

    /// Whether kubectl is new enough for what a test is about; says so loudly where it is not, as
    /// with Debian 12's 1.20.
    pub(crate) fn has_kubectl(&self, minor: u64) -> bool {
        static OWN: OnceLock<u64> = OnceLock::new();
        let own = *OWN.get_or_init(|| self.minor_of_kubectl());
        if own < minor {
            // Past the capture of the test harness, which would hide it from everybody.
            let mut stderr = std::io::stderr();
            let _ = writeln!(
                stderr,
                "SKIPPED: kubectl 1.{own} cannot do this; 1.{minor} can"
            );
        }
        own >= minor
    }

    fn minor_of_kubectl(&self) -> u64 {
        let version = self.run("kubectl version --client -o json").stdout;
        let version: Value = serde_json::from_str(&version).expect("a version");
        let text = version
            .pointer("/clientVersion/minor")
            .and_then(Value::as_str);
        text.and_then(|text| text.trim_end_matches('+').parse().ok())
            .unwrap_or(0)
    }

    /// Runs a shell script, which must succeed. Many are asked for values, so what is searched for them
    /// once all tests are done is what it says on stderr.
    pub(crate) fn run(&self, script: &str) -> Outcome {
        let outcome = self.sh(script);
        assert_eq!(
            outcome.code,
            Some(0),
            "`{script}` fails: {}",
            outcome.stderr
        );
        outcome
    }

    /// Runs a shell script, which must fail.
    pub(crate) fn fails(&self, script: &str) -> Outcome {
        let outcome = self.sh(script);
        canary::keep(outcome.stdout.as_bytes());
        assert_ne!(
            outcome.code,
            Some(0),
            "`{script}` succeeds: {}",
            outcome.stdout
        );
        outcome
    }

    /// Runs a shell script in the project's folder. Whatever happens, errors show no secret value.
    fn sh(&self, script: &str) -> Outcome {
        let home = self.shared.home.path();
        let mut path = OsString::from(home);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let output = Command::new("sh")
            .args(["-c", script])
            .current_dir(self.folder.path())
            .envs([("HOME", home.as_os_str()), ("PATH", &path)])
            .env("TMPDIR", self.folder.path())
            .envs([("PROJECT", &self.name), ("CANARY", &self.canary)])
            .env("KUBECONFIG", self.kubeconfig())
            .output()
            .expect("a shell");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let outcome = Outcome {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        canary::keep(outcome.stderr.as_bytes());
        assert_eq!(
            self.canaries.leaks(&outcome.stderr),
            [],
            "on standard error of `{script}`"
        );
        outcome
    }

    /// An object as it is stored, such as `secret/soundings`.
    pub(crate) fn object(&self, object: &str) -> Value {
        let outcome = self.run(&format!("kubectl get {object} -o json"));
        serde_json::from_str(&outcome.stdout).expect("JSON")
    }

    /// Whether there is such an object.
    pub(crate) fn has(&self, object: &str) -> bool {
        !self
            .run(&format!("kubectl get {object} --ignore-not-found -o name"))
            .stdout
            .is_empty()
    }

    /// A value of a Secret, decoded.
    pub(crate) fn value(&self, secret: &str, key: &str) -> String {
        let key = key.replace('.', "\\.");
        let get = format!("kubectl get secret {secret} -o jsonpath='{{.data.{key}}}' | base64 -d");
        self.run(&get).stdout
    }
}

/// What a command put out.
pub(crate) struct Outcome {
    code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error, where `Warning:` lines go.
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard output must hold a text.
    #[track_caller]
    pub(crate) fn prints(&self, text: &str) -> &Self {
        assert!(
            self.stdout.contains(text),
            "no `{text}` in: {}",
            self.stdout
        );
        self
    }

    /// It must have ended with this code.
    #[track_caller]
    pub(crate) fn exits_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        self
    }

    /// Standard output, without the final line end, must be a text.
    #[track_caller]
    pub(crate) fn is(&self, text: &str) -> &Self {
        assert_eq!(self.stdout.trim_end(), text);
        self
    }

    /// The lines of standard output, sorted, must be these.
    #[track_caller]
    pub(crate) fn lists(&self, lines: &[&str]) -> &Self {
        let mut found: Vec<&str> = self.stdout.lines().collect();
        found.sort_unstable();
        assert_eq!(found, lines);
        self
    }

    /// Standard error must hold a text.
    #[track_caller]
    pub(crate) fn complains(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "no `{text}` in: {}",
            self.stderr
        );
        self
    }

    /// There must be a `Warning:` line with a text.
    #[track_caller]
    pub(crate) fn warns(&self, text: &str) -> &Self {
        assert!(
            self.warnings().any(|line| line.contains(text)),
            "no `{text}` in: {}",
            self.stderr
        );
        self
    }

    /// There must be no `Warning:` line.
    #[track_caller]
    pub(crate) fn is_quiet(&self) -> &Self {
        assert_eq!(self.warnings().collect::<Vec<_>>(), [""; 0]);
        self
    }

    fn warnings(&self) -> impl Iterator<Item = &str> {
        self.stderr
            .lines()
            .filter(|line| line.starts_with("Warning:"))
    }
}
