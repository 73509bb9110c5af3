//! What the benchmarks share: CPU time, pairs of measurements taken in turn, and the review that
//! they send. What is measured, and against what, is said by each benchmark.

pub mod api_stub;
pub mod bare;
pub mod calls;
pub mod controllers;
pub mod embedded;
pub mod https;
pub mod naive;
pub mod s3_stub;
pub mod secrets;
pub mod sequential;
pub mod tree;
pub mod typed;

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bowline_operator::Seen;
use bowline_operator::controllers::inventory::Inventory;
use bowline_testkit::Memory;
use kube::core::ObjectMeta;
use mimalloc::MiMalloc;
use serde_json::{Value, json};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The release binary beside the benchmark that asks.
///
/// # Errors
/// When it has not been built.
pub fn release_binary() -> Result<PathBuf> {
    let deps = std::env::current_exe()?;
    let folder = deps.ancestors().nth(2).context("no target folder")?;
    let binary = folder.join("bowline");
    ensure!(
        binary.exists(),
        "build it first: cargo build --release -p bowline"
    );
    Ok(binary)
}

/// CPU time that the calling thread has used so far.
///
/// Read from the scheduler's own accounting, so that other load on the machine does not count.
///
/// # Errors
/// On systems other than Linux.
pub fn thread_cpu() -> Result<Duration> {
    cpu("/proc/thread-self/schedstat")
}

/// CPU time that the first thread of a process has used so far; see [`thread_cpu`].
///
/// # Errors
/// As [`thread_cpu`].
pub fn thread_cpu_of(process: u32) -> Result<Duration> {
    cpu(&format!("/proc/{process}/schedstat"))
}

fn cpu(path: &str) -> Result<Duration> {
    let text = fs::read_to_string(path)?;
    let nanoseconds = text
        .split_whitespace()
        .next()
        .context("an empty schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

/// Waits until a process has nothing left to do: less than 5 % of a core for three seconds.
/// Returns how long that took.
///
/// # Errors
/// When there is no such process, or it is still busy after five minutes.
pub async fn until_idle(process: u32) -> Result<Duration> {
    /// In hundredths of a second, as Linux counts them for programs.
    const FEW: u64 = 5;
    let start = Instant::now();
    let mut calm = 0;
    let mut before = ticks(process)?;
    while calm < 3 {
        ensure!(start.elapsed() < Duration::from_secs(300), "still busy");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = ticks(process)?;
        calm = if now - before <= FEW { calm + 1 } else { 0 };
        before = now;
    }
    Ok(start.elapsed())
}

/// CPU time of all threads of a process, and of the kernel for it.
fn ticks(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program stands in brackets, and may hold blanks.
    let (_, fields) = text.rsplit_once(") ").context("no name in stat")?;
    let times = fields.split_whitespace().skip(11).take(2);
    let times: Vec<u64> = times.map(str::parse).collect::<Result<_, _>>()?;
    Ok(times.iter().sum())
}

/// CPU time that the host of a virtual machine has kept from it so far, in hundredths of a second.
///
/// # Errors
/// On systems other than Linux.
pub fn stolen() -> Result<u64> {
    let text = fs::read_to_string("/proc/stat")?;
    let total = text.lines().next().context("an empty stat")?;
    let stolen = total.split_whitespace().nth(8);
    Ok(stolen.context("no steal in stat")?.parse()?)
}

/// A memory figure of a process, such as `VmRSS`, in MB.
///
/// # Errors
/// When there is no such process or figure.
pub fn resident(process: u32, field: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let mut lines = status.lines();
    let line = lines.find(|line| line.starts_with(field));
    let value = line.and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: f64 = value.context("no such figure")?.parse()?;
    Ok(kilobytes / 1e3)
}

/// The middle value and the range of a series.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// Smallest value.
    pub least: f64,
    /// Median.
    pub median: f64,
    /// Largest value.
    pub most: f64,
}

impl Spread {
    /// Of a series that is not empty.
    pub fn of(mut series: Vec<f64>) -> Self {
        series.sort_by(f64::total_cmp);
        Self {
            least: series[0],
            median: series[series.len() / 2],
            most: series[series.len() - 1],
        }
    }
}

/// The value of a series below which `share` of it lies; 0.5 is the median.
pub fn percentile(series: &[f64], share: f64) -> f64 {
    let mut series = series.to_vec();
    series.sort_by(f64::total_cmp);
    let place = (series.len() as f64 * share) as usize;
    series[place.min(series.len() - 1)]
}

/// Measures two pieces of work in turn, A B A B, and prints the ratio of each pair.
///
/// The figures are CPU microseconds for one call.
///
/// # Errors
/// Where CPU time cannot be read.
pub fn compare(
    name: &str,
    limit: &str,
    calls: u32,
    mut ours: impl FnMut(),
    mut baseline: impl FnMut(),
) -> Result<Spread> {
    const PAIRS: usize = 9;
    let time = |work: &mut dyn FnMut()| -> Result<f64> {
        let start = thread_cpu()?;
        (0..calls).for_each(|_| black_box(&mut *work)());
        Ok((thread_cpu()? - start).as_secs_f64() * 1e6 / f64::from(calls))
    };
    time(&mut ours)?;
    time(&mut baseline)?;
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        pairs.push((time(&mut ours)?, time(&mut baseline)?));
    }
    let ratio = Spread::of(
        pairs
            .iter()
            .map(|(ours, baseline)| ours / baseline)
            .collect(),
    );
    let median = |pick: fn(&(f64, f64)) -> f64| Spread::of(pairs.iter().map(pick).collect()).median;
    anstream::println!(
        "{name}: ratio {:.2} ({:.2} to {:.2}), goal {limit}; {:.1} µs against {:.1} µs",
        ratio.median,
        ratio.least,
        ratio.most,
        median(|pair| pair.0),
        median(|pair| pair.1),
    );
    Ok(ratio)
}

