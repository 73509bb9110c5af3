//! The values of a connection: the one place where they leave the server, for who may read the
//! Secret, each time with a line in the audit log.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use bowline_catalog::Connections;
use serde::Serialize;
use serde_json::Value;

use super::act::acted;
use super::document::Common;
use super::forms;
use super::parameters::{Nothing, Parameters};
use super::place::Place;
use crate::App;
use crate::callers::Caller;
use crate::guard::{Json, RequestId};
use crate::problem::Problem;

/// What is stored, by key. Not `Debug`.
#[derive(Serialize)]
pub(crate) struct Values {
    values: BTreeMap<String, Value>,
    /// Keys that faces mask until somebody asks to see them.
    hidden: Vec<String>,
}

/// Read the values of a connection
///
/// Needs the right to `get` the Secret, and is audited.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/connections/{name}/values", tag = "connections", operation_id = "readValues",
    params(("project" = String, Path, description = "The project", example = "team-a"), ("name" = String, Path, description = "The connection", example = "tides")),
    responses((status = OK, body = forms::Values, description = "The values, in clear"), Common)
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    place: Place,
    Parameters(Nothing): Parameters<Nothing>,
) -> Result<Json<Values>, Problem> {
    acted(&caller, &id, place.act("read-values", false), async {
        let connections = Connections::new(caller.client.clone(), app.settings.types.clone());
        let stored = connections.get(&place.project, &place.name).await?;
        let given = stored.values();
        let hidden = given
            .keys()
            .filter(|key| stored.is_secret(key))
            .cloned()
            .collect();
        let values = given
            .iter()
            .map(|(key, value)| (key.clone(), value.expose()))
            .collect();
        Ok(Json(Values { values, hidden }))
    })
    .await
}
