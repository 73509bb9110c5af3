//! etcd and kube-apiserver in a temporary folder, on free ports of the loopback address. What is
//! stored in them is left to `cluster`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::certificates::{Authority, Signed};
use crate::process::{Process, log_file};
use crate::wait::until;

/// What ServiceAccounts ask for, without what they send or get. A watch is logged when it begins.
const AUDIT_POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: RequestResponse
    userGroups: ["system:serviceaccounts"]
    resources: [{group: authorization.k8s.io, resources: [subjectaccessreviews]}]
  - level: Metadata
    userGroups: ["system:serviceaccounts"]
  - level: None
"#;

/// A running control plane; ends when dropped, or with the process that started it.
#[derive(Debug)]
pub struct ControlPlane {
    assets: PathBuf,
    api_port: u16,
    etcd_port: u16,
    is_audited: bool,
    kubeconfig: Kubeconfig,
    // Dropped in this order: the store outlives who uses it.
    api_server: Option<Process>,
    _etcd: Process,
    folder: PathBuf,
}

impl ControlPlane {
    /// Starts `etcd` and `kube-apiserver` from the folder `assets`, and waits until they are ready.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn start(assets: &Path) -> Result<Self> {
        Self::start_with(assets, false).await
    }

    /// As [`ControlPlane::start`]; who asks for what is written to [`ControlPlane::audit_log`].
    ///
    /// # Errors
    /// As [`ControlPlane::start`].
    pub async fn start_audited(assets: &Path) -> Result<Self> {
        Self::start_with(assets, true).await
    }

    async fn start_with(assets: &Path, is_audited: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?.keep();
        let [api_port, etcd_port] = free_ports()?;
        let authority = Authority::new("cluster authority")?;
        let admin = authority.user("admin", "system:masters")?;
        write_files(&folder, &authority)?;
        show_certificate(&folder, &authority)?;
        let kubeconfig = kubeconfig(api_port, &authority, &admin);
        std::fs::write(folder.join("kubeconfig"), kubeconfig.to_string())?;
        let kubeconfig = serde_json::from_value(kubeconfig)?;
        let etcd = start_etcd(assets, &folder, etcd_port)?;
        let mut plane = Self {
            assets: assets.to_owned(),
            api_port,
            etcd_port,
            is_audited,
            kubeconfig,
            api_server: None,
            _etcd: etcd,
            folder,
        };
        plane.start_api_server().await?;
        Ok(plane)
    }

    /// Ends the API server at once, as a crash would.
    pub fn kill_api_server(&mut self) {
        self.api_server = None;
    }

    /// Starts the API server on the port and with the state it had, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start_api_server(&mut self) -> Result<()> {
        let arguments = self.api_server_arguments();
        let log = log_file(&self.folder, &format!("kube-apiserver-{}", self.api_port));
        let process = Process::start(&self.assets.join("kube-apiserver"), &arguments, log, None)?;
        let process = self.api_server.insert(process);
        let options = KubeConfigOptions::default();
        let config =
            kube::Config::from_custom_kubeconfig(self.kubeconfig.clone(), &options).await?;
        let client = kube::Client::try_from(config)?;
        until("the API server is ready", || async {
            let request = http::Request::get("/readyz").body(Vec::new())?;
            Ok(client.request_text(request).await? == "ok")
        })
        .await
        .with_context(|| process.last_words())
    }

    /// Makes etcd forget all versions but the present ones; returns the revision that it is at.
    ///
    /// # Errors
    /// When etcd refuses.
    pub async fn compact(&self) -> Result<u64> {
        let url = format!("http://127.0.0.1:{}", self.etcd_port);
        let client = kube::Client::try_from(kube::Config::new(url.parse()?))?;
        let ask = |path: &str, body: Value| {
            let request = http::Request::post(path).body(body.to_string().into_bytes());
            let client = client.clone();
            async move { anyhow::Ok(client.request::<Value>(request?).await?) }
        };
        let found = ask("/v3/kv/range", json!({"key": "AA=="})).await?;
        let revision = found["header"]["revision"]
            .as_str()
            .context("no revision")?;
        let compaction = json!({"revision": revision, "physical": true});
        ask("/v3/kv/compaction", compaction).await?;
        Ok(revision.parse()?)
    }

    /// Process id of the API server, while it runs.
    pub fn api_server_id(&self) -> Option<u32> {
        self.api_server.as_ref().map(Process::id)
    }

    /// How the administrator, of group `system:masters`, reaches it.
    pub const fn kubeconfig(&self) -> &Kubeconfig {
        &self.kubeconfig
    }

    /// The same as a file, for programs.
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The audit events of ServiceAccounts, one line of JSON each, where they are written.
    pub fn audit_log(&self) -> Option<PathBuf> {
        self.is_audited.then(|| self.folder.join("audit.log"))
    }

    /// The folder that state and keys are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn api_server_arguments(&self) -> Vec<String> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let mut arguments = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.api_port),
            format!("--tls-cert-file={}", file("server.crt")),
            format!("--tls-private-key-file={}", file("server.key")),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--admission-control-config-file={}", file("admission.json")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-key-file={}", file("accounts.pub")),
            format!(
                "--service-account-signing-key-file={}",
                file("accounts.key")
            ),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--allow-privileged=true".to_owned(),
            // One client that asks much and at once is what tests are; its fair share is all.
            "--enable-priority-and-fairness=false".to_owned(),
            "--max-requests-inflight=3000".to_owned(),
            "--max-mutating-requests-inflight=1000".to_owned(),
            "--profiling=false".to_owned(),
        ];
        if let Some(log) = self.audit_log() {
            arguments.push(format!("--audit-policy-file={}", file("audit-policy.yaml")));
            arguments.push(format!("--audit-log-path={}", log.display()));
        }
        arguments
    }
}

