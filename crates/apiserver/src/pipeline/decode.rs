//! Reads a request's body: bounded in size, time and depth, JSON or YAML, each member once. What
//! the value means is left to the verbs. No text ever shows a piece of the body but member names.

mod strict;

use crate::patch::{DEPTH, PatchKind, is_shallow};
use crate::protobuf::{self, ProtobufError};
use crate::status::Status;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, Collected, LengthLimitError, Limited};
use serde_json::Value;
use std::time::Duration;
use strict::Strict;

/// A body of at most this many bytes is read.
pub(crate) const BODY_LIMIT: usize = 3 * 1024 * 1024;
const BODY_TIME: Duration = Duration::from_secs(30);
const OBJECT_TYPES: &[&str] = &["application/json", "application/yaml"];
const PATCH_TYPES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    APPLY,
];
const APPLY: &str = "application/apply-patch+yaml";

/// The patch in a body.
pub(crate) enum Patch {
    /// It changes an object.
    Change(PatchKind, Value),
    /// It says what its manager wants of an object (server-side apply).
    Apply(Value),
}

/// An error of a body or of what carries it.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// Any body, whoever sends it.
pub(crate) type RequestBody = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// Everything in a body.
pub(crate) async fn read(body: RequestBody) -> Result<Bytes, Status> {
    let reading: BoxFuture<'static, Result<Collected<Bytes>, BoxError>> =
        Limited::new(body, BODY_LIMIT).collect().boxed();
    match tokio::time::timeout(BODY_TIME, reading).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Status::too_large(BODY_LIMIT)),
        Ok(Err(_)) => Err(Status::bad_request("the body ended before it was complete")),
        Err(_) => Err(Status::new(
            408,
            "Timeout",
            "the body did not arrive in time: send the request again",
        )),
    }
}

/// The object in a body; its form is what `Content-Type` says, JSON by default. Go clients send
/// protobuf for built-in kinds without asking, and custom resources have no such form.
pub(crate) fn object(
    headers: &HeaderMap,
    body: &[u8],
    has_protobuf: bool,
) -> Result<Value, Status> {
    let value = match media_type(headers)? {
        "" | "application/json" => json(body)?,
        "application/yaml" => yaml(body)?,
        protobuf::MEDIA_TYPE if has_protobuf => {
            protobuf::decode(body).map_err(|error| match error {
                ProtobufError::UnknownKind | ProtobufError::Encoded => {
                    Status::unsupported_media_type(OBJECT_TYPES)
                }
                other => Status::bad_request(other.to_string()),
            })?
        }
        _ => return Err(Status::unsupported_media_type(OBJECT_TYPES)),
    };
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(Status::bad_request(
            "the body must be a JSON or YAML object",
        )),
    }
}

/// The patch in a body; its kind is what `Content-Type` says.
pub(crate) fn patch(headers: &HeaderMap, body: &[u8]) -> Result<Patch, Status> {
    let kind = match media_type(headers)? {
        "application/json-patch+json" => PatchKind::Json,
        "application/merge-patch+json" => PatchKind::Merge,
        "application/strategic-merge-patch+json" => PatchKind::StrategicMerge,
        APPLY => return applied(body).map(Patch::Apply),
        _ => return Err(Status::unsupported_media_type(PATCH_TYPES)),
    };
    Ok(Patch::Change(kind, json(body)?))
}

/// The object of an apply: YAML, or JSON, which is read with less effort.
fn applied(body: &[u8]) -> Result<Value, Status> {
    let is_json = body.trim_ascii_start().starts_with(b"{");
    let value = if is_json { json(body)? } else { yaml(body)? };
    if value.is_object() && is_shallow(&value, DEPTH) {
        return Ok(value);
    }
    Err(Status::bad_request(
        "the body of an apply must be an object, and not nested deeper than any object may be",
    ))
}

/// The options of a deletion, which may come without a body.
pub(crate) fn options(headers: &HeaderMap, body: &[u8]) -> Result<Value, Status> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    object(headers, body, true)
}

fn media_type(headers: &HeaderMap) -> Result<&str, Status> {
    let Some(header) = headers.get(CONTENT_TYPE) else {
        return Ok("");
    };
    let text = header
        .to_str()
        .map_err(|_| Status::unsupported_media_type(OBJECT_TYPES))?;
    Ok(text.split(';').next().unwrap_or_default().trim())
}

