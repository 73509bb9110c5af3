//! Clients that say who they are by a certificate.

use crate::kubectl::Kubectl;
use crate::tls::Served;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_apiserver::tls::{Authority, ClientCertificate};
use std::fs;

/// A kubeconfig that shows a certificate and no token.
fn kubeconfig(served: &Served, client: &ClientCertificate) -> String {
    let encoded = |pem: &str| STANDARD.encode(pem);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: 'https://{}', certificate-authority-data: {}}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u, namespace: default}}}}]\n\
         users: [{{name: u, user: {{client-certificate-data: {}, client-key-data: {}}}}}]\n",
        served.address,
        encoded(&served.certificate),
        encoded(client.certificate_pem()),
        encoded(client.key_pem()),
    )
}

/// kubectl on a server, with a certificate of this authority, or of the server's own.
async fn kubectl(of: Option<&Authority>, user: &str, group: Option<&str>) -> Kubectl {
    let kubectl = Kubectl::start().await;
    let own = Authority::in_directory(kubectl.served.directory.path().join("tls")).unwrap();
    let client = of.unwrap_or(&own).client(user, group).unwrap();
    let path = kubectl.served.directory.path().join("kubeconfig");
    fs::write(path, kubeconfig(&kubectl.served, &client)).unwrap();
    kubectl
}

#[tokio::test]
async fn the_common_name_is_the_user_and_organizations_are_groups() {
    let kubectl = kubectl(None, "petra", Some("sailors")).await;
    let said = kubectl
        .ok("auth whoami -o jsonpath={.status.userInfo}")
        .await;
    assert_eq!(
        said,
        r#"{"groups":["sailors","system:authenticated"],"username":"petra"}"#
    );
}

#[tokio::test]
async fn a_certificate_gives_the_rights_of_its_holder_and_no_more() {
    let petra = kubectl(None, "petra", None).await;
    let (succeeded, said) = petra.run(&["get", "secrets"], "").await;
    assert!(
        !succeeded && said.contains("User \"petra\" cannot list resource \"secrets\""),
        "{said}"
    );
    let root = kubectl(None, "root", Some("system:masters")).await;
    assert_eq!(
        root.ok("get secrets").await,
        "No resources found in default namespace."
    );
}

#[tokio::test]
async fn a_certificate_of_another_authority_opens_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let other = Authority::in_directory(directory.path()).unwrap();
    let stranger = kubectl(Some(&other), "root", Some("system:masters")).await;
    let (succeeded, said) = stranger.run(&["get", "secrets"], "").await;
    assert!(!succeeded, "{said}");
}

#[tokio::test]
async fn the_servers_own_certificate_is_no_clients() {
    let kubectl = Kubectl::start().await;
    let directory = kubectl.served.directory.path();
    let authority = Authority::in_directory(directory.join("tls")).unwrap();
    let serving = authority
        .serving(&["localhost", "127.0.0.1", "::1"])
        .unwrap();
    let encoded = |pem: &str| STANDARD.encode(pem);
    let client = authority.client("unused", None).unwrap();
    let config = kubeconfig(&kubectl.served, &client)
        .replace(
            &encoded(client.certificate_pem()),
            &encoded(serving.certificate_pem()),
        )
        .replace(&encoded(client.key_pem()), &encoded(serving.key_pem()));
    fs::write(directory.join("kubeconfig"), config).unwrap();
    let (succeeded, said) = kubectl.run(&["get", "--raw", "/version"], "").await;
    assert!(!succeeded, "{said}");
}

#[test]
fn a_key_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::in_directory(directory.path()).unwrap();
    let client = authority.client("petra", None).unwrap();
    assert_eq!(format!("{client:?}"), "ClientCertificate { .. }");
}
