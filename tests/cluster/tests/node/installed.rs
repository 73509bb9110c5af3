//! The chart as people install it, its pods on a real kubelet, and workloads that run with what
//! was injected.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Authority, until};
use bowline_testkit::Canaries;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::RwLock;

use crate::reach::{ask, serve_files_with_tls};
use crate::scene::{IMAGE, Namespace, Node, SHELL, root};

/// Held by whoever writes workloads; alone by whoever installs another release, which refuses those
/// that name connections from its first moment until its pods answer.
static WRITERS: RwLock<()> = RwLock::const_new(());

/// The node with Bowline on it, installed once for all tests.
fn with_bowline() -> Result<Option<Node>> {
    static INSTALLED: OnceLock<Result<()>> = OnceLock::new();
    let Some(node) = Node::here()? else {
        return Ok(None);
    };
    let install = || -> Result<()> {
        let kinds = root().join("crates/cli/crds");
        node.kubectl(&format!("apply --server-side -f {}", kinds.display()))?;
        let settings = [
            "server.enabled=true",
            "server.hosts={bowline.example}",
            // Asked when somebody signs in; the image has no authorities of its own.
            "server.oidc.issuerUrl=https://issuer.example",
            "server.oidc.clientId=bowline",
        ];
        install(&node, "bowline", &settings)?;
        node.kubectl("-n bowline rollout status deployment/bowline-server --timeout=180s")?;
        Ok(())
    };
    match INSTALLED.get_or_init(install) {
        Ok(()) => Ok(Some(node)),
        Err(error) => anyhow::bail!("the chart is not installed: {error:#}"),
    }
}

/// Installs the chart into a namespace of the release's name, and waits until its pods are ready.
fn install(node: &Node, name: &str, settings: &[&str]) -> Result<()> {
    node.kubectl(&format!("create namespace {name}"))?;
    node.kubectl(&format!(
        "label namespace {name} pod-security.kubernetes.io/enforce=restricted"
    ))?;
    let path = |path: &str| -> PathBuf { root().join(path) };
    let (chart, values) = (
        path("deploy/chart/bowline"),
        path("deploy/values/kserve.yaml"),
    );
    let (chart, values) = (chart.display().to_string(), values.display().to_string());
    let (repository, tag) = IMAGE.rsplit_once(':').context("a tag")?;
    let (repository, tag) = (
        format!("image.repository={repository}"),
        format!("image.tag={tag}"),
    );
    let mut arguments = vec!["install", name, &chart, "-n", name, "--values", &values];
    for setting in [&[repository.as_str(), &tag], settings].concat() {
        arguments.extend(["--set", setting]);
    }
    node.call("helm", &arguments, "")?.succeeded()?;
    node.kubectl(&format!(
        "-n {name} rollout status deployment/{name} --timeout=180s"
    ))?;
    Ok(())
}

/// A Deployment that names `soundings`, and prints the hash of what it got.
fn anchor() -> String {
    let script = r#"echo "bucket $AWS_S3_BUCKET"; printf %s "$AWS_SECRET_ACCESS_KEY" | busybox sha256sum; exec busybox sleep 3600"#;
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "anchor", "annotations": {"opendatahub.io/connections": "soundings"},
        },
        "spec": {
            "selector": {"matchLabels": {"app": "anchor"}},
            "template": {
                "metadata": {"labels": {"app": "anchor"}},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [{
                        "name": "anchor", "image": SHELL, "command": ["/bin/sh", "-c", script],
                        "securityContext": {
                            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
                        },
                    }],
                },
            },
        },
    })
    .to_string()
}

fn soundings(harbour: &Namespace<'_>, bucket: &str, key: &str) -> Result<()> {
    let values = json!({
        "AWS_S3_ENDPOINT": "https://s3.harbour.example", "AWS_S3_BUCKET": bucket,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLEAKIDEXAMP", "AWS_SECRET_ACCESS_KEY": key,
    });
    harbour.connection("soundings", "s3", &values)
}

