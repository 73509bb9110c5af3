//! Answers questions about access: what the access rules say, for the caller or for somebody else.

use super::{Call, internal};
use crate::identity::UserInfo;
use crate::object;
use crate::pipeline::respond::Answer;
use crate::rbac::Attributes;
use crate::status::{GroupResource, Status};
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
                self.check_subject(&object)?;
                self.check_local(&object)?;
                self.access(&somebody(&object), &object).await?
            }
            _ => {
                self.check_subject(&object)?;
                self.access(&somebody(&object), &object).await?
            }
        };
        if self.resource.kind == "SelfSubjectReview" {
            let now = object::now();
            object::metadata_mut(&mut object).insert("creationTimestamp".to_owned(), now.into());
        }
        if self.resource.kind == "SelfSubjectRulesReview" {
            // The question is not repeated in the answer.
            object["spec"] = json!({});
        }
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
            Some(reason) if reason.is_empty() => json!({"allowed": true}),
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
            (Some(_), Some(asked)) => {
                // Shown with the member names that Kubernetes has inside.
                let shown = json!({"Path": text(asked, "path"), "Verb": text(asked, "verb")});
                let why = "cannot be specified in combination with resourceAttributes";
                Err(self.misasked("spec.nonResourceAttributes", shown, why))
            }
            (None, None) => {
                let why =
                    "exactly one of nonResourceAttributes or resourceAttributes must be specified";
                Err(self.misasked("spec.resourceAttributes", Value::Null, why))
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
        Err(self.misasked(field, asked.into(), "must match metadata.namespace"))
    }

    /// Refuses a question about everybody.
    fn check_subject(&self, object: &Value) -> Result<(), Status> {
        let user = somebody(object);
        if user.name.is_empty() && user.groups.is_empty() {
            let why = "at least one of user or group must be specified";
            return Err(self.misasked("spec.user", "".into(), why));
        }
        Ok(())
    }

    /// A question that makes no sense; its kind is not named.
    fn misasked(&self, field: &str, value: Value, why: &str) -> Status {
        let kind = GroupResource {
            group: &self.resource.group,
            name: "",
        };
        Status::invalid(kind, "", &[FieldError::invalid(field, value, why)])
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
