//! Whom the server takes the sender for.

use serde::Serialize;
use utoipa::ToSchema;

use super::document::Common;
use super::parameters::{Nothing, Parameters};
use crate::callers::Caller;
use crate::guard::Json;

/// Who sends a request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Whoami {
    /// The name, as access rules use it.
    #[schema(example = "ada")]
    user: String,
    /// The groups.
    #[schema(example = json!(["team-a", "system:authenticated"]))]
    groups: Vec<String>,
}

/// Who am I?
///
/// Answers whom the server, and so Kubernetes, takes the sender for.
#[utoipa::path(
    get, path = "/api/v1/whoami", tag = "sign-in", operation_id = "whoami",
    responses((status = OK, body = Whoami, description = "The sender"), Common)
)]
pub(crate) async fn show(caller: Caller, Parameters(Nothing): Parameters<Nothing>) -> Json<Whoami> {
    let Caller { user, .. } = caller;
    Json(Whoami {
        user: user.name,
        groups: user.groups,
    })
}
