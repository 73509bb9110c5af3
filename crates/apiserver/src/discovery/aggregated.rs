//! Discovery of all groups in one document, `apidiscovery.k8s.io/v2`.

use super::{STATUS_VERBS, groups_of, kinds_of, subresources};
use crate::registry::Kinds;
use crate::resource::Resource;
use serde_json::{Value, json};

/// `/api` or `/apis`, whichever groups belong there.
pub(super) fn groups(kinds: &Kinds, belongs: impl Fn(&str) -> bool) -> Value {
    let groups = groups_of(kinds)
        .into_iter()
        .filter(|(group, _)| belongs(group));
    let items: Vec<Value> = groups
        .map(|(group, versions)| describe(kinds, group, &versions))
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn describe(kinds: &Kinds, group: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| {
            let resources: Vec<Value> = kinds_of(kinds, group, version).map(entry).collect();
            json!({"version": version, "freshness": "Current", "resources": resources})
        })
        .collect();
    let metadata = if group.is_empty() {
        json!({})
    } else {
        json!({ "name": group })
    };
    json!({"metadata": metadata, "versions": versions})
}

fn entry(resource: &Resource) -> Value {
    let kind = json!({"group": resource.group, "version": resource.version, "kind": resource.kind});
    let mut entry = json!({
        "resource": resource.plural,
        "responseKind": kind,
        "scope": if resource.is_namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs(),
    });
    for (member, list) in [
        ("shortNames", &resource.short_names),
        ("categories", &resource.categories),
    ] {
        if !list.is_empty() {
            entry[member] = list.clone().into();
        }
    }
    let status = resource
        .has_status
        .then(|| json!({"subresource": "status", "responseKind": kind, "verbs": STATUS_VERBS}));
    let others = subresources(resource).map(|own| {
        let kind = json!({"group": own.group, "version": own.version, "kind": own.kind});
        json!({"subresource": own.name, "responseKind": kind, "verbs": own.verbs})
    });
    let all: Vec<Value> = status.into_iter().chain(others).collect();
    if !all.is_empty() {
        entry["subresources"] = all.into();
    }
    entry
}
