//! CPU of the whole admission handler, from the bytes of a 10 kB review to the bytes of the answer,
//! against typed and borrowed parsing of the same review alone. Secrets are in memory on our side:
//! the calls to an API server cost the same whoever makes them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use bowline_benches::{cluster, compare, review};
use bowline_operator::Admission;
use bowline_operator::server::answer_mutate;
use futures::FutureExt as _;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The baseline: what a handler must read at the very least, with the rest skipped over.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the field is read to be measured")]
struct Review<'a> {
    #[serde(borrow)]
    request: Request<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are read to be measured")]
struct Request<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    object: Object<'a>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are read to be measured")]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: &'a RawValue,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are read to be measured")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    annotations: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let _entered = runtime.enter();
    let admission = Admission::new(cluster()?);
    let answer = |body: &str| -> Result<Vec<u8>> {
        let answer = answer_mutate(&admission, body.as_bytes());
        Ok(answer
            .now_or_never()
            .context("a cluster in memory answers at once")??)
    };
    for (name, connections, is_patched) in [
        ("review without a reference", None, false),
        (
            "review with a connection to inject",
            Some("harbour/models"),
            true,
        ),
    ] {
        let body = review(connections);
        let text = String::from_utf8(answer(&body)?)?;
        ensure!(
            text.contains("\"allowed\":true") && text.contains("\"patch\"") == is_patched,
            "{text}"
        );
        compare(
            &format!("admission CPU, {name}, {} bytes", body.len()),
            "at most 1.5 of parsing alone",
            20_000,
            || drop(black_box(answer(black_box(&body)))),
            || {
                drop(black_box(serde_json::from_str::<Review<'_>>(black_box(
                    &body,
                ))))
            },
        )?;
    }
    Ok(())
}
