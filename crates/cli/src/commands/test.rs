//! `bowline test`: proves connections against their real endpoints. What is proved and how is
//! `bowline_probe`'s; which connections is left to `targets`, how results are shown to `text`,
//! `json` and `junit`, remembering them to `record`.

mod json;
pub(super) mod junit;
pub(super) mod live;
mod mounted;
mod pod;
mod record;
mod remote;
mod targets;
mod text;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use bowline_core::{Connection, Sensitive};
use bowline_probe::dial::Pattern;
use bowline_probe::{Ask, Guard, News, Report, Request, Settings, WebIdentity, probe};
use bowline_proof::ApiClaims;
use futures::{Stream, StreamExt, stream};

use crate::args::{self, From, Test, TestOutput};
use crate::cluster::Cluster;
use crate::failure::{Failure, Failures, Kind};
use crate::process::{INTERRUPTED, wait_for_signal};
use crate::terminal;
use live::{Live, shown, turning};
use pod::Wanted;
use remote::Done;
use targets::Targets;

/// Connections that are tested at the same time.
const AT_ONCE: usize = 64;

/// What became of one connection.
struct Tested<'a> {
    connection: &'a Connection,
    report: Report,
}

/// Tests what the flags name.
///
/// # Errors
/// When there is nothing to test, or the cluster does not answer.
pub async fn run(args: &Test, flags: &args::Cluster) -> Result<ExitCode, Failures> {
    let (targets, cluster) = match &args.mounted {
        Some(folder) => (mounted::read(folder)?, None),
        None if !args.files.is_empty() => (targets::of_files(args)?, None),
        None => {
            let cluster = Cluster::new(flags).await?;
            (targets::of_cluster(&cluster, args).await?, Some(cluster))
        }
    };
    for (name, reason) in &targets.left_out {
        terminal::warn(&format!("`{name}` is not tested: {reason}"));
    }
    let trial = Trial::new(args, cluster.as_ref())?;
    let live = Mutex::new(Live::new(args.output, targets.tested.len()));
    let remote = match &cluster {
        Some(cluster) if is_remote(args, cluster).await => Some(cluster),
        _ => None,
    };
    let done = match remote {
        Some(cluster) => turning(&live, in_pods(cluster, args, &targets, &live)).await?,
        None => tokio::select! {
            tested = turning(&live, trial.test(&targets, &live)) => {
                Some(Done { tested, failures: Vec::new() })
            }
            signal = wait_for_signal() => { signal?; None }
        },
    };
    let Some(Done { tested, failures }) = done else {
        shown(&live).clear();
        terminal::warn("the tests were stopped; what was not finished is not shown");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    match (args.record, &cluster) {
        (true, Some(cluster)) if trial.ask.is_plain() => record::all(cluster, &tested).await,
        (true, Some(_)) => terminal::warn(
            "results are not recorded: what was asked for in particular says nothing about how a \
             connection is; leave out `--path`, `--reference`, `--write` and `--push`",
        ),
        _ => {}
    }
    // What pods may reach is not this process's to say.
    let is_own_allowed = remote.is_none() && trial.guard.is_own_allowed;
    show(args.output, &tested, failures.len(), is_own_allowed)?;
    if !failures.is_empty() {
        return Err(Failures(failures));
    }
    let worst = tested
        .iter()
        .filter_map(|tested| tested.report.kind())
        .map(Kind::exit_code)
        .max();
    Ok(ExitCode::from(worst.unwrap_or(0)))
}

/// Whether pods test; says so where that was asked for and cannot be.
async fn is_remote(args: &Test, cluster: &Cluster) -> bool {
    if args.from == From::Here {
        return false;
    }
    let has_nodes = remote::has_nodes(cluster.client()).await;
    if !has_nodes {
        terminal::warn("this cluster has no nodes that run pods, so this process tests");
    }
    has_nodes
}

async fn in_pods<'a>(
    cluster: &Cluster,
    args: &Test,
    targets: &'a Targets,
    live: &Mutex<Live>,
) -> Result<Option<Done<'a>>, Failure> {
    let wanted = Wanted {
        image: args.image.as_deref().unwrap_or_default(),
        account: args.account.as_deref(),
        labels: &args.pod_labels,
        flags: &asked(args),
    };
    shown(live).in_pods();
    let told = |tested: &Tested<'_>| shown(live).result(tested);
    let done = remote::all(cluster.client(), targets, &wanted, told, wait_for_signal()).await;
    shown(live).clear();
    done
}

