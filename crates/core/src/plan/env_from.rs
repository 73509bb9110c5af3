//! Connections as variables: Notebooks and everything else with a pod template get one `envFrom`
//! entry per connection. Serving kinds are left to `serving`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::advice::short;
use super::path::Path;
use super::place::{self, Pod};
use super::record::annotation;
use super::reference::{Entry, ReferenceError, parse_list, parse_list_leniently};
use super::{Denial, Draft, Found, Needs, Operation, Plan, Request, Warning};
use crate::names;
use crate::secret::Secret;
use crate::workload::WorkloadKind;

/// A pod and the connections it is to get.
struct Wanted {
    pod: Path,
    entries: Vec<Entry>,
}

pub(super) fn needs(request: &Request<'_>) -> Needs {
    if request.kind.is_pod_immutable() && request.operation == Operation::Update {
        return Needs::default();
    }
    let earlier = earlier_names(request);
    let mut needs = Needs::default();
    for wanted in wanted(request, request.object).unwrap_or_default() {
        for entry in wanted
            .entries
            .into_iter()
            .filter(|entry| is_local(request, entry))
        {
            let is_new = !earlier.contains(&entry.name);
            if is_new && !is_handed_down(request, &wanted.pod, &entry.name) {
                push_unique(&mut needs.authorize, &entry.name);
            }
            push_unique(&mut needs.read, &entry.name);
        }
    }
    needs
}

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), Denial> {
    let request = draft.request;
    let mut wanted = match wanted(request, request.object) {
        Ok(wanted) => wanted,
        Err(error) => return malformed(draft, &error),
    };
    let earlier = earlier_names(request);
    check_availability(draft, &wanted, &earlier)?;
    wanted
        .iter_mut()
        .for_each(|wanted| wanted.entries.retain(|entry| is_local(request, entry)));
    for name in names_of(&wanted) {
        let targets: Vec<Path> = wanted
            .iter()
            .filter(|wanted| wanted.entries.iter().any(|entry| entry.name == name))
            .filter_map(|wanted| target(draft, &wanted.pod, &name))
            .collect();
        if targets.is_empty() && !earlier.contains(&name) {
            return Err(Denial::Forbidden(format!(
                "connection `{name}` has no container to go to: add one under `containers`"
            )));
        }
        draft.tie(&name, |knot| {
            for container in &targets {
                let item = json!({"secretRef": {"name": name}});
                knot.append(&container.child("envFrom"), item, |other| {
                    provides(other, &name)
                });
            }
        });
        advise_on(draft, &name, !earlier.contains(&name));
    }
    for wanted in &wanted {
        warn_of_collisions(draft, wanted);
    }
    Ok(())
}

/// The container of a pod that gets a connection: the one that has it, else the pod's usual one.
///
/// Objects that a peer injected may have it elsewhere, and moving it would restart their pods.
fn target(draft: &Draft<'_>, pod: &Path, name: &str) -> Option<Path> {
    let containers = pod.child("containers").to_string();
    let items = draft
        .earlier
        .tied(name)
        .map(|tied| tied.items.as_slice())
        .unwrap_or_default();
    let earlier = items.iter().find_map(|item| {
        let list = Path::parse(&item.list)?;
        let container = list.parent()?;
        let is_here = container.parent()?.to_string() == containers;
        (is_here && container.get(&draft.object).is_some()).then_some(container)
    });
    earlier.or_else(|| place::container(&draft.object, pod))
}

/// Pods and Jobs cannot be changed once they exist, so an update of theirs is only commented on.
pub(super) fn plan_immutable(request: &Request<'_>) -> Plan {
    let now = wanted(request, request.object)
        .map(|wanted| names_of(&wanted))
        .unwrap_or_default();
    let mut plan = Plan::default();
    if now.iter().cloned().collect::<BTreeSet<_>>() != earlier_names(request) {
        plan.warnings.push(Warning::new(
            "connections of a Pod or Job take effect at creation only; delete it and create it again",
        ));
    }
    plan
}