/// What the newest container of the Deployment printed at its start, once it has.
async fn printed(harbour: &Namespace<'_>) -> Result<String> {
    harbour.kubectl("rollout status deployment/anchor --timeout=180s")?;
    until("old pods are gone", || async {
        let pods = harbour.get("pods")?;
        Ok(pods["items"].as_array().is_some_and(|pods| pods.len() == 1))
    })
    .await?;
    until("it has printed", || async {
        Ok(harbour.kubectl("logs deployment/anchor")?.lines().count() == 2)
    })
    .await?;
    harbour.kubectl("logs deployment/anchor")
}

/// The hash of a text, as `sha256sum` prints it.
fn hash(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest
        .as_ref()
        .iter()
        .fold(String::new(), |mut hash, byte| {
            let _ = write!(hash, "{byte:02x}");
            hash
        })
}

fn status(harbour: &Namespace<'_>) -> Result<String> {
    let anchor = harbour.get("deployment/anchor")?;
    let status = anchor["metadata"]["annotations"]["bowline.dev/connection-status"].as_str();
    let status: Value = serde_json::from_str(status.unwrap_or("{}"))?;
    Ok(status["soundings"]["state"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_runs_with_what_its_connection_holds_until_it_is_untied() -> Result<()> {
    let Some(node) = with_bowline()? else {
        return Ok(());
    };
    let _writers = WRITERS.read().await;
    let harbour = node.namespace("tied").await?;
    let mut canaries = Canaries::default();
    let (first, second) = (canaries.plant("a key"), canaries.plant("the next key"));
    soundings(&harbour, "soundings", &first)?;
    // What `kubectl apply` remembers is nobody's reference, and would be found below.
    harbour.create(&anchor())?;
    let told = printed(&harbour).await?;
    assert_eq!(told, format!("bucket soundings\n{}  -\n", hash(&first)));

    // Changed: told, and taken up by a restart that somebody asks for.
    until("it is current", || async {
        Ok(status(&harbour)? == "current")
    })
    .await?;
    soundings(&harbour, "depths", &second)?;
    until("it is stale", || async { Ok(status(&harbour)? == "stale") }).await?;
    harbour.kubectl("rollout restart deployment/anchor")?;
    let told = printed(&harbour).await?;
    assert_eq!(told, format!("bucket depths\n{}  -\n", hash(&second)));
    until("it is current again", || async {
        Ok(status(&harbour)? == "current")
    })
    .await?;

    // Untied: nothing of it is in the next pod.
    harbour.kubectl("annotate deployment anchor opendatahub.io/connections-")?;
    let told = printed(&harbour).await?;
    assert_eq!(told, format!("bucket \n{}  -\n", hash("")));
    let anchor = harbour.get("deployment/anchor")?.to_string();
    assert!(!anchor.contains("soundings"), "{anchor}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_trusts_the_authorities_that_its_namespace_was_given() -> Result<()> {
    let Some(node) = with_bowline()? else {
        return Ok(());
    };
    let _writers = WRITERS.read().await;
    let harbour = node.namespace("trust").await?;
    let authority = Authority::new("authority of the harbour")?;
    let files = serve_files_with_tls(node.address, &authority)?;
    let uri = format!("https://{files}/model.bin");
    harbour.connection("tides", "uri", &json!({"URI": uri}))?;
    let before = harbour.test(&["tides"])?;
    assert_eq!(before.code, Some(1), "{}", before.stderr);
    assert!(
        before.stdout.contains("not from an authority"),
        "{}",
        before.stdout
    );

    // A namespace that serves a model by a connection gets a bundle.
    let model = json!({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {"name": "model", "annotations": {"opendatahub.io/connections": "tides"}},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}},
    });
    harbour.apply(&model.to_string())?;
    let bundle = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odh-trusted-ca-bundle"},
        "data": {"ca-bundle.crt": authority.pem()},
    });
    harbour.apply(&bundle.to_string())?;
    until("the operator has joined it", || async {
        let bundle = harbour.get("configmap/odh-kserve-custom-ca-bundle")?;
        Ok(bundle.to_string().contains("BEGIN CERTIFICATE"))
    })
    .await?;
    harbour.test(&["tides"])?.succeeded()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_of_the_operator_are_replaced_without_a_refused_workload() -> Result<()> {
    let Some(node) = with_bowline()? else {
        return Ok(());
    };
    let _writers = WRITERS.read().await;
    let harbour = node.namespace("rolling").await?;
    soundings(&harbour, "soundings", "rolling-key")?;
    node.kubectl("-n bowline rollout restart deployment/bowline")?;
    let mut made = 0_usize;
    loop {
        let name = format!("rolling-{made}");
        let notebook = json!({
            "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
            "metadata": {"name": name, "annotations": {"opendatahub.io/connections": "rolling/soundings"}},
            "spec": {"template": {"spec": {"containers": [{"name": name, "image": SHELL}]}}},
        });
        harbour.apply(&notebook.to_string())?;
        made += 1;
        let deployment = node.kubectl("-n bowline get deployment bowline -o json")?;
        let deployment: Value = serde_json::from_str(&deployment)?;
        let (status, replicas) = (&deployment["status"], &deployment["spec"]["replicas"]);
        let is_seen = status["observedGeneration"] == deployment["metadata"]["generation"];
        let is_new =
            is_seen && status["updatedReplicas"] == *replicas && status["replicas"] == *replicas;
        if is_new && status["availableReplicas"] == *replicas {
            break;
        }
        ensure!(made < 2_000, "the pods are never replaced: {status}");
    }
    let notebooks = harbour.get("notebooks")?;
    let items = notebooks["items"].as_array().context("a list")?;
    assert_eq!(items.len(), made);
    for notebook in items {
        let from = notebook.pointer("/spec/template/spec/containers/0/envFrom/0/secretRef/name");
        assert_eq!(from, Some(&json!("soundings")), "{notebook}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_server_answers_by_the_rights_of_whose_token_is_shown() -> Result<()> {
    let Some(node) = with_bowline()? else {
        return Ok(());
    };
    let harbour = node.namespace("web").await?;
    let mut canaries = Canaries::default();
    soundings(&harbour, "soundings", &canaries.plant("a key"))?;
    harbour.kubectl("create serviceaccount ada")?;
    harbour.kubectl("create rolebinding ada --clusterrole=edit --serviceaccount=web:ada")?;
    let token = harbour.kubectl("create token ada")?;
    let service = node.kubectl("-n bowline get service bowline-server -o json")?;
    let service: Value = serde_json::from_str(&service)?;
    let address = service["spec"]["clusterIP"]
        .as_str()
        .context("an address")?;
    let address = SocketAddr::new(address.parse()?, 80);
    until("the Service leads on", || async {
        Ok(TcpStream::connect(address).await.is_ok())
    })
    .await?;
    let path = |project: &str| format!("/api/v1/projects/{project}/connections");
    for (project, token, status) in [
        ("web", Some(token.as_str()), "200"),
        ("kube-system", Some(token.as_str()), "403"),
        ("web", None, "401"),
    ] {
        let answer = ask(address, "bowline.example", &path(project), token).await?;
        let is_expected = answer.starts_with(&format!("HTTP/1.1 {status} "));
        assert!(is_expected, "{project}: {answer}");
        assert_eq!(answer.contains("soundings"), status == "200", "{answer}");
        assert!(canaries.leaks(&answer).is_empty());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uninstalled_release_leaves_nothing_behind() -> Result<()> {
    let Some(node) = with_bowline()? else {
        return Ok(());
    };
    let _writers = WRITERS.write().await;
    // Admission only: two sets of controllers would argue about the other tests' namespaces.
    let settings = ["controllers.enabled=false", "annotateSecrets=false"];
    install(&node, "skiff", &settings)?;
    node.call("helm", &["uninstall", "skiff", "-n", "skiff", "--wait"], "")?
        .succeeded()?;
    node.kubectl("delete namespace skiff --timeout=180s")?;
    for kind in [
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
        "clusterroles",
        "clusterrolebindings",
        "roles -A",
        "rolebindings -A",
        "leases -A",
    ] {
        let left = node.kubectl(&format!("get {kind} -o name"))?;
        assert!(!left.contains("skiff"), "{kind}: {left}");
    }
    Ok(())
}
