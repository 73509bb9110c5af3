//! Two connections that set the same variable in one container: who wins is for the person to know.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Wanted, provides, usual};
use crate::plan::Draft;
use crate::plan::advice::{Warning, fit};

/// Room for a name in a warning that has three of them.
const LONGEST_NAME: usize = 18;
const LONGEST_VARIABLE: usize = 24;

/// Warns where connections of one container set the same variable, naming both and the winner.
pub(super) fn warn(draft: &mut Draft<'_>, wanted: &Wanted) {
    if wanted.entries.len() < 2 {
        return;
    }
    let present = in_order(draft, wanted);
    let mut setters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, (_, keys)) in present.iter().enumerate() {
        for key in keys.iter().filter(|key| is_variable(key)) {
            setters.entry(key).or_default().push(index);
        }
    }
    let mut clashes: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    for (key, setters) in setters {
        // Kubernetes lets the last source win.
        if let Some((winner, losers)) = setters.split_last() {
            losers
                .iter()
                .for_each(|loser| clashes.entry((*loser, *winner)).or_default().push(key));
        }
    }
    let name = |index: usize| fit(present[index].0, LONGEST_NAME);
    let texts: Vec<String> = clashes
        .iter()
        .map(|((loser, winner), keys)| {
            let (loser, winner) = (name(*loser), name(*winner));
            let more = keys.len() - 1;
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let key = fit(keys[0], LONGEST_VARIABLE);
            format!("`{loser}` and `{winner}` both set {key}{rest}; `{winner}` wins")
        })
        .collect();
    for warning in texts.into_iter().map(Warning::new) {
        // The pods of one workload often have the same connections.
        if !draft.plan.warnings.contains(&warning) {
            draft.plan.warnings.push(warning);
        }
    }
}

/// The Secrets of a pod's connections with their keys, in the order in which its container reads
/// them.
fn in_order<'a>(draft: &Draft<'a>, wanted: &'a Wanted) -> Vec<(&'a str, Vec<&'a str>)> {
    let Some(container) = usual(draft, &wanted.pod) else {
        return Vec::new();
    };
    let mut present = Vec::new();
    for entry in &wanted.entries {
        let Some(found) = draft.lookup.get(&entry.name).filter(|it| it.is_usable()) else {
            continue;
        };
        let sources = container.child("envFrom");
        let sources = sources.get(&draft.object).and_then(Value::as_array);
        let position = sources.and_then(|s| s.iter().rposition(|e| provides(e, &entry.name)));
        let secret = (entry.name.as_str(), found.keys());
        present.extend(position.map(|position| (position, secret)));
    }
    present.sort_by_key(|(position, _)| *position);
    present.into_iter().map(|(_, secret)| secret).collect()
}

/// Whether a Secret's key becomes a variable; the kubelet skips others, such as `.dockerconfigjson`.
fn is_variable(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}
