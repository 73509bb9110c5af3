//! Stock kubectl over TLS: the one that `KUBECTL` names, else the one on `PATH`.

use crate::tls::Served;
use bowline_apiserver::kubeconfig::Access;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

pub(crate) struct Kubectl {
    pub(crate) served: Served,
    program: String,
    kubeconfig: PathBuf,
}

impl Kubectl {
    pub(crate) async fn start() -> Self {
        let served = Served::start().await;
        let kubeconfig = served.directory.path().join("kubeconfig");
        let server = format!("https://{}", served.address);
        let (certificate_pem, token) = (served.certificate.as_str(), served.token.as_str());
        Access {
            name: "test",
            server: &server,
            certificate_pem,
            token,
            namespace: "default",
        }
        .write(&kubeconfig)
        .unwrap();
        let program = std::env::var("KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
        Self {
            served,
            program,
            kubeconfig,
        }
    }

    /// What kubectl says, and whether it succeeded.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str) -> (bool, String) {
        let mut child = Command::new(&self.program)
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", self.served.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs kubectl, but `{}` cannot be run ({error}): install it, or name it in KUBECTL", self.program));
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8(said).unwrap().trim().to_owned(),
        )
    }

    pub(crate) async fn ok(&self, command: &str) -> String {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let (succeeded, said) = self.run(&arguments, "").await;
        assert!(succeeded, "kubectl {command}: {said}");
        said
    }
}

const MANIFEST: &str = "
apiVersion: v1
kind: Secret
metadata:
  name: training-data
  labels: {opendatahub.io/dashboard: 'true'}
stringData: {AWS_S3_BUCKET: raw}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: 'web:1'}]}
";

#[tokio::test]
async fn kubectl_manages_objects() {
    let kubectl = Kubectl::start().await;
    let (succeeded, said) = kubectl.run(&["apply", "-f", "-"], MANIFEST).await;
    assert!(succeeded, "{said}");
    assert_eq!(
        said,
        "secret/training-data created\ndeployment.apps/web created"
    );
    let (_, said) = kubectl
        .run(&["apply", "-f", "-"], &MANIFEST.replace("web:1", "web:2"))
        .await;
    assert!(said.contains("deployment.apps/web configured"), "{said}");
    assert_eq!(
        kubectl
            .ok("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}")
            .await,
        "web:2"
    );

    kubectl.ok("create namespace team-a").await;
    kubectl
        .ok("create secret generic s3 -n team-a --from-literal=KEY=value")
        .await;
    kubectl.ok("create secret docker-registry pull -n team-a --docker-server=r --docker-username=u --docker-password=p").await;
    kubectl.ok("create serviceaccount bot -n team-a").await;
    kubectl
        .ok("create role reader -n team-a --verb=get --resource=secrets")
        .await;
    kubectl
        .ok("create rolebinding reader -n team-a --role=reader --serviceaccount=team-a:bot")
        .await;
    assert_eq!(
        kubectl
            .ok("auth can-i get secrets -n team-a --as system:serviceaccount:team-a:bot")
            .await,
        "yes"
    );

    kubectl.ok("label secret s3 -n team-a tier=x").await;
    kubectl.ok("annotate secret s3 -n team-a note=y").await;
    kubectl.ok("patch secret s3 -n team-a --type=json -p=[{\"op\":\"replace\",\"path\":\"/data/KEY\",\"value\":\"bmV3\"}]").await;
    assert_eq!(
        kubectl
            .ok("get secret -n team-a -l tier=x -o jsonpath={.items[*].data.KEY}")
            .await,
        "bmV3"
    );
    assert!(
        kubectl
            .ok("describe secret s3 -n team-a")
            .await
            .contains("KEY:  3 bytes")
    );
    assert!(
        kubectl
            .ok("get secrets -A")
            .await
            .contains("kubernetes.io/dockerconfigjson")
    );
    kubectl.ok("delete secret -n team-a -l tier=x").await;
    kubectl.ok("delete namespace team-a").await;
    let (succeeded, said) = kubectl.run(&["get", "namespace", "team-a"], "").await;
    assert!(
        !succeeded && said.contains("namespaces \"team-a\" not found"),
        "{said}"
    );
}
