//! Reads a request's body: bounded in size, time and depth, JSON or YAML, each member once. What
//! the value means is left to the verbs. No text ever shows a piece of the body but member names.

mod strict;

use crate::patch::{DEPTH, PatchKind, is_shallow};
use crate::protobuf::{self, ProtobufError};
use crate::schema::Schema;
use crate::status::Status;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, Collected, LengthLimitError, Limited};
use serde::de::DeserializeSeed as _;
use serde_json::{Map, Value};
use serde_saphyr::with_deserializer_from_str_with_options;
use std::time::Duration;
use strict::Strict;

/// A body of at most this many bytes is read.
pub(crate) const BODY_LIMIT: usize = 3 * 1024 * 1024;
const BODY_TIME: Duration = Duration::from_secs(30);
const OBJECT_TYPES: &[&str] = &["application/json", "application/yaml"];
const BUILT_IN_TYPES: &[&str] = &["application/json", "application/yaml", protobuf::MEDIA_TYPE];
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

/// The object in a body, and the paths of members that it has twice; its form is what
/// `Content-Type` says, JSON by default. Go clients send protobuf for built-in kinds without asking,
/// and custom resources have no such form.
pub(crate) fn object(
    headers: &HeaderMap,
    body: &[u8],
    has_protobuf: bool,
) -> Result<(Value, Vec<String>), Status> {
    let mut repeated = Vec::new();
    let accepted = if has_protobuf {
        BUILT_IN_TYPES
    } else {
        OBJECT_TYPES
    };
    let value = match media_type(headers)? {
        "" | "application/json" => {
            let (value, found) = lenient_json(body)?;
            repeated = found;
            value
        }
        "application/yaml" => yaml(body)?,
        protobuf::MEDIA_TYPE if has_protobuf => {
            protobuf::decode(body).map_err(|error| match error {
                ProtobufError::UnknownKind | ProtobufError::Encoded => {
                    Status::unsupported_media_type(accepted)
                }
                other => Status::bad_request(other.to_string()),
            })?
        }
        _ => return Err(Status::unsupported_media_type(accepted)),
    };
    match value {
        Value::Object(_) => Ok((value, repeated)),
        // Nothing stands for an object without members.
        Value::Null => Ok((Value::Object(Map::new()), repeated)),
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
    let mut patch = json(body)?;
    // Go makes this one, and an apply, out of numbers without types.
    if kind == PatchKind::StrategicMerge {
        Schema::settle_numbers(&mut patch);
    }
    Ok(Patch::Change(kind, patch))
}

/// The object of an apply: YAML, or JSON, which is read with less effort.
fn applied(body: &[u8]) -> Result<Value, Status> {
    let is_json = body.trim_ascii_start().starts_with(b"{");
    let mut value = if is_json { json(body)? } else { yaml(body)? };
    Schema::settle_numbers(&mut value);
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
        return Ok(Value::Object(Map::new()));
    }
    let (options, _) = object(headers, body, true)?;
    let text = |member: &str| options.get(member).and_then(Value::as_str);
    match text("kind") {
        None | Some("DeleteOptions") => Ok(options),
        Some(kind) => Err(Status::bad_request(format!(
            "no kind {kind:?} is registered for version {:?}",
            text("apiVersion").unwrap_or_default()
        ))),
    }
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

/// A value in which no object has a member twice.
fn json(body: &[u8]) -> Result<Value, Status> {
    let (value, repeated) = lenient_json(body)?;
    match repeated.first() {
        None => Ok(value),
        Some(path) => Err(Status::bad_request(format!(
            "the body cannot be read as JSON: duplicate field {path:?}"
        ))),
    }
}

/// A value, and the paths of members that an object had twice.
fn lenient_json(body: &[u8]) -> Result<(Value, Vec<String>), Status> {
    let text = utf8(body)?;
    let mut strict = Strict::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| {
            Status::bad_request(format!("the body cannot be read as JSON: {error}"))
        })?;
    Ok((value, strict.repeated))
}

/// A value as Kubernetes' clients read YAML: `yes` is a boolean, `0644` is octal, `2.0` is 2. They have
/// manifests read by `bowline_core::manifest`, too, on which this crate does not stand.
fn yaml(body: &[u8]) -> Result<Value, Status> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        legacy_octal_numbers: true,
        // What aliases repeat counts, too.
        budget: serde_saphyr::budget! { max_total_scalar_bytes: 2 * BODY_LIMIT },
    };
    let mut strict = Strict::default();
    let read = with_deserializer_from_str_with_options(utf8(body)?, options, |reader| {
        strict.deserialize(reader)
    });
    // The parser's own text may quote the document, so only the place is told.
    let unreadable = |place: String| {
        Status::bad_request(format!(
            "the body cannot be read as YAML with each member once{place}"
        ))
    };
    let mut value = read.map_err(|error| {
        let place = error
            .location()
            .map(|at| format!(" at line {}, column {}", at.line(), at.column()));
        unreadable(place.unwrap_or_default())
    })?;
    Schema::settle_numbers(&mut value);
    match strict.repeated.first() {
        None => Ok(value),
        Some(path) => Err(unreadable(format!(": {path}"))),
    }
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
    use serde_json::json;

    fn headers(media_type: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, media_type.parse().expect("a header"))])
    }

    #[rstest]
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
    fn members_that_are_there_twice_are_named() {
        let body = br#"{"a":[{"b":1},{"b":1,"c":{"d":1,"d":2},"b":3}],"a":2}"#;
        let (value, repeated) =
            object(&headers("application/json"), body, false).expect("an object");
        assert_eq!(value, serde_json::json!({"a": 2}));
        assert_eq!(repeated, ["a[1].c.d", "a[1].b", "a"]);
    }

    #[test]
    fn members_that_are_there_twice_below_a_long_name_do_not_add_up() {
        let body = format!(
            r#"{{"{}":{{{}"a":1}}}}"#,
            "x".repeat(100_000),
            r#""a":1,"#.repeat(1000)
        );
        let (_, repeated) =
            object(&headers("application/json"), body.as_bytes(), false).expect("an object");
        assert_eq!(repeated.len(), 100);
        assert!(repeated.iter().all(|path| path.len() < 1024));
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

    /// What kube-apiserver 1.36 makes of each.
    #[rstest]
    #[case("0644", json!(420))]
    #[case("0o644", json!(420))]
    #[case("-0644", json!(-420))]
    #[case("00", json!(0))]
    #[case("08", json!(8))]
    #[case("09.5", json!(9.5))]
    #[case("0x1F", json!(31))]
    #[case("0b11", json!(3))]
    #[case("1_000", json!(1000))]
    #[case("+12", json!(12))]
    #[case("3.0", json!(3))]
    #[case("-0.0", json!(0))]
    #[case("1e3", json!(1000))]
    #[case(".5", json!(0.5))]
    #[case("1:30", json!("1:30"))]
    #[case("2026-01-01", json!("2026-01-01"))]
    #[case("yes", json!(true))]
    #[case("off", json!(false))]
    #[case("y", json!(true))]
    #[case("~", json!(null))]
    #[case("\"0644\"", json!("0644"))]
    #[case("!!str 5", json!("5"))]
    #[case("0x", json!("0x"))]
    #[case("18446744073709551615", json!(18_446_744_073_709_551_615.0))]
    fn a_scalar_of_yaml_is_read_as_kubernetes_reads_it(#[case] text: &str, #[case] read: Value) {
        let body = format!("a: {text}\n");
        let (object, _) =
            object(&headers("application/yaml"), body.as_bytes(), false).expect("an object");
        assert_eq!(object["a"], read);
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
