//! Answers questions about access: what the access rules say, for the caller or for somebody else.

use super::{Call, internal};
use crate::identity::UserInfo;
use crate::object;
use crate::pipeline::respond::Answer;
use crate::rbac::Attributes;
use crate::status::Status;
use crate::validate::FieldError;
use serde_json::{Map, Value, json};

impl Call {
    pub(super) async fn review(&mut self, mut object: Value) -> Result<Answer, Status> {
        self.conform(&mut object)?;
        let status = match self.resource.kind.as_str() {
            "SelfSubjectReview" => json!({"userInfo": user_value(&self.user)}),
            "TokenReview" => self.review_token(&object).await?,
            "SelfSubjectRulesReview" => self.rules(&object).await?,
            "SelfSubjectAccessReview" => self.access(&self.user, &object).await?,
            "LocalSubjectAccessReview" => {
                self.check_local(&object)?;
                self.access(&somebody(&object), &object).await?
            }
            _ => self.access(&somebody(&object), &object).await?,
        };
        object["status"] = status;
        Ok(Answer::Object(201, object))
    }

    async fn rules(&self, object: &Value) -> Result<Value, Status> {
        let namespace = object::text(object, "/spec/namespace").unwrap_or_default();
        if namespace.is_empty() {
            return Err(Status::bad_request("no namespace on request"));
        }
        let policy = self.api.policy().await.map_err(internal)?;
        let (paths, resources): (Vec<_>, Vec<_>) = policy
            .rules(&self.user, namespace)
            .into_iter()
            .partition(|rule| !rule.urls.is_empty());
        let values = |rules: Vec<crate::rbac::Rule>| {
            rules.iter().map(|rule| rule.to_value()).collect::<Vec<_>>()
        };
        Ok(
            json!({"resourceRules": values(resources), "nonResourceRules": values(paths), "incomplete": false}),
        )
    }

    async fn access(&self, user: &UserInfo, object: &Value) -> Result<Value, Status> {
        let asked = self.asked(object)?;
        let policy = self.api.policy().await.map_err(internal)?;
        Ok(match policy.allows(user, &asked) {
            Some(reason) => json!({"allowed": true, "reason": reason}),
            None => json!({"allowed": false}),
        })
    }

    fn asked(&self, object: &Value) -> Result<Attributes, Status> {
        let resource = object.pointer("/spec/resourceAttributes");
        let path = object.pointer("/spec/nonResourceAttributes");
        let text = |from: &Value, member: &str| {
            from.get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        match (resource, path) {
            (Some(asked), None) => Ok(Attributes {
                verb: text(asked, "verb"),
                group: text(asked, "group"),
                resource: text(asked, "resource"),
                subresource: text(asked, "subresource"),
                namespace: text(asked, "namespace"),
                name: text(asked, "name"),
                path: String::new(),
            }),
            (None, Some(asked)) => Ok(Attributes {
                verb: text(asked, "verb"),
                path: text(asked, "path"),
                ..Attributes::default()
            }),
            _ => {
                let why =
                    "exactly one of nonResourceAttributes or resourceAttributes must be specified";
                let error = FieldError::invalid("spec.resourceAttributes", "", why);
                Err(Status::invalid(self.resource.group_kind(), "", &[error]))
            }
        }
    }

    /// A local review asks about its own namespace.
    fn check_local(&self, object: &Value) -> Result<(), Status> {
        let asked = object::text(object, "/spec/resourceAttributes/namespace").unwrap_or_default();
        if asked == self.namespace && !self.namespace.is_empty() {
            return Ok(());
        }
        let field = "spec.resourceAttributes.namespace";
        let error = FieldError::invalid(field, asked, "must match metadata.namespace");
        Err(Status::invalid(self.resource.group_kind(), "", &[error]))
    }
}

/// A user as reviews show them.
pub(super) fn user_value(user: &UserInfo) -> Value {
    let mut shown = Map::new();
    shown.insert("username".to_owned(), user.name.as_str().into());
    let uid = Some(user.uid.as_str()).filter(|uid| !uid.is_empty());
    object::put(&mut shown, "uid", uid.map(Value::from));
    shown.insert("groups".to_owned(), json!(user.groups));
    let extra = (!user.extra.is_empty()).then(|| json!(user.extra));
    object::put(&mut shown, "extra", extra);
    Value::Object(shown)
}

/// The user whom a review is about.
fn somebody(object: &Value) -> UserInfo {
    let strings = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let extra = object.pointer("/spec/extra").and_then(Value::as_object);
    UserInfo {
        name: object::text(object, "/spec/user")
            .unwrap_or_default()
            .to_owned(),
        groups: object
            .pointer("/spec/groups")
            .map(strings)
            .unwrap_or_default(),
        uid: object::text(object, "/spec/uid")
            .unwrap_or_default()
            .to_owned(),
        extra: extra
            .into_iter()
            .flatten()
            .map(|(key, values)| (key.clone(), strings(values)))
            .collect(),
    }
}