/// A review of about 10 kB: a Notebook with three containers, many variables and managed fields.
pub fn review(connections: Option<&str>) -> String {
    let variables: Vec<Value> = (0..44)
        .map(|n| json!({"name": format!("SETTING_{n}"), "value": format!("value-{n}/of/some/length")}))
        .collect();
    let container = |name: &str| {
        json!({
            "name": name, "image": "images.example.com/workbench:2026.1", "env": variables,
            "resources": {"requests": {"cpu": "1", "memory": "2Gi"}},
            "ports": [{"containerPort": 8888, "name": "http", "protocol": "TCP"}],
        })
    };
    let managed: Value = (0..40)
        .map(|n| (format!("f:field{n}"), json!({})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let mut annotations = json!({"openshift.io/display-name": "Forecast", "notebooks.opendatahub.io/inject-auth": "true"});
    if let Some(connections) = connections {
        annotations["opendatahub.io/connections"] = json!(connections);
    }
    let object = json!({
        "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
        "metadata": {
            "name": "forecast", "namespace": "harbour", "annotations": annotations,
            "labels": {"app": "forecast"},
            "managedFields": [{"manager": "dashboard", "operation": "Update", "fieldsV1": managed}],
        },
        "spec": {"template": {"spec": {
            "containers": [container("forecast"), container("proxy"), container("sync")],
            "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": "forecast"}}],
        }}},
    });
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "7f0b2f0e-35a8-4f53-8a3b-0d1f0c9a7f55",
            "kind": {"group": "kubeflow.org", "version": "v1", "kind": "Notebook"},
            "resource": {"group": "kubeflow.org", "version": "v1", "resource": "notebooks"},
            "name": "forecast", "namespace": "harbour", "operation": "CREATE",
            "userInfo": {"username": "dana", "groups": ["data-science", "system:authenticated"]},
            "object": object, "oldObject": null, "dryRun": false,
        },
    })
    .to_string()
}

/// What the operator's watches have told of these Secrets of namespace `harbour`, by name, each at
/// this version.
pub fn watched(names: impl IntoIterator<Item = String>, version: &str) -> Arc<Inventory> {
    let inventory = Inventory::default();
    for name in names {
        let mark = (
            "opendatahub.io/connection-type-protocol".to_owned(),
            "s3".to_owned(),
        );
        inventory.put_secret(&ObjectMeta {
            namespace: Some("harbour".to_owned()),
            name: Some(name),
            resource_version: Some(version.to_owned()),
            annotations: Some([mark].into()),
            ..ObjectMeta::default()
        });
    }
    Arc::new(inventory)
}

/// [`cluster`] as the operator looks at it: what was read once is known until a watch tells
/// otherwise.
///
/// # Errors
/// As [`cluster`].
pub fn watched_cluster() -> Result<Seen<Memory, Inventory>> {
    Ok(Seen::new(cluster()?, watched(["models".to_owned()], "")))
}

/// A cluster in memory with one good S3 connection `models` in namespace `harbour`.
///
/// # Errors
/// Never, unless the Secret below is broken.
pub fn cluster() -> Result<Memory> {
    let secret = bowline_core::Secret::from_value(&json!({
        "kind": "Secret",
        "metadata": {
            "name": "models", "namespace": "harbour",
            "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
        },
        "stringData": {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLEAKIDEXAMP", "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key-at-all",
            "AWS_S3_ENDPOINT": "https://s3.harbour.example", "AWS_S3_BUCKET": "models",
            "AWS_DEFAULT_REGION": "eu-north-1",
        },
    }))?;
    let cluster = Memory::default();
    cluster.put_secret(secret);
    Ok(cluster)
}
