//! Connection types: everybody who is known may read them; who may change them is up to the rights
//! on ConfigMaps where they live.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bowline_catalog::connection_types::{Listed, Saved};
use bowline_catalog::types::{ConnectionType, TypeInput};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::act::{Act, acted};
use super::document::{Changing, Common};
use super::forms;
use super::parameters::{DryRun, Nothing, Parameters};
use super::place::TypeName;
use super::versions::Versions;
use crate::App;
use crate::callers::Caller;
use crate::guard::{Body, Json, RequestId, plain};
use crate::problem::{Complaint, Problem};

/// All types.
#[derive(Serialize)]
pub(crate) struct All {
    items: Vec<Listed>,
}

/// What was read may be changed and sent back.
impl Body for TypeInput {
    const ANSWERED: &'static [&'static str] = &[
        "namespace",
        "isPreinstalled",
        "creator",
        "created",
        "protocol",
        "tags",
        "details",
    ];
}

impl Body for TypeCopy {}
impl Body for Enabled {}

/// A type as it was saved, and what is doubtful about it.
#[derive(Serialize)]
pub(crate) struct Written {
    #[serde(flatten)]
    type_: ConnectionType,
    details: Vec<Complaint>,
}

impl Written {
    fn of(saved: Saved) -> Self {
        let details = saved.findings.iter().map(Complaint::from).collect();
        Self {
            type_: saved.type_,
            details,
        }
    }
}

/// What a copy of a type is called.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TypeCopy {
    /// By default `Copy of` the type's own.
    #[schema(example = "Lake for the harbour")]
    display_name: Option<String>,
}

/// Whether new connections may be made with a type.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Enabled {
    /// Whether they may.
    #[schema(example = false)]
    is_enabled: bool,
}

/// Types that are compiled in and not in the cluster have no version of their own there.
fn version(type_: &ConnectionType) -> String {
    type_
        .resource_version
        .clone()
        .unwrap_or_else(|| format!("builtin-{}", type_.revision()))
}

fn act<'a>(verb: &'static str, name: &'a str, is_dry_run: bool) -> Act<'a> {
    Act {
        verb,
        kind: "connection type",
        project: "",
        name,
        is_dry_run,
    }
}

/// The caller, by whose client changes are made.
fn writer(caller: &Caller, is_dry: bool) -> kube::Client {
    let caller = caller.clone();
    if is_dry {
        caller.dry().client
    } else {
        caller.client
    }
}

fn written(saved: Saved, is_new: bool) -> Response {
    let etag = plain(&format!("\"{}\"", version(&saved.type_)));
    let location = plain(&format!("/api/v1/connection-types/{}", saved.type_.name));
    let body = Json(Written::of(saved));
    if is_new {
        let headers = [(header::LOCATION, location), (header::ETAG, etag)];
        return (StatusCode::CREATED, headers, body).into_response();
    }
    ([(header::ETAG, etag)], body).into_response()
}

/// List the connection types
///
/// Those that cannot be read are listed with their error.
#[utoipa::path(
    get, path = "/api/v1/connection-types", tag = "connection types", operation_id = "listConnectionTypes",
    responses((status = OK, body = forms::Types, description = "All types, by name"), Common)
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Caller,
    Parameters(Nothing): Parameters<Nothing>,
) -> Result<Json<All>, Problem> {
    let seen = app.settings.types.list().await?;
    if !seen.closed.is_empty() {
        let namespaces = seen.closed.join(", ");
        tracing::warn!(%namespaces, "the server's own account may not list ConfigMaps there, where connection types are");
    }
    Ok(Json(All { items: seen.types }))
}

