//! Findings about a workload: what admission would say to its creation, given the Secrets of the
//! same run.

use bowline_core::plan::{Denial, Found, Warning};
use bowline_core::{Finding, Secret, names, validate};
use serde_json::Value;

use super::rules;
use crate::bundle::Bundle;

/// Where the Secrets of a run come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Files, beside which there may be others.
    Files,
    /// A cluster, which has all there are.
    Cluster,
}

/// All findings about one workload.
pub fn findings(bundle: &Bundle<'_>, object: &Value, world: World) -> Vec<Finding> {
    let absent = match world {
        // A Secret outside of the files may well be in the cluster, so nothing is held against it.
        World::Files => Found::Unavailable("its manifest is not among the files".to_owned()),
        World::Cluster => Found::Missing,
    };
    let Some(outcome) = bundle.plan(object, &absent) else {
        return Vec::new();
    };
    let field = reference(object);
    let unchecked = outcome
        .missing
        .iter()
        .filter(|_| world == World::Files)
        .map(|secret| rules::unchecked(field, secret));
    let said = match &outcome.plan {
        Ok(plan) => {
            let is_new = |warning: &&Warning| !repeats(warning, &outcome.present);
            plan.warnings
                .iter()
                .filter(is_new)
                .map(|w| rules::advice(field, w, world))
                .collect()
        }
        Err(Denial::Unavailable(_)) if !outcome.missing.is_empty() => Vec::new(),
        Err(denial) => vec![rules::denied(field, denial)],
    };
    said.into_iter().chain(unchecked).collect()
}

/// The annotation by which the workload names its connections.
fn reference(object: &Value) -> &'static str {
    let annotations = object.pointer("/metadata/annotations");
    let has = |key: &str| annotations.is_some_and(|map| map.get(key).is_some());
    match has(names::ALAUDA_SOURCE) && !has(names::CONNECTIONS) {
        true => names::ALAUDA_SOURCE,
        false => names::CONNECTIONS,
    }
}

/// Whether a warning says again what `lint` says about the Secret itself.
fn repeats(warning: &Warning, secrets: &[Secret]) -> bool {
    // Long warnings are cut, so the beginning of a message has to do.
    const ENOUGH: usize = 40;
    let beginning = |message: String| message.chars().take(ENOUGH).collect::<String>();
    let findings = secrets.iter().flat_map(validate::findings);
    let text = warning.as_str();
    text.ends_with("see `bowline lint`")
        || findings
            .map(|finding| beginning(finding.message))
            .any(|said| text.contains(&said))
}
