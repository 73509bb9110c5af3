//! Telling a person who was faster than they, and what has changed since they looked: names of keys,
//! never values. The older state comes from the API's history, where it still has it.

use std::collections::BTreeSet;
use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use kube::api::{Api, ListParams, VersionMatch};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::keys;

/// The conflict between what a person saw and what is stored now.
pub(crate) async fn explain<K>(api: &Api<K>, what: &str, seen: &str, now: &K) -> Error
where
    K: kube::Resource<Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize,
{
    let name = now.meta().name.clone().unwrap_or_default();
    let params = ListParams::default()
        .fields(&format!("metadata.name={name}"))
        .at(seen)
        .matching(VersionMatch::Exact);
    // The history is an extra: it may be compacted, and listing may not be allowed.
    let before = api
        .list(&params)
        .await
        .ok()
        .and_then(|list| list.items.into_iter().next());
    let before = before.and_then(|object| serde_json::to_value(object).ok());
    let now = serde_json::to_value(now).unwrap_or_default();
    describe(what, before.as_ref(), &now)
}

/// The conflict as an error.
fn describe(what: &str, before: Option<&Value>, now: &Value) -> Error {
    let by = who(now).map_or_else(String::new, |who| format!(" by {who}"));
    let changed = before
        .map(|before| changed(before, now))
        .unwrap_or_default();
    let what_changed = match changed.as_slice() {
        [] => String::new(),
        names => format!(": {}", names.join(", ")),
    };
    Error::Changed {
        what: format!("{what} was changed{by} since you opened it{what_changed}"),
        help: "look at it as it is now, and change it again".to_owned(),
    }
}

/// Who changed an object last, as far as it says: the person, or else the program.
fn who(object: &Value) -> Option<String> {
    let metadata = object.get("metadata")?;
    let latest = metadata
        .get("managedFields")
        .and_then(Value::as_array)
        .and_then(|fields| {
            let time =
                |field: &&Value| field.get("time").and_then(Value::as_str).map(str::to_owned);
            fields.iter().max_by_key(time)
        });
    let program = latest
        .and_then(|field| field.get("manager"))
        .and_then(Value::as_str);
    let editor = metadata
        .get("annotations")
        .and_then(|annotations| annotations.get(keys::EDITOR))
        .and_then(Value::as_str);
    match (program, editor) {
        // Another program was last, so the person who last came through Bowline is not the one.
        (Some(program), _) if !is_ours(program) => Some(format!("`{program}`")),
        (_, Some(editor)) => Some(format!("`{editor}`")),
        (Some(program), None) => Some(format!("`{program}`")),
        (None, None) => None,
    }
}

fn is_ours(program: &str) -> bool {
    program == MANAGER || program.starts_with("bowline")
}

/// The name under which Kubernetes remembers what was written here.
pub(crate) const MANAGER: &str = "bowline";

/// The names of what differs.
fn changed(before: &Value, now: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for (path, kind) in [
        ("/data", ""),
        ("/metadata/labels", "label "),
        ("/metadata/annotations", "annotation "),
    ] {
        let empty = Map::new();
        let of = |object: &'_ Value| object.pointer(path).and_then(Value::as_object).cloned();
        let (before, now) = (of(before).unwrap_or_default(), of(now).unwrap_or(empty));
        let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        let differs = |key: &&&String| before.get(**key) != now.get(**key) && **key != keys::EDITOR;
        names.extend(
            keys.iter()
                .filter(differs)
                .map(|key| format!("{kind}`{key}`")),
        );
    }
    names
}
