//! `bowline pipelines diff`: what applying would change in a cluster.

use std::process::ExitCode;

use bowline_pipelines::render::{self, Options};
use serde_json::{Value, json};

use super::input;
use super::live::{self, Identity, Stale, State};
use crate::args::{self, Diff};
use crate::cluster::Cluster;
use crate::failure::{Failures, Kind};
use crate::output::{self, Shown};
use crate::terminal::plain;

/// Prints what would change.
///
/// # Errors
/// When an input cannot be read or is refused, or the cluster refuses.
pub async fn run(args: &Diff, flags: &args::Cluster) -> Result<ExitCode, Failures> {
    let input = input::read(&args.source)?;
    let deployment = input.accepted()?;
    let options = Options {
        names: args.layout.names(),
        kyverno: args.kyverno,
        secrets: input.secrets.as_deref(),
    };
    let (objects, _) = render::objects(deployment, options);
    let cluster = Cluster::new(flags).await?;
    let mut states = Vec::with_capacity(objects.len());
    for object in &objects {
        states.push((Identity::of(object), live::state(&cluster, object).await?));
    }
    let stale = live::stale(&cluster, &objects).await?;
    args.output.print(&Shown {
        value: value(&states, &stale)?,
        names: Vec::new(),
        text: &|_| text(&states, &stale),
    })?;
    let is_same = states.iter().all(|(_, state)| *state == State::Same) && stale.is_empty();
    Ok(match is_same {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(Kind::Invalid.exit_code()),
    })
}

fn value(states: &[(Identity, State)], stale: &[Stale]) -> Result<Value, Failures> {
    let mut objects = Vec::with_capacity(states.len() + stale.len());
    for (identity, state) in states {
        let mut object = output::value(identity)?;
        if let (Value::Object(object), Value::Object(state)) = (&mut object, output::value(state)?)
        {
            object.extend(state);
        }
        objects.push(object);
    }
    for stale in stale {
        let mut object = output::value(&stale.identity)?;
        object["state"] = json!("stale");
        objects.push(object);
    }
    Ok(json!({ "objects": objects }))
}

fn text(states: &[(Identity, State)], stale: &[Stale]) -> String {
    let mut text = String::new();
    for (identity, state) in states {
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
    for stale in stale {
        text.push_str(&format!("- {}\n", stale.identity));
    }
    if text.is_empty() {
        text.push_str("Nothing would change.\n");
    }
    text
}