/// The pods of a workload with what each is to get.
fn wanted(request: &Request<'_>, object: &Value) -> Result<Vec<Wanted>, ReferenceError> {
    let pods = place::pods(request.kind, object);
    pods.iter()
        .map(|pod| {
            let entries = parse_list(reference(object, pod), bare_names(request.kind))?;
            Ok(Wanted {
                pod: pod.spec.clone(),
                entries,
            })
        })
        .collect()
}

fn reference<'a>(object: &'a Value, pod: &Pod<'a>) -> &'a str {
    pod.own_reference
        .or_else(|| annotation(object, names::CONNECTIONS))
        .unwrap_or_default()
}

/// OpenShift AI's grammar for Notebooks demands the namespace; elsewhere it may be left out.
fn bare_names(kind: WorkloadKind) -> bool {
    kind != WorkloadKind::Notebook
}

/// What the stored object referred to, as far as it can be read.
fn earlier_names(request: &Request<'_>) -> BTreeSet<String> {
    let Some(before) = request.before else {
        return BTreeSet::new();
    };
    let bare = bare_names(request.kind);
    let mut pods = place::pods(request.kind, before);
    if pods.is_empty() {
        pods.push(Pod {
            spec: Path::keys(&["spec"]),
            own_reference: None,
        });
    }
    pods.iter()
        .flat_map(|pod| parse_list_leniently(reference(before, pod), bare))
        .filter(|entry| is_local(request, entry))
        .map(|entry| entry.name)
        .collect()
}

fn is_local(request: &Request<'_>, entry: &Entry) -> bool {
    entry
        .namespace
        .as_deref()
        .is_none_or(|namespace| namespace == request.namespace)
}

/// Whether a controller has made this Pod or Job from a template that was admitted before: then the
/// entry is there already, nothing is added, and the controller needs no right of its own.
fn is_handed_down(request: &Request<'_>, pod: &Path, name: &str) -> bool {
    request.kind.is_pod_immutable()
        && place::container(request.object, pod).is_some_and(|container| {
            let entries = container.child("envFrom");
            let entries = entries.get(request.object).and_then(Value::as_array);
            entries.is_some_and(|entries| entries.iter().any(|entry| provides(entry, name)))
        })
}

/// Whether an `envFrom` entry brings all variables of a Secret under their own names.
///
/// An entry with a prefix brings other names, so it does not count.
fn provides(entry: &Value, name: &str) -> bool {
    entry.pointer("/secretRef/name").and_then(Value::as_str) == Some(name)
        && entry
            .get("prefix")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .is_empty()
}

fn names_of(wanted: &[Wanted]) -> Vec<String> {
    let mut names = Vec::new();
    for entry in wanted.iter().flat_map(|wanted| &wanted.entries) {
        push_unique(&mut names, &entry.name);
    }
    names
}

fn push_unique(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|other| other == name) {
        list.push(name.to_owned());
    }
}

/// A list that cannot be read is refused when it is new; a stored one must not freeze the workload.
fn malformed(draft: &mut Draft<'_>, error: &ReferenceError) -> Result<(), Denial> {
    let text = format!("annotation `{}` {error}", names::CONNECTIONS);
    let request = draft.request;
    let was_there = request
        .before
        .is_some_and(|before| wanted(request, before).as_ref().err() == Some(error));
    if !was_there {
        return Err(Denial::Forbidden(text));
    }
    for tied in draft.earlier.connections.clone() {
        draft.tie(&tied.name, |knot| knot.restore(&tied));
    }
    draft.warn(text);
    Ok(())
}

