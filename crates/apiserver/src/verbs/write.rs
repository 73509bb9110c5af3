//! What the verbs that write have in common: admission, the check that nobody grants what they
//! do not have, and storing.

use super::prepare::{restore_system_members, system_members};
use super::{Call, internal, ownership};
use crate::admission::{
    AdmissionRequest, Afterwards, GroupVersionKind, GroupVersionResource, Operation, Verdict,
};
use crate::object;
use crate::pipeline::authorize;
use crate::rbac::{self, Attributes};
use crate::status::Status;
use crate::validate::rbac::GROUP;
use serde_json::Value;

impl Call {
    /// Asks the embedder, and takes over what it changed. What it changed must again be in order.
    pub(super) async fn admit(
        &mut self,
        operation: Operation,
        object: Value,
        old: Option<&Value>,
    ) -> Result<(Value, Option<Afterwards>), Status> {
        // A scale is no object that admission knows.
        let is_scale = self.subresource.as_deref() == Some("scale");
        if is_scale || self.api.admission.get().is_none() {
            return Ok((object, None));
        }
        let request = self.admission_request(operation, object.clone(), old);
        let (changed, afterwards) = self.ask(request).await?;
        let Some(mut changed) = changed else {
            return Ok((object, afterwards));
        };
        restore_system_members(&mut changed, &system_members(&object));
        self.conform(&mut changed)?;
        // Whose anything is has been settled before, and is not for admission to say.
        let mut changed = ownership::without(changed);
        self.complete(&mut changed, old);
        Ok((changed, afterwards))
    }

    /// Asks the embedder about an object that is to go.
    pub(super) async fn admit_deletion(
        &mut self,
        old: &Value,
    ) -> Result<Option<Afterwards>, Status> {
        let request = self.admission_request(Operation::Delete, Value::Null, Some(old));
        self.ask(request).await.map(|(_, afterwards)| afterwards)
    }

    /// The embedder's answer: the object as changed, and what to do once it is stored or gone.
    async fn ask(
        &mut self,
        request: AdmissionRequest,
    ) -> Result<(Option<Value>, Option<Afterwards>), Status> {
        let Some(admission) = self.api.admission.get().cloned() else {
            return Ok((None, None));
        };
        match admission.admit(request).await {
            Verdict::Deny(denial) => {
                let code = if (400..600).contains(&denial.code) {
                    denial.code
                } else {
                    403
                };
                Err(Status::new(code, denial.reason, denial.message))
            }
            Verdict::Allow {
                object,
                warnings,
                afterwards,
            } => {
                self.warnings.extend(warnings);
                Ok((object, afterwards))
            }
        }
    }

    fn admission_request(
        &self,
        operation: Operation,
        object: Value,
        old: Option<&Value>,
    ) -> AdmissionRequest {
        let resource = &self.resource;
        AdmissionRequest {
            uid: uuid::Uuid::new_v4().to_string(),
            resource: GroupVersionResource {
                group: resource.group.clone(),
                version: resource.version.clone(),
                plural: resource.plural.clone(),
            },
            kind: GroupVersionKind {
                group: resource.group.clone(),
                version: resource.version.clone(),
                kind: resource.kind.clone(),
            },
            operation,
            namespace: self.namespace.clone(),
            name: object::name(old.unwrap_or(&object)).to_owned(),
            user: self.user.clone(),
            object,
            old_object: old.cloned().map(ownership::without),
            dry_run: self.query.dry_run,
            subresource: self.subresource.clone(),
        }
    }

    /// Refuses access rules that give more than their author has.
    pub(super) async fn check_grants(
        &self,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        if self.resource.group != GROUP {
            return Ok(());
        }
        let policy = self.api.policy().await.map_err(internal)?;
        let grant = rbac::Grant {
            plural: &self.resource.plural,
            name: &self.name,
            object,
            old,
        };
        match rbac::check_escalation(&policy, &self.user, &grant) {
            Some(why) => Err(Status::forbidden(
                self.resource.group_resource(),
                object::name(object),
                why,
            )),
            None => Ok(()),
        }
    }

    /// Refuses those who may not create an object where another verb would do so.
    pub(super) async fn check_may_create(&self) -> Result<(), Status> {
        let policy = self.api.policy().await.map_err(internal)?;
        let asked = Attributes {
            verb: "create".to_owned(),
            group: self.resource.group.clone(),
            resource: self.resource.plural.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            ..Attributes::default()
        };
        authorize::authorize(&policy, &self.user, &asked)
    }

    /// Does what the embedder wanted done once the object is stored.
    pub(super) async fn follow_up(&mut self, afterwards: Option<Afterwards>) {
        if let Some(afterwards) = afterwards {
            self.warnings.extend(afterwards.await);
        }
    }
}
