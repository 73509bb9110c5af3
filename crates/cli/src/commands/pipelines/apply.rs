//! `bowline pipelines apply`: rendered objects into a cluster, each applied on the server's side.

use std::process::ExitCode;

use bowline_catalog::Error;
use bowline_pipelines::render::{self, Options};
use bowline_setup::objects::{self, Identity};
use serde_json::Value;

use super::input;
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
    let deployment = input::accepted(&input)?;
    let options = Options {
        names: args.layout.names(),
        kyverno: args.kyverno,
        secrets: input.secrets.as_deref(),
    };
    let (rendered, findings) = render::objects(deployment, options);
    findings
        .iter()
        .for_each(|finding| terminal::tell("", finding));
    let cluster = Cluster::new(flags).await?;
    let mut failures = Vec::new();
    for object in &rendered {
        if let Err(failure) = one(&cluster, object, args.force_conflicts).await {
            failures.push(failure);
        }
    }
    if args.opt_in {
        failures.extend(opt_in::run(&cluster, deployment).await?);
    }
    // Nothing is deleted on the strength of objects that could not be applied.
    if args.prune && failures.is_empty() {
        let owner = render::owner(deployment);
        let stale = objects::stale(cluster.client(), &owner, &rendered).await;
        for stale in stale.map_err(|error| cluster.failed(error))? {
            let pruned = objects::prune(cluster.client(), &stale).await;
            pruned.map_err(|error| cluster.failed(error))?;
            terminal::print(&format!("{} deleted\n", stale.identity))?;
        }
    }
    match failures.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(Failures(failures)),
    }
}

async fn one(cluster: &Cluster, object: &Value, force: bool) -> Result<(), Failure> {
    let applied = objects::apply(cluster.client(), object, force).await;
    let applied = applied.map_err(|error| {
        let is_missing = matches!(error, Error::NotFound { .. });
        let failure = cluster.failed(error);
        match failure.kind() {
            Kind::Conflict => failure.help(
                "look with `bowline pipelines diff`; `--force-conflicts` takes the fields over",
            ),
            _ if is_missing => failure.help("install Kubeflow Pipelines first, then apply again"),
            _ => failure,
        }
    })?;
    terminal::print(&format!("{} {}\n", Identity::of(object), applied.as_str()))
}
