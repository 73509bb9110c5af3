//! The REST API below `/api/v1`: handlers that are also its OpenAPI document. Each acts with its
//! sender's client and no other, but for connection types, which everybody may read, and the names
//! of projects, of which only those that are open to the sender are told.

mod act;
mod connections;
mod document;
mod forms;
mod parameters;
mod pipelines;
mod place;
mod projects;
pub(crate) use projects::OpenProjects;
mod tests;
mod types;
mod usage;
mod values;
mod versions;
mod whoami;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::App;

/// Where the document is served.
const DOCUMENT: &str = "/api/v1/openapi.json";

fn operations() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(document::frame())
        .routes(routes!(connections::list, connections::create))
        .routes(routes!(
            connections::show,
            connections::change,
            connections::remove
        ))
        .routes(routes!(values::read))
        .routes(routes!(tests::stored))
        .routes(routes!(tests::unsaved))
        .routes(routes!(usage::of_connection))
        .routes(routes!(usage::of_project))
        .routes(routes!(connections::list_all))
        .routes(routes!(projects::list))
        .routes(routes!(types::list, types::create))
        .routes(routes!(types::show, types::replace, types::remove))
        .routes(routes!(types::duplicate))
        .routes(routes!(types::enable))
        .routes(routes!(pipelines::objects))
        .routes(routes!(pipelines::findings))
        .routes(routes!(pipelines::readers))
        .routes(routes!(pipelines::rights))
        .routes(routes!(pipelines::session))
        .routes(routes!(pipelines::live::diff))
        .routes(routes!(pipelines::live::apply))
        .routes(routes!(pipelines::live::check))
        .routes(routes!(whoami::show))
}

/// The OpenAPI document of everything that is served.
pub fn document() -> OpenApi {
    document::finished(operations().into_openapi())
}

pub(crate) fn routes() -> Router<Arc<App>> {
    let (operations, document) = operations().split_for_parts();
    let document = Arc::new(document::finished(document));
    let config = Config::from(DOCUMENT)
        .validator_url("none")
        .use_base_layout();
    operations
        .route(DOCUMENT, get(move || async move { axum::Json(document) }))
        .merge(SwaggerUi::new("/docs").config(config))
}
