//! Connections as variables: Notebooks and everything else with a pod template get one `envFrom`
//! entry per connection. Serving kinds are left to `serving`.

mod collision;
mod order;

use serde_json::{Value, json};

use super::advice::short;
use super::path::{Path, member};
use super::place::{self, Pod};
use super::record::{ItemAdded, annotation};
use super::reference::{Entry, ReferenceError, parse_list};
use super::tie::Place;
use super::{Denial, Draft, Found, Needs, Operation, Request, is_in_effect};
use crate::names;
use crate::workload::WorkloadKind;

/// A pod and the connections it is to get.
struct Wanted {
    pod: Path,
    entries: Vec<Entry>,
}

/// The connections that the wanted object names; `None` when that cannot be read.
pub(super) fn named(request: &Request<'_>) -> Option<Vec<String>> {
    let wanted = wanted(request, request.object).ok()?;
    let names = entries_of(&wanted).into_iter();
    Some(names.map(|entry| entry.name.clone()).collect())
}

/// How a connection stands to the stored object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// This request names it: whoever makes it needs the right to.
    New,
    /// The stored reference names it already, but it was never tied.
    Dormant,
    /// It is tied.
    InEffect,
}

pub(super) fn needs(request: &Request<'_>) -> Needs {
    let mut needs = Needs::default();
    if is_fixed(request) {
        return needs;
    }
    for entry in wanted(request, request.object)
        .unwrap_or_default()
        .iter()
        .flat_map(|w| &w.entries)
    {
        if !is_local(request, entry) {
            continue;
        }
        push_unique(&mut needs.read, &entry.name);
        if !is_in_effect(request, &entry.name) || !is_named_before(request, entry) {
            push_unique(&mut needs.authorize, &entry.name);
        }
    }
    needs
}

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), Denial> {
    if is_fixed(draft.request) {
        keep_all(draft);
        return Ok(());
    }
    let mut wanted = match wanted(draft.request, draft.request.object) {
        Ok(wanted) => wanted,
        Err(error) => return malformed(draft, &error),
    };
    let left_out = check_availability(draft, &wanted)?;
    for wanted in &mut wanted {
        wanted.entries.retain(|entry| !left_out.contains(entry));
    }
    let is_changed = !is_reference_unchanged(draft.request);
    if is_changed {
        deal_out(draft, &wanted);
    }
    for entry in entries_of(&wanted) {
        tie(draft, &wanted, entry, is_changed)?;
    }
    // The names of variables are for those only whose rights were asked just now.
    if is_changed {
        wanted
            .iter()
            .for_each(|wanted| collision::warn(draft, wanted));
    }
    Ok(())
}

fn tie(
    draft: &mut Draft<'_>,
    wanted: &[Wanted],
    entry: &Entry,
    is_changed: bool,
) -> Result<(), Denial> {
    let name = &entry.name;
    let is_new = standing(draft, entry) == Standing::New;
    let targets: Vec<Path> = wanted
        .iter()
        .filter(|wanted| wanted.entries.contains(entry))
        .filter_map(|wanted| match is_changed {
            true => usual(draft, &wanted.pod),
            false => target(draft, &wanted.pod, name),
        })
        .collect();
    if targets.is_empty() && is_new {
        return Err(Denial::Forbidden(format!(
            "connection `{name}` has no container to go to: add one under `containers`"
        )));
    }
    draft.tie(name, |knot| {
        for container in &targets {
            knot.append(&container.child("envFrom"), source(name), |other| {
                provides(other, name)
            });
        }
    });
    if is_new {
        let warnings = draft.found(name).warnings();
        draft.plan.warnings.extend(warnings);
    }
    Ok(())
}

