//! Throughput of `/mutate` over HTTP/2 and TLS against an empty handler on the same stack, which
//! takes the body in and answers a fixed review. So that it can be seen what of the difference is
//! reading, a handler that reads the review besides, and decides nothing, is measured with them.
//! Client and servers share this process and machine.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use axum::Router;
use axum::routing::post;
use bowline_apiserver::tls::Authority;
use bowline_benches::https::{Connection, ask, connect};
use bowline_benches::typed::Review;
use bowline_benches::{Spread, review, watched_cluster};
use bowline_operator::Admission;
use bowline_operator::listen::listen;
use bowline_operator::server::{Reviews, routes};
use bytes::Bytes;
use memchr::memmem;

const ROUNDS: usize = 7;
const IN_FLIGHT: usize = 32;
const WINDOW: Duration = Duration::from_millis(1500);
const FIXED: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"7f0b2f0e-35a8-4f53-8a3b-0d1f0c9a7f55","allowed":true}}"#;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = Authority::in_directory(folder.path())?;
    let empty = Router::new().route("/mutate", post(|_: Bytes| async { FIXED }));
    let reading = Router::new().route("/mutate", post(read_only));
    let reviews = Reviews {
        admission: Arc::new(Admission::new(watched_cluster()?)),
        users: Arc::new(()),
        metrics: Arc::default(),
    };
    let ours = serve(&authority, routes(reviews)).await?;
    let reading = serve(&authority, reading).await?;
    let empty = serve(&authority, empty).await?;
    for (name, connections) in [
        ("without a reference", None),
        ("with a connection to inject", Some("harbour/models")),
    ] {
        let body = Bytes::from(review(connections));
        let answer = ask(&mut ours.clone(), body.clone()).await?;
        let is_patched = memmem::find(&answer, b"\"patch\"").is_some();
        ensure!(is_patched == connections.is_some(), "not what is measured");
        for connection in [&ours, &reading, &empty] {
            throughput(connection, &body).await?;
        }
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push([
                throughput(&ours, &body).await?,
                throughput(&reading, &body).await?,
                throughput(&empty, &body).await?,
            ]);
        }
        let spread =
            |pick: &dyn Fn(&[f64; 3]) -> f64| Spread::of(rounds.iter().map(pick).collect());
        let ratio = spread(&|[ours, _, empty]| ours / empty);
        let only_reading = spread(&|[_, reading, empty]| reading / empty);
        anstream::println!(
            "/mutate over TLS, review {name}: ratio {:.2} ({:.2} to {:.2}), goal at least 0.8 of an empty handler; \
             {:.0} against {:.0} reviews a second; one that only reads: ratio {:.2} ({:.2} to {:.2})",
            ratio.median,
            ratio.least,
            ratio.most,
            spread(&|round| round[0]).median,
            spread(&|round| round[2]).median,
            only_reading.median,
            only_reading.least,
            only_reading.most,
        );
    }
    Ok(())
}

/// Reads a review, typed and borrowed, and answers the fixed one.
async fn read_only(body: Bytes) -> &'static str {
    match simdutf8::basic::from_utf8(&body).map(Review::read) {
        Ok(Ok(review)) => {
            drop(black_box(review));
            FIXED
        }
        // Whoever asks takes this for a denial.
        _ => "no review",
    }
}

/// Serves `routes` over TLS for as long as the process lives, and connects to them.
async fn serve(authority: &Authority, routes: Router) -> Result<Connection> {
    let tls = authority.serving(&["localhost"])?.server_config();
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    tokio::spawn(listen(listener, tls, routes, std::future::pending()));
    connect(authority, address).await
}

/// Answered reviews a second, with a fixed number of them under way at any time.
async fn throughput(connection: &Connection, body: &Bytes) -> Result<f64> {
    let start = Instant::now();
    let work = (0..IN_FLIGHT).map(|_| {
        let (mut connection, body) = (connection.clone(), body.clone());
        tokio::spawn(async move {
            let mut answered = 0_u32;
            while start.elapsed() < WINDOW {
                ask(&mut connection, body.clone()).await?;
                answered += 1;
            }
            anyhow::Ok(answered)
        })
    });
    let mut answered = 0;
    for work in work.collect::<Vec<_>>() {
        answered += work.await??;
    }
    Ok(f64::from(answered) / start.elapsed().as_secs_f64())
}
