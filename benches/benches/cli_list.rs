//! What a person waits for at a list of 100 connections: `bowline list` beside `kubectl get secrets`,
//! both against the same `bowline up`. Needs `cargo build --release -p bowline`.
//!
//! `BOWLINE_BENCH_AGAINST` may hold one more command to compare with, such as ODAHU's client; it is
//! run by a shell with `KUBECONFIG`, `API_URL` and `API_TOKEN` of the server, whose ODAHU connections
//! are the same hundred.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};
use bowline_benches::embedded::labelled;
use bowline_benches::{Spread, percentile, release_binary};
use bowline_testkit::server::Server;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, PostParams};

const CONNECTIONS: usize = 100;
const RUNS: usize = 50;
/// Runs of slow programs, which take seconds.
const SLOW_RUNS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let binary = release_binary()?;
    let data = tempfile::tempdir()?;
    let environment = [("RUST_LOG", "warn"), ("BOWLINE_ODAHU_PROJECT", "default")];
    let server = Server::start_in(&binary, data.path(), &environment)?;
    let api: Api<Secret> = Api::namespaced(server.client().await?, "default");
    for number in 0..CONNECTIONS {
        let secret = labelled("default", &format!("connection-{number:03}"));
        api.create(&PostParams::default(), &serde_json::from_value(secret)?)
            .await?;
    }
    let at = |mut command: Command| {
        command
            .env("KUBECONFIG", &server.ready.kubeconfig)
            .env("API_URL", &server.ready.http)
            .env("API_TOKEN", &server.ready.token);
        command
    };
    let list = |arguments: &[&str]| {
        let mut command = at(Command::new(&binary));
        command.args(arguments);
        command
    };
    let kubectl = || {
        let mut command = at(Command::new(
            std::env::var_os("KUBECTL").unwrap_or("kubectl".into()),
        ));
        command.args(["get", "secrets", "-n", "default"]);
        command
    };
    let plain: &[&str] = &["list", "-n", "default"];
    let wide: &[&str] = &["list", "-n", "default", "-o", "wide"];
    let goal = "less than 15 ms, and 2 times as fast";
    compare(
        "bowline list",
        goal,
        RUNS,
        || list(plain),
        "kubectl get secrets",
        kubectl,
    )?;
    compare(
        "bowline list -o wide",
        "none",
        RUNS,
        || list(wide),
        "kubectl get secrets",
        kubectl,
    )?;
    if let Ok(line) = std::env::var("BOWLINE_BENCH_AGAINST") {
        let other = || {
            let mut command = at(Command::new("sh"));
            command.args(["-c", &line]);
            command
        };
        compare(
            "bowline list",
            "50 times as fast",
            SLOW_RUNS,
            || list(plain),
            &line,
            other,
        )?;
    }
    Ok(())
}

/// Runs two commands in turn and prints how many times as fast the first one is.
fn compare(
    name: &str,
    goal: &str,
    runs: usize,
    ours: impl Fn() -> Command,
    baseline: &str,
    theirs: impl Fn() -> Command,
) -> Result<()> {
    time(ours())?;
    time(theirs())?;
    let mut pairs = Vec::new();
    for _ in 0..runs {
        pairs.push((time(ours())?, time(theirs())?));
    }
    let ratio = Spread::of(pairs.iter().map(|(ours, theirs)| theirs / ours).collect());
    let ours: Vec<_> = pairs.iter().map(|pair| pair.0).collect();
    let theirs = Spread::of(pairs.iter().map(|pair| pair.1).collect());
    anstream::println!(
        "{name}, {CONNECTIONS} connections: p50 {:.1} ms, p90 {:.1} ms, goal {goal}; \
         {:.1} times as fast ({:.1} to {:.1}) as `{baseline}` ({:.1} ms)",
        percentile(&ours, 0.5),
        percentile(&ours, 0.9),
        ratio.median,
        ratio.least,
        ratio.most,
        theirs.median,
    );
    Ok(())
}

/// Milliseconds until it ends; its output must be as long as the list.
fn time(mut command: Command) -> Result<f64> {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let took = start.elapsed().as_secs_f64() * 1e3;
    let lines = output.stdout.iter().filter(|byte| **byte == b'\n').count();
    ensure!(
        output.status.success() && lines > CONNECTIONS,
        "{command:?} printed {lines} lines: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(took)
}
