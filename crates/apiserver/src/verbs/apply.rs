//! Server-side apply: a patch that says what its manager wants, creates what does not exist, and is
//! refused where others want something else.

use super::Call;
use super::again::Attempts;
use super::ownership::{self, Owners};
use crate::managed_fields::{self, Application, Conflicts, Managed};
use crate::object;
use crate::pipeline::respond::Answer;
use crate::status::Status;
use crate::store::Stored;
use serde_json::Value;

/// The manager that `kubectl apply --server-side` is.
const KUBECTL: &str = "kubectl";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl Call {
    pub(super) async fn apply(&mut self, applied: Value) -> Result<Answer, Status> {
        self.check_applied(&applied)?;
        let mut attempts = Attempts::of(self);
        loop {
            let outcome = match self.found(&self.name).await? {
                Some(old) => self.apply_to(old, applied.clone()).await,
                None => self.apply_to_nothing(applied.clone()).await,
            };
            match outcome {
                Err(status) if attempts.go_on(self, &status).await => {}
                outcome => return outcome,
            }
        }
    }

    /// What can be said without the object that is applied to.
    fn check_applied(&self, applied: &Value) -> Result<(), Status> {
        let text = |member| object::text(applied, member).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        if version != self.resource.api_version() || kind != self.resource.kind {
            let slash = if version.contains('/') { "" } else { "/" };
            let found = format!("{slash}{version}, Kind={kind}");
            return Err(Status::bad_request(format!("invalid object type: {found}")));
        }
        if applied.pointer("/metadata/managedFields").is_some() {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        let faults = managed_fields::faults(applied, self.resource.schema.open_api());
        if faults.is_empty() {
            return Ok(());
        }
        let list = match faults.as_slice() {
            [one] => one.clone(),
            many => format!("errors:\n  {}", many.join("\n  ")),
        };
        let (namespace, name) = (object::namespace(applied), object::name(applied));
        let slash = if self.resource.group.is_empty() {
            "/"
        } else {
            ""
        };
        Err(Status::new(
            500,
            "",
            format!(
                "failed to create typed patch object ({namespace}/{name}; {slash}{version}, Kind={kind}): {list}"
            ),
        ))
    }

    async fn apply_to(&mut self, old: Stored, applied: Value) -> Result<Answer, Status> {
        let live = ownership::without(old.value.clone());
        let managed = ownership::stored(&old.value);
        let (mut object, managed) = self.merged(&live, &applied, managed).map_err(|conflicts| {
            Status::apply_conflict(conflicts.to_string(), conflicts.causes())
        })?;
        if self.manager == KUBECTL {
            renew_last_applied(&mut object, &applied);
        }
        self.conform(&mut object)?;
        self.replace(object, old, Owners::Found(managed)).await
    }

    /// The object with what is applied, and whose it is then. `kubectl` has owned what it once
    /// applied on its own side, so that is no conflict.
    fn merged(
        &self,
        live: &Value,
        applied: &Value,
        managed: Managed,
    ) -> Result<(Value, Managed), Conflicts> {
        let writer = self.writer();
        let application = Application {
            live,
            applied,
            schema: self.resource.schema.open_api(),
            unwritable: self.unwritable(),
            by: &writer,
            force: self.query.force == Some(true),
        };
        if self.manager != KUBECTL {
            return managed_fields::apply(&application, managed);
        }
        managed_fields::apply(&application, managed.clone()).or_else(|conflicts| {
            let schema = self.resource.schema.open_api();
            let Some(own) =
                last_applied(live).filter(|last| last.get("apiVersion") == live.get("apiVersion"))
            else {
                return Err(conflicts);
            };
            let conflicts = conflicts.except(&managed_fields::unchanged(&own, live, schema));
            if !conflicts.is_empty() {
                return Err(conflicts);
            }
            let forced = Application {
                force: true,
                ..application
            };
            managed_fields::apply(&forced, managed)
        })
    }

    /// Creates the object, where the caller may.
    async fn apply_to_nothing(&mut self, applied: Value) -> Result<Answer, Status> {
        let resource = self.resource.group_resource();
        if self.subresource.is_some() {
            return Err(Status::not_found(resource, &self.name));
        }
        let uid = object::uid(&applied);
        if !uid.is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            );
            return Err(Status::conflict(resource, &self.name, why));
        }
        self.check_may_create().await?;
        let live = managed_fields::typed_only(&applied);
        let (mut object, managed) =
            self.merged(&live, &applied, Managed::default())
                .map_err(|conflicts| {
                    Status::apply_conflict(conflicts.to_string(), conflicts.causes())
                })?;
        self.conform(&mut object)?;
        object::metadata_mut(&mut object).shift_remove("resourceVersion");
        self.create_named(object, Owners::Found(managed)).await
    }
}

fn annotations(object: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    object
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut)
}

/// What `kubectl apply` says that it applied.
fn last_applied(object: &Value) -> Option<Value> {
    let text = object
        .pointer("/metadata/annotations")?
        .get(LAST_APPLIED)?
        .as_str()?;
    serde_json::from_str(text).ok()
}

/// Where `kubectl apply` has left a note of what it applied, the note is kept true.
fn renew_last_applied(object: &mut Value, applied: &Value) {
    let mut noted = applied.clone();
    if let Some(annotations) = annotations(&mut noted) {
        annotations.shift_remove(LAST_APPLIED);
    }
    if let Some(annotations) = annotations(object)
        && let Some(note) = annotations.get_mut(LAST_APPLIED)
    {
        *note = format!("{noted}\n").into();
    }
}
