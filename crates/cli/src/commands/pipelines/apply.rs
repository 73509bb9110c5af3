//! `bowline pipelines apply`: rendered objects into a cluster, each applied on the server's side.

use std::process::ExitCode;

use bowline_pipelines::render::{self, OWNED, Options};
use serde_json::Value;

use super::input;
use super::live::{self, Identity, State};
use super::opt_in;
use crate::args::{self, Apply};
use crate::cluster::Cluster;
use crate::failure::{Failure, Failures, Kind};
use crate::terminal;

/// Applies the objects, and deletes what is no longer rendered where that is asked for.
///
/// # Errors
/// When an input cannot be read or is refused, or the cluster refuses an object; the others are applied
/// all the same.
pub async fn run(args: &Apply, flags: &args::Cluster) -> Result<ExitCode, Failures> {
    let input = input::read(&args.source)?;
    let deployment = input.accepted()?;
    let options = Options {
        names: args.layout.names(),
        kyverno: args.kyverno,
        secrets: input.secrets.as_deref(),
    };
    let (objects, findings) = render::objects(deployment, options);
    findings
        .iter()
        .for_each(|finding| terminal::tell("", finding));
    let cluster = Cluster::new(flags).await?;
    let mut failures = Vec::new();
    for object in &objects {
        if let Err(failure) = one(&cluster, object, args.force_conflicts).await {
            failures.push(failure);
        }
    }
    if args.opt_in {
        failures.extend(opt_in::run(&cluster, deployment).await?);
    }
    // Nothing is deleted on the strength of objects that could not be applied.
    if args.prune && failures.is_empty() {
        for stale in live::stale(&cluster, &objects).await? {
            live::prune(&cluster, &stale).await?;
            terminal::print(&format!("{} deleted\n", stale.identity))?;
        }
    }
    match failures.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(Failures(failures)),
    }
}

async fn one(cluster: &Cluster, object: &Value, force: bool) -> Result<(), Failure> {
    let identity = Identity::of(object);
    let word = match live::state(cluster, object).await? {
        State::Same => "unchanged",
        // A part of something that somebody else installs, and has not.
        State::New if is_a_part(object) => {
            let what = format!("{identity} is not there, and only a part of it is ours to set");
            return Err(Failure::new(Kind::NotFound, what)
                .help("install Kubeflow Pipelines first, then apply again"));
        }
        State::New => {
            live::apply(cluster, object, force).await?;
            "created"
        }
        State::Changed { .. } => {
            live::apply(cluster, object, force).await?;
            "changed"
        }
    };
    terminal::print(&format!("{identity} {word}\n"))
}

fn is_a_part(object: &Value) -> bool {
    let (label, value) = OWNED;
    let is_ours = object["metadata"]["labels"][label] == value;
    object["kind"] == "Deployment" && !is_ours
}
