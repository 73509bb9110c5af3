//! `bowline pipelines apply`: rendered objects into a cluster, each applied on the server's side.

use std::process::ExitCode;

use bowline_catalog::Error;
use bowline_pipelines::render::{self, Options};
use bowline_setup::apply::{self, Done, Trouble, Wish};

use super::input;
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
    let (objects, findings) = render::objects(deployment, options);
    findings
        .iter()
        .for_each(|finding| terminal::tell("", finding));
    let cluster = Cluster::new(flags).await?;
    let wish = Wish {
        deployment,
        objects: &objects,
        force: args.force_conflicts,
        prune: args.prune,
        opt_in: args.opt_in,
        is_dry: false,
    };
    let mut failures = Vec::new();
    apply::apply(cluster.client(), wish, |identity, end| {
        let told = match end {
            Ok(Done::Agreed) => terminal::print(&format!("{identity} agrees to be copied\n")),
            Ok(Done::OptedIn) => terminal::print(&format!("{identity} opted in\n")),
            Ok(done) => terminal::print(&format!("{identity} {}\n", done.as_str())),
            Err(Trouble::Refused(error)) => Err(refused(&cluster, error)),
            Err(Trouble::Withheld(withheld)) => Err(Failure::new(Kind::NotFound, &*withheld.what)
                .help(withheld.help("--secrets", "--opt-in"))),
        };
        failures.extend(told.err());
    })
    .await;
    match failures.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(Failures(failures)),
    }
}

fn refused(cluster: &Cluster, error: Error) -> Failure {
    let is_missing = matches!(error, Error::NotFound { .. });
    let failure = cluster.failed(error);
    match failure.kind() {
        Kind::Conflict => failure
            .help("look with `bowline pipelines diff`; `--force-conflicts` takes the fields over"),
        _ if is_missing => failure.help("install Kubeflow Pipelines first, then apply again"),
        _ => failure,
    }
}
