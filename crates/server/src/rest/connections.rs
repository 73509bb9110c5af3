//! Connections: listed, created, shown without values, changed, deleted.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bowline_catalog::connections::{Saved, Stored};
use bowline_catalog::detach::{Deletion, Detach, Terms, delete};
use bowline_catalog::draft::NewConnection;
use bowline_catalog::edit::Change;
use bowline_catalog::index::Page;
use bowline_catalog::row::{Meta, Row};
use bowline_catalog::view::{NotLooked, Scope};
use bowline_catalog::{Connections, Error};
use bowline_core::{Finding, validate};
use http::{StatusCode, header};
use serde::Serialize;

use super::act::{Act, acted, to_its_end};
use super::document::{Changing, Common};
use super::forms;
use super::parameters::{DryRun, Listing, Nothing, Parameters, Removal};
use super::place::{Place, Project};
use super::projects;
use super::versions::Versions;
use crate::App;
use crate::callers::Caller;
use crate::guard::{Body, Json, RequestId, plain};
use crate::problem::{Complaint, Problem};
use axum::Extension;

impl Body for NewConnection {}
impl Body for Change {}

/// A page of rows, and what was not looked at for their users.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rows {
    #[serde(flatten)]
    page: Page,
    not_looked_at: Vec<NotLooked>,
}

/// One connection, and everything that there is to say about it.
#[derive(Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    row: Row,
    details: Vec<Complaint>,
}

impl Shown {
    fn of(stored: Stored, findings: &[Finding]) -> Result<Self, Problem> {
        let created = stored
            .metadata
            .creation_timestamp
            .map(|time| time.0.to_string());
        let resource_version = stored.metadata.resource_version.unwrap_or_default();
        let meta = Meta {
            resource_version,
            created,
        };
        let row = Row::of(stored.connection.secret, meta);
        // Whatever was read as a connection is one.
        let row =
            row.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "it is no connection any more"))?;
        let details = findings.iter().map(Complaint::from).collect();
        Ok(Self { row, details })
    }

    fn of_saved(saved: Saved) -> Result<Self, Problem> {
        Self::of(saved.stored, &saved.findings)
    }

    fn version(&self) -> String {
        format!("\"{}\"", self.row.resource_version)
    }
}

fn connections(app: &App, caller: &Caller, is_dry: bool) -> Connections {
    let caller = if is_dry {
        caller.clone().dry()
    } else {
        caller.clone()
    };
    Connections::new(caller.client, app.settings.types.clone())
}

/// List the connections of a project
///
/// Rows carry everything but values, and what uses the connections as far as the sender may list
/// it. A change may take a moment to show.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/connections", tag = "connections", operation_id = "listConnections",
    params(("project" = String, Path, description = "The project", example = "team-a"), Listing),
    responses((status = OK, body = forms::Rows, description = "A page of connections"), Common)
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Project(project): Project,
    Parameters(Listing(query)): Parameters<Listing>,
) -> Result<Json<Rows>, Problem> {
    let view = app
        .views
        .of(&caller.client, &caller.key, &Scope::Namespace(project))
        .await?;
    let page = view.query(&query).map_err(projects::bad_query)?;
    let not_looked_at = view.not_looked_at();
    Ok(Json(Rows {
        page,
        not_looked_at,
    }))
}

/// List the connections of all projects
///
/// Those in which the sender may list Secrets; others are left out.
#[utoipa::path(
    get, path = "/api/v1/connections", tag = "connections", operation_id = "listAllConnections",
    params(Listing),
    responses((status = OK, body = forms::Rows, description = "A page of connections"), Common)
)]
pub(crate) async fn list_all(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(Listing(query)): Parameters<Listing>,
) -> Result<Json<Rows>, Problem> {
    let (page, not_looked_at) = projects::query(&app, &caller, &query).await?;
    Ok(Json(Rows {
        page,
        not_looked_at,
    }))
}

/// Create a connection
///
/// The values are checked against the connection type; everything that is wrong is said at once.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/connections", tag = "connections", operation_id = "createConnection",
    params(("project" = String, Path, description = "The project", example = "team-a"), DryRun),
    request_body(content = forms::NewConnection),
    responses(
        (status = CREATED, body = forms::Connection, description = "The connection, without values",
            headers(("Location" = String, description = "Its path"), ("ETag" = String, description = "Its version"))),
        (status = OK, body = forms::Connection, description = "The connection as it would be: a dry run"),
        Common, Changing,
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Project(project): Project,
    Parameters(DryRun(is_dry)): Parameters<DryRun>,
    Json(new): Json<NewConnection>,
) -> Result<Response, Problem> {
    let name = new.name.clone().unwrap_or_default();
    let act = Act {
        verb: "create",
        kind: "connection",
        project: &project,
        name: &name,
        is_dry_run: is_dry,
    };
    acted(&caller, &id, act, async {
        let saved = connections(&app, &caller, is_dry)
            .create(&project, &new)
            .await?;
        let shown = Shown::of_saved(saved)?;
        if is_dry {
            return Ok(Json(shown).into_response());
        }
        let location = format!("/api/v1/projects/{project}/connections/{}", shown.row.name);
        let headers = [
            (header::LOCATION, plain(&location)),
            (header::ETAG, plain(&shown.version())),
        ];
        Ok((StatusCode::CREATED, headers, Json(shown)).into_response())
    })
    .await
}

