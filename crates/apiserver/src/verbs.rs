//! What can be done with objects. Each verb is the same for every kind; who may use it has been
//! decided before, and how its answer is shown is decided after.

mod again;
mod apply;
mod create;
mod delete;
mod namespace;
mod ownership;
mod patch;
pub(crate) mod pods;
mod prepare;
mod read;
mod review;
pub(crate) mod scale;
pub(crate) mod token;
mod update;
mod watch;
mod write;

pub(crate) use create::stamp;
pub(crate) use namespace::{
    PERMANENT as PERMANENT_NAMESPACES, STORED_AS as NAMESPACES, default_account, settle,
};
pub(crate) use ownership::manager;
#[cfg(feature = "fuzzing")]
pub(crate) use read::Place;
pub(crate) use watch::LONGEST as LONGEST_WATCH;

use crate::api::Api;
use crate::identity::UserInfo;
use crate::object;
use crate::pipeline::decode::{self, Patch, RequestBody};
use crate::pipeline::negotiate::Format;
use crate::pipeline::query::Query;
use crate::pipeline::respond::Answer;
use crate::registry::Kinds;
use crate::resource::{Nature, Resource};
use crate::selector::FieldSelector;
use crate::status::Status;
use crate::store::{ObjectKey, StoreError, Stored};
use http::HeaderMap;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One request for a resource.
pub(crate) struct Call {
    pub(crate) api: Arc<Api>,
    pub(crate) user: UserInfo,
    pub(crate) resource: Arc<Resource>,
    /// Empty for all namespaces, and for cluster-scoped kinds.
    pub(crate) namespace: String,
    /// Empty for a collection.
    pub(crate) name: String,
    pub(crate) subresource: Option<String>,
    pub(crate) query: Query,
    /// How the answer is to be written.
    pub(crate) format: Format,
    /// By which name the caller writes.
    pub(crate) manager: String,
    /// Paths of members that the body has twice.
    pub(crate) repeated: Vec<String>,
    /// Whether the object comes of a patch.
    pub(crate) is_patch: bool,
    /// What the caller is told besides the answer.
    pub(crate) warnings: Vec<String>,
    /// How many objects of a collection were deleted.
    pub(crate) deleted: Option<usize>,
    /// Whether the store refused the last write since somebody else's came first.
    pub(crate) is_beaten: AtomicBool,
}

/// Does what was asked.
pub(crate) async fn run(
    call: &mut Call,
    verb: &str,
    headers: &HeaderMap,
    body: RequestBody,
) -> Result<Answer, Status> {
    if !call.resource.verbs().contains(&verb) {
        return Err(Status::method_not_allowed());
    }
    match call.subresource.as_deref() {
        None => {}
        Some("scale") => return run_scale(call, verb, headers, body).await,
        Some("token") if verb == "create" => {
            let (request, _) = decode::object(headers, &decode::read(body).await?, true)?;
            return call.make_token(request).await;
        }
        Some("eviction") if verb == "create" => {
            let (eviction, _) = decode::object(headers, &decode::read(body).await?, true)?;
            return call.evict(&eviction).await;
        }
        Some("log") if verb == "get" => return call.log().await,
        Some(inside) if pods::is_inside(inside) && matches!(verb, "get" | "create") => {
            return call.enter().await;
        }
        Some("status") if matches!(verb, "get" | "update" | "patch") => {}
        Some(_) => return Err(Status::method_not_allowed()),
    }
    match verb {
        "get" => call.get().await,
        "list" => call.list().await,
        "watch" => call.watch().await,
        "create" => {
            let (object, repeated) = decode::object(
                headers,
                &decode::read(body).await?,
                !call.resource.is_custom,
            )?;
            call.repeated = repeated;
            call.check_manager(verb, false)?;
            match call.resource.nature {
                Nature::Stored => call.create(object).await,
                Nature::Review => call.review(object).await,
            }
        }
        "update" => {
            let (object, repeated) = decode::object(
                headers,
                &decode::read(body).await?,
                !call.resource.is_custom,
            )?;
            call.repeated = repeated;
            call.check_manager(verb, false)?;
            call.update(object).await
        }
        "patch" => {
            call.is_patch = true;
            let patch = decode::patch(headers, &decode::read(body).await?)?;
            call.check_manager(verb, matches!(patch, Patch::Apply(_)))?;
            match patch {
                Patch::Apply(applied) => call.apply(applied).await,
                Patch::Change(kind, patch) => call.patch(kind, &patch).await,
            }
        }
        "delete" => {
            let options = decode::options(headers, &decode::read(body).await?)?;
            call.delete(&options).await
        }
        "deletecollection" => {
            let options = decode::options(headers, &decode::read(body).await?)?;
            call.delete_collection(&options).await
        }
        _ => Err(Status::method_not_allowed()),
    }
}

