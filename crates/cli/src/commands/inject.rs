//! `bowline inject`: manifests in, manifests after admission out, without a server. What a
//! workload gets is decided by `bowline_core::plan`; how changes are shown is left to `diff`.

mod accounts;
mod diff;

use std::fmt::Display;

use bowline_core::manifest;
use bowline_core::plan::{Denial, Found, Warning};
use serde_json::Value;

use crate::args::Inject;
use crate::bundle::{Bundle, Outcome};
use crate::failure::{Failure, Failures, Kind};
use crate::manifests::{self, Manifest};
use crate::overlooked::Overlooked;
use crate::terminal;

/// Prints the manifests as they would be after admission, or what changes.
///
/// # Errors
/// When a manifest cannot be read, or a workload is denied; then nothing is printed.
pub fn run(args: &Inject) -> Result<(), Failures> {
    let manifests = manifests::read(&args.files)?;
    let bundle = Bundle::new(&manifests, &args.namespace);
    let after = tie(&manifests, &bundle)?;
    let text = match args.diff {
        true => diff::render(&manifests, &after, &bundle),
        false => manifest::render(&after),
    };
    Ok(terminal::print(&text)?)
}

/// The objects after admission: those of the manifests, in order, then accounts they lack.
fn tie(manifests: &[Manifest], bundle: &Bundle<'_>) -> Result<Vec<Value>, Failures> {
    let (mut after, mut accounts, mut denials) = (Vec::new(), Vec::new(), Vec::new());
    for manifest in manifests {
        overlooked(manifest, bundle);
        let Some(outcome) = bundle.plan(&manifest.object, &Found::Missing) else {
            after.push(manifest.object.clone());
            continue;
        };
        match &outcome.plan {
            Ok(plan) => {
                warn(manifest, bundle, &plan.warnings);
                after.push(plan.object.as_ref().unwrap_or(&manifest.object).clone());
                let asked = plan.accounts.iter().cloned();
                accounts.extend(asked.map(|account| (own_namespace(manifest), account)));
            }
            Err(denial) => denials.push(denied(manifest, bundle, denial, &outcome)),
        }
    }
    if !denials.is_empty() {
        return Err(Failures(denials));
    }
    for (own_namespace, account) in &accounts {
        accounts::ensure(&mut after, *own_namespace, bundle.namespace, account);
    }
    Ok(after)
}

fn overlooked(manifest: &Manifest, bundle: &Bundle<'_>) {
    for overlooked in Overlooked::of(&manifest.object) {
        say(manifest, bundle, &overlooked);
    }
}

fn warn(manifest: &Manifest, bundle: &Bundle<'_>, warnings: &[Warning]) {
    for warning in warnings {
        say(manifest, bundle, warning);
    }
}

fn say(manifest: &Manifest, bundle: &Bundle<'_>, what: &dyn Display) {
    let (place, object) = (manifest.source.start(), bundle.name(&manifest.object));
    terminal::warn(&format!("{place}: {object}: {what}"));
}

fn denied(manifest: &Manifest, bundle: &Bundle<'_>, denial: &Denial, outcome: &Outcome) -> Failure {
    let (place, object) = (manifest.source.start(), bundle.name(&manifest.object));
    let denial = denial.to_string();
    let is_elsewhere = denial.contains(&format!("in namespace `{}`", bundle.namespace));
    let help = match outcome.missing.first() {
        Some(secret) => format!("add the manifest of Secret `{secret}` with `-f`"),
        None if own_namespace(manifest).is_none() && is_elsewhere => {
            "the manifest names no namespace: say which one is meant with `-n`".to_owned()
        }
        None => format!("`bowline lint -f {}` lists all that is wrong", place.file),
    };
    Failure::new(Kind::Invalid, format!("{object} would be denied ({place})"))
        .cause(denial)
        .help(help)
}

/// The namespace that a manifest itself names.
fn own_namespace(manifest: &Manifest) -> Option<&str> {
    manifest
        .object
        .pointer("/metadata/namespace")
        .and_then(Value::as_str)
}