/// Show a connection type
#[utoipa::path(
    get, path = "/api/v1/connection-types/{name}", tag = "connection types", operation_id = "showConnectionType",
    params(("name" = String, Path, description = "The type", example = "s3"),
        ("If-None-Match" = Option<String>, Header, description = "A version that the sender has")),
    responses(
        (status = OK, body = forms::ConnectionType, description = "The type", headers(("ETag" = String, description = "Its version"))),
        (status = NOT_MODIFIED, description = "The sender has this version"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json", description = "What is stored is not a type"),
        Common,
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    _: Caller,
    TypeName(name): TypeName,
    Parameters(Nothing): Parameters<Nothing>,
    versions: Versions,
) -> Result<Response, Problem> {
    let type_ = app.settings.types.get(&name).await?;
    Ok(versions.answer(Some(&version(&type_)), Json(type_)))
}

/// Create a connection type
///
/// The resource name is made from the display name where none is given, and begins with `ct-`.
#[utoipa::path(
    post, path = "/api/v1/connection-types", tag = "connection types", operation_id = "createConnectionType",
    params(DryRun), request_body(content = forms::TypeInput),
    responses(
        (status = CREATED, body = forms::WrittenType, description = "The type",
            headers(("Location" = String, description = "Its path"), ("ETag" = String, description = "Its version"))),
        (status = OK, body = forms::WrittenType, description = "The type as it would be: a dry run"),
        Common, Changing,
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Parameters(DryRun(is_dry)): Parameters<DryRun>,
    Json(input): Json<TypeInput>,
) -> Result<Response, Problem> {
    let name = input.name.clone().unwrap_or_default();
    acted(&caller, &id, act("create", &name, is_dry), async {
        let saved = app
            .settings
            .types
            .create(&writer(&caller, is_dry), &input)
            .await?;
        Ok(written(saved, !is_dry))
    })
    .await
}

/// Replace a connection type
///
/// Name, dialect and creator stay, and so does whatever others put on the ConfigMap. Types that came
/// with the platform cannot be changed.
#[utoipa::path(
    put, path = "/api/v1/connection-types/{name}", tag = "connection types", operation_id = "replaceConnectionType",
    params(("name" = String, Path, description = "The type", example = "ct-lake"),
        ("If-Match" = Option<String>, Header, description = "The version that the sender has seen"), DryRun),
    request_body(content = forms::TypeInput),
    responses(
        (status = OK, body = forms::WrittenType, description = "The type", headers(("ETag" = String, description = "Its version"))),
        Common, Changing,
    )
)]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    TypeName(name): TypeName,
    Parameters(DryRun(is_dry)): Parameters<DryRun>,
    versions: Versions,
    Json(mut input): Json<TypeInput>,
) -> Result<Response, Problem> {
    acted(&caller, &id, act("change", &name, is_dry), async {
        if let Some(version) = versions.expected()? {
            input.resource_version = Some(version);
        }
        let saved = app
            .settings
            .types
            .edit(&writer(&caller, is_dry), &name, &input)
            .await;
        let saved = saved.map_err(|error| versions.blame(error))?;
        Ok(written(saved, false))
    })
    .await
}

/// Delete a connection type
///
/// Connections that were made with it stay. Types that came with the platform cannot be deleted.
#[utoipa::path(
    delete, path = "/api/v1/connection-types/{name}", tag = "connection types", operation_id = "deleteConnectionType",
    params(("name" = String, Path, description = "The type", example = "ct-lake"),
        ("If-Match" = Option<String>, Header, description = "The version that the sender has seen"), DryRun),
    responses((status = NO_CONTENT, description = "It is gone"), Common, Changing)
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    TypeName(name): TypeName,
    Parameters(DryRun(is_dry)): Parameters<DryRun>,
    versions: Versions,
) -> Result<StatusCode, Problem> {
    acted(&caller, &id, act("delete", &name, is_dry), async {
        let expected = versions.expected()?;
        let types = &app.settings.types;
        let deleted = types
            .delete(&writer(&caller, is_dry), &name, expected.as_deref())
            .await;
        deleted.map_err(|error| versions.blame(error))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Copy a connection type
#[utoipa::path(
    post, path = "/api/v1/connection-types/{name}/duplicate", tag = "connection types", operation_id = "duplicateConnectionType",
    params(("name" = String, Path, description = "The type", example = "s3"), DryRun), request_body(content = TypeCopy),
    responses(
        (status = CREATED, body = forms::WrittenType, description = "The copy",
            headers(("Location" = String, description = "Its path"), ("ETag" = String, description = "Its version"))),
        (status = OK, body = forms::WrittenType, description = "The copy as it would be: a dry run"),
        Common, Changing,
    )
)]
pub(crate) async fn duplicate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    TypeName(name): TypeName,
    Parameters(DryRun(is_dry)): Parameters<DryRun>,
    Json(copy): Json<TypeCopy>,
) -> Result<Response, Problem> {
    acted(&caller, &id, act("duplicate", &name, is_dry), async {
        let types = &app.settings.types;
        let called = copy.display_name.as_deref();
        let saved = types
            .duplicate(&writer(&caller, is_dry), &name, called)
            .await?;
        Ok(written(saved, !is_dry))
    })
    .await
}

/// Enable or disable a connection type
///
/// Also those that came with the platform.
#[utoipa::path(
    put, path = "/api/v1/connection-types/{name}/enabled", tag = "connection types", operation_id = "enableConnectionType",
    params(("name" = String, Path, description = "The type", example = "ct-lake"), DryRun), request_body(content = Enabled),
    responses(
        (status = OK, body = forms::WrittenType, description = "The type", headers(("ETag" = String, description = "Its version"))),
        Common, Changing,
    )
)]
pub(crate) async fn enable(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    TypeName(name): TypeName,
    Parameters(DryRun(is_dry)): Parameters<DryRun>,
    Json(Enabled { is_enabled }): Json<Enabled>,
) -> Result<Response, Problem> {
    let verb = if is_enabled { "enable" } else { "disable" };
    acted(&caller, &id, act(verb, &name, is_dry), async {
        let types = &app.settings.types;
        let saved = types
            .set_enabled(&writer(&caller, is_dry), &name, is_enabled)
            .await?;
        Ok(written(saved, false))
    })
    .await
}
