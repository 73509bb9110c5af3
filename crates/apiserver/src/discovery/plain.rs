//! Discovery as it has always been: one document per group and version.

use super::{STATUS_VERBS, Subresource, groups_of, kinds_of, subresources};
use crate::registry::Kinds;
use crate::resource::Resource;
use crate::status::Status;
use serde_json::{Value, json};

/// `/`
pub(super) fn paths(kinds: &Kinds) -> Value {
    let mut paths: Vec<String> = [
        "/api",
        "/api/v1",
        "/apis",
        "/healthz",
        "/livez",
        "/openapi/v2",
        "/openapi/v3",
        "/readyz",
        "/version",
    ]
    .map(str::to_owned)
    .to_vec();
    for (group, versions) in groups_of(kinds)
        .into_iter()
        .filter(|(group, _)| !group.is_empty())
    {
        paths.push(format!("/apis/{group}"));
        paths.extend(
            versions
                .into_iter()
                .map(|version| format!("/apis/{group}/{version}")),
        );
    }
    paths.sort();
    json!({ "paths": paths })
}

/// `/api`
pub(super) fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// `/apis`
pub(super) fn groups(kinds: &Kinds) -> Value {
    let named = groups_of(kinds)
        .into_iter()
        .filter(|(group, _)| !group.is_empty());
    let groups: Vec<Value> = named
        .map(|(group, versions)| describe(group, &versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`
pub(super) fn group(kinds: &Kinds, group: &str) -> Result<Value, Status> {
    let found = groups_of(kinds)
        .into_iter()
        .find(|(name, _)| *name == group && !group.is_empty());
    let (group, versions) = found.ok_or_else(Status::no_page)?;
    let mut value = describe(group, &versions);
    value["kind"] = "APIGroup".into();
    value["apiVersion"] = "v1".into();
    Ok(value)
}

fn describe(group: &str, versions: &[&str]) -> Value {
    let version =
        |version: &&str| json!({"groupVersion": format!("{group}/{version}"), "version": version});
    let all: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": group, "versions": all, "preferredVersion": all.first()})
}

/// `/api/VERSION`, `/apis/GROUP/VERSION`
pub(super) fn resources(kinds: &Kinds, group: &str, version: &str) -> Result<Value, Status> {
    let mut resources = Vec::new();
    let mut group_version = None;
    for resource in kinds_of(kinds, group, version) {
        group_version = Some(resource.api_version());
        resources.push(entry(resource));
        if resource.has_status {
            resources.push(status(resource));
        }
        resources.extend(subresources(resource).map(|own| subresource(resource, &own)));
    }
    let is_known = kinds.iter().any(|kind| kind.group == group);
    let group_version = group_version.ok_or_else(|| match is_known {
        true => Status::unknown_path(),
        false => Status::no_page(),
    })?;
    resources.sort_by(|one: &Value, other| one["name"].as_str().cmp(&other["name"].as_str()));
    Ok(
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}),
    )
}

fn entry(resource: &Resource) -> Value {
    let mut entry = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
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
    entry
}

fn subresource(resource: &Resource, own: &Subresource) -> Value {
    let mut entry = json!({
        "name": format!("{}/{}", resource.plural, own.name),
        "singularName": "",
        "namespaced": resource.is_namespaced,
    });
    if !own.version.is_empty() {
        entry["group"] = own.group.into();
        entry["version"] = own.version.into();
    }
    entry["kind"] = own.kind.into();
    entry["verbs"] = own.verbs.into();
    entry
}

fn status(resource: &Resource) -> Value {
    json!({
        "name": format!("{}/status", resource.plural),
        "singularName": "",
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
        "verbs": STATUS_VERBS,
    })
}
