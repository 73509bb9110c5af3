//! What exists from the start: namespaces, the built-in access rules, and the definitions that the
//! embedder brings. What is there already is left alone; definitions are brought up to date.

use crate::api::Api;
use crate::crd;
use crate::object;
use crate::rbac::bootstrap::{cluster_role_bindings, cluster_roles};
use crate::resource::Resource;
use crate::server::OpenError;
use crate::store::{ListQuery, ObjectKey, Write};
use crate::validate::{FieldError, metadata};
use crate::verbs;
use serde_json::{Value, json};

/// Stores what is missing, in one transaction, and registers the definitions that are stored.
pub(crate) async fn run(api: &Api, definitions: &[Value]) -> Result<(), OpenError> {
    let mut writes = Vec::new();
    if api.store.version().await? == 0 {
        api.garbage.begin();
    }
    for name in verbs::PERMANENT_NAMESPACES {
        if api.namespace(name).await?.is_none() {
            let namespace = json!({"metadata": {"name": name}});
            writes.push(create(api, "", "namespaces", namespace));
            writes.push(verbs::default_account(name));
        }
    }
    let rules = [
        ("clusterroles", cluster_roles()),
        ("clusterrolebindings", cluster_role_bindings()),
    ];
    for (plural, objects) in rules {
        for object in objects {
            if let write @ Write::Create { .. } =
                create(api, crate::validate::rbac::GROUP, plural, object)
                && is_missing(api, &write).await?
            {
                writes.push(write);
            }
        }
    }
    for definition in definitions {
        writes.extend(install(api, definition).await?);
    }
    if !writes.is_empty() {
        api.store.write(writes).await?;
    }
    let query = ListQuery {
        resource: crd::STORED_AS.to_owned(),
        ..ListQuery::default()
    };
    for definition in api.store.list(query).await?.items {
        api.register_stored(&definition);
    }
    Ok(())
}

async fn is_missing(api: &Api, write: &Write) -> Result<bool, OpenError> {
    let Write::Create { key, .. } = write else {
        return Ok(false);
    };
    Ok(api.store.get(key).await?.is_none())
}

fn built_in(api: &Api, group: &str, plural: &str) -> std::sync::Arc<Resource> {
    api.registry
        .find(group, "v1", plural)
        .expect("every kind that exists from the start is built in")
}

/// A new object of a built-in, cluster-scoped kind.
fn create(api: &Api, group: &str, plural: &str, mut object: Value) -> Write {
    let resource = built_in(api, group, plural);
    verbs::stamp(object::metadata_mut(&mut object), resource.has_generation);
    let mut object = resource.to_served(object);
    resource.schema.default(&mut object);
    (resource.prepare)(&mut object, None);
    Write::Create {
        key: resource.key("", object::name(&object)),
        value: object,
    }
}

/// What it takes to have this definition: nothing where it is stored as it is.
async fn install(api: &Api, definition: &Value) -> Result<Option<Write>, OpenError> {
    let mut wanted = definition.clone();
    if let Some(members) = wanted.as_object_mut() {
        members.shift_remove("status");
    }
    let resource = built_in(api, crd::GROUP, "customresourcedefinitions");
    resource.schema.prune(&mut wanted);
    let key = resource.key("", object::name(&wanted));
    let old = api.store.get(&key).await?;
    let old = old.as_ref().map(|old| &old.value);
    resource.schema.default(&mut wanted);
    (resource.prepare)(&mut wanted, old);
    check(&resource, &wanted, old)?;
    let Some(old) = old else {
        return Ok(Some(create(
            api,
            crd::GROUP,
            "customresourcedefinitions",
            wanted,
        )));
    };
    if old.get("spec") == wanted.get("spec") {
        return Ok(None);
    }
    Ok(Some(update(key, old.clone(), &wanted)))
}

fn check(resource: &Resource, definition: &Value, old: Option<&Value>) -> Result<(), OpenError> {
    let mut errors = metadata::check(definition, resource.names, false);
    errors.extend(resource.schema.check(definition));
    errors.extend((resource.check)(definition, old));
    let Some(first) = errors.first() else {
        return Ok(());
    };
    let name = object::name(definition).to_owned();
    let all = errors
        .iter()
        .map(FieldError::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    tracing::debug!(definition = name, all, "the definition is not valid");
    Err(OpenError::Definition {
        name,
        why: first.to_string(),
    })
}

fn update(key: ObjectKey, mut old: Value, wanted: &Value) -> Write {
    let generation = old
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or_default()
        + 1;
    object::metadata_mut(&mut old).insert("generation".to_owned(), generation.into());
    for member in ["spec", "status"] {
        old[member] = wanted[member].clone();
    }
    Write::Update {
        key,
        value: old,
        expected: None,
    }
}
