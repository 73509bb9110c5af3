//! What a namespace brings along and takes with it: a default ServiceAccount, and all its content.

use super::create::stamp;
use super::delete::marked;
use super::{Call, internal};
use crate::api::Api;
use crate::object;
use crate::resource::Resource;
use crate::status::Status;
use crate::store::{ListQuery, ObjectKey, StoreError, Stored, Write};
use serde_json::{Value, json};

/// Where namespaces are stored.
pub(crate) const STORED_AS: &str = "/namespaces";
const ACCOUNTS: &str = "/serviceaccounts";
const DEFAULT_ACCOUNT: &str = "default";
/// These exist from the start, and always.
pub(crate) const PERMANENT: &[&str] = &["default", "kube-public", "kube-system"];

/// What is stored together with a new object.
pub(super) fn companions(resource: &Resource, object: &Value) -> Vec<Write> {
    if resource.stored_as != STORED_AS {
        return Vec::new();
    }
    vec![default_account(object::name(object))]
}

/// What is stored in the place of an object that goes: a namespace has a default account for as long
/// as it stays.
pub(super) async fn successor(api: &Api, gone: &ObjectKey) -> Result<Option<Write>, Status> {
    if gone.resource != ACCOUNTS || gone.name != DEFAULT_ACCOUNT {
        return Ok(None);
    }
    let namespace = api.namespace(&gone.namespace).await.map_err(internal)?;
    let stays = namespace.is_some_and(|found| !object::is_terminating(&found.value));
    Ok(stays.then(|| default_account(&gone.namespace)))
}

/// The ServiceAccount that pods of a namespace use by default.
pub(crate) fn default_account(namespace: &str) -> Write {
    let key = ObjectKey {
        resource: ACCOUNTS.to_owned(),
        namespace: namespace.to_owned(),
        name: DEFAULT_ACCOUNT.to_owned(),
    };
    let mut value = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": DEFAULT_ACCOUNT, "namespace": namespace},
    });
    stamp(object::metadata_mut(&mut value), false);
    Write::Create { key, value }
}

/// Closes a namespace: nothing new gets in, what is there goes, and at last the namespace itself.
pub(super) async fn close(call: &Call, name: &str, found: Stored) -> Result<Value, Status> {
    if PERMANENT.contains(&name) {
        let resource = call.resource.group_resource();
        return Err(Status::forbidden(
            resource,
            name,
            "this namespace may not be deleted",
        ));
    }
    let mut closing = found.value;
    if !object::is_terminating(&closing) {
        closing = marked(closing, false);
        object::metadata_mut(&mut closing).shift_remove("deletionGracePeriodSeconds");
        closing["status"] = json!({"phase": "Terminating"});
        if call.query.dry_run {
            return Ok(closing);
        }
        let mut open = call.api.open_namespaces.write().await;
        open.remove(name);
        let key = call.key(name);
        let update = Write::Update {
            key,
            value: closing,
            expected: Some(found.version),
        };
        let stored = call
            .api
            .store
            .write(vec![update])
            .await
            .map_err(|error| call.refused(error))?;
        closing = stored
            .into_iter()
            .next()
            .map(|stored| stored.value)
            .unwrap_or_default();
    }
    settle(&call.api, Some(name)).await?;
    Ok(call.resource.to_served(closing))
}

/// Goes on closing a namespace where it is closing: what nobody holds back goes.
pub(crate) async fn settle(api: &Api, namespace: Option<&str>) -> Result<(), Status> {
    let Some(namespace) = namespace else {
        return Ok(());
    };
    if closing(api, namespace).await?.is_none() {
        return Ok(());
    }
    // One at a time, and only then may it be believed that it is closing: whoever was here before may
    // have let it go, and another one of its name may be there by now.
    let _one_at_a_time = api.settling.lock().await;
    let Some(found) = closing(api, namespace).await? else {
        return Ok(());
    };
    let mut kinds: Vec<String> = Vec::new();
    for resource in api
        .registry
        .kinds()
        .iter()
        .filter(|resource| resource.is_namespaced)
    {
        if !kinds.contains(&resource.stored_as) {
            kinds.push(resource.stored_as.clone());
        }
    }
    let mut held_back = 0;
    for resource in kinds {
        held_back += empty(api, &resource, namespace).await.map_err(internal)?;
    }
    if held_back == 0 && !object::has_finalizers(&found.value) {
        let key = ObjectKey {
            resource: STORED_AS.to_owned(),
            namespace: String::new(),
            name: namespace.to_owned(),
        };
        let_go(api, key, found.value).await.map_err(internal)?;
    }
    Ok(())
}

/// The namespace, where it is closing.
async fn closing(api: &Api, namespace: &str) -> Result<Option<Stored>, Status> {
    let found = api.namespace(namespace).await.map_err(internal)?;
    Ok(found.filter(|found| object::is_terminating(&found.value)))
}

/// Takes away the objects of one kind; returns how many somebody holds back.
async fn empty(api: &Api, resource: &str, namespace: &str) -> Result<usize, StoreError> {
    let query = ListQuery {
        resource: resource.to_owned(),
        namespace: Some(namespace.to_owned()),
        ..ListQuery::default()
    };
    let mut held_back = 0;
    for item in api.store.list(query).await?.items {
        let key = ObjectKey {
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: object::name(&item).to_owned(),
        };
        held_back += usize::from(!let_go(api, key, item).await?);
    }
    Ok(held_back)
}

/// Takes one object away, or marks it where somebody holds it back; says whether it is gone. It may
/// not be any more as it was read: whoever let it go meanwhile, or holds it only now, is heard.
async fn let_go(api: &Api, key: ObjectKey, mut object: Value) -> Result<bool, StoreError> {
    loop {
        let is_held = object::has_finalizers(&object);
        if is_held && object::is_terminating(&object) {
            return Ok(false);
        }
        let expected = object::version(&object);
        let write = match is_held {
            true => Write::Update {
                key: key.clone(),
                value: marked(object, false),
                expected,
            },
            false => Write::Delete {
                key: key.clone(),
                expected,
            },
        };
        match api.commit(&key.resource, vec![write]).await {
            Ok(_) => return Ok(!is_held),
            Err(StoreError::NotFound { .. }) => return Ok(true),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        match api.store.get(&key).await? {
            Some(found) => object = found.value,
            None => return Ok(true),
        }
    }
}