async fn run_scale(
    call: &mut Call,
    verb: &str,
    headers: &HeaderMap,
    body: RequestBody,
) -> Result<Answer, Status> {
    let Some(scale) = call.resource.scale.clone() else {
        return Err(Status::unknown_path());
    };
    match verb {
        "get" => call.get_scale(&scale).await,
        "update" => {
            let (wanted, _) = decode::object(headers, &decode::read(body).await?, true)?;
            call.check_manager(verb, false)?;
            call.update_scale(&scale, &wanted).await
        }
        "patch" => {
            let patch = decode::patch(headers, &decode::read(body).await?)?;
            call.check_manager(verb, matches!(patch, Patch::Apply(_)))?;
            call.patch_scale(&scale, &patch).await
        }
        _ => Err(Status::method_not_allowed()),
    }
}

/// The only name that a field selector lets through: who may read one object may list it.
pub(crate) fn selected_name(resource: &Resource, field_selector: &str) -> Option<String> {
    let supported: Vec<&str> = resource.selectable.iter().map(String::as_str).collect();
    let selector = FieldSelector::parse(field_selector, &supported).ok()?;
    selector.required("metadata.name").map(str::to_owned)
}

/// A stored object as its kind shows it. One of a custom kind may be older than the definition: what
/// the version that it was written in does not know any more is not shown, what that has got since is
/// there, and nobody is told.
fn served(kinds: &Kinds, resource: &Resource, mut stored: Value) -> Value {
    if resource.is_custom {
        let written_in = object::text(&stored, "/apiVersion").unwrap_or_default();
        let version = written_in.rsplit('/').next().unwrap_or_default();
        let other = (version != resource.version)
            .then(|| kinds.find(&resource.group, version, &resource.plural))
            .flatten();
        let schema = &other.map_or(resource, Arc::as_ref).schema;
        schema.prune(&mut stored);
        schema.default(&mut stored);
    }
    resource.to_served(stored)
}

/// A failure of the store that is nobody's mistake; its cause goes to the log.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it ends the error's life, and is handed to map_err as it is"
)]
pub(crate) fn internal(error: StoreError) -> Status {
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    tracing::error!(%error, ?causes, "the store failed");
    Status::internal("the store failed; the server's log says why")
}

impl Call {
    fn key(&self, name: &str) -> ObjectKey {
        self.resource.key(&self.namespace, name)
    }

    /// What a failure of the store means to the caller.
    fn refused(&self, error: StoreError) -> Status {
        let resource = self.resource.group_resource();
        let is_beaten = matches!(
            error,
            StoreError::AlreadyExists { .. } | StoreError::Conflict { .. }
        );
        self.is_beaten.store(is_beaten, Ordering::Relaxed);
        match error {
            StoreError::AlreadyExists { key } => Status::already_exists(resource, &key.name),
            StoreError::NotFound { key } => Status::not_found(resource, &key.name),
            StoreError::Conflict { key, .. } => Status::modified(resource, &key.name),
            StoreError::Gone { asked, oldest, .. } => {
                Status::expired(format!("too old resource version: {asked} ({oldest})"))
            }
            other => internal(other),
        }
    }

    /// A stored object as this version shows it.
    fn served(&self, stored: Value) -> Value {
        served(&self.api.registry.kinds(), &self.resource, stored)
    }

    /// The object that the path names, as this version shows it.
    async fn stored(&self, name: &str) -> Result<Stored, Status> {
        let found = self.found(name).await?;
        found.ok_or_else(|| Status::not_found(self.resource.group_resource(), name))
    }

    /// The same, where it is there.
    async fn found(&self, name: &str) -> Result<Option<Stored>, Status> {
        let found = self.api.store.get(&self.key(name)).await;
        let found = found.map_err(|error| self.refused(error))?;
        Ok(found.map(|Stored { value, version }| Stored {
            value: self.served(value),
            version,
        }))
    }
}
