//! CPU of a 10 kB review against the same decision on a generic tree of the whole review: the bare
//! handlers first, then both as servers over HTTP/2 and TLS with 32 reviews under way. Each server
//! is a process of its own, with one thread.

use std::hint::black_box;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use std::{io::BufRead as _, path::Path};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bowline_apiserver::tls::Authority;
use bowline_benches::https::{Connection, ask, connect};
use bowline_benches::{Spread, compare, percentile, review, thread_cpu_of, tree, watched_cluster};
use bowline_operator::controllers::inventory::Inventory;
use bowline_operator::listen::listen;
use bowline_operator::server::{Reviews, answer_mutate, routes};
use bowline_operator::{Admission, Seen};
use bowline_testkit::Memory;
use bytes::Bytes;
use futures::FutureExt as _;
use serde_json::Value;

const REVIEWS: [(&str, Option<&str>); 2] = [
    ("without a reference", None),
    ("with a connection to inject", Some("harbour/models")),
];
const PAIRS: usize = 5;
const IN_FLIGHT: usize = 32;
const SAMPLES: usize = 10_000;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, which, folder] = &arguments[..]
        && word == "serve"
    {
        return runtime.block_on(serve(which, Path::new(folder)));
    }
    {
        let _entered = runtime.enter();
        handlers()?;
    }
    runtime.block_on(servers())
}

/// Both handlers without a network, on this thread.
fn handlers() -> Result<()> {
    let admission = Admission::new(watched_cluster()?);
    let ours = |body: &str| {
        let answer = answer_mutate(&admission, body.as_bytes()).now_or_never();
        anyhow::Ok(answer.context("memory answers at once")??)
    };
    let baseline = |body: &str| {
        let answer = tree::answer(&admission, body.as_bytes()).now_or_never();
        answer.context("memory answers at once")?
    };
    for (name, connections) in REVIEWS {
        let body = review(connections);
        let (one, other): (Value, Value) = (
            serde_json::from_slice(&ours(&body)?)?,
            serde_json::from_slice(&baseline(&body)?)?,
        );
        ensure!(one == other, "they answer differently: {one} and {other}");
        compare(
            &format!("admission CPU, review {name}, {} bytes", body.len()),
            "at most 0.33 of a generic tree",
            10_000,
            || drop(black_box(ours(black_box(&body)))),
            || drop(black_box(baseline(black_box(&body)))),
        )?;
    }
    Ok(())
}

async fn servers() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = Authority::in_directory(folder.path())?;
    let (ours, baseline) = (
        Server::start("ours", folder.path())?,
        Server::start("tree", folder.path())?,
    );
    for (name, connections) in REVIEWS {
        let body = Bytes::from(review(connections));
        for server in [&ours, &baseline] {
            server.run(&authority, &body, SAMPLES / 10).await?;
        }
        let (mut pairs, mut tails) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let (cost, tail) = ours.run(&authority, &body, SAMPLES).await?;
            let (other_cost, other_tail) = baseline.run(&authority, &body, SAMPLES).await?;
            pairs.push((cost, other_cost));
            tails.push((tail, other_tail));
        }
        report(name, &pairs, &tails);
    }
    Ok(())
}

fn report(name: &str, costs: &[(f64, f64)], tails: &[(f64, f64)]) {
    let ratio = |pairs: &[(f64, f64)]| Spread::of(pairs.iter().map(|p| p.1 / p.0).collect());
    let median = |pairs: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| {
        Spread::of(pairs.iter().map(pick).collect())
    };
    let (cost, tail) = (ratio(costs), median(tails, |pair| pair.0));
    anstream::println!(
        "server over HTTP/2 and TLS, review {name}: {:.2} times ({:.2} to {:.2}) less CPU than on a generic tree, goal at least 3; \
         {:.1} against {:.1} µs a review; p99.9 is {:.1} times ({:.1} to {:.1}) p50, goal less than 10, against {:.1}; \
         {SAMPLES} reviews at a time",
        cost.median,
        cost.least,
        cost.most,
        median(costs, |pair| pair.0).median,
        median(costs, |pair| pair.1).median,
        tail.median,
        tail.least,
        tail.most,
        median(tails, |pair| pair.1).median,
    );
}

/// A server in a process of its own, ended when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(which: &str, folder: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", which])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut address = String::new();
        std::io::BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }

    /// Sends so many reviews. Returns the server's CPU microseconds for one of them, and how many
    /// times its median the slowest thousandth takes.
    async fn run(&self, authority: &Authority, body: &Bytes, reviews: usize) -> Result<(f64, f64)> {
        let connection = connect(authority, self.address.parse()?).await?;
        let before = thread_cpu_of(self.child.id())?;
        let work = (0..IN_FLIGHT)
            .map(|_| tokio::spawn(times(connection.clone(), body.clone(), reviews / IN_FLIGHT)));
        let mut times = Vec::new();
        for work in work.collect::<Vec<_>>() {
            times.extend(work.await??);
        }
        let cpu = thread_cpu_of(self.child.id())?.saturating_sub(before);
        let cost = cpu.as_secs_f64() * 1e6 / times.len() as f64;
        Ok((cost, percentile(&times, 0.999) / percentile(&times, 0.5)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn times(mut connection: Connection, body: Bytes, reviews: usize) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..reviews {
        let start = Instant::now();
        ask(&mut connection, body.clone()).await?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(times)
}

/// The child's part: serves one of the handlers, and says where.
async fn serve(which: &str, folder: &Path) -> Result<()> {
    let admission = Arc::new(Admission::new(watched_cluster()?));
    let routes = match which {
        "ours" => routes(Reviews {
            admission,
            users: Arc::new(()),
            metrics: Arc::default(),
        }),
        _ => Router::new()
            .route("/mutate", post(on_tree))
            .with_state(admission),
    };
    let tls = Authority::in_directory(folder)?.serving(&["localhost"])?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    anstream::println!("{}", listener.local_addr()?);
    listen(
        listener,
        tls.server_config(),
        routes,
        std::future::pending(),
    )
    .await?;
    Ok(())
}

async fn on_tree(
    State(admission): State<Arc<Admission<Seen<Memory, Inventory>>>>,
    body: Bytes,
) -> Vec<u8> {
    tree::answer(&admission, &body).await.unwrap_or_default()
}
