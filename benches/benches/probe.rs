//! What a test of a connection costs: each outcome beside the same requests written by hand, a tenant
//! beside another who is stuck in a tarpit, memory over thousands of tests, and `bowline test -A` over
//! 200 connections. The last needs `cargo build --release -p bowline`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bowline_benches::bare::Bare;
use bowline_benches::s3_stub::S3Stub;
use bowline_benches::{Spread, resident};
use bowline_core::{Connection, Recognition, Secret};
use bowline_probe::{Ask, Guard, Report, Request, Settings, Slots, probe};
use bowline_testkit::server::Server;
use k8s_openapi::api::core::v1;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

/// Milliseconds that the service takes before each answer, and how many pairs are measured with it.
const DELAYS: [(u64, usize); 3] = [(0, 300), (5, 60), (50, 15)];
const LIST: &str = "list-type=2&max-keys=1";

/// One outcome, and what has to be asked to see it.
struct Class {
    name: &'static str,
    bucket: &'static str,
    outcome: &'static str,
    path: Option<&'static str>,
    is_trusted: bool,
    /// Whether the object is asked for too.
    is_read: bool,
}

const CLASSES: [Class; 6] = [
    Class {
        name: "success",
        bucket: "models",
        outcome: "passed",
        path: None,
        is_trusted: true,
        is_read: true,
    },
    Class {
        name: "wrong key",
        bucket: "wrong-key",
        outcome: "wrong-secret-key",
        path: None,
        is_trusted: true,
        is_read: false,
    },
    Class {
        name: "no such bucket",
        bucket: "no-bucket",
        outcome: "no-such-bucket",
        path: None,
        is_trusted: true,
        is_read: false,
    },
    Class {
        name: "no right",
        bucket: "no-right",
        outcome: "may-not-list",
        path: None,
        is_trusted: true,
        is_read: false,
    },
    Class {
        name: "no such object",
        bucket: "no-object",
        outcome: "no-such-object",
        path: Some("none"),
        is_trusted: true,
        is_read: true,
    },
    Class {
        name: "unknown authority",
        bucket: "models",
        outcome: "tls-untrusted",
        path: None,
        is_trusted: false,
        is_read: false,
    },
];

#[tokio::main]
async fn main() -> Result<()> {
    let stub = S3Stub::start()?;
    for (delay, pairs) in DELAYS {
        stub.wait(delay);
        for class in &CLASSES {
            overhead(&stub, class, delay, pairs).await?;
        }
    }
    stub.wait(5);
    tarpit(&stub).await?;
    stub.wait(0);
    memory(&stub).await?;
    stub.wait(50);
    all(&stub).await
}

fn secret(stub: &S3Stub, bucket: &str, name: &str, is_trusted: bool) -> Value {
    let mut data = json!({
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLEAKIDEXAMP",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key-at-all",
        "AWS_S3_ENDPOINT": format!("https://{}", stub.address),
        "AWS_S3_BUCKET": bucket, "AWS_DEFAULT_REGION": "us-east-1",
    });
    if is_trusted {
        data["AWS_CA_BUNDLE"] = json!(stub.authority);
    }
    json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": data,
        "metadata": {
            "name": name, "namespace": "default",
            "labels": {"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"},
            "annotations": {"opendatahub.io/connection-type-protocol": "s3", "opendatahub.io/connection-type-ref": "s3"},
        },
    })
}

fn connection(stub: &S3Stub, bucket: &str, is_trusted: bool) -> Result<Connection> {
    let secret = Secret::from_value(&secret(stub, bucket, "tested", is_trusted))?;
    match Connection::from_secret(secret) {
        Recognition::Connection(connection) => Ok(*connection),
        _ => anyhow::bail!("the annotation makes it a connection"),
    }
}

async fn tested(connection: &Connection, ask: &Ask) -> Report {
    let request = Request {
        connection,
        ask,
        others: &[],
        claims: None,
        authorities: None,
        identity: None,
        workload: None,
    };
    let guard = Guard::new().allowing_own();
    probe(&request, &guard, &Settings::default(), &mut |_| {}).await
}

