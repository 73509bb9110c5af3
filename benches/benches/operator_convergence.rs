//! How the operator's controllers follow changes, beside a naive loop: one worker, one line for
//! everything, and nothing remembered. The API is in this process; its calls are counted, and made
//! to take as long as in a cluster.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_benches::Spread;
use bowline_benches::calls::Calls;
use bowline_benches::controllers::{Operator, PATIENCE};
use bowline_benches::embedded::{Embedded, api_of, connection, labelled, namespace, notebook};
use bowline_benches::naive::Naive;
use bowline_operator::controllers::queue::Priority;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use serde_json::{Value, json};

const PAIRS: usize = 5;
const USERS: usize = 50;
/// The naive loop takes half a minute for these, so there are fewer pairs of this.
const REFRESHES: usize = 2_000;
const OVERTAKING_PAIRS: usize = 3;
/// How long nothing may happen before it is believed that nothing more will.
const QUIET: Duration = Duration::from_millis(1_000);
const PLACE: &str = "harbour";
const NAMESPACES: usize = 100;
const IN_NAMESPACE: usize = 100;
/// The naive loop takes too long for as many.
const FEWER: usize = 500;

#[tokio::main]
async fn main() -> Result<()> {
    let value = json!({"stringData": {"URI": "https://models.harbour.example/2"}});
    fan_out("one value changed", USERS, &value).await?;
    let label = json!({"metadata": {"labels": {"team": "forecast"}}});
    fan_out("a label changed", 0, &label).await?;
    overtake().await?;
    first_look().await?;
    storage_config().await
}

/// One Secret with 50 users is changed: how many of them are written to, after how many calls and
/// how much time.
async fn fan_out(name: &str, wanted: usize, patch: &Value) -> Result<()> {
    let mut pairs = Vec::new();
    let mut described = String::new();
    for _ in 0..PAIRS {
        let ours = change(Which::Operator, patch).await?;
        let baseline = change(Which::Naive, patch).await?;
        for (changes, who) in [(&ours, "the operator"), (&baseline, "the naive loop")] {
            let count = changes.count;
            ensure!(count == wanted, "{who} wrote {count} times, not {wanted}");
            ensure!(changes.calls > 0, "{who} did not look");
        }
        described.clone_from(&ours.described);
        pairs.push((ours, baseline));
    }
    let of =
        |pick: &dyn Fn(&(Changes, Changes)) -> f64| Spread::of(pairs.iter().map(pick).collect());
    let calls = of(&|pair| pair.0.calls as f64 / pair.1.calls as f64);
    anstream::println!(
        "{name}, {USERS} users: exactly {wanted} status changes in each of {PAIRS} runs; {:.0} calls ({described}), \
         {:.2} times ({:.2} to {:.2}) those of a naive loop",
        of(&|pair| pair.0.calls as f64).median,
        calls.median,
        calls.least,
        calls.most,
    );
    if wanted > 0 {
        let faster = of(&|pair| pair.1.took / pair.0.took);
        anstream::println!(
            "{name}, {USERS} users: the last one is told after {:.0} ms, {:.1} times ({:.1} to {:.1}) faster than a naive loop",
            of(&|pair| pair.0.took).median * 1e3,
            faster.median,
            faster.least,
            faster.most,
        );
    }
    Ok(())
}

/// A new Notebook while 2,000 are to be looked at again: how soon it has its status.
async fn overtake() -> Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..OVERTAKING_PAIRS {
        pairs.push((
            new_among_refreshes(Which::Operator).await?,
            new_among_refreshes(Which::Naive).await?,
        ));
    }
    let ours = Spread::of(pairs.iter().map(|pair| pair.0).collect());
    let ratio = Spread::of(pairs.iter().map(|pair| pair.1 / pair.0).collect());
    anstream::println!(
        "a new object among {REFRESHES} queued refreshes: told after {:.2} s ({:.2} to {:.2}), goal less than 2 s; \
         {:.0} times ({:.0} to {:.0}) faster than a naive loop",
        ours.median,
        ours.least,
        ours.most,
        ratio.median,
        ratio.least,
        ratio.most,
    );
    Ok(())
}