/// Show a connection
///
/// Everything but its values.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/connections/{name}", tag = "connections", operation_id = "showConnection",
    params(("project" = String, Path, description = "The project", example = "team-a"), ("name" = String, Path, description = "The connection", example = "tides"),
        ("If-None-Match" = Option<String>, Header, description = "A version that the sender has")),
    responses(
        (status = OK, body = forms::Connection, description = "The connection, without values", headers(("ETag" = String, description = "Its version"))),
        (status = NOT_MODIFIED, description = "The sender has this version"),
        Common,
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Parameters(Nothing): Parameters<Nothing>,
    versions: Versions,
) -> Result<Response, Problem> {
    let stored = connections(&app, &caller, false)
        .get(&place.project, &place.name)
        .await?;
    let findings = validate(&stored.connection);
    let shown = Shown::of(stored, &findings)?;
    let version = shown.row.resource_version.clone();
    Ok(versions.answer(Some(&version), Json(shown)))
}

/// Change a connection
///
/// Only what is named changes; a value `null` is removed. Where the endpoint or the type changes,
/// the secret values must be given again.
#[utoipa::path(
    patch, path = "/api/v1/projects/{project}/connections/{name}", tag = "connections", operation_id = "changeConnection",
    params(("project" = String, Path, description = "The project", example = "team-a"), ("name" = String, Path, description = "The connection", example = "tides"),
        ("If-Match" = Option<String>, Header, description = "The version that the sender has seen"), DryRun),
    request_body(content = forms::Change),
    responses(
        (status = OK, body = forms::Connection, description = "The connection, without values", headers(("ETag" = String, description = "Its version"))),
        Common, Changing,
    )
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    place: Place,
    Parameters(DryRun(is_dry)): Parameters<DryRun>,
    versions: Versions,
    Json(mut change): Json<Change>,
) -> Result<Response, Problem> {
    acted(&caller, &id, place.act("change", is_dry), async {
        if let Some(version) = versions.expected()? {
            change.resource_version = Some(version);
        }
        let connections = connections(&app, &caller, is_dry);
        let saved = connections.edit(&place.project, &place.name, &change).await;
        let saved = saved.map_err(|error| versions.blame(error))?;
        let shown = Shown::of_saved(saved)?;
        let etag = [(header::ETAG, plain(&shown.version()))];
        Ok((etag, Json(shown)).into_response())
    })
    .await
}

/// Delete a connection
///
/// One that something uses is kept, unless it is taken out of that first (`detach`); one that may be
/// in use where the sender may not look is kept, unless that is accepted (`unseen`); a vital one is
/// kept in any case.
#[utoipa::path(
    delete, path = "/api/v1/projects/{project}/connections/{name}", tag = "connections", operation_id = "deleteConnection",
    params(("project" = String, Path, description = "The project", example = "team-a"), ("name" = String, Path, description = "The connection", example = "tides"),
        ("If-Match" = Option<String>, Header, description = "The version that the sender has seen"), Removal),
    responses((status = OK, body = forms::Deletion, description = "What was done"), Common, Changing)
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    place: Place,
    Parameters(removal): Parameters<Removal>,
    versions: Versions,
) -> Result<Json<Deletion>, Problem> {
    // Users are changed one after another: what stops in the middle would leave some detached.
    to_its_end(async move {
        let act = place.act("delete", removal.dry_run);
        acted(&caller, &id, act, async {
            let expected = versions.expected()?;
            let connections = connections(&app, &caller, removal.dry_run);
            let Place { project, name } = &place;
            let terms = Terms {
                detach: if removal.detach {
                    Detach::Yes
                } else {
                    Detach::No
                },
                is_unseen_allowed: removal.unseen,
                resource_version: expected.as_deref(),
            };
            let done = delete(connections.client(), project, name, terms).await;
            let done = done.map_err(|error| versions.blame(error))?;
            if !done.existed && done.detached.is_empty() {
                let what = format!("connection `{name}` in project `{project}`");
                return Err(Error::NotFound { what }.into());
            }
            Ok(Json(done))
        })
        .await
    })
    .await
}
