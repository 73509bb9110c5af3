//! `bowline test --from cluster`, in pods that a real kubelet runs.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bowline_cluster_tests::until;
use bowline_testkit::{Canaries, S3};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::reach::{lead, serve_files};
use crate::scene::Node;

/// The outcome of each connection in what `-o json` printed.
fn outcomes(printed: &str) -> Result<BTreeMap<String, String>> {
    let document: Value = serde_json::from_str(printed)?;
    let tested = document["connections"].as_array().context("a list")?;
    let pair = |one: &Value| {
        let outcome = one["verdict"]["outcome"].as_str()?.to_owned();
        Some((one["name"].as_str()?.to_owned(), outcome))
    };
    tested
        .iter()
        .map(|one| pair(one).with_context(|| one.to_string()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_that_a_pod_took_is_shown() -> Result<()> {
    let Some(node) = Node::here()? else {
        return Ok(());
    };
    let harbour = node.namespace("steps").await?;
    let files = serve_files(node.address).await?;
    let uri = format!("http://{files}/model.bin");
    harbour.connection("tides", "uri", &json!({"URI": uri}))?;
    let shown = harbour.test(&["tides"])?.succeeded()?;
    for told in ["steps/tides uri", "connect", "first-bytes", "all is well"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!shown.contains("this machine's own addresses"), "{shown}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_tell_good_keys_from_wrong_ones_and_missing_buckets() -> Result<()> {
    let Some(node) = Node::here()? else {
        return Ok(());
    };
    let Some(s3) = S3::shared() else {
        return Ok(());
    };
    let harbour = node.namespace("keys").await?;
    s3.make_bucket("soundings")?;
    let (_, server) = s3.ready.endpoint.split_once("//").context("an endpoint")?;
    let at = lead(node.address, server.parse()?).await?;
    let mut canaries = Canaries::default();
    let wrong = canaries.plant("a wrong key");
    for (name, bucket, key) in [
        ("good", "soundings", &s3.ready.secret_key),
        ("wrong", "soundings", &wrong),
        ("missing", "nowhere", &s3.ready.secret_key),
    ] {
        let values = json!({
            "AWS_S3_ENDPOINT": format!("http://{at}"), "AWS_S3_BUCKET": bucket,
            "AWS_DEFAULT_REGION": s3.ready.region,
            "AWS_ACCESS_KEY_ID": s3.ready.access_key, "AWS_SECRET_ACCESS_KEY": key,
        });
        harbour.connection(name, "s3", &values)?;
    }
    let tested = harbour.test(&["-o", "json"])?;
    let found = outcomes(&tested.stdout).context(tested.stderr.clone())?;
    let found: Vec<_> = found
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("good", "passed"),
            ("missing", "no-such-bucket"),
            ("wrong", "wrong-secret-key"),
        ]
    );
    assert_eq!(tested.code, Some(5));
    let leaks = canaries.leaks(&(tested.stdout + &tested.stderr));
    assert!(leaks.is_empty(), "{leaks:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_finds_services_by_the_names_that_workloads_use() -> Result<()> {
    let Some(node) = Node::here()? else {
        return Ok(());
    };
    let harbour = node.namespace("names").await?;
    let files = serve_files(node.address).await?;
    harbour.apply(&format!(
        r#"
apiVersion: v1
kind: Service
metadata: {{name: files}}
spec: {{ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: files-1, labels: {{kubernetes.io/service-name: files}}}}
addressType: IPv4
ports: [{{port: {}, protocol: TCP}}]
endpoints: [{{addresses: ["{}"]}}]
"#,
        files.port(),
        files.ip(),
    ))?;
    let service = harbour.get("service/files")?;
    let address = service["spec"]["clusterIP"]
        .as_str()
        .context("an address")?;
    node.name("files.names.svc.cluster.local", address)?;
    until("the Service leads on", || async {
        Ok(TcpStream::connect((address, 80)).await.is_ok())
    })
    .await?;
    for (name, host) in [
        ("long", "files.names.svc.cluster.local"),
        ("middle", "files.names.svc"),
        ("short", "files"),
        ("unknown", "nobody.names.svc.cluster.local"),
    ] {
        let uri = format!("http://{host}/model.bin");
        harbour.connection(name, "uri", &json!({"URI": uri}))?;
    }
    let tested = harbour.test(&["-o", "json"])?;
    let found = outcomes(&tested.stdout).context(tested.stderr)?;
    let found: Vec<_> = found
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("long", "passed"),
            ("middle", "passed"),
            ("short", "passed"),
            ("unknown", "name-unknown"),
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_does_not_test_its_own_addresses() -> Result<()> {
    let Some(node) = Node::here()? else {
        return Ok(());
    };
    let harbour = node.namespace("own").await?;
    for (name, host) in [("loopback", "127.0.0.1"), ("metadata", "169.254.169.254")] {
        let uri = format!("http://{host}/model.bin");
        harbour.connection(name, "uri", &json!({"URI": uri}))?;
    }
    let tested = harbour.test(&["-o", "json"])?;
    let found = outcomes(&tested.stdout).context(tested.stderr)?;
    let all: Vec<_> = found.values().collect();
    assert_eq!(all, ["address-own", "address-forbidden"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_no_node_has_is_told_with_the_kubelets_own_words() -> Result<()> {
    let Some(node) = Node::here()? else {
        return Ok(());
    };
    let harbour = node.namespace("image").await?;
    let uri = format!("http://{}/model.bin", serve_files(node.address).await?);
    harbour.connection("tides", "uri", &json!({"URI": uri}))?;
    let tested = harbour.test(&["tides", "--image", "127.0.0.1:1/nothing:1"])?;
    assert_eq!(tested.code, Some(7), "{}", tested.stderr);
    assert_eq!(tested.stdout, "\n1 connection, 1 not tested\n");
    for told in [
        "does not start",
        "ErrImagePull",
        "connection refused",
        "--image",
    ] {
        assert!(tested.stderr.contains(told), "{told}: {}", tested.stderr);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_has_no_room_for_a_pod_is_told() -> Result<()> {
    let Some(node) = Node::here()? else {
        return Ok(());
    };
    let harbour = node.namespace("full").await?;
    let quota = r#"
apiVersion: v1
kind: ResourceQuota
metadata: {name: none}
spec: {hard: {pods: "0"}}
"#;
    harbour.apply(quota)?;
    harbour.connection("tides", "uri", &json!({"URI": "hf://harbour/tides"}))?;
    until("the quota is counted", || async {
        let quota = harbour.get("resourcequota/none")?;
        Ok(quota["status"]["hard"]["pods"] == "0")
    })
    .await?;
    let tested = harbour.test(&["tides"])?;
    assert_eq!(tested.code, Some(6), "{}", tested.stderr);
    for told in ["make a pod", "exceeded quota"] {
        assert!(tested.stderr.contains(told), "{told}: {}", tested.stderr);
    }
    Ok(())
}