fn json(body: &[u8]) -> Result<Value, Status> {
    let text = utf8(body)?;
    let Strict(value) = serde_json::from_str(text).map_err(|error| {
        Status::bad_request(format!("the body cannot be read as JSON: {error}"))
    })?;
    Ok(value)
}

fn yaml(body: &[u8]) -> Result<Value, Status> {
    let options = serde_saphyr::options! { with_snippet: false };
    let Strict(value) =
        serde_saphyr::from_str_with_options(utf8(body)?, options).map_err(|error| {
            // The parser's own text may quote the document, so only the place is told.
            let place = error
                .location()
                .map(|at| format!(" at line {}, column {}", at.line(), at.column()));
            let place = place.unwrap_or_default();
            Status::bad_request(format!(
                "the body cannot be read as YAML with each member once{place}"
            ))
        })?;
    Ok(value)
}

fn utf8(body: &[u8]) -> Result<&str, Status> {
    std::str::from_utf8(body).map_err(|error| {
        Status::bad_request(format!(
            "the body is not UTF-8 from byte {} on",
            error.valid_up_to()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn headers(media_type: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, media_type.parse().expect("a header"))])
    }

    #[rstest]
    #[case::duplicate_json(
        "application/json",
        r#"{"a":{"secret-name":1,"secret-name":"hunter2"}}"#
    )]
    #[case::duplicate_yaml("application/yaml", "a:\n  b: hunter2\n  b: hunter2\n")]
    #[case::cut_short("application/json", r#"{"a":"hunter2"#)]
    #[case::bare_word("application/json", "hunter2")]
    #[case::text("application/json", r#""hunter2""#)]
    #[case::broken_yaml("application/yaml", "a: [hunter2\nb: 'hunter2")]
    #[case::bad_number("application/json", r#"{"a":hunter2}"#)]
    fn a_body_that_is_no_object_is_refused_without_showing_it(
        #[case] media_type: &str,
        #[case] body: &str,
    ) {
        let status = object(&headers(media_type), body.as_bytes(), false).expect_err("refused");
        assert_eq!(status.code, 400);
        assert!(!status.message.contains("hunter2"), "{}", status.message);
    }

    #[test]
    fn a_duplicate_member_is_named() {
        let status =
            object(&headers("application/json"), br#"{"a":1,"a":2}"#, false).expect_err("refused");
        assert!(
            status.message.contains("duplicate field \"a\""),
            "{}",
            status.message
        );
    }

    #[rstest]
    #[case::json("application/json", format!("{}1{}", "[".repeat(5000), "]".repeat(5000)))]
    #[case::json_objects("application/json", format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000)))]
    #[case::yaml("application/yaml", format!("{}1{}", "[".repeat(5000), "]".repeat(5000)))]
    fn a_deeply_nested_body_is_refused(#[case] media_type: &str, #[case] body: String) {
        assert_eq!(
            object(&headers(media_type), body.as_bytes(), false)
                .expect_err("refused")
                .code,
            400
        );
    }

    #[test]
    fn a_body_that_is_not_utf8_is_refused_with_the_place() {
        let status =
            object(&headers("application/json"), b"{\"a\":\"\xff\"}", false).expect_err("refused");
        assert_eq!(
            (status.code, status.message.as_str()),
            (400, "the body is not UTF-8 from byte 6 on")
        );
    }

    #[test]
    fn protobuf_is_refused_for_kinds_that_are_not_built_in() {
        let status = object(
            &headers("application/vnd.kubernetes.protobuf"),
            b"k8s\0",
            false,
        )
        .expect_err("refused");
        assert_eq!(status.code, 415);
    }

    #[test]
    fn yaml_and_json_read_alike() {
        let yaml = object(
            &headers("application/yaml"),
            b"a: 1\nb: [x, true, null]\nc: {d: 1.5}\n",
            false,
        )
        .expect("an object");
        let json = object(
            &headers("application/json"),
            br#"{"a":1,"b":["x",true,null],"c":{"d":1.5}}"#,
            false,
        );
        assert_eq!(yaml, json.expect("an object"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(body in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = object(&headers("application/json"), &body, false);
            let _ = object(&headers("application/yaml"), &body, false);
            let _ = patch(&headers("application/json-patch+json"), &body);
        }
    }
}
