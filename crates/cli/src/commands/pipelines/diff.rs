//! `bowline pipelines diff`: what applying would change in a cluster.

use std::process::ExitCode;

use bowline_pipelines::render::{self, Options};
use bowline_setup::objects::{self, Difference, State};

use super::input;
use crate::args::{self, Diff};
use crate::cluster::Cluster;
use crate::failure::{Failures, Kind};
use crate::output::Shown;
use crate::terminal::plain;

/// Prints what would change.
///
/// # Errors
/// When an input cannot be read or is refused, or the cluster refuses.
pub async fn run(args: &Diff, flags: &args::Cluster) -> Result<ExitCode, Failures> {
    let input = input::read(&args.source)?;
    let deployment = input::accepted(&input)?;
    let options = Options {
        names: args.layout.names(),
        kyverno: args.kyverno,
        secrets: input.secrets.as_deref(),
    };
    let (rendered, _) = render::objects(deployment, options);
    let cluster = Cluster::new(flags).await?;
    let owner = render::owner(deployment);
    let difference = objects::difference(cluster.client(), &owner, &rendered).await;
    let difference = difference.map_err(|error| cluster.failed(error))?;
    args.output.print(&Shown {
        value: &|| Ok(difference.value()),
        names: Vec::new(),
        text: &|_| text(&difference),
    })?;
    Ok(match difference.is_nothing() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(Kind::Invalid.exit_code()),
    })
}

fn text(difference: &Difference) -> String {
    let mut text = String::new();
    for (identity, state) in &difference.states {
        match state {
            State::Same => {}
            State::New => text.push_str(&format!("+ {identity}\n")),
            State::Changed { changes } => {
                text.push_str(&format!("~ {identity}\n"));
                for change in changes {
                    let from = change.from.as_deref().unwrap_or("(nothing)");
                    let (path, from, to) = (plain(&change.path), plain(from), plain(&change.to));
                    text.push_str(&format!("    {path}: {from} -> {to}\n"));
                }
            }
        }
    }
    for stale in &difference.stale {
        text.push_str(&format!("- {}\n", stale.identity));
    }
    if text.is_empty() {
        text.push_str("Nothing would change.\n");
    }
    text
}