async fn overhead(stub: &S3Stub, class: &Class, delay: u64, pairs: usize) -> Result<()> {
    let ask = Ask {
        path: class.path.map(str::to_owned),
        ..Ask::default()
    };
    let connection = connection(stub, class.bucket, class.is_trusted)?;
    let bare = Bare::new(stub.address, class.is_trusted.then_some(&stub.authority))?;
    let (list, object) = (
        format!("/{}", class.bucket),
        format!("/{}/none", class.bucket),
    );
    let first = [(list.as_str(), LIST)];
    let both = [first[0], (object.as_str(), "")];
    let requests = if class.is_read { &both[..] } else { &first[..] };
    let ours = async || -> Result<f64> {
        let start = Instant::now();
        let report = tested(&connection, &ask).await;
        let took = start.elapsed().as_secs_f64() * 1e3;
        let outcome = report.decisive().map_or("passed", |step| step.outcome.id);
        ensure!(outcome == class.outcome, "{}: {outcome}", class.name);
        Ok(took)
    };
    let by_hand = async |requests: &[(&str, &str)]| -> Result<f64> {
        let start = Instant::now();
        bare.ask(requests).await?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    let mut series = Vec::new();
    for _ in 0..pairs {
        series.push((
            ours().await?,
            by_hand(requests).await?,
            by_hand(&first).await?,
        ));
    }
    let median = |pick: fn(&(f64, f64, f64)) -> f64| Spread::of(series.iter().map(pick).collect());
    let ratio = median(|(ours, same, _)| ours / same);
    let alone = median(|(ours, _, one)| ours / one);
    anstream::println!(
        "{}, {delay} ms: {:.2} times ({:.2} to {:.2}) the same {} by hand, goal 1.3; {:.2} ms against {:.2} ms; {:.2} times one request",
        class.name,
        ratio.median,
        ratio.least,
        ratio.most,
        if class.is_read {
            "two requests"
        } else {
            "request"
        },
        median(|row| row.0).median,
        median(|row| row.1).median,
        alone.median,
    );
    Ok(())
}

/// A tenant's tests, alone and beside a hundred of another tenant that hang.
async fn tarpit(stub: &S3Stub) -> Result<()> {
    const TESTS: usize = 40;
    let slots = Arc::new(Slots::new(4, 16, Duration::from_secs(5)));
    let good = connection(stub, "models", true)?;
    let run = async || -> Result<Vec<f64>> {
        let mut series = Vec::new();
        for _ in 0..TESTS {
            let start = Instant::now();
            let slot = slots.take("modest").await?;
            let report = tested(&good, &Ask::default()).await;
            drop(slot);
            ensure!(report.kind().is_none(), "it failed");
            series.push(start.elapsed().as_secs_f64() * 1e3);
        }
        Ok(series)
    };
    let alone = Spread::of(run().await?);
    let stuck = connection(stub, "tarpit", true)?;
    let greedy: Vec<_> = (0..100)
        .map(|_| {
            let (slots, stuck) = (Arc::clone(&slots), stuck.clone());
            tokio::spawn(async move {
                let slot = slots.take("greedy").await.ok()?;
                let report = tested(&stuck, &Ask::default()).await;
                drop(slot);
                Some(report.took)
            })
        })
        .collect();
    let beside = Spread::of(run().await?);
    let mut longest = Duration::ZERO;
    let mut sent_away = 0;
    for greedy in greedy {
        match greedy.await? {
            Some(took) => longest = longest.max(took),
            None => sent_away += 1,
        }
    }
    anstream::println!(
        "a tenant beside 100 tests of another in a tarpit: {:.1} ms, at most {:.1}, goal its deadline of 10 s; alone {:.1}, at most {:.1}; \
         of the other's {sent_away} were sent away, none took more than {:.1} s",
        beside.median,
        beside.most,
        alone.median,
        alone.most,
        longest.as_secs_f64(),
    );
    ensure!(
        longest < Duration::from_secs(11),
        "a test outlived its deadline"
    );
    Ok(())
}

/// Resident memory after some tests, and after very many, also of answers without end.
async fn memory(stub: &S3Stub) -> Result<()> {
    let own = std::process::id();
    let (good, endless) = (
        connection(stub, "models", true)?,
        connection(stub, "endless", true)?,
    );
    let many = async |count: usize| {
        for _ in 0..count {
            tested(&good, &Ask::default()).await;
        }
        for _ in 0..count / 10 {
            tested(&endless, &Ask::default()).await;
        }
    };
    many(500).await;
    let before = resident(own, "VmRSS")?;
    many(5_000).await;
    let after = resident(own, "VmRSS")?;
    let peak = resident(own, "VmHWM")?;
    anstream::println!(
        "memory after 550 tests {before:.1} MB, after 5,500 more {after:.1} MB, peak {peak:.1} MB, goal flat"
    );
    Ok(())
}

/// `bowline test -A` over 200 connections whose service takes 50 ms for each answer.
async fn all(stub: &S3Stub) -> Result<()> {
    const CONNECTIONS: usize = 200;
    const RUNS: usize = 9;
    let Some(binary) = binary()? else {
        anstream::println!("`bowline test -A`: left out; first cargo build --release -p bowline");
        return Ok(());
    };
    let data = tempfile::tempdir()?;
    let server = Server::start_with(&binary, data.path(), "warn")?;
    let api: Api<v1::Secret> = Api::namespaced(server.client().await?, "default");
    for number in 0..CONNECTIONS {
        let secret = secret(stub, "models", &format!("connection-{number:03}"), true);
        api.create(&PostParams::default(), &serde_json::from_value(secret)?)
            .await?;
    }
    let mut series = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let output = Command::new(&binary)
            .args(["test", "-A", "--output", "json"])
            .env("KUBECONFIG", &server.ready.kubeconfig)
            .stdin(Stdio::null())
            .output()?;
        series.push(start.elapsed().as_secs_f64());
        let shown: Value = serde_json::from_slice(&output.stdout).context("no JSON")?;
        ensure!(
            shown["tested"] == CONNECTIONS && shown["failed"] == 0,
            "{} of {} failed: {}",
            shown["failed"],
            shown["tested"],
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let took = Spread::of(series);
    anstream::println!(
        "`bowline test -A`, {CONNECTIONS} connections with 50 ms an answer: {:.2} s ({:.2} to {:.2}), goal less than 2 s",
        took.median,
        took.least,
        took.most,
    );
    Ok(())
}

/// The release binary beside this benchmark, or the one that `BOWLINE_BINARY` names.
fn binary() -> Result<Option<PathBuf>> {
    if let Some(named) = std::env::var_os("BOWLINE_BINARY") {
        return Ok(Some(named.into()));
    }
    let own = std::env::current_exe()?;
    let folder = own.ancestors().nth(2).context("no target folder")?;
    Ok(Some(folder.join("bowline")).filter(|binary| binary.exists()))
}