/// Denies what is newly named and cannot be had, warns of what was named before.
///
/// One wording covers foreign, missing and forbidden, so that nobody learns which Secrets exist.
fn check_availability(
    draft: &mut Draft<'_>,
    wanted: &[Wanted],
    earlier: &BTreeSet<String>,
) -> Result<(), Denial> {
    let namespace = draft.request.namespace;
    let (mut refused, mut unavailable, mut warned) = (Vec::new(), None, Vec::new());
    for entry in wanted.iter().flat_map(|wanted| &wanted.entries) {
        let is_local = is_local(draft.request, entry);
        let label = format!(
            "`{}/{}`",
            entry.namespace.as_deref().unwrap_or(namespace),
            entry.name
        );
        let problem = match draft.found(&entry.name) {
            _ if !is_local => &mut refused,
            Found::Secret(_) => continue,
            _ if earlier.contains(&entry.name) => &mut warned,
            Found::Missing | Found::Forbidden => &mut refused,
            Found::Unavailable(reason) => {
                unavailable
                    .get_or_insert(format!("connection {label} could not be read: {reason}"));
                continue;
            }
        };
        push_unique(problem, &label);
    }
    // A foreign entry that stands there already must not freeze the workload either.
    let is_kept = |label: &String| earlier_labels(draft.request).contains(label);
    let (kept, refused): (Vec<String>, Vec<String>) = refused.into_iter().partition(is_kept);
    if !refused.is_empty() {
        return Err(Denial::Forbidden(format!(
            "annotation `{}` names {}, which you cannot use in namespace `{namespace}`: create the \
             Secret there, or ask for the right to `get` it",
            names::CONNECTIONS,
            refused.join(", "),
        )));
    }
    if let Some(text) = unavailable {
        return Err(Denial::Unavailable(text));
    }
    for label in warned.into_iter().chain(kept) {
        draft.warn(format!(
            "connection {} is not available now; nothing was changed",
            short(&label)
        ));
    }
    Ok(())
}

/// The entries of the stored object as `namespace/name`, in backticks.
fn earlier_labels(request: &Request<'_>) -> BTreeSet<String> {
    let Some(before) = request.before else {
        return BTreeSet::new();
    };
    let bare = bare_names(request.kind);
    place::pods(request.kind, before)
        .iter()
        .flat_map(|pod| parse_list_leniently(reference(before, pod), bare))
        .map(|e| {
            format!(
                "`{}/{}`",
                e.namespace.as_deref().unwrap_or(request.namespace),
                e.name
            )
        })
        .collect()
}

fn advise_on(draft: &mut Draft<'_>, name: &str, is_new: bool) {
    if let (true, Found::Secret(secret)) = (is_new, draft.found(name)) {
        let warnings = super::resolve::findings(secret);
        draft.plan.warnings.extend(warnings);
    }
}

/// Warns where two connections of one container set the same variable, naming both and the winner.
fn warn_of_collisions(draft: &mut Draft<'_>, wanted: &Wanted) {
    let Some(container) = place::container(&draft.object, &wanted.pod) else {
        return;
    };
    let entries = container.child("envFrom");
    let order = entries
        .get(&draft.object)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    // Kubernetes lets the last source win, whoever wrote it first.
    let position = |name: &str| order.iter().rposition(|entry| provides(entry, name));
    let mut present: Vec<(usize, &Secret)> = wanted
        .entries
        .iter()
        .filter_map(|entry| match draft.found(&entry.name) {
            Found::Secret(secret) => Some((position(&entry.name)?, secret)),
            _ => None,
        })
        .collect();
    present.sort_by_key(|(position, _)| *position);
    let mut clashes: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    let mut last_setter: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, (_, secret)) in present.iter().enumerate() {
        for key in secret.data.keys().filter(|key| is_variable(key)) {
            if let Some(loser) = last_setter.insert(key, index) {
                clashes.entry((loser, index)).or_default().push(key);
            }
        }
    }
    let texts: Vec<String> = clashes
        .iter()
        .map(|((loser, winner), keys)| {
            let (loser, winner) = (
                short(&present[*loser].1.name),
                short(&present[*winner].1.name),
            );
            let more = keys.len() - 1;
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!(
                "`{loser}` and `{winner}` both set {}{rest}; `{winner}` wins",
                short(keys[0])
            )
        })
        .collect();
    texts.into_iter().for_each(|text| draft.warn(text));
}

/// Whether a Secret's key becomes a variable; the kubelet skips others, such as `.dockerconfigjson`.
fn is_variable(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}