/// Deals places out for a changed list, pod by pod.
fn deal_out(draft: &mut Draft<'_>, wanted: &[Wanted]) {
    if draft.places.is_empty() {
        return;
    }
    let mut dealt = Vec::new();
    for Wanted { pod, entries } in wanted {
        let Some(container) = usual(draft, pod) else {
            continue;
        };
        let list = container.child("envFrom");
        let text = list.text();
        let own = list.get(&draft.object).and_then(Value::as_array);
        let own = own.map_or(&[][..], Vec::as_slice);
        let places = draft.places.iter();
        let before: Vec<&Place> = places.filter(|place| place.list == text).collect();
        let order: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let indices = order::indices(own, &before, &order);
        dealt.extend(indices.into_iter().map(|(name, index)| Place {
            list: text.clone(),
            value: source(name),
            index,
        }));
    }
    draft.places = dealt;
}

/// Pods and Jobs cannot be changed once they exist: what they got stays, whatever the reference.
fn is_fixed(request: &Request<'_>) -> bool {
    request.kind.is_pod_immutable() && request.operation == Operation::Update
}

fn keep_all(draft: &mut Draft<'_>) {
    for tied in draft.stored.connections.clone() {
        draft.tie(&tied.name, |knot| knot.restore(&tied));
    }
    if !is_reference_unchanged(draft.request) {
        draft.warn("connections of a Pod or Job take effect at creation only; delete it and create it again");
    }
}

/// The container of a pod that gets a connection while the list does not change: the one that has
/// it, since a peer may have put it there, and moving it would restart pods; else the usual one.
fn target(draft: &Draft<'_>, pod: &Path, name: &str) -> Option<Path> {
    let stays = |item: &&ItemAdded| {
        let list = Path::parse(&item.list).and_then(|list| list.get(draft.request.object));
        let items = list.and_then(Value::as_array);
        items.is_some_and(|items| items.contains(&item.value))
    };
    let items = draft.stored.tied(name).map_or(&[][..], |tied| &tied.items);
    let mut items = items.iter().filter(stays);
    items
        .find_map(|item| container_of(draft, pod, item))
        .or_else(|| usual(draft, pod))
}

/// The container that gets all connections of a pod, since one that others were added before would
/// split them: the one named like the workload, else the one that has some, else the first.
fn usual(draft: &Draft<'_>, pod: &Path) -> Option<Path> {
    let mut items = draft.stored.connections.iter().flat_map(|it| &it.items);
    place::named_container(&draft.object, pod)
        .or_else(|| items.find_map(|item| container_of(draft, pod, item)))
        .or_else(|| place::first_container(&draft.object, pod))
}

/// The container in which an item of the record stands, where it is one of this pod.
fn container_of(draft: &Draft<'_>, pod: &Path, item: &ItemAdded) -> Option<Path> {
    let container = Path::parse(&item.list)?.parent()?;
    let is_here = container.parent()? == pod.child("containers");
    (is_here && container.get(&draft.object).is_some()).then_some(container)
}

