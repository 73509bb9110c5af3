//! `delete` and `deletecollection`.

use super::{Call, internal, namespace};
use crate::crd;
use crate::object;
use crate::pipeline::query;
use crate::pipeline::respond::{Answer, ObjectList};
use crate::status::{self, Status};
use crate::store::{ListQuery, StoreError, Stored, Write};
use serde_json::{Map, Value};

/// A deletion that meets a change by somebody else is tried again this often.
const ATTEMPTS: usize = 5;
const PROPAGATIONS: &[&str] = &["Background", "Foreground", "Orphan"];

impl Call {
    pub(super) async fn delete(&mut self, options: &Value) -> Result<Answer, Status> {
        self.take_options(options)?;
        let name = self.name.clone();
        let (object, is_gone) = self.remove(&name, options).await?;
        if is_gone {
            let resource = self.resource.group_resource();
            let gone = status::success(resource, &name, object::uid(&object));
            return Ok(Answer::Plain(200, gone));
        }
        Ok(Answer::Object(200, object))
    }

    pub(super) async fn delete_collection(&mut self, options: &Value) -> Result<Answer, Status> {
        if self.resource.is_namespaced && self.namespace.is_empty() {
            return Err(Status::method_not_allowed());
        }
        self.take_options(options)?;
        let query = self.every(&self.selection()?);
        let listed = self
            .api
            .store
            .list(query)
            .await
            .map_err(|error| self.refused(error))?;
        let mut items = Vec::new();
        for item in listed.items {
            match self.remove(object::name(&item), options).await {
                Ok((object, _)) => items.push(object),
                Err(status) if status.code == 404 => {}
                Err(status) => return Err(status),
            }
        }
        let mut metadata = Map::new();
        metadata.insert(
            "resourceVersion".to_owned(),
            listed.version.to_string().into(),
        );
        Ok(Answer::List(ObjectList { metadata, items }))
    }

    fn take_options(&mut self, options: &Value) -> Result<(), Status> {
        for wanted in options
            .get("dryRun")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.query.dry_run |= query::dry_run(wanted.as_str().unwrap_or("?"))?;
        }
        let own = options.get("propagationPolicy").and_then(Value::as_str);
        match own.or(self.query.propagation.as_deref()) {
            Some(policy) if !PROPAGATIONS.contains(&policy) => Err(Status::bad_request(format!(
                "propagationPolicy: Unsupported value: {policy:?}: supported values: \"Background\", \"Foreground\", \"Orphan\""
            ))),
            _ => Ok(()),
        }
    }

    /// Takes one object away, or marks it where somebody holds it back. Returns its last state and
    /// whether it is gone.
    async fn remove(&mut self, name: &str, options: &Value) -> Result<(Value, bool), Status> {
        let wants_version = options.pointer("/preconditions/resourceVersion").is_some();
        let told = self.warnings.len();
        let mut attempt = 1;
        loop {
            let found = self.stored(name).await?;
            self.check_preconditions(name, &found, options)?;
            let afterwards = self.admit_deletion(&found.value).await?;
            match self.remove_once(name, found).await {
                Err(status)
                    if status.reason == "Conflict" && !wants_version && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                    self.warnings.truncate(told);
                }
                outcome => {
                    if outcome.is_ok() && !self.query.dry_run {
                        self.follow_up(afterwards).await;
                    }
                    return outcome;
                }
            }
        }
    }

    fn check_preconditions(
        &self,
        name: &str,
        found: &Stored,
        options: &Value,
    ) -> Result<(), Status> {
        let resource = self.resource.group_resource();
        let wanted = |pointer: &str| object::text(options, pointer).filter(|text| !text.is_empty());
        let uid = object::uid(&found.value);
        if let Some(wanted) = wanted("/preconditions/uid").filter(|wanted| *wanted != uid) {
            let why = format!(
                "Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}"
            );
            return Err(Status::conflict(resource, name, why));
        }
        let version = found.version.to_string();
        if let Some(wanted) =
            wanted("/preconditions/resourceVersion").filter(|wanted| *wanted != version)
        {
            let why = format!(
                "Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion in object meta: {version}"
            );
            return Err(Status::conflict(resource, name, why));
        }
        Ok(())
    }

    async fn remove_once(&mut self, name: &str, found: Stored) -> Result<(Value, bool), Status> {
        if self.resource.stored_as == namespace::STORED_AS {
            return namespace::close(self, name, found)
                .await
                .map(|object| (object, false));
        }
        let is_held = object::has_finalizers(&found.value);
        if self.query.dry_run || (is_held && object::is_terminating(&found.value)) {
            return Ok((found.value, !is_held));
        }
        if is_held {
            let marked = self.mark(name, found).await?;
            return Ok((marked, false));
        }
        if self.resource.stored_as == crd::STORED_AS {
            self.remove_custom_objects(&found.value).await?;
        }
        let delete = Write::Delete {
            key: self.key(name),
            expected: Some(found.version),
        };
        let stored = self
            .api
            .commit(&self.resource.stored_as, vec![delete])
            .await
            .map_err(|error| self.refused(error))?;
        namespace::settle(&self.api, self.closing_namespace()).await?;
        let last = stored
            .into_iter()
            .next()
            .map_or(found.value, |last| self.resource.to_served(last.value));
        Ok((last, true))
    }

    /// Marks an object as going; it goes when its last finalizer does.
    async fn mark(&self, name: &str, found: Stored) -> Result<Value, Status> {
        let value = self
            .resource
            .to_stored(marked(found.value, self.resource.has_generation));
        let update = Write::Update {
            key: self.key(name),
            value,
            expected: Some(found.version),
        };
        let stored = self
            .api
            .commit(&self.resource.stored_as, vec![update])
            .await
            .map_err(|error| self.refused(error))?;
        let first = stored
            .into_iter()
            .next()
            .ok_or_else(|| Status::internal("nothing was stored"))?;
        Ok(self.resource.to_served(first.value))
    }

    /// The objects of a definition go with it.
    async fn remove_custom_objects(&self, definition: &Value) -> Result<(), Status> {
        let resource = crd::stored_as(definition);
        // Without its resources nobody can add an object while the others go.
        self.api.registry.replace(&resource, Vec::new());
        let query = ListQuery {
            resource: resource.clone(),
            ..ListQuery::default()
        };
        let listed = self.api.store.list(query).await.map_err(internal)?;
        for item in listed.items {
            let (namespace, name) = (
                object::namespace(&item).to_owned(),
                object::name(&item).to_owned(),
            );
            let key = crate::store::ObjectKey {
                resource: resource.clone(),
                namespace,
                name,
            };
            match self
                .api
                .store
                .write(vec![Write::Delete {
                    key,
                    expected: None,
                }])
                .await
            {
                Ok(_) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(internal(error)),
            }
        }
        Ok(())
    }

    /// The namespace that may have waited for an object of this request to go.
    pub(super) fn closing_namespace(&self) -> Option<&str> {
        (!self.namespace.is_empty()).then_some(self.namespace.as_str())
    }
}

/// An object as one that is going.
pub(super) fn marked(mut object: Value, has_generation: bool) -> Value {
    let metadata = object::metadata_mut(&mut object);
    metadata.insert("deletionTimestamp".to_owned(), object::now().into());
    metadata.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
    if has_generation {
        let generation = metadata
            .get("generation")
            .and_then(Value::as_i64)
            .unwrap_or_default()
            + 1;
        metadata.insert("generation".to_owned(), generation.into());
    }
    object
}
