//! Which objects use which connections, as far as the sender may list them.

use std::sync::Arc;

use axum::extract::State;
use bowline_catalog::Error;
use bowline_catalog::index::{Usage, User};
use bowline_catalog::view::{NotLooked, Scope};
use serde::Serialize;

use super::document::Common;
use super::forms;
use super::parameters::{Nothing, Parameters};
use super::place::{Place, Project};
use crate::App;
use crate::callers::Caller;
use crate::guard::Json;
use crate::problem::Problem;

/// All connections of a project that something uses.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Used {
    items: Vec<Usage>,
    not_looked_at: Vec<NotLooked>,
}

/// What uses one connection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Users {
    users: Vec<User>,
    not_looked_at: Vec<NotLooked>,
}

/// Show which connections of a project are used, and by what
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/usage", tag = "usage", operation_id = "showUsage",
    params(("project" = String, Path, description = "The project", example = "team-a")),
    responses((status = OK, body = forms::Used, description = "Connections with their users"), Common)
)]
pub(crate) async fn of_project(
    State(app): State<Arc<App>>,
    caller: Caller,
    Project(project): Project,
    Parameters(Nothing): Parameters<Nothing>,
) -> Result<Json<Used>, Problem> {
    let view = app
        .views
        .of(&caller.client, &caller.key, &Scope::Namespace(project))
        .await?;
    Ok(Json(Used {
        items: view.used(),
        not_looked_at: view.not_looked_at(),
    }))
}

/// Show what uses a connection
///
/// Also what still names a connection that is gone.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/connections/{name}/usage", tag = "usage", operation_id = "showConnectionUsage",
    params(("project" = String, Path, description = "The project", example = "team-a"), ("name" = String, Path, description = "The connection", example = "tides")),
    responses((status = OK, body = forms::Users, description = "Its users"), Common)
)]
pub(crate) async fn of_connection(
    State(app): State<Arc<App>>,
    caller: Caller,
    Place { project, name }: Place,
    Parameters(Nothing): Parameters<Nothing>,
) -> Result<Json<Users>, Problem> {
    let scope = Scope::Namespace(project.clone());
    let view = app.views.of(&caller.client, &caller.key, &scope).await?;
    let users = view.users(&project, &name);
    if users.is_empty() && view.row(&project, &name).is_none() {
        let what = format!("connection `{name}` in project `{project}`");
        return Err(Error::NotFound { what }.into());
    }
    Ok(Json(Users {
        users,
        not_looked_at: view.not_looked_at(),
    }))
}
