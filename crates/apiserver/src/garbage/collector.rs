//! Deletes what no owner holds any more, takes back references to owners that are gone, and lets
//! owners go that waited for it.

use super::{FOREGROUND, ORPHAN, Task, has_finalizer, owners, references, waits};
use crate::api::Api;
use crate::crd;
use crate::identity::UserInfo;
use crate::object;
use crate::pipeline::authenticate::Caller;
use crate::pipeline::handle;
use crate::resource::Resource;
use crate::store::{ObjectKey, StoreError};
use crate::verbs;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Arc, Weak};
use tokio::sync::mpsc::UnboundedReceiver;

const NAME: &str = "system:serviceaccount:kube-system:generic-garbage-collector";
/// What meets a change by somebody else is tried again this often.
const ATTEMPTS: usize = 5;

/// Works until the API is gone.
pub(super) async fn run(api: Weak<Api>, mut tasks: UnboundedReceiver<Task>) {
    while let Some(task) = tasks.recv().await {
        let Some(api) = api.upgrade() else { return };
        let collector = Collector { api };
        if let Err(error) = collector.work(task).await {
            tracing::warn!(%error, "what belonged to a deleted object could not be collected");
        }
    }
}

struct Collector {
    api: Arc<Api>,
}

/// What is known of an owner.
enum Standing {
    /// It is there to stay, or cannot be looked for.
    There,
    /// It waits for those that it owns to go.
    Waiting,
    Gone,
}

/// What an object's owners are to it.
#[derive(Default)]
struct Owners {
    /// Some owner waits for this object to go.
    is_awaited: bool,
    /// The references that hold it.
    holding: Vec<Value>,
}

impl Collector {
    async fn work(&self, task: Task) -> Result<(), StoreError> {
        match task {
            Task::Deletion => self.complete_index().await,
            Task::Resume => self.resume().await,
            Task::Closing(namespace) => self.close(&namespace).await,
            Task::Undefined(key) => self.undefine(&key).await,
            Task::Dependents(uid) => self.collect_dependents(&uid).await,
            Task::Waiting(key) => self.see_off(&key).await,
        }
    }

    /// What was stored before the server started is looked through before anything is collected,
    /// and what was on its way out goes on.
    async fn complete_index(&self) -> Result<(), StoreError> {
        if self.api.garbage.index().is_complete {
            return Ok(());
        }
        let mut from = Some(0);
        while let Some(after) = from {
            let found = self.api.store.tied(after).await?;
            for (key, metadata) in found.items {
                self.add(key, &json!({ "metadata": metadata }));
            }
            from = found.next;
        }
        self.api.garbage.index().is_complete = true;
        Ok(())
    }

    fn add(&self, key: ObjectKey, item: &Value) {
        self.api.garbage.index().add(&key, owners(item));
        if !object::is_terminating(item) {
            return;
        }
        if key.resource == verbs::NAMESPACES {
            self.api.garbage.ask_for(Task::Closing(key.name.clone()));
        }
        if waits(item) {
            self.api.garbage.ask_for(Task::Waiting(key));
        } else if key.resource == crd::STORED_AS && !object::has_finalizers(item) {
            self.api.garbage.ask_for(Task::Undefined(key));
        }
    }

    /// Takes up what a server that was killed has left undone: those whose owner is gone. Besides
    /// the owner's own deletion that of others it owned tells of it, for longer.
    async fn resume(&self) -> Result<(), StoreError> {
        self.complete_index().await?;
        let mut told = HashSet::new();
        let mut from = Some(0);
        while let Some(after) = from {
            let found = self.api.store.gone(after).await?;
            for (_, metadata) in found.items {
                let last = json!({ "metadata": metadata });
                let uids = owners(&last)
                    .into_iter()
                    .chain([object::uid(&last).to_owned()]);
                for uid in uids {
                    if self.api.garbage.may_have_dependents(&uid) && told.insert(uid.clone()) {
                        self.api.garbage.ask_for(Task::Dependents(uid));
                    }
                }
            }
            from = found.next;
        }
        Ok(())
    }