/// The flags that say what is asked of a connection and where tests may go, for another process.
fn asked(args: &Test) -> Vec<String> {
    let mut flags = Vec::new();
    for (flag, text) in [("--path", &args.path), ("--reference", &args.reference)] {
        flags.extend(text.iter().map(|text| format!("{flag}={text}")));
    }
    for (flag, is_set) in [("--write", args.write), ("--push", args.push)] {
        flags.extend(is_set.then(|| flag.to_owned()));
    }
    for (flag, patterns) in [("--allow", &args.allow), ("--deny", &args.deny)] {
        flags.extend(patterns.iter().map(|pattern| format!("{flag}={pattern}")));
    }
    flags
}

fn show(
    output: TestOutput,
    tested: &[Tested<'_>],
    silent: usize,
    is_own_allowed: bool,
) -> Result<(), Failure> {
    terminal::print(&match output {
        TestOutput::Text => text::summary(tested, silent, is_own_allowed),
        TestOutput::Json => json::render(tested),
        TestOutput::Junit => junit::render(tested),
    })
}

/// The certificate authorities of a file.
pub(super) fn authorities(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let read = |file: &Path| {
        std::fs::read_to_string(file).map_err(|error| {
            Failure::new(Kind::Usage, format!("`{}` cannot be read", file.display()))
                .caused_by(&error)
        })
    };
    file.map(read).transpose()
}

/// Where the tests of a command may go.
pub(super) fn guard(allowed: &[Pattern], denied: &[Pattern]) -> Guard {
    // A pod's own addresses belong to whoever runs the cluster, not to whoever wrote a connection.
    let is_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    Guard {
        is_own_allowed: !is_pod,
        allowed: allowed.to_vec(),
        denied: denied.to_vec(),
        ..Guard::new()
    }
}

/// What all tests of one command share.
struct Trial {
    ask: Ask,
    guard: Guard,
    settings: Settings,
    authorities: Option<String>,
    claims: Option<ApiClaims>,
    identity: Option<WebIdentity>,
    workload: Option<Sensitive>,
}

impl Trial {
    fn new(args: &Test, cluster: Option<&Cluster>) -> Result<Self, Failure> {
        let mounted = args
            .mounted
            .as_ref()
            .map(|folder| folder.join(pod::AUTHORITIES_FILE))
            .filter(|file| file.exists());
        let authorities = authorities(args.authorities.as_deref().or(mounted.as_deref()))?;
        Ok(Self {
            ask: Ask {
                path: args.path.clone(),
                write: args.write,
                push: args.push,
                reference: args.reference.clone(),
            },
            guard: guard(&args.allow, &args.deny),
            settings: Settings::default(),
            authorities,
            claims: cluster.map(|cluster| ApiClaims(cluster.client().clone())),
            identity: args.mounted.as_ref().and_then(|_| mounted::identity()),
            workload: args.mounted.as_deref().and_then(mounted::workload),
        })
    }

    /// Tests all, many at once, and shows each as soon as those before it are done.
    async fn test<'a>(&self, targets: &'a Targets, live: &Mutex<Live>) -> Vec<Tested<'a>> {
        let mut done = Vec::with_capacity(targets.tested.len());
        if let [only] = targets.tested.as_slice() {
            shown(live).heading(&targets.all[*only]);
            let mut sink = |news: News<'_>| shown(live).news(news);
            let report = self.one(targets, *only, &mut sink).await;
            shown(live).clear();
            return vec![Tested {
                connection: &targets.all[*only],
                report,
            }];
        }
        let mut running = std::pin::pin!(self.many(targets));
        while let Some(tested) = running.next().await {
            shown(live).result(&tested);
            done.push(tested);
        }
        shown(live).clear();
        done
    }

    fn many<'a>(&self, targets: &'a Targets) -> impl Stream<Item = Tested<'a>> {
        let test = move |index: usize| async move {
            let report = self.one(targets, index, &mut |_| {}).await;
            Tested {
                connection: &targets.all[index],
                report,
            }
        };
        stream::iter(targets.tested.iter().copied())
            .map(test)
            .buffered(AT_ONCE)
    }

    async fn one(&self, targets: &Targets, index: usize, sink: bowline_probe::Sink<'_>) -> Report {
        let connection = &targets.all[index];
        let others = targets.of_namespace(&connection.secret.namespace);
        let request = Request {
            connection,
            ask: &self.ask,
            others: &others,
            claims: self
                .claims
                .as_ref()
                .map(|claims| claims as &dyn bowline_probe::Claims),
            authorities: self.authorities.as_deref(),
            identity: self.identity.as_ref(),
            workload: self.workload.as_ref(),
        };
        probe(&request, &self.guard, &self.settings, sink).await
    }
}
