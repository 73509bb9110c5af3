//! Who uses what among 10,000 connections and 20,000 references: pages, a search and the users of a
//! connection from a view that watches keep true, beside listing everything and filtering. The API
//! is in this process, so the baseline pays for no network.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use bowline_benches::embedded::{Embedded, api_of, labelled, namespace, notebook};
use bowline_benches::{Spread, percentile, resident};
use bowline_catalog::index::{Filter, Query, Sort};
use bowline_catalog::view::{Scope, Settings, View, Views};
use kube::api::ListParams;
use serde_json::{Value, json};

const CONNECTIONS: usize = 10_000;
/// Each names two connections.
const NOTEBOOKS: usize = 10_000;
const SAMPLES: usize = 2_000;
/// Looks at everything; each takes long.
const LISTS: usize = 5;
const PLACE: &str = "harbour";

#[tokio::main]
async fn main() -> Result<()> {
    let api = Embedded::open().await?;
    api.create([namespace(PLACE)]).await?;
    api.create((0..CONNECTIONS).map(connection)).await?;
    api.create((0..NOTEBOOKS).map(user)).await?;
    let client = api.client();
    let before = resident(std::process::id(), "VmRSS")?;
    let views = Views::new(Settings {
        patience: std::time::Duration::from_secs(120),
        ..Settings::default()
    });
    let scope = Scope::Namespace(PLACE.to_owned());
    let start = Instant::now();
    let view = views.of(&client, "bench", &scope).await?;
    let first = start.elapsed().as_secs_f64() * 1e3;
    let held = resident(std::process::id(), "VmRSS")? - before;
    let start = Instant::now();
    views.of(&client, "bench", &scope).await?;
    let again = start.elapsed().as_secs_f64() * 1e3;
    anstream::println!(
        "a view of {CONNECTIONS} connections and {} references: made in {first:.0} ms, had again in \
         {again:.2} ms; at most {held:.0} MB",
        2 * NOTEBOOKS,
    );
    let mut lists = Vec::new();
    for n in 0..LISTS {
        let start = Instant::now();
        ensure!(by_listing(&client, &name(n)).await? == 2, "two use each");
        lists.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let baseline = Spread::of(lists).median;
    let text = |n: usize| filter(|filter| filter.text = Some(format!("bay {n}")));
    let unused = filter(|filter| filter.used = Some(false));
    let by_use = Query {
        sort: Sort::UsedBy,
        ..Query::default()
    };
    report("users of a connection", baseline, |n| {
        let users = view.users(PLACE, &name(n % CONNECTIONS));
        ensure!(users.len() == 2, "two use each");
        Ok(black_box(users).len())
    })?;
    report("first page", baseline, |_| {
        page(&view, &Query::default(), CONNECTIONS)
    })?;
    report("text search", baseline, |n| {
        page(&view, &text(n % CONNECTIONS), 1)
    })?;
    report("unused connections", baseline, |_| page(&view, &unused, 0))?;
    report("first page by number of users", baseline, |_| {
        page(&view, &by_use, CONNECTIONS)
    })
}

fn name(n: usize) -> String {
    format!("connection-{n:05}")
}

fn connection(n: usize) -> Value {
    let mut secret = labelled(PLACE, &name(n));
    // The number stands alone, so that a search for it finds one.
    secret["metadata"]["annotations"]["openshift.io/description"] =
        json!(format!("Depths of bay {n}."));
    secret
}

fn user(n: usize) -> Value {
    let mut notebook = notebook(PLACE, &format!("notebook-{n:05}"), &name(n % CONNECTIONS));
    let second = name((n + 1) % CONNECTIONS);
    notebook["spec"]["template"]["spec"]["containers"][0]["envFrom"] =
        json!([{"secretRef": {"name": second}}]);
    notebook
}

fn filter(change: impl FnOnce(&mut Filter)) -> Query {
    let mut query = Query::default();
    change(&mut query.filter);
    query
}

fn page(view: &View, query: &Query, least: usize) -> Result<usize> {
    let page = view.query(query)?;
    ensure!(page.total >= least, "{} rows fit", page.total);
    Ok(black_box(page).total)
}

/// How many name a connection, found by looking at every workload.
async fn by_listing(client: &kube::Client, connection: &str) -> Result<usize> {
    let api = api_of(client, &notebook(PLACE, "", ""))?;
    let all = api.list(&ListParams::default()).await?;
    let names_it = |object: &&kube::api::DynamicObject| {
        let reference = format!("{PLACE}/{connection}");
        let annotations = object.metadata.annotations.as_ref();
        let text = annotations.and_then(|all| all.get("opendatahub.io/connections"));
        let from = object
            .data
            .pointer("/spec/template/spec/containers/0/envFrom/0/secretRef/name");
        text == Some(&reference) || from.and_then(Value::as_str) == Some(connection)
    };
    Ok(all.items.iter().filter(names_it).count())
}

fn report(what: &str, baseline: f64, mut ask: impl FnMut(usize) -> Result<usize>) -> Result<()> {
    let mut series = Vec::new();
    for n in 0..SAMPLES {
        let start = Instant::now();
        ask(n)?;
        series.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let worst = percentile(&series, 0.99);
    anstream::println!(
        "{what}: p50 {:.3} ms, p99 {worst:.3} ms, goal less than 20 ms; {:.0} times as fast at p99 as \
         listing every workload and filtering ({baseline:.0} ms), goal 100",
        percentile(&series, 0.5),
        baseline / worst,
    );
    Ok(())
}