    /// Goes on emptying a namespace.
    async fn close(&self, namespace: &str) -> Result<(), StoreError> {
        if let Err(why) = verbs::settle(&self.api, Some(namespace)).await {
            tracing::warn!(namespace, %why, "a namespace that is on its way out was not emptied");
        }
        Ok(())
    }

    /// Goes on deleting a definition, with the objects of its kind.
    async fn undefine(&self, key: &ObjectKey) -> Result<(), StoreError> {
        if let Some(resource) = self.resource(key) {
            self.send(Method::DELETE, &resource, key, &json!({})).await;
        }
        Ok(())
    }

    async fn collect_dependents(&self, uid: &str) -> Result<(), StoreError> {
        let dependents: Vec<ObjectKey> =
            self.api.garbage.index().dependents(uid).cloned().collect();
        for dependent in dependents {
            self.collect(&dependent).await?;
        }
        Ok(())
    }

    /// Deletes an object that no owner holds; takes references back to owners that do not.
    async fn collect(&self, key: &ObjectKey) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let Some(found) = self.api.store.get(key).await? else {
                self.api.garbage.index().remove(key);
                return Ok(());
            };
            let Some(resource) = self.resource(key) else {
                return Ok(());
            };
            let owners = self.owners(&found.value).await?;
            let all = references(&found.value).len();
            if all == 0 {
                // Somebody has freed it since.
                return Ok(());
            }
            let code = if owners.holding.is_empty() {
                if object::is_terminating(&found.value) {
                    return Ok(());
                }
                let has_own = self
                    .api
                    .garbage
                    .may_have_dependents(object::uid(&found.value));
                let policy = if owners.is_awaited && has_own {
                    "Foreground"
                } else {
                    "Background"
                };
                let options = json!({
                    "propagationPolicy": policy,
                    "preconditions": {
                        "uid": object::uid(&found.value), "resourceVersion": found.version.to_string(),
                    },
                });
                self.send(Method::DELETE, &resource, key, &options).await
            } else if owners.holding.len() < all {
                let metadata = json!({"ownerReferences": owners.holding});
                self.patch(&resource, key, found.version, metadata).await
            } else {
                return Ok(());
            };
            if code != 409 {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn owners(&self, object: &Value) -> Result<Owners, StoreError> {
        let mut owners = Owners::default();
        for reference in references(object) {
            match self.standing(reference, object::namespace(object)).await? {
                Standing::Gone => {}
                Standing::Waiting => owners.is_awaited = true,
                Standing::There => owners.holding.push(reference.clone()),
            }
        }
        Ok(owners)
    }

    /// What is known of the owner that an object in this namespace refers to.
    async fn standing(&self, reference: &Value, namespace: &str) -> Result<Standing, StoreError> {
        let text = |member| object::text(reference, member).unwrap_or_default();
        let kinds = self.api.registry.kinds();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let kind = kinds
            .iter()
            .find(|known| known.kind == kind && known.api_version() == version);
        let inside = match kind {
            Some(kind) if !kind.is_namespaced => "",
            Some(_) if !namespace.is_empty() => namespace,
            // An owner that cannot be looked for may well be there.
            _ => return Ok(Standing::There),
        };
        let key = kind.map(|kind| kind.key(inside, text("/name")));
        let found = match &key {
            Some(key) => self.api.store.get(key).await?,
            None => None,
        };
        Ok(match found {
            Some(found) if object::uid(&found.value) == text("/uid") => {
                let waits = has_finalizer(&found.value, FOREGROUND);
                if waits && object::is_terminating(&found.value) {
                    Standing::Waiting
                } else {
                    Standing::There
                }
            }
            _ => Standing::Gone,
        })
    }

    /// Does what an object waits for, and lets it go where that is done.
    async fn see_off(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.complete_index().await?;
        let Some(found) = self
            .api
            .store
            .get(key)
            .await?
            .filter(|found| waits(&found.value))
        else {
            return Ok(());
        };
        let uid = object::uid(&found.value).to_owned();
        if has_finalizer(&found.value, ORPHAN) {
            self.orphan_dependents(&uid).await?;
            return self.release(key, ORPHAN).await;
        }
        self.api.garbage.index().wait(&uid, key.clone());
        self.collect_dependents(&uid).await?;
        if self.is_blocked(&uid).await? {
            return Ok(());
        }
        self.api.garbage.index().stop_waiting(&uid);
        self.release(key, FOREGROUND).await
    }

    /// Whether some dependent that blocks the deletion is still there.
    async fn is_blocked(&self, uid: &str) -> Result<bool, StoreError> {
        let dependents: Vec<ObjectKey> =
            self.api.garbage.index().dependents(uid).cloned().collect();
        for key in dependents {
            let Some(found) = self.api.store.get(&key).await? else {
                continue;
            };
            let blocks = |owner: &Value| owner["uid"] == uid && owner["blockOwnerDeletion"] == true;
            if references(&found.value).iter().any(blocks) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn orphan_dependents(&self, uid: &str) -> Result<(), StoreError> {
        let dependents: Vec<ObjectKey> =
            self.api.garbage.index().dependents(uid).cloned().collect();
        for key in dependents {
            self.change(&key, |object| {
                let kept = references(object)
                    .iter()
                    .filter(|owner| owner["uid"] != uid);
                json!({"ownerReferences": kept.collect::<Vec<_>>()})
            })
            .await?;
        }
        Ok(())
    }

    /// Takes a finalizer off an object.
    async fn release(&self, key: &ObjectKey, finalizer: &str) -> Result<(), StoreError> {
        self.change(key, |object| {
            let list = object
                .pointer("/metadata/finalizers")
                .and_then(Value::as_array);
            let kept = list.into_iter().flatten().filter(|own| *own != finalizer);
            json!({"finalizers": kept.collect::<Vec<_>>()})
        })
        .await
    }

    /// Changes the metadata of an object, as often as somebody else does at the same time.
    async fn change(
        &self,
        key: &ObjectKey,
        metadata: impl Fn(&Value) -> Value,
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let Some(found) = self.api.store.get(key).await? else {
                return Ok(());
            };
            let Some(resource) = self.resource(key) else {
                return Ok(());
            };
            let wanted = metadata(&found.value);
            if self.patch(&resource, key, found.version, wanted).await != 409 {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn patch(
        &self,
        resource: &Resource,
        key: &ObjectKey,
        version: u64,
        mut metadata: Value,
    ) -> u16 {
        metadata["resourceVersion"] = version.to_string().into();
        let patch = json!({ "metadata": metadata });
        self.send(Method::PATCH, resource, key, &patch).await
    }

    /// A kind under which an object can be reached.
    fn resource(&self, key: &ObjectKey) -> Option<Arc<Resource>> {
        let kinds = self.api.registry.kinds();
        kinds
            .iter()
            .find(|kind| kind.stored_as == key.resource)
            .cloned()
    }

    /// Sends a request as any client does; returns the code of the answer.
    async fn send(
        &self,
        method: Method,
        resource: &Resource,
        key: &ObjectKey,
        body: &Value,
    ) -> u16 {
        let root = if resource.group.is_empty() {
            "api"
        } else {
            "apis"
        };
        let inside = match key.namespace.as_str() {
            "" => String::new(),
            namespace => format!("/namespaces/{namespace}"),
        };
        let (version, plural) = (resource.api_version(), &resource.plural);
        let media_type = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/{root}/{version}{inside}/{plural}/{}", key.name))
            .header(CONTENT_TYPE, media_type)
            .header(USER_AGENT, "garbage-collector")
            .body(
                Full::new(Bytes::from(body.to_string()))
                    .map_err(|never| match never {})
                    .boxed_unsync(),
            );
        let Ok(request) = request else { return 0 };
        let caller = Caller::InProcess(UserInfo::administrator(NAME));
        let answer = handle(Arc::clone(&self.api), caller, request).await;
        let code = answer.status().as_u16();
        if code >= 400 && code != 404 && code != 409 {
            tracing::warn!(object = %key, code, "what belonged to a deleted object was not collected");
        }
        code
    }
}