/// 10,000 connections in use that nobody has looked at yet: how soon each user has its status.
async fn first_look() -> Result<()> {
    let (ours, calls) = look(Which::Operator, NAMESPACES, IN_NAMESPACE).await?;
    let (baseline, _) = look(Which::Naive, 1, FEWER).await?;
    let all = NAMESPACES * IN_NAMESPACE;
    let each = baseline / FEWER as f64;
    anstream::println!(
        "{all} connections in {NAMESPACES} namespaces, one user each: all told after {ours:.1} s ({calls}), goal less than 60 s; \
         {:.1} times faster than a naive loop, which takes {:.0} ms for each of {FEWER}; one run",
        each * all as f64 / ours,
        each * 1e3,
    );
    Ok(())
}

/// 10,000 labelled connections are created while the operator runs: how soon each has its entry in
/// its namespace's `storage-config`.
async fn storage_config() -> Result<()> {
    let mut times = Vec::new();
    let mut described = String::new();
    for _ in 0..OVERTAKING_PAIRS {
        let calls = Calls::default();
        let api = Embedded::open().await?;
        api.create((0..NAMESPACES).map(|n| namespace(&place(n))))
            .await?;
        let operator = Operator::start(&api.counted(&calls));
        operator.until_idle().await?;
        calls.start();
        let start = Instant::now();
        api.create(
            (0..NAMESPACES * IN_NAMESPACE)
                .map(|n| labelled(&place(n / IN_NAMESPACE), &format!("models-{n}"))),
        )
        .await?;
        let made = start.elapsed().as_secs_f64();
        let took = loop {
            operator.until_idle().await?;
            let took = start.elapsed().as_secs_f64();
            if entries(&api).await? == NAMESPACES * IN_NAMESPACE {
                break took;
            }
            ensure!(start.elapsed() < PATIENCE, "some have no entry");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        times.push((took, made));
        described = calls.describe();
    }
    let took = Spread::of(times.iter().map(|time| time.0).collect());
    let ratio = Spread::of(times.iter().map(|time| time.0 / time.1).collect());
    anstream::println!(
        "{} labelled connections in {NAMESPACES} namespaces: all in `storage-config` after {:.1} s ({:.1} to {:.1}), goal less than 60 s; \
         {:.1} times ({:.1} to {:.1}) as long as creating them with 16 writers took; {described}",
        NAMESPACES * IN_NAMESPACE,
        took.median,
        took.least,
        took.most,
        ratio.median,
        ratio.least,
        ratio.most,
    );
    Ok(())
}

/// Connections with an entry of their own bucket, in all namespaces together.
async fn entries(api: &Embedded) -> Result<usize> {
    let mut count = 0;
    for n in 0..NAMESPACES {
        let secrets = api_of(&api.client(), &connection(&place(n), ""))?;
        let Some(found) = secrets.get_opt("storage-config").await? else {
            continue;
        };
        let data = found.data["data"].as_object().context("data")?;
        for (name, value) in data {
            let text = STANDARD.decode(value.as_str().context("a text")?)?;
            let entry: Value = serde_json::from_slice(&text)?;
            count += usize::from(entry["type"] == "s3" && entry["bucket"] == name.as_str());
        }
    }
    Ok(count)
}

fn place(n: usize) -> String {
    match n {
        0 => PLACE.to_owned(),
        n => format!("{PLACE}-{n}"),
    }
}

/// Seconds until all users of all connections are told, and the calls that it took.
async fn look(which: Which, namespaces: usize, in_each: usize) -> Result<(f64, String)> {
    let api = Embedded::open().await?;
    let each = || (0..namespaces * in_each).map(|n| (place(n / in_each), n % in_each));
    api.create((0..namespaces).map(|n| namespace(&place(n))))
        .await?;
    api.create(each().map(|(place, k)| connection(&place, &format!("models-{k}"))))
        .await?;
    let notebook = |place: &str, k| notebook(place, &format!("nb-{k}"), &format!("models-{k}"));
    api.create(each().map(|(place, k)| notebook(&place, k)))
        .await?;
    let calls = Calls::default();
    calls.start();
    let start = Instant::now();
    let running = Running::start(which, &api.counted(&calls))?;
    running.until_idle().await?;
    let took = start.elapsed().as_secs_f64();
    let (told, all) = (calls.of("PATCH notebooks"), namespaces * in_each);
    ensure!(told == all, "{told} of {all} were told");
    Ok((took, calls.describe()))
}

#[derive(Clone, Copy)]
enum Which {
    Operator,
    Naive,
}

enum Running {
    Operator(Operator),
    Naive(Naive),
}

impl Running {
    fn start(which: Which, client: &kube::Client) -> Result<Self> {
        Ok(match which {
            Which::Operator => Self::Operator(Operator::start(client)),
            Which::Naive => Self::Naive(Naive::start(client, PLACE)?),
        })
    }

    async fn until_idle(&self) -> Result<()> {
        match self {
            Self::Operator(operator) => operator.until_idle().await,
            Self::Naive(naive) => naive.until_idle().await,
        }
    }

    /// Has everything looked at again, as is done every now and then.
    fn refresh(&self) {
        match self {
            Self::Operator(operator) => {
                for key in operator.inventory.keys() {
                    operator.queue.add(key, Priority::Refresh);
                }
            }
            Self::Naive(naive) => (0..REFRESHES).for_each(|n| naive.refresh(&format!("nb-{n}"))),
        }
    }

    fn pending(&self) -> usize {
        match self {
            Self::Operator(operator) => operator.queue.len(),
            Self::Naive(naive) => naive.pending(),
        }
    }
}

/// An API with one connection and so many Notebooks that use it, all of them told.
async fn settled(
    which: Which,
    notebooks: usize,
    calls: &Calls,
) -> Result<(Embedded, Running, BoxStream<'static, DynamicObject>)> {
    let api = Embedded::open().await?;
    api.create([namespace(PLACE)]).await?;
    api.create([connection(PLACE, "models")]).await?;
    let all = (0..notebooks).map(|n| notebook(PLACE, &format!("nb-{n}"), "models"));
    api.create(all).await?;
    let running = Running::start(which, &api.counted(calls))?;
    running.until_idle().await?;
    let changes = changes(&api).await?;
    calls.start();
    Ok((api, running, changes))
}

struct Changes {
    count: usize,
    calls: usize,
    /// Seconds until the last one.
    took: f64,
    described: String,
}

async fn change(which: Which, patch: &Value) -> Result<Changes> {
    let calls = Calls::default();
    let (api, running, mut changes) = settled(which, USERS, &calls).await?;
    let start = Instant::now();
    let secrets = api_of(&api.client(), &connection(PLACE, "models"))?;
    secrets
        .patch("models", &PatchParams::default(), &Patch::Merge(patch))
        .await?;
    let (mut count, mut took) = (0, Duration::ZERO);
    loop {
        match tokio::time::timeout(QUIET, changes.next()).await {
            Ok(change) => {
                change.context("the watch ended")?;
                count += 1;
                took = start.elapsed();
            }
            Err(_) if running.pending() == 0 => break,
            Err(_) => {}
        }
    }
    Ok(Changes {
        count,
        calls: calls.total(),
        took: took.as_secs_f64(),
        described: calls.describe(),
    })
}

async fn new_among_refreshes(which: Which) -> Result<f64> {
    let calls = Calls::default();
    let (api, running, mut changes) = settled(which, REFRESHES, &calls).await?;
    running.refresh();
    let queued = running.pending();
    ensure!(
        queued > REFRESHES * 9 / 10,
        "only {queued} refreshes are queued"
    );
    let start = Instant::now();
    api.create([notebook(PLACE, "new", "models")]).await?;
    let told = async {
        while let Some(change) = changes.next().await {
            if change.metadata.name.as_deref() == Some("new") {
                return Some(start.elapsed().as_secs_f64());
            }
        }
        None
    };
    let took = tokio::time::timeout(PATIENCE, told).await?;
    took.context("the watch ended")
}

/// Notebooks that are changed from now on.
async fn changes(api: &Embedded) -> Result<BoxStream<'static, DynamicObject>> {
    let notebooks = api_of(&api.client(), &notebook(PLACE, "", ""))?;
    let list = notebooks.list(&ListParams::default().limit(1)).await?;
    let version = list.metadata.resource_version.context("a version")?;
    let params = WatchParams::default().timeout(290);
    let events = notebooks.watch(&params, &version).await?;
    let changed = events.filter_map(|event| async {
        match event {
            Ok(WatchEvent::Modified(object)) => Some(object),
            _ => None,
        }
    });
    Ok(changed.boxed())
}
