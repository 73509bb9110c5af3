//! The API server is slow, or does not answer Bowline at all: reviews that ask nothing of it are as
//! quick as ever, and the others are answered before the API server gives up on them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Cluster, Fault, Installation, Operator, Passed, Proxy};
use serde_json::{Value, json};

use super::scene::{Reviewer, Scene, common};

/// How long an API server waits for an answer, as the chart says.
const TIMEOUT: Duration = Duration::from_secs(10);
const REVIEWS: usize = 300;

struct Slow {
    scene: Scene,
    proxy: Proxy,
    installation: Installation,
    operator: Operator,
}

impl Slow {
    async fn start(cluster: &Cluster, namespace: &'static str) -> Result<Self> {
        let scene = Scene::new(cluster, namespace).await?;
        let proxy = Proxy::start(cluster).await?;
        let installation = Installation::new(&["--no-controllers"])?;
        let operator = installation.start(&proxy.kubeconfig()).await?;
        scene.register(cluster, &installation, &operator).await?;
        scene.secret("models", "1").await?;
        Ok(Self {
            scene,
            proxy,
            installation,
            operator,
        })
    }
}

#[tokio::test]
async fn reviews_that_need_no_lookup_are_quick_while_the_api_server_hangs() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let slow = Slow::start(cluster, "hanging").await?;
    slow.proxy.set(|_| Fault::Hold);
    let reviewer = Reviewer::new(
        slow.operator.address(),
        slow.installation.authority().as_bytes(),
    )?;
    let plain = slow.scene.notebook_object("plain", None);
    let waiting = slow.scene.notebook_object("waiting", Some("models"));
    let quick = async {
        let mut times = Vec::new();
        for _ in 0..REVIEWS {
            let start = Instant::now();
            let response = reviewer.ask(&plain).await?;
            ensure!(response["allowed"] == true, "{response}");
            times.push(start.elapsed());
        }
        Ok(times)
    };
    // Others wait for their lookups at the same time.
    let others = futures::future::join_all((0..50).map(|_| reviewer.ask(&waiting)));
    let (times, others) = futures::future::join(quick, others).await;
    let mut times = times?;
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    println!("p99 {p99:?} of {REVIEWS} reviews");
    ensure!(p99 < Duration::from_millis(100), "p99 is {p99:?}");
    for response in others {
        let response = response?;
        let text = message(&response).context("no message")?;
        ensure!(text.contains("could not be read"), "{response}");
    }
    Ok(())
}

#[tokio::test]
async fn when_nothing_can_be_asked_the_author_is_told_so_in_time() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let slow = Slow::start(cluster, "deaf").await?;
    slow.proxy.set(|_| Fault::Hold);
    let start = Instant::now();
    let reply = slow.scene.try_notebook("lab", "models").await?;
    let time = start.elapsed();
    let text = reply.message();
    ensure!(text.contains("could not be read"), "{text}");
    ensure!(!text.contains("failed calling webhook"), "{text}");
    ensure!(time < TIMEOUT, "answered after {time:?}");
    Ok(())
}

#[tokio::test]
async fn all_that_a_model_needs_shares_one_deadline() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let slow = Slow::start(cluster, "slow").await?;
    // Rights and Secrets in time; accounts only where they do not have a deadline of their own.
    slow.proxy.set(|asked| match is_about_connections(asked) {
        true => Fault::Delay(Duration::from_secs(6)),
        false => Fault::None,
    });
    let model = json!({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {
            "name": "llm", "namespace": "slow",
            "annotations": {"opendatahub.io/connections": "models"},
        },
        "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}},
    });
    let s3 = json!({"metadata": {"annotations": {"opendatahub.io/connection-type-protocol": "s3"}},
        "stringData": {"AWS_S3_BUCKET": "b", "AWS_S3_ENDPOINT": "https://s3.example.com"}});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "models"}});
    slow.scene.patch(&secret, &s3).await?.granted()?;
    let start = Instant::now();
    let reply = slow.scene.create(&model).await?;
    let time = start.elapsed();
    ensure!(reply.is_ok(), "{} after {time:?}", reply.message());
    let told = reply
        .warnings
        .iter()
        .any(|text| text.contains("is not linked"));
    ensure!(told, "{:?}", reply.warnings);
    Ok(())
}

fn is_about_connections(asked: &Passed) -> bool {
    asked.path.contains("/namespaces/slow/") || asked.path.ends_with("/subjectaccessreviews")
}

fn message(response: &Value) -> Option<&str> {
    response["status"]["message"].as_str()
}