/// The pods of a workload with what each is to get; a workload without pods has one that nothing
/// can go to, so that its reference is checked all the same.
fn wanted(request: &Request<'_>, object: &Value) -> Result<Vec<Wanted>, ReferenceError> {
    let mut pods = place::pods(request.kind, object);
    if pods.is_empty() {
        pods.push(Pod {
            spec: Path::keys(&["spec"]),
            own_reference: None,
        });
    }
    let read = |pod: &Pod<'_>| -> Result<Wanted, ReferenceError> {
        let mut entries = Vec::new();
        for mut entry in parse_list(reference(object, pod), bare_names(request.kind))? {
            entry
                .namespace
                .get_or_insert_with(|| request.namespace.to_owned());
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        Ok(Wanted {
            pod: pod.spec.clone(),
            entries,
        })
    };
    pods.iter().map(read).collect()
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

fn is_local(request: &Request<'_>, entry: &Entry) -> bool {
    entry.namespace.as_deref() == Some(request.namespace)
}

fn is_named_before(request: &Request<'_>, entry: &Entry) -> bool {
    let before = request
        .before
        .and_then(|before| wanted(request, before).ok());
    before.is_some_and(|before| before.iter().any(|wanted| wanted.entries.contains(entry)))
}

/// Whether every reference reads as it is stored, letter by letter.
fn is_reference_unchanged(request: &Request<'_>) -> bool {
    let Some(before) = request.before else {
        return false;
    };
    let texts = |object| -> Vec<&str> {
        let own = place::pods(request.kind, object)
            .into_iter()
            .map(|pod| pod.own_reference);
        std::iter::once(annotation(object, names::CONNECTIONS))
            .chain(own)
            .map(Option::unwrap_or_default)
            .collect()
    };
    texts(before) == texts(request.object)
}

fn standing(draft: &Draft<'_>, entry: &Entry) -> Standing {
    let request = draft.request;
    if !is_named_before(request, entry) {
        Standing::New
    } else if is_in_effect(request, &entry.name) {
        Standing::InEffect
    } else if is_reference_unchanged(request) {
        Standing::Dormant
    } else {
        Standing::New
    }
}

/// The `envFrom` entry that brings all variables of a Secret.
fn source(name: &str) -> Value {
    json!({"secretRef": {"name": name}})
}

/// Whether an `envFrom` entry brings all variables of a Secret under their own names.
///
/// An entry with a prefix brings other names, so it does not count.
fn provides(entry: &Value, name: &str) -> bool {
    let secret = member(entry, "secretRef").and_then(|source| member(source, "name"));
    secret.and_then(Value::as_str) == Some(name)
        && member(entry, "prefix")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .is_empty()
}

fn entries_of(wanted: &[Wanted]) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = Vec::new();
    for entry in wanted.iter().flat_map(|wanted| &wanted.entries) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

fn push_unique(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|other| other == name) {
        list.push(name.to_owned());
    }
}

/// A list that cannot be read is refused when it is new; a stored one must not freeze the workload.
fn malformed(draft: &mut Draft<'_>, error: &ReferenceError) -> Result<(), Denial> {
    let mut text = format!("annotation `{}` {error}", names::CONNECTIONS);
    if let Some(correction) = error.correction(draft.request.namespace) {
        text.push_str(&format!(": write {correction}"));
    }
    if !is_reference_unchanged(draft.request) {
        return Err(Denial::Forbidden(text));
    }
    for tied in draft.stored.connections.clone() {
        draft.tie(&tied.name, |knot| knot.restore(&tied));
    }
    draft.warn(text);
    Ok(())
}

/// Denies what is newly named and cannot be had, and says what else is to be left out.
///
/// What is tied stays tied, whatever has become of its Secret. One wording covers foreign, missing
/// and forbidden, so that nobody learns which Secrets exist.
fn check_availability(draft: &mut Draft<'_>, wanted: &[Wanted]) -> Result<Vec<Entry>, Denial> {
    let request = draft.request;
    let (mut refused, mut unavailable, mut left_out) = (Vec::new(), None, Vec::new());
    for entry in entries_of(wanted) {
        let is_local = is_local(request, entry);
        let found = draft.found(&entry.name);
        if is_local && found.is_usable() {
            continue;
        }
        let label = format!(
            "`{}/{}`",
            entry.namespace.as_deref().unwrap_or_default(),
            entry.name
        );
        match (standing(draft, entry), found) {
            (Standing::New, Found::Unavailable(reason)) if is_local => {
                unavailable
                    .get_or_insert(format!("connection {label} could not be read: {reason}"));
            }
            (Standing::New, _) => refused.push(label),
            (standing, _) => {
                draft.warn(format!(
                    "connection {} is not available now; nothing was changed",
                    short(&label)
                ));
                if standing == Standing::Dormant || !is_local {
                    left_out.push(entry.clone());
                }
            }
        }
    }
    if !refused.is_empty() {
        return Err(Denial::Forbidden(format!(
            "annotation `{}` names {}, which you cannot use in namespace `{}`: only its own Secrets \
             can be named; create the Secret there, or ask for the right to `get` it",
            names::CONNECTIONS,
            refused.join(", "),
            request.namespace,
        )));
    }
    unavailable.map_or(Ok(left_out), |text| Err(Denial::Unavailable(text)))
}
