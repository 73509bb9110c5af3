//! CustomResourceDefinitions: what a valid one is, and which resources it registers. Storing them
//! is done like that of any object; the schema engine is [`crate::schema`]. Versions are not
//! converted: a stored object is shown with the `apiVersion` asked for.

mod structural;

use crate::object;
use crate::resource::{Nature, Resource, Scale, ScaleSelector, members_of};
use crate::schema::{Schema, list};
use crate::table::Column;
use crate::validate::FieldError;
use crate::validate::names::{self, NameRule};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The group of CustomResourceDefinitions themselves.
pub(crate) const GROUP: &str = "apiextensions.k8s.io";
/// Where they are stored.
pub(crate) const STORED_AS: &str = "apiextensions.k8s.io/customresourcedefinitions";

/// Fills in names and what a cluster reports as status: everything is accepted at once.
pub(crate) fn prepare(definition: &mut Value, old: Option<&Value>) {
    let kind = object::text(definition, "/spec/names/kind")
        .unwrap_or_default()
        .to_owned();
    let spec = object::member_mut(definition, "spec");
    spec.entry("conversion")
        .or_insert_with(|| json!({"strategy": "None"}));
    if let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) {
        names
            .entry("singular")
            .or_insert_with(|| kind.to_lowercase().into());
        names
            .entry("listKind")
            .or_insert_with(|| format!("{kind}List").into());
    }
    let status = status(definition, old);
    definition["status"] = status;
}

fn status(definition: &Value, old: Option<&Value>) -> Value {
    let before = |pointer: &str| old.and_then(|old| old.pointer(pointer)).cloned();
    let mut stored: Vec<Value> = before("/status/storedVersions")
        .and_then(|v| v.as_array().cloned())
        .unwrap_or_default();
    for version in versions(definition).filter(|version| version["storage"] == true) {
        if !stored.contains(&version["name"]) {
            stored.push(version["name"].clone());
        }
    }
    let conditions = before("/status/conditions").unwrap_or_else(|| {
        let condition = |kind: &str, reason: &str, message: &str| {
            json!({"type": kind, "status": "True", "lastTransitionTime": object::now(), "reason": reason, "message": message})
        };
        json!([
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ])
    });
    let names = definition
        .pointer("/spec/names")
        .cloned()
        .unwrap_or_default();
    json!({"conditions": conditions, "acceptedNames": names, "storedVersions": stored})
}

/// Everything wrong with a definition, beyond its types.
pub(crate) fn check(definition: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let text = |pointer: &str| object::text(definition, pointer).unwrap_or_default();
    check_names(definition, &mut errors);
    let scopes = ["Cluster", "Namespaced"];
    if !scopes.contains(&text("/spec/scope")) {
        errors.push(FieldError::unsupported(
            "spec.scope",
            text("/spec/scope"),
            &scopes,
        ));
    }
    if text("/spec/conversion/strategy") != "None" {
        let found = text("/spec/conversion/strategy");
        errors.push(FieldError::unsupported(
            "spec.conversion.strategy",
            found,
            &["None"],
        ));
    }
    if definition.pointer("/spec/preserveUnknownFields") == Some(&Value::Bool(true)) {
        let why = "must be false, and versions say x-kubernetes-preserve-unknown-fields where they need it";
        errors.push(FieldError::invalid("spec.preserveUnknownFields", true, why));
    }
    check_versions(definition, old, &mut errors);
    for (pointer, field) in [
        ("/spec/scope", "spec.scope"),
        ("/spec/names/kind", "spec.names.kind"),
    ] {
        if old.is_some_and(|old| object::text(old, pointer).unwrap_or_default() != text(pointer)) {
            errors.push(FieldError::invalid(
                field,
                text(pointer),
                "field is immutable",
            ));
        }
    }
    errors
}

fn check_names(definition: &Value, errors: &mut Vec<FieldError>) {
    let text = |pointer: &str| object::text(definition, pointer).unwrap_or_default();
    let (group, plural) = (text("/spec/group"), text("/spec/names/plural"));
    if object::name(definition) != format!("{plural}.{group}") {
        let why = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid(
            "metadata.name",
            object::name(definition),
            why,
        ));
    }
    let well_formed = [
        ("spec.group", group, names::subdomain(group)),
        ("spec.names.plural", plural, names::label(plural)),
        (
            "spec.names.singular",
            text("/spec/names/singular"),
            names::label(text("/spec/names/singular")),
        ),
        (
            "spec.names.kind",
            text("/spec/names/kind"),
            names::label(&text("/spec/names/kind").to_lowercase()),
        ),
    ];
    for (field, value, found) in well_formed {
        errors.extend(
            found
                .into_iter()
                .map(|why| FieldError::invalid(field, value, why)),
        );
    }
    if !group.contains('.') {
        errors.push(FieldError::invalid(
            "spec.group",
            group,
            "should be a domain with at least one dot",
        ));
    }
    if crate::kinds::groups().contains(&group) {
        errors.push(FieldError::forbidden(
            "spec.group",
            "the API itself serves this group: choose another",
        ));
    }
}

