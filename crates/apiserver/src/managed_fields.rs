//! Whose each part of an object is (`metadata.managedFields`), and what follows from it: server-side
//! apply, its conflicts, and what goes when a manager no longer names it. Pure: who writes, and what
//! becomes of the result, is left to the verbs. The rules are those of Kubernetes' structured merge
//! (`sigs.k8s.io/structured-merge-diff`).
//!
//! Within the server an object carries its entries folded into one text ([`Managed::fold`]), so that
//! they cost little where nobody looks at them; [`unfold`] gives clients the list that they know.

mod compare;
mod conflict;
mod entry;
mod extract;
mod merge;
mod path;
mod set;
mod shape;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use compare::{Difference, compare};
pub(crate) use conflict::Conflicts;
pub(crate) use entry::{Managed, Writer};
pub(crate) use extract::faults;
pub(crate) use set::FieldSet;

use entry::Operation;
use extract::{extract, with_named_members};
use serde_json::{Map, Value};

/// Who owns what was there before anybody applied anything.
const BEFORE: &str = "before-first-apply";
/// Members of `metadata` that are the server's own, or name the object.
const NOBODYS: &[&str] = &[
    "f:name",
    "f:namespace",
    "f:creationTimestamp",
    "f:selfLink",
    "f:uid",
    "f:generation",
    "f:managedFields",
    "f:resourceVersion",
];

/// Takes out what belongs to nobody.
pub(crate) fn strip(fields: &mut FieldSet) {
    let mut own = |step: &str, clean: &dyn Fn(&mut set::Node)| {
        if let Some(mut node) = fields.remove(step) {
            clean(&mut node);
            fields.insert(step, node);
        }
    };
    own("f:apiVersion", &|node| node.is_member = false);
    own("f:kind", &|node| node.is_member = false);
    own("f:metadata", &|metadata| {
        metadata.is_member = false;
        for step in NOBODYS {
            if let Some(mut node) = metadata.below.remove(step) {
                node.is_member = false;
                metadata.below.insert(step, node);
            }
        }
    });
}

/// The entries after a write that is no apply: what differs is the writer's now.
pub(crate) fn update(mut managed: Managed, difference: &Difference, by: &Writer) -> Managed {
    for entry in &mut managed.entries {
        entry.fields = entry
            .fields
            .difference(&difference.changed)
            .difference(&difference.removed);
    }
    managed.entries.retain(|entry| !entry.fields.is_empty());
    let mut changed = difference.changed.clone();
    strip(&mut changed);
    if !changed.is_empty() {
        let mut entry = by.entry(Operation::Update, changed);
        if let Some(before) = managed.entries.iter().find(|before| before.is_like(&entry)) {
            entry.fields = entry.fields.union(&before.fields);
        }
        managed.put(entry);
    }
    managed.limit_updates();
    managed
}

/// What an apply is about.
pub(crate) struct Application<'a> {
    /// The object as it is, without entries; nothing but its type where it does not exist.
    pub(crate) live: &'a Value,
    /// The object as applied.
    pub(crate) applied: &'a Value,
    /// Its schema.
    pub(crate) schema: &'a Value,
    /// The members that cannot be written this way (`status`, or `spec` through a subresource).
    pub(crate) unwritable: &'a [&'a str],
    /// Who applies.
    pub(crate) by: &'a Writer,
    /// Whether fields are taken from others.
    pub(crate) force: bool,
}

/// Applies: the object as it is then, and its entries. Refused where it would change what others own.
pub(crate) fn apply(
    application: &Application<'_>,
    mut managed: Managed,
) -> Result<(Value, Managed), Conflicts> {
    let Application {
        live,
        applied,
        schema,
        ..
    } = *application;
    if managed.is_empty() {
        managed = before_first(application);
    }
    let mut own = extract(applied, schema);
    for member in application.unwritable {
        own.remove(&format!("f:{member}"));
    }
    let mut entry = application.by.entry(Operation::Apply, own);
    let last = managed
        .entries
        .iter()
        .find(|last| last.is_like(&entry))
        .cloned();
    managed.put(entry.clone());
    let merged = merge::merge(live, applied, schema);
    let merged = match &last {
        Some(last) => prune(merged, &last.fields, &managed.all(), schema),
        None => merged,
    };
    let mut difference = compare(live, &merged, schema);
    difference.leave_out(application.unwritable);
    let others = || {
        managed
            .entries
            .iter()
            .filter(|other| !other.is_like(&entry))
    };
    let conflicts = Conflicts::between(others(), &difference.changed);
    if !conflicts.is_empty() && !application.force {
        return Err(conflicts);
    }
    for other in managed
        .entries
        .iter_mut()
        .filter(|other| !other.is_like(&entry))
    {
        other.fields = other
            .fields
            .difference(&difference.changed)
            .difference(&difference.removed);
    }
    strip(&mut entry.fields);
    if merged == *live {
        entry.time = last.and_then(|last| last.time);
    }
    managed.put(entry);
    Ok((merged, managed))
}

/// An object without entries is owned by somebody before it is applied to.
fn before_first(application: &Application<'_>) -> Managed {
    let by = Writer {
        manager: BEFORE.to_owned(),
        ..application.by.clone()
    };
    let nothing = typed_only(application.live);
    let mut difference = compare(&nothing, application.live, application.schema);
    difference.leave_out(application.unwritable);
    update(Managed::default(), &difference, &by)
}

/// An object of the same type with nothing in it.
pub(crate) fn typed_only(object: &Value) -> Value {
    let mut empty = Map::new();
    for member in ["apiVersion", "kind"] {
        empty.extend(
            object
                .get(member)
                .map(|text| (member.to_owned(), text.clone())),
        );
    }
    Value::Object(empty)
}

/// What an object names and a later state of it still has.
pub(crate) fn unchanged(object: &Value, later: &Value, schema: &Value) -> FieldSet {
    let difference = compare(object, later, schema);
    extract(object, schema)
        .difference(&difference.changed)
        .difference(&difference.removed)
}

/// Takes away what a manager named last time, and what neither it nor anybody else owns now.
fn prune(merged: Value, last: &FieldSet, owned: &FieldSet, schema: &Value) -> Value {
    if last.difference(owned).is_empty() {
        return merged;
    }
    let named = |set: &FieldSet| with_named_members(set, schema);
    let (last, owned) = (named(last), named(owned));
    let there = named(&extract(&merged, schema));
    // Without all that was named last time; then with what anybody owns put back, and at last with
    // what nobody owns and was not named.
    let least = merge::remove(&merged, &last, schema);
    let kept = named(&extract(&least, schema)).union(&owned);
    let kept = merge::remove(&merged, &there.difference(&kept), schema);
    let gone = there.difference(&named(&extract(&kept, schema)));
    merge::remove(&merged, &gone.intersection(&last), schema)
}

/// The object as clients know it: its entries as a list.
pub(crate) fn unfold(mut object: Value) -> Value {
    let entries = object.pointer_mut("/metadata/managedFields");
    if let Some(entries) = entries
        && let Value::String(folded) = entries
    {
        *entries = serde_json::from_str(folded).unwrap_or_default();
    }
    object
}