fn start_etcd(assets: &Path, folder: &Path, port: u16) -> Result<Process> {
    let client_url = format!("http://127.0.0.1:{port}");
    let arguments = [
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client_url}"),
        format!("--advertise-client-urls={client_url}"),
        "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
        // State that nobody needs after a loss of power.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    let log = log_file(folder, &format!("etcd-{port}"));
    // Shared clusters are never dropped, so the last process to end clears up behind all.
    Process::start(&assets.join("etcd"), &arguments, log, Some(folder))
}

fn write_files(folder: &Path, authority: &Authority) -> Result<()> {
    let server = authority.server(&["127.0.0.1", "localhost", "kubernetes.default.svc"])?;
    let accounts = KeyPair::generate()?;
    for (name, content) in [
        ("ca.crt", authority.pem()),
        ("server.crt", &server.certificate),
        ("server.key", &server.key),
        ("accounts.key", &accounts.serialize_pem()),
        ("accounts.pub", &accounts.public_key_pem()),
        ("audit-policy.yaml", AUDIT_POLICY),
    ] {
        std::fs::write(folder.join(name), content)?;
    }
    Ok(())
}

/// Has the API server show webhooks a certificate of its own.
fn show_certificate(folder: &Path, authority: &Authority) -> Result<()> {
    let shown = authority.user("kube-apiserver", "webhook-callers")?;
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "users": [{"name": "*", "user": {
            "client-certificate-data": STANDARD.encode(&shown.certificate),
            "client-key-data": STANDARD.encode(&shown.key),
        }}],
    });
    let at = folder.join("webhook-kubeconfig");
    std::fs::write(&at, kubeconfig.to_string())?;
    let plugin = |name: &str| {
        json!({"name": name, "configuration": {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "WebhookAdmissionConfiguration",
            "kubeConfigFile": at.display().to_string(),
        }})
    };
    let plugins = [
        plugin("MutatingAdmissionWebhook"),
        plugin("ValidatingAdmissionWebhook"),
    ];
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": plugins,
    });
    std::fs::write(folder.join("admission.json"), configuration.to_string())?;
    Ok(())
}

fn kubeconfig(port: u16, authority: &Authority, admin: &Signed) -> Value {
    let encode = |pem: &str| STANDARD.encode(pem);
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "clusters": [{"name": "test", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority-data": encode(authority.pem()),
        }}],
        "users": [{"name": "admin", "user": {
            "client-certificate-data": encode(&admin.certificate),
            "client-key-data": encode(&admin.key),
        }}],
    })
}

/// Ports that nobody listens on; all taken before one is given back, so that they differ.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let listeners: Vec<TcpListener> = (0..N)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
