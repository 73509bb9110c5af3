//! CPU of admission, from the bytes of a 10 kB review to the bytes of the answer and without HTTP,
//! metrics and traces, against typed and borrowed parsing of the same review alone. Secrets are in memory on our side:
//! the calls to an API server cost the same whoever makes them. Most Secrets that are named were
//! named before; what it takes to look at one for the first time is measured by itself.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use bowline_benches::typed::Review;
use bowline_benches::{cluster, compare, review, watched, watched_cluster};
use bowline_operator::server::answer_mutate;
use bowline_operator::{Admission, Cluster, Seen};
use futures::FutureExt as _;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let _entered = runtime.enter();
    let known = Admission::new(watched_cluster()?);
    measure("review without a reference", None, &known)?;
    let connection = Some("harbour/models");
    measure("review with a connection to inject", connection, &known)?;
    let unknown = Admission::new(Seen::new(cluster()?, watched([], "")));
    measure(
        "the same, its Secret never looked at before",
        connection,
        &unknown,
    )
}

fn measure<C: Cluster>(
    name: &str,
    connection: Option<&str>,
    admission: &Admission<C>,
) -> Result<()> {
    let answer = |body: &str| -> Result<Vec<u8>> {
        let answer = answer_mutate(admission, body.as_bytes());
        Ok(answer
            .now_or_never()
            .context("a cluster in memory answers at once")??)
    };
    let body = review(connection);
    let text = String::from_utf8(answer(&body)?)?;
    ensure!(
        text.contains("\"allowed\":true") && text.contains("\"patch\"") == connection.is_some(),
        "{text}"
    );
    ensure!(Review::read(&body).is_ok(), "the baseline cannot read it");
    compare(
        &format!("admission CPU, {name}, {} bytes", body.len()),
        "at most 1.5 of parsing alone",
        20_000,
        || drop(black_box(answer(black_box(&body)))),
        || drop(black_box(Review::read(black_box(&body)))),
    )?;
    ensure!(
        String::from_utf8(answer(&body)?)? == text,
        "it answers something else by now"
    );
    Ok(())
}
