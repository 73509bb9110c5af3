//! Writes answers down: in JSON or YAML, whole, as a table or as metadata only, with warnings.

mod pieces;
mod shape;
mod written;

pub(crate) use shape::shape;

use super::negotiate::{Encoding, Form, Format};
use crate::object;
use crate::resource::Resource;
use crate::status::Status;
use crate::store::ObjectText;
use crate::table::{self, IncludeObject};
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WARNING,
};
use http::{Response, StatusCode};
use http_body_util::StreamBody;
use hyper::body::{Body as _, Frame};
use jiff::Timestamp;
use pieces::{Holding, Pieces};
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use written::Written;

/// The body of an answer.
pub type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

/// Clients take only so many bytes of headers.
const WARNINGS_LIMIT: usize = 8 * 1024;
const WARNING_LIMIT: usize = 1024;

/// Objects of one kind, and the metadata of their list.
pub(crate) struct ObjectList {
    pub(crate) metadata: Map<String, Value>,
    pub(crate) items: Vec<Value>,
}

/// One line of a watch.
pub(crate) enum Line {
    /// `ADDED`, `MODIFIED`, `DELETED`: an object.
    Object(&'static str, Value),
    /// Everything up to this version has been sent, and at first everything that there was.
    Bookmark {
        version: u64,
        ends_initial_events: bool,
    },
    /// The watch cannot go on.
    Error(Status),
}

/// What a verb answers.
pub(crate) enum Answer {
    Object(u16, Value),
    List(ObjectList),
    /// An object as the text of its JSON.
    Text(ObjectText),
    /// The metadata of a list, and its objects as texts.
    Texts(Map<String, Value>, Vec<ObjectText>),
    /// Something that is no object of the resource, such as a Status or discovery.
    Plain(u16, Value),
    /// Written down already.
    Raw {
        code: u16,
        media_type: &'static str,
        body: Bytes,
    },
    Watch(BoxStream<'static, Line>),
}

/// How objects of a resource are to be shown.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) resource: Option<Arc<Resource>>,
    pub(crate) format: Format,
    pub(crate) include: IncludeObject,
}

/// The answer to a request that succeeded.
pub(crate) fn answer(answer: Answer, shown: Shown, warnings: &[String]) -> Response<Body> {
    let (code, value) = match answer {
        Answer::Object(code, value) => (code, shown.object(value)),
        Answer::List(list) => (200, shown.list(list)),
        Answer::Text(text) => {
            let text = full(Bytes::from_owner(text));
            return response(200, shown.media_type(), text, warnings);
        }
        Answer::Texts(metadata, items) => {
            let resource = shown.resource.as_deref().expect("a list is of a resource");
            let text = shape::list(resource, shown.format.form, metadata, &items);
            return response(200, shown.media_type(), full(text.into()), warnings);
        }
        Answer::Plain(code, value) => (code, value),
        Answer::Raw {
            code,
            media_type,
            body,
        } => return response(code, media_type, full(body), warnings),
        Answer::Watch(lines) => {
            return response(200, "application/json", watch(lines, shown), warnings);
        }
    };
    encoded(
        code,
        shown.media_type(),
        shown.format.encoding,
        &value,
        warnings,
    )
}

/// The answer to a request that was refused.
pub(crate) fn refusal(status: &Status, encoding: Encoding, warnings: &[String]) -> Response<Body> {
    if status.is_plain {
        let body = full(Bytes::from(status.message.clone()));
        return response(status.code, "text/plain; charset=utf-8", body, warnings);
    }
    let media_type = if encoding == Encoding::Yaml {
        "application/yaml"
    } else {
        "application/json"
    };
    let value = status.to_value();
    let mut response = encoded(status.code, media_type, encoding, &value, warnings);
    if let Some(seconds) = value["details"]["retryAfterSeconds"].as_u64() {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn encoded(
    code: u16,
    media_type: &str,
    encoding: Encoding,
    value: &Value,
    warnings: &[String],
) -> Response<Body> {
    let written = Written::answer(value);
    let bytes = match encoding {
        Encoding::Json => serde_json::to_vec(&written).map(Bytes::from).ok(),
        Encoding::Yaml => serde_json::to_value(&written)
            .ok()
            .and_then(|value| serde_saphyr::to_string(&value).map(Bytes::from).ok()),
    };
    match bytes {
        Some(bytes) => response(code, media_type, full(bytes), warnings),
        None => response(
            500,
            "text/plain",
            full(Bytes::from_static(b"the answer cannot be written down")),
            warnings,
        ),
    }
}

fn response(code: u16, media_type: &str, body: Body, warnings: &[String]) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(media_type)
        && !media_type.is_empty()
    {
        headers.insert(CONTENT_TYPE, value);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    let mut room = WARNINGS_LIMIT;
    for warning in warnings.iter().map(|text| warning_header(text)) {
        let Some(left) = room.checked_sub(warning.len()) else {
            break;
        };
        room = left;
        if let Ok(value) = HeaderValue::from_bytes(warning.as_bytes()) {
            headers.append(WARNING, value);
        }
    }
    response
}

/// A warning in the form of RFC 7234: one line, quotes and backslashes escaped.
fn warning_header(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 8);
    for c in text.chars().take(WARNING_LIMIT) {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    format!("299 - \"{quoted}\"")
}

fn full(bytes: Bytes) -> Body {
    Body::new(Pieces(bytes))
}

/// The same answer without its body, which `HEAD` asks for.
pub(crate) fn head_only(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, full(Bytes::new()))
}

/// The same answer, which keeps something for as long as it is not read.
pub(crate) fn holding(
    response: Response<Body>,
    kept: impl Send + Unpin + 'static,
) -> Response<Body> {
    response.map(|body| Body::new(Holding { body, _kept: kept }))
}

fn watch(lines: BoxStream<'static, Line>, shown: Shown) -> Body {
    let mut headings_sent = false;
    let frames = lines.map(move |line| {
        let value = shown.line(line, &mut headings_sent);
        let mut bytes = serde_json::to_vec(&Written::answer(&value)).unwrap_or_default();
        bytes.push(b'\n');
        Ok::<_, Infallible>(Frame::data(Bytes::from(bytes)))
    });
    Body::new(StreamBody::new(frames))
}

impl Shown {
    fn media_type(&self) -> &'static str {
        match (self.format.encoding, self.format.form) {
            (Encoding::Yaml, _) => "application/yaml",
            (_, Form::Discovery) => {
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            }
            _ => "application/json",
        }
    }

    fn object(&self, object: Value) -> Value {
        match (self.format.form, &self.resource) {
            (Form::Table, Some(resource)) => {
                let metadata =
                    json!({"resourceVersion": object::text(&object, "/metadata/resourceVersion")});
                self.table(resource, &[object], metadata)
            }
            (Form::Metadata, _) => only_metadata(object),
            _ => object,
        }
    }

    fn list(&self, list: ObjectList) -> Value {
        let (kind, api_version) = match (&self.resource, self.format.form) {
            (Some(resource), Form::Table) => {
                let mut metadata = list.metadata;
                if metadata.get("continue").is_some_and(|token| token == "") {
                    metadata.shift_remove("continue");
                }
                return self.table(resource, &list.items, Value::Object(metadata));
            }
            (Some(resource), form) => list_head(resource, form),
            (None, _) => metadata_list(),
        };
        let items: Vec<Value> = match self.format.form {
            Form::Metadata => list.items.into_iter().map(only_metadata).collect(),
            _ => list.items,
        };
        let items = match &self.resource {
            // The list says of which kind they are; objects of custom kinds say it again.
            Some(resource) if !resource.is_custom && self.format.form != Form::Metadata => {
                items.into_iter().map(without_kind).collect()
            }
            _ => items,
        };
        json!({"kind": kind, "apiVersion": api_version, "metadata": list.metadata, "items": items})
    }

    fn table(&self, resource: &Resource, objects: &[Value], metadata: Value) -> Value {
        table::render(
            &resource.columns,
            objects,
            self.include,
            metadata,
            Timestamp::now(),
        )
    }

    fn line(&self, line: Line, headings_sent: &mut bool) -> Value {
        let (kind, object) = match line {
            Line::Error(status) => ("ERROR", status.to_value()),
            Line::Object(kind, object) => (kind, self.object(object)),
            Line::Bookmark {
                version,
                ends_initial_events,
            } => (
                "BOOKMARK",
                self.object(self.bookmark(version, ends_initial_events)),
            ),
        };
        let mut line = json!({"type": kind, "object": object});
        // Headings are sent once, with the first row.
        if self.format.form == Form::Table && kind != "ERROR" {
            if *headings_sent {
                line["object"]["columnDefinitions"] = Value::Null;
            }
            *headings_sent = true;
        }
        line
    }

    fn bookmark(&self, version: u64, ends_initial_events: bool) -> Value {
        let resource = self.resource.as_ref();
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if ends_initial_events {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        json!({
            "kind": resource.map(|r| r.kind.clone()),
            "apiVersion": resource.map(|r| r.api_version()),
            "metadata": metadata,
        })
    }
}

/// The kind and version of a list.
fn list_head(resource: &Resource, form: Form) -> (String, String) {
    match form {
        Form::Whole | Form::Discovery => (resource.list_kind.clone(), resource.api_version()),
        Form::Metadata | Form::Table => metadata_list(),
    }
}

fn metadata_list() -> (String, String) {
    (
        "PartialObjectMetadataList".to_owned(),
        "meta.k8s.io/v1".to_owned(),
    )
}

fn without_kind(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.shift_remove("apiVersion");
        members.shift_remove("kind");
    }
    object
}

fn only_metadata(mut object: Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.get_mut("metadata").map(Value::take),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_have_only_so_much_room() {
        let warnings = vec!["a long warning".repeat(20); 10_000];
        let response = response(200, "application/json", full(Bytes::new()), &warnings);
        let size: usize = response
            .headers()
            .get_all(WARNING)
            .iter()
            .map(HeaderValue::len)
            .sum();
        assert!((1..=WARNINGS_LIMIT).contains(&size), "{size}");
    }

    #[test]
    fn a_warning_stays_one_quoted_line() {
        assert_eq!(
            warning_header("say \"no\" to \\ and\r\nInjected: 1"),
            "299 - \"say \\\"no\\\" to \\\\ and  Injected: 1\""
        );
    }
}
