//! What a person waits for and pays: `--help`, `bowline up` until it is ready, and its memory with
//! 10,000 Secrets, each beside a baseline of the same run. Needs `cargo build --release -p bowline`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};
use bowline_benches::{Spread, release_binary, resident};
use bowline_testkit::server::Server;
use futures::future::try_join_all;
use kube::api::{Api, PostParams};
use kube::core::DynamicObject;
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::json;

const STARTS: usize = 15;
const SECRETS: usize = 10_000;
const WRITERS: usize = 16;

#[tokio::main]
async fn main() -> Result<()> {
    let binary = release_binary()?;
    help(&binary)?;
    ready(&binary)?;
    memory(&binary).await
}

fn help(binary: &PathBuf) -> Result<()> {
    let time = |mut command: Command| -> Result<f64> {
        let start = Instant::now();
        ensure!(
            command.stdout(Stdio::null()).status()?.success(),
            "it must succeed"
        );
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    let mut pairs = Vec::new();
    for _ in 0..STARTS {
        let mut ours = Command::new(binary);
        ours.arg("--help");
        pairs.push((time(ours)?, time(Command::new("true"))?));
    }
    report(
        "bowline --help",
        "ms",
        "less than 10 ms",
        "starting `true`",
        &pairs,
    );
    Ok(())
}

fn ready(binary: &PathBuf) -> Result<()> {
    let start = |data: &std::path::Path| -> Result<f64> {
        let start = Instant::now();
        let server = Server::start_with(binary, data, "warn")?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        drop(server);
        Ok(took)
    };
    let mut pairs = Vec::new();
    for _ in 0..STARTS {
        let data = tempfile::tempdir()?;
        let fresh = start(data.path())?;
        pairs.push((fresh, start(data.path())?));
    }
    report(
        "bowline up until ready, fresh state",
        "ms",
        "less than 150 ms",
        "the second start",
        &pairs,
    );
    Ok(())
}

async fn memory(binary: &PathBuf) -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = Server::start_with(binary, data.path(), "warn")?;
    let empty = resident(server.id(), "VmRSS")?;
    let client = server.client().await?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Secret"));
    let api: Api<DynamicObject> = Api::namespaced_with(client, "default", &resource);
    let start = Instant::now();
    let write = |first: usize| {
        let api = api.clone();
        async move {
            for number in (first..SECRETS).step_by(WRITERS) {
                let secret = json!({
                    "metadata": {"name": format!("secret-{number:05}"), "labels": {"n": number.to_string()}},
                    "stringData": {"AWS_SECRET_ACCESS_KEY": "k".repeat(1000)},
                });
                api.create(&PostParams::default(), &serde_json::from_value(secret)?)
                    .await?;
            }
            anyhow::Ok(())
        }
    };
    try_join_all((0..WRITERS).map(write)).await?;
    let rate = SECRETS as f64 / start.elapsed().as_secs_f64();
    let (full, peak) = (
        resident(server.id(), "VmRSS")?,
        resident(server.id(), "VmHWM")?,
    );
    anstream::println!(
        "resident memory with {SECRETS} Secrets of 1 kB: {full:.0} MB, peak {peak:.0} MB, goal less than 60 MB; \
         ratio {:.1} to {empty:.0} MB when empty; written at {rate:.0} a second by {WRITERS} writers",
        full / empty,
    );
    Ok(())
}

fn report(name: &str, unit: &str, goal: &str, baseline: &str, pairs: &[(f64, f64)]) {
    let ratio = Spread::of(
        pairs
            .iter()
            .map(|(ours, baseline)| ours / baseline)
            .collect(),
    );
    let ours = Spread::of(pairs.iter().map(|pair| pair.0).collect());
    let other = Spread::of(pairs.iter().map(|pair| pair.1).collect());
    anstream::println!(
        "{name}: {:.1} {unit} ({:.1} to {:.1}), goal {goal}; ratio {:.2} to {baseline} ({:.1} {unit})",
        ours.median,
        ours.least,
        ours.most,
        ratio.median,
        other.median,
    );
}
