//! Time of a whole review by number of connections, against a stub of the API, beside the
//! sequential algorithm: a read, then an access review, for one connection after another. Each
//! review comes from another user, so that no remembered right helps; the Secrets are watched, and
//! what it takes where none was looked at before is measured by itself. The client has one worker,
//! so that it and the stub have a core each, as an API server has a machine of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_benches::api_stub::{Stub, VERSION};
use bowline_benches::{Spread, percentile, review, sequential, watched};
use bowline_operator::controllers::inventory::Inventory;
use bowline_operator::rights::Rights;
use bowline_operator::server::answer_mutate;
use bowline_operator::{Admission, Kubernetes, Seen, connect};
use serde_json::Value;

const NUMBERS: [usize; 3] = [1, 8, 32];
const PAIRS: usize = 5;
const WARM_UP: usize = 20;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<()> {
    let (read, review) = (Duration::from_millis(8), Duration::from_millis(12));
    let (instant, slow) = (
        Stub::start(Duration::ZERO, Duration::ZERO)?,
        Stub::start(read, review)?,
    );
    for (delays, stub, samples) in [
        ("0 ms", instant, 200),
        ("8 ms a read, 12 ms an access review", slow, 40),
    ] {
        let ours = |inventory| -> Result<_> {
            let cluster = Kubernetes::new(connect::client(&stub.config()?)?);
            let cluster = Seen::new(Rights::new(cluster, Arc::default()), inventory);
            Ok(Algorithm::AtOnce(Arc::new(Admission::new(cluster))))
        };
        let baseline = Algorithm::Sequential(kube::Client::try_from(stub.config()?)?);
        let all = (0..32).map(|n| format!("models-{n}"));
        let known = ours(watched(all, VERSION))?;
        compare(delays, &known, &baseline, samples).await?;
        let unknown = ours(watched([], VERSION))?;
        let name = format!("{delays}, Secrets never looked at before");
        compare(&name, &unknown, &baseline, samples).await?;
    }
    Ok(())
}

/// How a review is answered.
#[derive(Clone)]
enum Algorithm {
    AtOnce(Arc<Admission<Seen<Rights<Kubernetes>, Inventory>>>),
    Sequential(kube::Client),
}

impl Algorithm {
    /// The answer, and how many milliseconds it took. As in a server, a review is a task on a
    /// worker of the runtime.
    async fn answer(&self, body: String) -> Result<(Vec<u8>, f64)> {
        let algorithm = self.clone();
        let task = async move {
            let start = Instant::now();
            let answer = match algorithm {
                Self::AtOnce(admission) => answer_mutate(&admission, body.as_bytes()).await?,
                Self::Sequential(client) => sequential::answer(&client, body.as_bytes()).await?,
            };
            Ok((answer, start.elapsed().as_secs_f64() * 1e3))
        };
        tokio::spawn(task).await?
    }
}

/// Both algorithms in turn, with each number of connections, `samples` reviews at a time.
async fn compare(name: &str, ours: &Algorithm, baseline: &Algorithm, samples: usize) -> Result<()> {
    let mut series: Vec<Vec<(Vec<f64>, Vec<f64>)>> = vec![Vec::new(); NUMBERS.len()];
    for number in NUMBERS {
        same_meaning(number, ours, baseline).await?;
        time(ours, number, WARM_UP).await?;
    }
    for _ in 0..PAIRS {
        for (series, number) in series.iter_mut().zip(NUMBERS) {
            let pair = (
                time(ours, number, samples).await?,
                time(baseline, number, samples).await?,
            );
            series.push(pair);
        }
    }
    for (pairs, number) in series.iter().zip(NUMBERS) {
        report(name, number, pairs);
    }
    let alone: Vec<f64> = series[0]
        .iter()
        .map(|pair| percentile(&pair.0, 0.5))
        .collect();
    let most = series.last().context("at least one number")?;
    let flat = most
        .iter()
        .zip(alone)
        .map(|(pair, alone)| percentile(&pair.0, 0.5) / alone);
    let flat = Spread::of(flat.collect());
    anstream::println!(
        "admission latency, {name}: 32 connections take {:.2} times ({:.2} to {:.2}) as long as one, goal at most 1.1",
        flat.median,
        flat.least,
        flat.most,
    );
    Ok(())
}

fn report(name: &str, number: usize, pairs: &[(Vec<f64>, Vec<f64>)]) {
    let ratios = pairs
        .iter()
        .map(|(ours, baseline)| percentile(baseline, 0.5) / percentile(ours, 0.5));
    let ratio = Spread::of(ratios.collect());
    let ours: Vec<f64> = pairs.iter().flat_map(|pair| pair.0.clone()).collect();
    let baseline: Vec<f64> = pairs.iter().flat_map(|pair| pair.1.clone()).collect();
    let goal = if number == 32 {
        ", goal at least 20"
    } else {
        ""
    };
    anstream::println!(
        "admission latency, {name}, {number} connections: {:.1} times ({:.1} to {:.1}) faster than one after another{goal}; \
         p50 {:.2} against {:.2} ms, p99 {:.2} against {:.2} ms, {} reviews each",
        ratio.median,
        ratio.least,
        ratio.most,
        percentile(&ours, 0.5),
        percentile(&baseline, 0.5),
        percentile(&ours, 0.99),
        percentile(&baseline, 0.99),
        ours.len(),
    );
}

/// Milliseconds of each of so many reviews, one at a time.
async fn time(algorithm: &Algorithm, connections: usize, samples: usize) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..samples {
        let (answer, time) = algorithm.answer(body(connections)).await?;
        times.push(time);
        ensure!(!answer.is_empty(), "an answer");
    }
    Ok(times)
}

/// A review of a user who has asked for nothing yet.
fn body(connections: usize) -> String {
    static USERS: AtomicUsize = AtomicUsize::new(0);
    let user = USERS.fetch_add(1, Ordering::Relaxed);
    let list: Vec<_> = (0..connections)
        .map(|n| format!("harbour/models-{n}"))
        .collect();
    let body = review(Some(&list.join(",")));
    body.replace("\"dana\"", &format!("\"dana-{user}\""))
}

/// The gate: both answers bring the same connections into the same container, in the same order.
async fn same_meaning(connections: usize, ours: &Algorithm, baseline: &Algorithm) -> Result<()> {
    let body = body(connections);
    let ours = patched(&body, &ours.answer(body.clone()).await?.0)?;
    let baseline = patched(&body, &baseline.answer(body.clone()).await?.0)?;
    let containers = |object: &Value| object["spec"]["template"]["spec"]["containers"].clone();
    let sources = &containers(&ours)[0]["envFrom"];
    ensure!(
        containers(&ours) == containers(&baseline),
        "they mean different things"
    );
    ensure!(
        sources
            .as_array()
            .is_some_and(|all| all.len() == connections),
        "{sources}"
    );
    Ok(())
}

/// The object of a review after the patch of an answer.
fn patched(review: &str, answer: &[u8]) -> Result<Value> {
    let review: Value = serde_json::from_str(review)?;
    let answer: Value = serde_json::from_slice(answer)?;
    let patch = answer["response"]["patch"].as_str().context("a patch")?;
    let mut object = review["request"]["object"].clone();
    let patch: json_patch::Patch = serde_json::from_slice(&STANDARD.decode(patch)?)?;
    json_patch::patch(&mut object, &patch)?;
    Ok(object)
}
