//! `bowline pipelines check`: readers at the object store, and profiles at what is not theirs. What is
//! tried and how is `bowline_setup`'s; how results are shown is left to `text` and `junit`.

mod junit;
mod text;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bowline_core::Kind;
use bowline_pipelines::explain;
use bowline_pipelines::render::{self, Options};
use bowline_probe::{Guard, Settings, Slots};
use bowline_setup::check::{Check, News, Report, Sources};
use serde_json::Value;

use super::input;
use crate::args::{self, TestOutput};
use crate::cluster::Cluster;
use crate::commands::test::{authorities, guard, live::Live};
use crate::failure::{Failure, Failures};
use crate::output;
use crate::process::{INTERRUPTED, wait_for_signal};
use crate::terminal;

/// Readers of one namespace, and of all, that are at the store at once.
const OF_EACH: usize = 4;
const IN_ALL: usize = 16;
/// Whoever checks waits for as long as it takes.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks what the flags describe.
///
/// # Errors
/// When an input cannot be read or is refused, or a profile is not in it.
pub async fn run(args: &args::Check, flags: &args::Cluster) -> Result<ExitCode, Failures> {
    let input = input::read(&args.source)?;
    let deployment = input::accepted(&input)?;
    known(&args.profiles, deployment)?;
    let options = Options {
        names: args.ways.names(&args.source),
        kyverno: args.ways.kyverno,
        secrets: input.secrets.as_deref(),
    };
    let (objects, findings) = render::objects(deployment, options);
    findings
        .iter()
        .for_each(|finding| terminal::tell("", finding));
    let cluster = match &input.secrets {
        Some(_) => None,
        None => Some(Cluster::new(flags).await?),
    };
    let explanation = explain::explain(deployment, &objects);
    let authorities = authorities(args.authorities.as_deref())?;
    let guard = guard(&args.allow, &args.deny);
    let stop = AtomicBool::new(false);
    let check = Check {
        deployment,
        explanation: &explanation,
        profiles: &args.profiles,
        sources: sources(&objects, &input, cluster.as_ref()),
        authorities: authorities.as_deref(),
        guard: &|_| guard.clone(),
        settings: &Settings::default(),
        slots: &Slots::new(OF_EACH, IN_ALL, PATIENCE),
        stop: &stop,
    };
    let Some(report) = watched(&check, args.output).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    show(args.output, &report, &guard)?;
    let worst = report.kind().map(Kind::exit_code);
    Ok(ExitCode::from(worst.unwrap_or(0)))
}

fn sources<'a>(
    objects: &'a [Value],
    input: &'a bowline_pipelines::Input,
    cluster: Option<&'a Cluster>,
) -> Sources<'a> {
    Sources {
        objects,
        secrets: input.secrets.as_deref().unwrap_or_default(),
        client: cluster.map(Cluster::client),
    }
}

fn known(profiles: &[String], deployment: &bowline_pipelines::Deployment) -> Result<(), Failure> {
    let is_known = |name: &String| deployment.profiles.iter().any(|it| it.name == *name);
    match profiles.iter().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => {
            let what = format!("there is no profile `{name}` in the description");
            Err(Failure::new(Kind::Usage, what)
                .help("name one that `bowline pipelines explain` shows"))
        }
    }
}

/// Runs to the end, or until a signal; then what was written is still removed.
async fn watched(check: &Check<'_>, output: TestOutput) -> Result<Option<Report>, Failure> {
    let mut live = Live::of(output);
    let mut done = 0;
    let mut told = |news: News<'_>| {
        done += 1;
        match news {
            News::Reader(row) => live.part(&text::block(row), &format!("{done} tried")),
            News::Pair(_) => live.part("", &format!("{done} tried")),
        }
    };
    let report = {
        let mut running = std::pin::pin!(check.run(&mut told));
        tokio::select! {
            report = &mut running => Some(report),
            signal = wait_for_signal() => {
                signal?;
                check.stop.store(true, Ordering::Relaxed);
                running.await;
                None
            }
        }
    };
    live.clear();
    if report.is_none() {
        terminal::warn("the check was stopped, and what it wrote was removed; nothing is shown");
    }
    Ok(report)
}

fn show(output: TestOutput, report: &Report, guard: &Guard) -> Result<(), Failure> {
    terminal::print(&match output {
        TestOutput::Text => text::summary(report, guard.is_own_allowed),
        TestOutput::Json => format!("{:#}\n", output::value(report)?),
        TestOutput::Junit => junit::render(report),
    })
}