fn check_versions(definition: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let mut seen = HashSet::new();
    for (index, version) in versions(definition).enumerate() {
        let field = format!("spec.versions[{index}]");
        let name = version["name"].as_str().unwrap_or_default();
        errors.extend(
            names::label(name)
                .into_iter()
                .map(|why| FieldError::invalid(format!("{field}.name"), name, why)),
        );
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(format!("{field}.name"), name));
        }
        match version.pointer("/schema/openAPIV3Schema") {
            None => errors.push(FieldError::required(
                schema_field(index),
                "schemas are required",
            )),
            Some(root) => {
                let found = structural::check(root, &schema_field(index));
                // What was stored before schemas were looked at may stay as it is.
                if !found.is_empty() && !old.is_some_and(has_lax_schema) {
                    errors.extend(found);
                }
            }
        }
        if let Err(error) = Column::of_custom_resource(version.get("additionalPrinterColumns")) {
            let field = format!("{field}.additionalPrinterColumns");
            errors.push(FieldError::invalid(field, "", error.to_string()));
        }
    }
    let names = versions(definition).map(|version| version["name"].as_str().unwrap_or_default());
    if versions(definition)
        .filter(|version| version["storage"] == true)
        .count()
        != 1
    {
        let found: Vec<Value> = names.map(Value::from).collect();
        let why = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid("spec.versions", found, why));
    }
}

fn schema_field(version: usize) -> String {
    format!("spec.versions[{version}].schema.openAPIV3Schema")
}

/// Whether a definition is stored whose schemas are none that would be taken now.
fn has_lax_schema(definition: &Value) -> bool {
    let mut roots = versions(definition).map(|version| version.pointer("/schema/openAPIV3Schema"));
    roots.any(|root| root.is_some_and(|root| !structural::check(root, "").is_empty()))
}

/// What whoever writes a definition should know of it.
pub(crate) fn warnings(definition: &Value) -> Vec<String> {
    let has_rules = |version: &Value| {
        let root = version.pointer("/schema/openAPIV3Schema");
        root.is_some_and(has_rules)
    };
    let found = versions(definition)
        .enumerate()
        .filter(|(_, version)| has_rules(version));
    found
        .map(|(index, _)| {
            let field = schema_field(index);
            format!(
                "{field}: the rules of {} are kept, but not evaluated",
                structural::RULES
            )
        })
        .collect()
}

fn has_rules(schema: &Value) -> bool {
    let inside = |name: &str| schema.get(name).and_then(Value::as_object);
    list(schema, structural::RULES).next().is_some()
        || inside("properties").is_some_and(|all| all.values().any(has_rules))
        || ["items", "additionalProperties"]
            .iter()
            .any(|name| schema.get(name).is_some_and(has_rules))
}

/// The resources of a definition that is valid, its storage version first.
pub(crate) fn resources(definition: &Value) -> Vec<Resource> {
    let mut served: Vec<&Value> = versions(definition)
        .filter(|version| version["served"] == true)
        .collect();
    served.sort_by_key(|version| version["storage"] != true);
    served
        .into_iter()
        .map(|version| resource(definition, version))
        .collect()
}

/// Where the objects of a definition are stored.
pub(crate) fn stored_as(definition: &Value) -> String {
    let text = |pointer: &str| object::text(definition, pointer).unwrap_or_default();
    format!("{}/{}", text("/spec/group"), text("/spec/names/plural"))
}

fn resource(definition: &Value, version: &Value) -> Resource {
    let text = |pointer: &str| {
        object::text(definition, pointer)
            .unwrap_or_default()
            .to_owned()
    };
    let list = |pointer: &str| strings(definition.pointer(pointer));
    let root = version
        .pointer("/schema/openAPIV3Schema")
        .cloned()
        .unwrap_or_else(|| Value::Object(Map::new()));
    let selectable = version
        .get("selectableFields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Resource {
        group: text("/spec/group"),
        version: version["name"].as_str().unwrap_or_default().to_owned(),
        kind: text("/spec/names/kind"),
        list_kind: text("/spec/names/listKind"),
        plural: text("/spec/names/plural"),
        singular: text("/spec/names/singular"),
        short_names: list("/spec/names/shortNames"),
        categories: list("/spec/names/categories"),
        is_namespaced: text("/spec/scope") == "Namespaced",
        nature: Nature::Stored,
        has_status: version.pointer("/subresources/status").is_some(),
        scale: version.pointer("/subresources/scale").map(scale),
        has_generation: true,
        is_created_by_update: false,
        is_custom: true,
        stored_as: stored_as(definition),
        renames: &[],
        names: NameRule::Subdomain,
        selectable: selectable
            .filter_map(|field| field["jsonPath"].as_str())
            .map(|path| path.trim_start_matches('.').to_owned())
            .collect(),
        columns: Column::of_custom_resource(version.get("additionalPrinterColumns"))
            .unwrap_or_default(),
        schema: Schema::custom(root),
        prepare: |_, _| {},
        check: |_, _| Vec::new(),
        deprecation: deprecation(definition, version),
    }
}

fn scale(scale: &Value) -> Scale {
    let path = |member: &str| scale.get(member).and_then(Value::as_str).map(members_of);
    Scale {
        replicas: path("specReplicasPath").unwrap_or_default(),
        status_replicas: path("statusReplicasPath").unwrap_or_default(),
        selector: path("labelSelectorPath").map_or(ScaleSelector::None, ScaleSelector::Text),
    }
}

fn deprecation(definition: &Value, version: &Value) -> Option<String> {
    if version["deprecated"] != true {
        return None;
    }
    let own = version["deprecationWarning"].as_str().map(str::to_owned);
    own.or_else(|| {
        let group = object::text(definition, "/spec/group").unwrap_or_default();
        let kind = object::text(definition, "/spec/names/kind").unwrap_or_default();
        Some(format!(
            "{group}/{} {kind} is deprecated",
            version["name"].as_str().unwrap_or_default()
        ))
    })
}

fn versions(definition: &Value) -> impl Iterator<Item = &Value> {
    definition
        .pointer("/spec/versions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    entries
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
