//! `patch`.

use super::Call;
use super::again::Attempts;
use super::ownership::{self, Owners};
use crate::managed_fields;
use crate::object;
use crate::patch::{self, BuiltIn, PatchError, PatchKind};
use crate::pipeline::respond::Answer;
use crate::status::Status;
use crate::validate::FieldError;
use serde_json::Value;

impl Call {
    pub(super) async fn patch(&mut self, kind: PatchKind, patch: &Value) -> Result<Answer, Status> {
        let keys = patch::built_in(&self.resource.group, &self.resource.kind);
        if kind == PatchKind::StrategicMerge && keys.is_none() {
            return Err(Status::unsupported_media_type(&[
                "application/json-patch+json",
                "application/merge-patch+json",
            ]));
        }
        let mut attempts = Attempts::of(self);
        loop {
            match self.patch_once(kind, patch, keys).await {
                Err(status) if attempts.go_on(self, &status).await => {}
                outcome => return outcome,
            }
        }
    }

    async fn patch_once(
        &mut self,
        kind: PatchKind,
        patch: &Value,
        keys: Option<BuiltIn>,
    ) -> Result<Answer, Status> {
        let old = self.stored(&self.name).await?;
        let target = managed_fields::unfold(old.value.clone());
        let mut object = match &keys {
            Some(keys) => patch::apply(kind, &target, patch, keys),
            None => patch::apply(kind, &target, patch, &patch::NoKeys),
        }
        .map_err(|error| self.unpatched(&error))?;
        if !object.is_object() {
            return Err(Status::bad_request(
                "the patch leaves something that is no object",
            ));
        }
        if object::text(&object, "/metadata/resourceVersion").is_none() {
            let version = old.version.to_string();
            object::metadata_mut(&mut object).insert("resourceVersion".to_owned(), version.into());
        }
        self.conform(&mut object)?;
        let uid = object::uid(&object);
        if !uid.is_empty() && uid != object::uid(&old.value) {
            let error = FieldError::invalid("metadata.uid", uid, "field is immutable");
            let kind = self.resource.group_kind();
            return Err(Status::invalid(kind, &self.name, &[error]));
        }
        let claims = ownership::take_claims(&mut object);
        self.replace(object, old, Owners::ByDifference(claims))
            .await
    }

    /// A patch that cannot be understood is a bad request; one that does not fit the object is invalid.
    fn unpatched(&self, error: &PatchError) -> Status {
        let (code, reason) = match error {
            PatchError::TestFailed { .. }
            | PatchError::MissingPath { .. }
            | PatchError::NotAnOperation { .. } => (422, "Invalid"),
            _ => (400, "BadRequest"),
        };
        let resource = self.resource.group_resource();
        Status::of_patch(
            code,
            reason,
            format!("{resource} {:?} cannot be patched: {error}", self.name),
        )
    }
}
