//! Publishes the schemas: OpenAPI v3 per group and version, and OpenAPI v2 as a whole. kubectl
//! reads from them how lists are merged, what `explain` shows, and that the server validates.

mod components;
mod document;
mod protobuf;
mod v2;

use crate::pipeline::respond::Answer;
use crate::registry::Kinds;
use crate::resource::Resource;
use crate::status::Status;
use bytes::Bytes;
use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::{Map, Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The answer to a path below `/openapi`.
pub(crate) fn answer(kinds: &Kinds, path: &[&str], headers: &HeaderMap) -> Result<Answer, Status> {
    match path {
        ["v2"] if wants_protobuf(headers) => Ok(Answer::Raw {
            code: 200,
            media_type: protobuf::MEDIA_TYPE,
            body: Bytes::from(protobuf::document(kinds)),
        }),
        ["v2"] => json_answer(&v2::document(kinds)),
        ["v3"] => json_answer(&index(kinds)),
        ["v3", rest @ ..] => {
            let resources = of_path(kinds, &rest.join("/"));
            if resources.is_empty() {
                return Err(Status::unknown_path());
            }
            json_answer(&document::document(&resources))
        }
        _ => Err(Status::unknown_path()),
    }
}

/// Descriptions have one form, whatever else the client would take.
fn json_answer(value: &Value) -> Result<Answer, Status> {
    let body = serde_json::to_vec(value)
        .map_err(|_| Status::internal("the description cannot be written down"))?;
    Ok(Answer::Raw {
        code: 200,
        media_type: "application/json",
        body: Bytes::from(body),
    })
}

/// Whether the client reads nothing but protobuf.
fn wants_protobuf(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    accept.contains("protobuf") && !accept.contains("application/json")
}

/// `/openapi/v3`: which documents there are. Clients keep a document until its hash changes.
fn index(kinds: &Kinds) -> Value {
    let mut hashes: Vec<(String, DefaultHasher)> = Vec::new();
    for resource in kinds.iter() {
        let path = path_of(resource);
        let index = hashes
            .iter()
            .position(|(known, _)| *known == path)
            .unwrap_or_else(|| {
                hashes.push((path, DefaultHasher::new()));
                hashes.len() - 1
            });
        let hasher = &mut hashes[index].1;
        (
            env!("CARGO_PKG_VERSION"),
            &resource.plural,
            resource.has_status,
        )
            .hash(hasher);
        resource.schema.fingerprint().hash(hasher);
    }
    let paths: Map<String, Value> = hashes
        .into_iter()
        .map(|(path, hasher)| {
            let url = format!("/openapi/v3/{path}?hash={:016X}", hasher.finish());
            (path, json!({"serverRelativeURL": url}))
        })
        .collect();
    json!({ "paths": paths })
}

/// `api/v1`, `apis/apps/v1`
fn path_of(resource: &Resource) -> String {
    let root = if resource.group.is_empty() {
        "api"
    } else {
        "apis"
    };
    format!("{root}/{}", resource.api_version())
}

fn of_path<'a>(kinds: &'a Kinds, path: &str) -> Vec<&'a Resource> {
    kinds
        .iter()
        .map(AsRef::as_ref)
        .filter(|resource| path_of(resource) == path)
        .collect()
}
