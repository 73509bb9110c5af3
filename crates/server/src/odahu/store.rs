//! Connections in the Kubernetes API, with a sender's own client. Every write holds for the version
//! that was read, so that none is lost without a word. Another Secret in the place of one is
//! `exchange`'s.

mod exchange;

use bowline_catalog::detach::{self, Terms};
use bowline_catalog::odahu::{Change, Record, from_secret};
use http::StatusCode;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use serde_json::Value;

use super::answer::Answer;
use bowline_catalog::Error;

/// Why something was not done, by what ODAHU's clients tell apart.
#[derive(Debug)]
pub(super) enum Failure {
    NotFound,
    Exists,
    /// Somebody else changed it in between.
    Changed,
    /// The API's own words, which quote names and not values.
    Refused(StatusCode, String),
    Unreachable,
    /// It was taken away for another one, and neither could be stored.
    Lost,
}

impl Failure {
    pub(super) fn answer(self, id: &str) -> Answer {
        let (status, message) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, format!("entity {id:?} is not found")),
            Self::Exists => (
                StatusCode::CONFLICT,
                format!("entity {id:?} already exists"),
            ),
            Self::Changed => (
                StatusCode::CONFLICT,
                format!("entity {id:?} was changed by somebody else at the same time; try again"),
            ),
            Self::Refused(status, message) => (status, message),
            Self::Unreachable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the Kubernetes API does not answer; try again".to_owned(),
            ),
            Self::Lost => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!(
                    "entity {id:?} was taken away for its new type, and the Kubernetes API stores \
                     neither the new nor the old one; create it again"
                ),
            ),
        };
        Answer::message(status, message)
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        let kube::Error::Api(status) = error else {
            // What a broken connection says may quote anything; its kind is enough.
            tracing::warn!("the Kubernetes API was not reached for ODAHU's face");
            return Self::Unreachable;
        };
        match (status.code, status.reason.as_str()) {
            (404, _) => Self::NotFound,
            (409, "AlreadyExists") => Self::Exists,
            (409, _) => Self::Changed,
            (code @ (401 | 403 | 413 | 429), _) => {
                let code = StatusCode::from_u16(code).unwrap_or(StatusCode::FORBIDDEN);
                Self::Refused(code, status.message.clone())
            }
            (400..=499, _) => Self::Refused(StatusCode::BAD_REQUEST, status.message.clone()),
            _ => Self::Refused(StatusCode::INTERNAL_SERVER_ERROR, status.message.clone()),
        }
    }
}

/// A Secret and the connection that it stands for.
pub(super) struct Stored {
    object: Value,
    pub(super) record: Record,
}

impl Stored {
    /// The version of the Secret.
    pub(super) fn version(&self) -> &str {
        version(&self.object)
    }
}

fn version(object: &Value) -> &str {
    let version = object.pointer("/metadata/resourceVersion");
    version.and_then(Value::as_str).unwrap_or_default()
}

/// The connections of a project.
#[derive(Clone)]
pub(super) struct Store {
    client: kube::Client,
    project: String,
    secrets: Api<DynamicObject>,
}

impl Store {
    pub(super) fn new(client: kube::Client, project: &str) -> Self {
        // Untyped, so that nothing is lost that this version of the types does not know.
        let resource = ApiResource::erase::<Secret>(&());
        Self {
            secrets: Api::namespaced_with(client.clone(), project, &resource),
            client,
            project: project.to_owned(),
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<Record>, Failure> {
        let secrets = self.secrets.list(&ListParams::default()).await?;
        let records = secrets.items.into_iter().filter_map(|secret| {
            let object = serde_json::to_value(secret).ok()?;
            from_secret(&object)
        });
        Ok(records.collect())
    }

    pub(super) async fn get(&self, id: &str) -> Result<Stored, Failure> {
        // The name becomes a part of a path.
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if id.is_empty() || !id.chars().all(is_name) {
            return Err(Failure::NotFound);
        }
        let secret = self.secrets.get(id).await?;
        let object = serde_json::to_value(secret).map_err(|_| Failure::NotFound)?;
        let record = from_secret(&object).ok_or(Failure::NotFound)?;
        Ok(Stored { object, record })
    }

    /// Creates a Secret and returns its version. Kubernetes refuses a second one of the same name.
    pub(super) async fn create(&self, secret: Value) -> Result<String, Failure> {
        let params = PostParams::default();
        let secret = serde_json::from_value(secret).map_err(|_| Failure::Unreachable)?;
        match self.secrets.create(&params, &secret).await {
            Ok(created) => Ok(created.metadata.resource_version.unwrap_or_default()),
            Err(kube::Error::Api(status)) if status.code == 404 => {
                let message = "the project of ODAHU's connections does not exist; create it";
                Err(Failure::Refused(
                    StatusCode::BAD_REQUEST,
                    message.to_owned(),
                ))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts another record in the place of the stored one and returns the new version.
    pub(super) async fn replace(&self, stored: &Stored, new: &Record) -> Result<String, Failure> {
        match bowline_catalog::odahu::change(&stored.object, &stored.record, new) {
            Change::Merge(patch) => {
                let params = PatchParams::default();
                let patched = self
                    .secrets
                    .patch(&new.id, &params, &Patch::Merge(patch))
                    .await?;
                Ok(patched.metadata.resource_version.unwrap_or_default())
            }
            Change::Replace(secret) => self.exchange(stored, secret).await,
        }
    }

    /// Deletes a connection that nobody uses, if it is still the one that was read.
    pub(super) async fn delete_unused(&self, stored: &Stored) -> Result<(), Failure> {
        let (project, id) = (&self.project, &stored.record.id);
        let terms = Terms {
            resource_version: Some(stored.version()),
            ..Terms::default()
        };
        match detach::delete(&self.client, project, id, terms).await {
            Ok(deletion) if deletion.existed => Ok(()),
            Ok(_) => Err(Failure::NotFound),
            Err(Error::Kubernetes { source, .. }) => Err(Failure::from(*source)),
            Err(Error::NotFound { .. }) => Err(Failure::NotFound),
            Err(Error::Changed { .. }) => Err(Failure::Changed),
            Err(error @ Error::Unseen { .. }) => {
                let message = format!(
                    "{error}; let somebody delete it who may list these, or run \
                     `bowline delete {id} -n {project} --unseen`"
                );
                Err(Failure::Refused(StatusCode::BAD_REQUEST, message))
            }
            Err(error) => {
                let message = format!(
                    "{error}; take it out there first, or run `bowline delete {id} -n {project} \
                     --detach`"
                );
                Err(Failure::Refused(StatusCode::BAD_REQUEST, message))
            }
        }
    }
}
