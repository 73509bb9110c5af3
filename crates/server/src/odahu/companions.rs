//! Endpoints beside connections that ODAHU's clients ask: health, who one is, what is configured, and
//! the lists of other things that ODAHU manages, of which there are none here.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{StatusCode, header};
use serde_json::{Value, json};
use utoipa_swagger_ui::Config;

use super::answer::Answer;
use super::{Settings, sender};
use crate::callers::Sender;

/// Lists that the JupyterLab extension asks for all at once, and shows nothing if one fails.
const EMPTY_LISTS: [&str; 5] = [
    "/api/v1/model/training",
    "/api/v1/model/packaging",
    "/api/v1/model/deployment",
    "/api/v1/toolchain/integration",
    "/api/v1/packaging/integration",
];
/// The truth about these routes, in the version of OpenAPI that ODAHU uses.
const DOCUMENT: &str = include_str!("swagger.json");

pub(super) async fn health() -> Answer {
    Answer::json(StatusCode::OK, &json!({}))
}

pub(super) fn empty_lists() -> Router<Arc<Settings>> {
    EMPTY_LISTS.into_iter().fold(Router::new(), |router, path| {
        router.route(path, get(empty_list))
    })
}

async fn empty_list(State(settings): State<Arc<Settings>>, request: Request) -> Answer {
    known(&settings, &request, || json!([]))
}

/// Nothing of it is secret; ODAHU tells of its services here.
pub(super) async fn configuration(
    State(settings): State<Arc<Settings>>,
    request: Request,
) -> Answer {
    known(&settings, &request, || {
        json!({
            "common": {"externalUrls": []},
            "connection": {
                "enabled": !settings.is_read_only,
                "repositoryType": "kubernetes",
                "namespace": settings.project,
            },
        })
    })
}

/// Tells those who are not known what ODAHU tells them.
pub(super) async fn user_info(request: Request) -> Answer {
    let sender = request.extensions().get::<Sender>();
    let caller = sender.and_then(|Sender(found)| found.as_ref().ok());
    let info = match caller.map(|caller| caller.user.name.as_str()) {
        Some(name) => {
            let email = if name.contains('@') { name } else { "" };
            json!({"email": email, "username": name})
        }
        None => json!({"email": "anonymous@email.org", "username": "anonymous"}),
    };
    Answer::json(StatusCode::OK, &info)
}

pub(super) async fn swagger(Path(file): Path<String>) -> Response {
    if file == "data.json" {
        let media_type = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        return (media_type, DOCUMENT).into_response();
    }
    let config = Config::from("data.json")
        .validator_url("none")
        .use_base_layout();
    match utoipa_swagger_ui::serve(&file, Arc::new(config)) {
        Ok(Some(file)) => {
            let media_type = [(header::CONTENT_TYPE, file.content_type)];
            (media_type, file.bytes.into_owned()).into_response()
        }
        _ => Answer::no_such_page().into(),
    }
}

fn known(settings: &Settings, request: &Request, value: impl Fn() -> Value) -> Answer {
    match sender::of(settings, request) {
        Ok(_) => Answer::json(StatusCode::OK, &value()),
        Err(refusal) => refusal,
    }
}
