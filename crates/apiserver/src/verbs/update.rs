//! `update`, and what it shares with `patch`: putting a new state in place of the stored one.

use super::again::Attempts;
use super::ownership::{self, Claims, Owners};
use super::prepare::{restore_system_members, system_members, wants_the_same};
use super::{Call, namespace};
use crate::admission::Operation;
use crate::object;
use crate::pipeline::respond::Answer;
use crate::status::Status;
use crate::store::{Stored, Write};
use crate::validate::FieldError;
use serde_json::Value;

impl Call {
    pub(super) async fn update(&mut self, mut object: Value) -> Result<Answer, Status> {
        self.conform(&mut object)?;
        let claims = ownership::take_claims(&mut object);
        let has_version =
            object::text(&object, "/metadata/resourceVersion").is_some_and(|text| !text.is_empty());
        if self.resource.is_custom && !has_version {
            let why = "must be specified for an update";
            let error = FieldError::invalid("metadata.resourceVersion", 0, why);
            return Err(Status::invalid(
                self.resource.group_resource(),
                &self.name,
                &[error],
            ));
        }
        let mut attempts = Attempts::of(self);
        loop {
            let (object, claims) = (object.clone(), claims.clone());
            let outcome = match self.found(&self.name).await? {
                Some(old) => {
                    self.replace(object, old, Owners::ByDifference(claims))
                        .await
                }
                None if self.resource.is_created_by_update => self.create_by_update(object).await,
                None => {
                    let resource = self.resource.group_resource();
                    return Err(Status::not_found(resource, &self.name));
                }
            };
            match outcome {
                Err(status) if attempts.go_on(self, &status).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Some kinds are created by an update, unless it means an object that was there.
    async fn create_by_update(&mut self, mut object: Value) -> Result<Answer, Status> {
        let wanted = object::uid(&object);
        if !wanted.is_empty() {
            let why =
                format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: ");
            let resource = self.resource.group_resource();
            return Err(Status::conflict(resource, &self.name, why));
        }
        self.check_may_create().await?;
        object::metadata_mut(&mut object).shift_remove("resourceVersion");
        self.create(object).await
    }

    /// Puts `object` in place of `old`, where nobody has changed that meanwhile.
    pub(super) async fn replace(
        &mut self,
        object: Value,
        old: Stored,
        owners: Owners,
    ) -> Result<Answer, Status> {
        self.check_identity(&object, &old)?;
        let mut object = self.only_what_may_change(object, &old.value);
        restore_system_members(&mut object, &system_members(&old.value));
        self.complete(&mut object, Some(&old.value));
        let is_plain = matches!(owners, Owners::ByDifference(Claims::None));
        let entries = self.entries(owners, &object, Some(&old.value));
        let (mut object, afterwards) = self
            .admit(Operation::Update, object, Some(&old.value))
            .await?;
        self.validate(&object, Some(&old.value))?;
        self.check_grants(&object, Some(&old.value)).await?;
        self.count_generation(&mut object, &old.value);
        // What admission has put back as it was is nobody's change, and a later time alone is none.
        let before = old.value.pointer("/metadata/managedFields").cloned();
        let is_later_only = ownership::differ_in_time_only(entries.as_ref(), before.as_ref());
        ownership::put(&mut object, before);
        if object != old.value || !(is_plain || is_later_only) {
            ownership::put(&mut object, entries);
        }
        if self.query.dry_run {
            return Ok(Answer::Object(200, object));
        }
        let stored = if object == old.value {
            object
        } else {
            self.overwrite(object, old.version).await?
        };
        self.follow_up(afterwards).await;
        Ok(Answer::Object(200, stored))
    }

    /// The client may say which object, and which version of it, it means.
    fn check_identity(&self, object: &Value, old: &Stored) -> Result<(), Status> {
        let resource = self.resource.group_resource();
        let (wanted, found) = (object::uid(object), object::uid(&old.value));
        if !wanted.is_empty() && wanted != found {
            let why = format!(
                "Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
            );
            return Err(Status::conflict(resource, &self.name, why));
        }
        let version = object::text(object, "/metadata/resourceVersion").unwrap_or_default();
        if !version.is_empty() && version != old.version.to_string() {
            return Err(Status::modified(resource, &self.name));
        }
        Ok(())
    }

    /// Status is written through its subresource only, and nothing else through that.
    fn only_what_may_change(&self, object: Value, old: &Value) -> Value {
        let has_status = self.resource.has_status;
        let (mut kept, status) = match self.subresource.as_deref() {
            Some("status") => (
                ownership::without(old.clone()),
                object.get("status").cloned(),
            ),
            _ if has_status => (object, old.get("status").cloned()),
            _ => return object,
        };
        if let Some(members) = kept.as_object_mut() {
            object::put(members, "status", status);
        }
        kept
    }

    fn count_generation(&self, object: &mut Value, old: &Value) {
        if self.resource.has_generation && !wants_the_same(object, old, self.resource.has_status) {
            let before = old
                .pointer("/metadata/generation")
                .and_then(Value::as_i64)
                .unwrap_or_default();
            object::metadata_mut(object).insert("generation".to_owned(), (before + 1).into());
        }
    }

    /// Stores the new state; what was only held back by a finalizer goes when the last one does.
    async fn overwrite(&self, object: Value, expected: u64) -> Result<Value, Status> {
        let key = self.key(&self.name);
        let is_free = object::is_terminating(&object) && !object::has_finalizers(&object);
        let is_namespace = self.resource.stored_as == namespace::STORED_AS;
        if is_free && !is_namespace {
            return self.release(object, expected).await;
        }
        let value = self.resource.to_stored(object);
        let writes = vec![Write::Update {
            key,
            value,
            expected: Some(expected),
        }];
        let stored = self
            .api
            .commit(&self.resource.stored_as, writes)
            .await
            .map_err(|error| self.refused(error))?;
        if is_free {
            namespace::settle(&self.api, Some(&self.name)).await?;
        }
        let first = stored
            .into_iter()
            .next()
            .ok_or_else(|| Status::internal("nothing was stored"))?;
        Ok(self.resource.to_served(first.value))
    }

    /// Lets an object go that nobody holds back any more; the answer is what it would have become.
    async fn release(&self, mut object: Value, expected: u64) -> Result<Value, Status> {
        self.take_away(&self.name, &object, expected).await?;
        let version = expected.to_string();
        object::metadata_mut(&mut object).insert("resourceVersion".to_owned(), version.into());
        Ok(object)
    }
}
