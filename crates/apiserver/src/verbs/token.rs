//! Tokens: asking for one of a ServiceAccount (`token`), and asking whose one is (`TokenReview`).

use super::{Call, internal};
use crate::accounts::{self, Bound, Claims, Named};
use crate::object;
use crate::pipeline::respond::Answer;
use crate::resource::Resource;
use crate::schema::Schema;
use crate::status::{GroupResource, Status};
use crate::store::ObjectKey;
use crate::validate::FieldError;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const GROUP: &str = "authentication.k8s.io";
pub(crate) const KIND: &str = "TokenRequest";
const API_VERSION: &str = "authentication.k8s.io/v1";
const TYPE: &str = "io.k8s.api.authentication.v1.TokenRequest";
const SECONDS_LEAST: i64 = 600;
const SECONDS_MOST: i64 = 1 << 32;

/// Whether a resource has tokens.
pub(crate) fn has_token(resource: &Resource) -> bool {
    resource.stored_as == "/serviceaccounts"
}

impl Call {
    pub(super) async fn make_token(&self, mut request: Value) -> Result<Answer, Status> {
        let account = self.stored(&self.name).await?.value;
        let seconds = self.check_request(&mut request)?;
        self.check_place(&request)?;
        let bound = self.bound_object(&request).await?;
        let mut audiences = strings(request.pointer("/spec/audiences"));
        if audiences.is_empty() {
            audiences = accounts::own_audience();
        }
        let now = Timestamp::now();
        let account = Named {
            name: self.name.clone(),
            uid: object::uid(&account).to_owned(),
        };
        let uid = account.uid.clone();
        let times = (now.as_second(), seconds);
        let claims = Claims::new(&self.namespace, account, bound, audiences.clone(), times);
        let signed = self.api.signer.sign(&claims);
        let token = signed.ok_or_else(|| Status::internal("the token cannot be signed"))?;
        let ends = Timestamp::from_second(now.as_second().saturating_add(seconds));
        let ends = ends.map_err(|_| Status::internal("the token has no end"))?;
        let metadata = object::metadata_mut(&mut request);
        metadata.insert("name".to_owned(), self.name.as_str().into());
        metadata.insert("namespace".to_owned(), self.namespace.as_str().into());
        metadata.insert("uid".to_owned(), uid.into());
        metadata.insert("creationTimestamp".to_owned(), object::now().into());
        request["spec"]["audiences"] = json!(audiences);
        let spec = object::member_mut(&mut request, "spec");
        spec.entry("boundObjectRef").or_insert(Value::Null);
        request["status"] = json!({"token": token, "expirationTimestamp": ends.to_string()});
        Ok(Answer::Plain(201, request))
    }

    /// Takes the request as one, and returns for how long the token shall be good.
    fn check_request(&self, request: &mut Value) -> Result<i64, Status> {
        for (member, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
            let found = request
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or(expected);
            if found != expected {
                return Err(Status::bad_request(format!(
                    "the {member} in the data ({found}) does not match the expected {member} ({expected})"
                )));
            }
            request[member] = expected.into();
        }
        object::member_mut(request, "spec");
        object::metadata_mut(request);
        let schema = Schema::built_in(TYPE);
        schema.prune(request);
        if let Some(error) = schema.check(request).iter().find(|error| error.is_type()) {
            return Err(Status::bad_request(error.to_string()));
        }
        schema.default(request);
        let seconds = request
            .pointer("/spec/expirationSeconds")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        let why = if seconds < SECONDS_LEAST {
            "may not specify a duration less than 10 minutes"
        } else if seconds > SECONDS_MOST {
            "may not specify a duration larger than 2^32 seconds"
        } else {
            return Ok(seconds);
        };
        let error = FieldError::invalid("spec.expirationSeconds", seconds, why);
        let kind = GroupResource {
            group: GROUP,
            name: KIND,
        };
        Err(Status::invalid(kind, "", &[error]))
    }

    /// The name and namespace that a request has must be those of the path.
    fn check_place(&self, request: &Value) -> Result<(), Status> {
        let text = |pointer| object::text(request, pointer).unwrap_or_default();
        if ![self.namespace.as_str(), ""].contains(&text("/metadata/namespace")) {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        let name = text("/metadata/name");
        if [self.name.as_str(), ""].contains(&name) {
            return Ok(());
        }
        let why = "must match the service account name if specified";
        let error = FieldError::invalid("metadata.name", name, why);
        let kind = GroupResource {
            group: GROUP,
            name: KIND,
        };
        Err(Status::invalid(kind, &self.name, &[error]))
    }

    /// The object that ends the token with itself, where one is named.
    async fn bound_object(&self, request: &Value) -> Result<Option<Bound>, Status> {
        let Some(reference) = request.pointer("/spec/boundObjectRef") else {
            return Ok(None);
        };
        let text = |member| object::text(reference, member).unwrap_or_default();
        let (kind, name, uid) = (text("/kind"), text("/name"), text("/uid"));
        let plural = match (text("/apiVersion"), kind) {
            ("v1", "Pod") => "pods",
            ("v1", "Secret") => "secrets",
            (version, kind) => {
                let version = match version.split_once('/') {
                    Some(_) => version.to_owned(),
                    None => format!("/{version}"),
                };
                let why = format!("cannot bind token to object of type {version}, Kind={kind}");
                return Err(Status::bad_request(why));
            }
        };
        let resource = GroupResource {
            group: "",
            name: plural,
        };
        let key = ObjectKey {
            resource: format!("/{plural}"),
            namespace: self.namespace.clone(),
            name: name.to_owned(),
        };
        let found = self.api.store.get(&key).await.map_err(internal)?;
        let found = found
            .ok_or_else(|| Status::not_found(resource, name))?
            .value;
        if !uid.is_empty() && uid != object::uid(&found) {
            let why = format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            );
            let resource = GroupResource {
                group: "",
                name: kind,
            };
            return Err(Status::conflict(resource, name, why));
        }
        let runs_as = object::text(&found, "/spec/serviceAccountName").unwrap_or_default();
        if kind == "Pod" && runs_as != self.name {
            return Err(Status::bad_request(format!(
                "cannot bind token for serviceaccount {:?} to pod running with different serviceaccount name.",
                self.name
            )));
        }
        let named = Named {
            name: name.to_owned(),
            uid: object::uid(&found).to_owned(),
        };
        Ok(Some(if kind == "Pod" {
            Bound::Pod(named)
        } else {
            Bound::Secret(named)
        }))
    }

    /// Whose a token is, as a `TokenReview` says it.
    pub(super) async fn review_token(&self, review: &Value) -> Result<Value, Status> {
        let token = object::text(review, "/spec/token").unwrap_or_default();
        if token.is_empty() {
            let why = "token is required for TokenReview in authentication";
            return Err(Status::bad_request(why));
        }
        let asked = strings(review.pointer("/spec/audiences"));
        let audiences = if asked.is_empty() {
            accounts::own_audience()
        } else {
            asked
        };
        let is_for_us = audiences
            .iter()
            .any(|audience| audience == accounts::ISSUER);
        let ours = self.api.configured_user(token).filter(|_| is_for_us);
        let known = match ours {
            Some(user) => Some((user, accounts::own_audience())),
            None => accounts::user(&self.api, token, &audiences)
                .await
                .map_err(internal)?,
        };
        Ok(match known {
            Some((user, audiences)) => {
                json!({"authenticated": true, "user": super::review::user_value(&user), "audiences": audiences})
            }
            None => json!({"user": {}, "error": "invalid bearer token"}),
        })
    }
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
