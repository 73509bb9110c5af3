//! One source Secret and 1,000 profiles with a copy of its keys: what a change, a look at what is as it
//! should be, and a restart cost in writes and time, beside a naive loop that copies to one profile after
//! another. The API is in this process; its calls are counted, and made to take as long as in a cluster.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bowline_benches::calls::Calls;
use bowline_benches::controllers::{Operator, PATIENCE};
use bowline_benches::embedded::{Embedded, api_of, namespace};
use bowline_operator::controllers::queue::Priority;
use bowline_operator::controllers::{Key, Settings};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

const PROFILES: usize = 1_000;
/// The naive loop takes too long for as many.
const FEWER: usize = 200;
const MOST_SECONDS: f64 = 30.0;
const COPY: &str = "pipelines-object-store";

#[tokio::main]
async fn main() -> Result<()> {
    let calls = Calls::default();
    let api = Embedded::open().await?;
    api.create([namespace("kubeflow")]).await?;
    api.create([source("first"), store()]).await?;
    api.create((0..PROFILES).map(profile)).await?;
    calls.start();
    let settings = Settings {
        pipelines: Some("kubeflow".to_owned()),
        ..Settings::new("default", "bowline")
    };
    let client = api.counted(&calls);
    let start = Instant::now();
    let operator = Operator::start_with(&client, &settings);
    until_all_have(&api, "first").await?;
    operator.until_idle().await?;
    tell("first copies", &calls, start.elapsed(), PROFILES);

    calls.start();
    let start = Instant::now();
    change(&api, "second").await?;
    until_all_have(&api, "second").await?;
    operator.until_idle().await?;
    let took = start.elapsed();
    tell("a changed source", &calls, took, PROFILES);
    ensure!(writes(&calls) == PROFILES, "{} writes", calls.describe());
    ensure!(
        took.as_secs_f64() < MOST_SECONDS,
        "more than {MOST_SECONDS} s"
    );

    calls.start();
    let start = Instant::now();
    (0..PROFILES).for_each(|n| operator.queue.add(Key::Copy(name(n)), Priority::Refresh));
    operator.until_idle().await?;
    tell(
        "a look at what has not changed",
        &calls,
        start.elapsed(),
        PROFILES,
    );
    ensure!(writes(&calls) == 0, "{}", calls.describe());

    drop(operator);
    calls.start();
    let start = Instant::now();
    let operator = Operator::start_with(&client, &settings);
    operator.until_idle().await?;
    tell("a restart", &calls, start.elapsed(), PROFILES);
    ensure!(writes(&calls) == 0, "{}", calls.describe());
    drop(operator);

    change(&api, "third").await?;
    calls.start();
    let start = Instant::now();
    naive(&client).await?;
    let naive = start.elapsed();
    tell("a changed source, naive loop", &calls, naive, FEWER);
    let each = naive.as_secs_f64() / FEWER as f64;
    anstream::println!(
        "a changed source: {:.1} times faster than the naive loop, which takes {:.0} ms for each; one run",
        each * PROFILES as f64 / took.as_secs_f64(),
        each * 1e3,
    );
    Ok(())
}

fn tell(what: &str, calls: &Calls, took: Duration, profiles: usize) {
    anstream::println!(
        "{what}, {profiles} profiles: {} writes in {:.2} s ({})",
        writes(calls),
        took.as_secs_f64(),
        calls.describe(),
    );
}

fn writes(calls: &Calls) -> usize {
    ["POST", "PATCH", "PUT", "DELETE"]
        .iter()
        .flat_map(|verb| [format!("{verb} secrets"), format!("{verb} configmaps")])
        .map(|what| calls.of(&what))
        .sum()
}

/// Reads the source and writes the copy, for each profile.
async fn naive(client: &kube::Client) -> Result<()> {
    let sources = api_of(client, &source(""))?;
    for n in 0..FEWER {
        let source = sources.get("shared").await?;
        let mut data = serde_json::Map::new();
        for key in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            data.insert(key.to_owned(), source.data["data"][key].clone());
        }
        let copies = api_of(client, &copy(n))?;
        let patch = Patch::Merge(json!({"data": data}));
        copies.patch(COPY, &PatchParams::default(), &patch).await?;
    }
    Ok(())
}

async fn change(api: &Embedded, key: &str) -> Result<()> {
    let sources = api_of(&api.client(), &source(""))?;
    let patch = Patch::Merge(json!({"stringData": {"AWS_SECRET_ACCESS_KEY": key}}));
    sources
        .patch("shared", &PatchParams::default(), &patch)
        .await?;
    Ok(())
}

/// Asked without counting.
async fn until_all_have(api: &Embedded, key: &str) -> Result<()> {
    use base64::Engine as _;
    let wanted = base64::engine::general_purpose::STANDARD.encode(key);
    let start = Instant::now();
    for n in 0..PROFILES {
        let copies = api_of(&api.client(), &copy(n))?;
        loop {
            let found = copies.get_opt(COPY).await?;
            let held = found.map(|found| found.data["data"]["AWS_SECRET_ACCESS_KEY"].clone());
            if held.is_some_and(|held| held == wanted.as_str()) {
                break;
            }
            ensure!(start.elapsed() < PATIENCE, "{} has no copy", name(n));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

fn name(n: usize) -> String {
    format!("pier-{n}")
}

fn profile(n: usize) -> Value {
    let name = name(n);
    let mut profile = namespace(&name);
    profile["metadata"]["labels"] = json!({
        "app.kubernetes.io/part-of": "kubeflow-profile", "bowline.dev/pipelines": "enabled",
    });
    profile["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "kubeflow.org/v1", "kind": "Profile", "name": name, "uid": name,
        "controller": true,
    }]);
    profile
}

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    })
}

fn copy(n: usize) -> Value {
    object("Secret", &name(n), COPY)
}

fn source(key: &str) -> Value {
    let mut source = object("Secret", "kubeflow", "shared");
    source["metadata"]["annotations"] = json!({"bowline.dev/pipelines-source": "true"});
    source["stringData"] = json!({"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": key});
    source
}

fn store() -> Value {
    let mut store = object("ConfigMap", "kubeflow", "store");
    store["metadata"]["labels"] = json!({"bowline.dev/pipelines": "store"});
    let document =
        "apiVersion: bowline.dev/v1alpha1\nkind: PipelineStore\nspec: {connection: shared}\n";
    store["data"] = json!({"store.yaml": document});
    store
}
