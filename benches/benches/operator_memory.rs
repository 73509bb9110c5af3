//! Resident memory of the operator's watches and controllers beside Secrets that are none of its
//! business, against a full cache of the same Secrets. Each is a process of its own; the API is in
//! this one.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::pin::pin;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use bowline_benches::controllers::Operator;
use bowline_benches::embedded::{Embedded, connection, namespace, notebook};
use bowline_benches::{Spread, resident};
use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use serde_json::{Value, json};

/// How many Secrets are foreign, and how many bytes each holds.
const POINTS: [(usize, usize); 4] = [(0, 0), (1_000, 1_000), (10_000, 1_000), (300, 1_000_000)];
const IN_USE: usize = 100;
const PAIRS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    match &arguments[..] {
        [_, word, kubeconfig] if word == "operator" => operator(Path::new(kubeconfig)).await,
        [_, word, kubeconfig] if word == "full-cache" => full_cache(Path::new(kubeconfig)).await,
        _ => measure().await,
    }
}

async fn measure() -> Result<()> {
    for (number, size) in POINTS {
        let api = Embedded::open().await?;
        let kubeconfig = api.serve().await?;
        api.create(["harbour", "elsewhere"].map(namespace)).await?;
        let name = |n: usize| format!("models-{n}");
        api.create((0..IN_USE).map(|n| connection("harbour", &name(n))))
            .await?;
        api.create((0..IN_USE).map(|n| notebook("harbour", &format!("nb-{n}"), &name(n))))
            .await?;
        api.create((0..number).map(|n| foreign(n, size))).await?;
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let ours = Watcher::start("operator", &kubeconfig)?;
            ensure!(ours.holds == IN_USE, "it holds {} Secrets", ours.holds);
            let ours = ours.memory()?;
            let baseline = Watcher::start("full-cache", &kubeconfig)?;
            // The last one is the operator's own.
            let all = number + IN_USE + 1;
            ensure!(
                baseline.holds == all,
                "it holds {} of {all} Secrets",
                baseline.holds
            );
            pairs.push((ours, baseline.memory()?));
        }
        report(number, size, &pairs);
    }
    Ok(())
}

fn foreign(number: usize, size: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"namespace": "elsewhere", "name": format!("foreign-{number}")},
        "stringData": {"value": "v".repeat(size)},
    })
}

type Memory = (f64, f64);

fn report(number: usize, size: usize, pairs: &[(Memory, Memory)]) {
    let of = |pick: fn(&(Memory, Memory)) -> f64| Spread::of(pairs.iter().map(pick).collect());
    let (resident, peak) = (of(|pair| pair.0.0), of(|pair| pair.0.1));
    let ratio = of(|pair| pair.1.1 / pair.0.1);
    anstream::println!(
        "operator memory, {number} foreign Secrets of {size} bytes, {IN_USE} connections in use: \
         {:.1} MB ({:.1} to {:.1}), peak {:.1} MB ({:.1} to {:.1}), goal less than 40 MB; \
         a full cache peaks at {:.1} MB, {:.1} times ({:.1} to {:.1}) ours",
        resident.median,
        resident.least,
        resident.most,
        peak.median,
        peak.least,
        peak.most,
        of(|pair| pair.1.1).median,
        ratio.median,
        ratio.least,
        ratio.most,
    );
}

/// A watching process, ended when dropped.
struct Watcher {
    child: Child,
    /// How many Secrets it holds, once it has seen all of them.
    holds: usize,
}

impl Watcher {
    fn start(which: &str, kubeconfig: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(which)
            .arg(kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let holds = line.trim().parse().context("it ended early")?;
        Ok(Self { child, holds })
    }

    /// Resident memory now, and the most that it ever was.
    fn memory(&self) -> Result<Memory> {
        let id = self.child.id();
        Ok((resident(id, "VmRSS")?, resident(id, "VmHWM")?))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn client(kubeconfig: &Path) -> Result<kube::Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await?;
    Ok(kube::Client::try_from(config)?)
}

async fn operator(kubeconfig: &Path) -> Result<()> {
    let operator = Operator::start(&client(kubeconfig).await?);
    operator.until_idle().await?;
    anstream::println!("{}", operator.inventory.sizes().1);
    std::future::pending().await
}

/// The baseline: every Secret as it is, without a selector, kept for whoever asks.
async fn full_cache(kubeconfig: &Path) -> Result<()> {
    let (store, writer) = reflector::store::<Secret>();
    let api: Api<Secret> = Api::all(client(kubeconfig).await?);
    let stream = watcher(api, Config::default()).default_backoff();
    let mut stream = pin!(reflector(writer, stream));
    while let Some(event) = stream.try_next().await? {
        if matches!(event, Event::InitDone) {
            anstream::println!("{}", store.state().len());
        }
    }
    Ok(())
}
