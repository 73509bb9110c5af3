//! Bowline as the chart installs it, in a cluster of its own: the chart's rights and webhooks, and
//! the real process with the chart's flags, as the chart's ServiceAccount. What happens there is
//! left to the tests.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context as _, Result};
use bowline_cluster_tests::chart::{snapshot, webhooks_at};
use bowline_cluster_tests::{Authority, Cluster, Operator, wait_until_asked};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

/// What of the chart has a meaning where no pods run; the webhooks come apart.
const KINDS: [&str; 5] = [
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
];

/// An installed Bowline with one replica, which ends when this is dropped.
pub(crate) struct Installed {
    // Ends before the cluster does.
    _operator: Operator,
    pub(crate) cluster: Cluster,
    /// What the chart renders to.
    pub(crate) objects: Vec<Value>,
    /// The user that the operator is to the API server.
    pub(crate) user: String,
    // Holds certificates for as long as they may be read again.
    files: tempfile::TempDir,
}

impl Installed {
    /// Installs what the snapshot `name` of the chart holds, and waits until admission is asked.
    pub(crate) async fn new(cluster: Cluster, name: &str) -> Result<Self> {
        let objects = snapshot(name)?;
        let deployment = find(&objects, "Deployment")?;
        let account = text(deployment, "/spec/template/spec/serviceAccountName")?;
        let namespace = text(deployment, "/metadata/namespace")?;
        cluster.namespace(namespace, &[]).await?;
        let is_of_use = |object: &&Value| KINDS.iter().any(|kind| object["kind"] == *kind);
        let of_use: Vec<Value> = objects.iter().filter(is_of_use).cloned().collect();
        for elsewhere in of_use
            .iter()
            .filter_map(|one| one["metadata"]["namespace"].as_str())
        {
            cluster.namespace(elsewhere, &[]).await?;
        }
        cluster.apply(&of_use).await?;

        let files = tempfile::tempdir()?;
        let authority = Authority::new("admission authority")?;
        let serving = authority.server(&["127.0.0.1"])?;
        for (name, content) in [
            ("tls.crt", serving.certificate.as_str()),
            ("tls.key", &serving.key),
            ("ca-bundle.crt", authority.pem()),
        ] {
            std::fs::write(files.path().join(name), content)?;
        }
        let kubeconfig = files.path().join("kubeconfig");
        let of_account = kubeconfig_of(&cluster, namespace, account).await?;
        std::fs::write(&kubeconfig, of_account.to_string())?;

        let address = free_address()?;
        // The authority of the certificate that the API server shows to webhooks.
        let own = cluster.kubeconfig_path().context("a cluster of ours")?;
        std::fs::copy(
            own.with_file_name("ca.crt"),
            files.path().join("client-ca.crt"),
        )?;
        let arguments = arguments(deployment, address, files.path())?;
        let variables = [
            format!("KUBECONFIG={}", kubeconfig.display()),
            format!("POD_NAMESPACE={namespace}"),
            format!("POD_NAME={account}"),
        ];
        let operator = Operator::start(&variables, &arguments, address).await?;
        // Self-made certificates are for the operator to enter.
        let is_given = arguments.contains(&"--certificates=files".to_owned());
        let authority = is_given.then(|| authority.pem());
        let url = format!("https://{address}");
        cluster
            .apply(&webhooks_at(&url, authority, objects.clone())?)
            .await?;
        wait_until_asked(&cluster).await?;
        Ok(Self {
            _operator: operator,
            user: format!("system:serviceaccount:{namespace}:{account}"),
            cluster,
            objects,
            files,
        })
    }

    /// Starts the web server of the chart, as its ServiceAccount, over plain HTTP and with this machine
    /// as the proxy that it trusts; also returns the user that it is to the API server.
    pub(crate) async fn web_server(&self) -> Result<(Operator, String)> {
        let is_web = |object: &&Value| {
            let first = object.pointer("/spec/template/spec/containers/0/args/0");
            first.is_some_and(|argument| argument == "server")
        };
        let found = self.objects.iter().find(is_web);
        let deployment = found.context("no web server")?;
        let account = text(deployment, "/spec/template/spec/serviceAccountName")?;
        let namespace = text(deployment, "/metadata/namespace")?;
        let kubeconfig = self.files.path().join("web-kubeconfig");
        let of_account = kubeconfig_of(&self.cluster, namespace, account).await?;
        std::fs::write(&kubeconfig, of_account.to_string())?;
        let address = free_address()?;
        let mut arguments = arguments(deployment, address, self.files.path())?;
        // Signing in asks nothing of the cluster.
        let elsewhere = [
            "--host=",
            "--certificate-dir=",
            "--trusted-proxy=",
            "--oidc-",
        ];
        arguments.retain(|flag| !elsewhere.iter().any(|start| flag.starts_with(start)));
        arguments.push("--behind-tls".to_owned());
        arguments.push("--trusted-proxy=127.0.0.1".to_owned());
        let variables = [format!("KUBECONFIG={}", kubeconfig.display())];
        let server = Operator::start(&variables, &arguments, address).await?;
        let user = format!("system:serviceaccount:{namespace}:{account}");
        Ok((server, user))
    }

    /// Whether the chart starts the operator with this flag.
    pub(crate) fn has_flag(&self, flag: &str) -> bool {
        let container = "/spec/template/spec/containers/0/args";
        let arguments = find(&self.objects, "Deployment")
            .ok()
            .and_then(|deployment| deployment.pointer(container)?.as_array());
        arguments.is_some_and(|arguments| arguments.iter().any(|argument| argument == flag))
    }
}

/// The chart's flags, with places of this machine in place of those of a pod.
fn arguments(deployment: &Value, address: SocketAddr, files: &Path) -> Result<Vec<String>> {
    let chosen = deployment
        .pointer("/spec/template/spec/containers/0/args")
        .and_then(Value::as_array)
        .context("no arguments")?;
    let replaced = [
        ("--listen", address.to_string()),
        ("--http-listen", "127.0.0.1:0".to_owned()),
        ("--certificate-dir", files.display().to_string()),
        (
            "--ca-bundle-file",
            files.join("ca-bundle.crt").display().to_string(),
        ),
        (
            "--client-ca-file",
            files.join("client-ca.crt").display().to_string(),
        ),
    ];
    let mut arguments = Vec::new();
    for argument in chosen {
        let argument = argument.as_str().context("an argument is no text")?;
        let flag = argument.split_once('=').map_or(argument, |(flag, _)| flag);
        match replaced.iter().find(|(name, _)| *name == flag) {
            Some((name, value)) => arguments.push(format!("{name}={value}")),
            None => arguments.push(argument.to_owned()),
        }
    }
    if arguments.iter().any(|flag| flag == "--certificates=self") {
        arguments.push("--certificate-names=127.0.0.1".to_owned());
    }
    Ok(arguments)
}

/// The administrator's kubeconfig with a token of the account instead of the login.
async fn kubeconfig_of(cluster: &Cluster, namespace: &str, account: &str) -> Result<Value> {
    let api: Api<ServiceAccount> = Api::namespaced(cluster.client().await?, namespace);
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            expiration_seconds: Some(3600),
            ..TokenRequestSpec::default()
        }),
        ..TokenRequest::default()
    };
    let answer = api
        .create_token_request(account, &PostParams::default(), &request)
        .await?;
    let token = answer.status.context("no token")?.token;
    let path = cluster.kubeconfig_path().context("not our cluster")?;
    let mut kubeconfig: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    kubeconfig["users"][0]["user"] = json!({"token": token});
    Ok(kubeconfig)
}

fn find<'a>(objects: &'a [Value], kind: &str) -> Result<&'a Value> {
    let found = objects.iter().find(|object| object["kind"] == kind);
    found.with_context(|| format!("no {kind}"))
}

fn text<'a>(object: &'a Value, pointer: &str) -> Result<&'a str> {
    let found = object.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("no text at {pointer}"))
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
