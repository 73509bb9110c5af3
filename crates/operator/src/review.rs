//! `AdmissionReview` of `admission.k8s.io/v1`, as the API server sends and reads it. Reading is
//! typed and borrowed: one pass over the text, of which the object keeps its footprint only. What
//! nobody asks for is leapt over unchecked, so malformed text there is not refused.
//!
//! Format: <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/>

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::diff::Operation as PatchOperation;
use bowline_core::footprint::{Outline, Skeleton, may_concern};
use bowline_core::manifest::Unique;
use bowline_core::plan::Warning;
use bowline_core::skim;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::cluster::User;

/// Largest body that is read, in bytes: the API server's own limit for a request.
pub const MAX_BODY: usize = 3 * 1024 * 1024;

/// Why a body is not a review. Texts never quote the body.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReviewError {
    /// Not UTF-8.
    #[error("the body is not UTF-8 from byte {0} on; send JSON text")]
    Encoding(usize),
    /// Not JSON, or not of the expected shape.
    #[error("the body is not an AdmissionReview: {what} at line {line}, column {column}")]
    Shape {
        /// Syntax, shape or end.
        what: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Another version or kind.
    #[error("the body is not an `admission.k8s.io/v1` AdmissionReview")]
    Version,
    /// `request.object` is not an object.
    #[error("`request.object` of the AdmissionReview is not an object")]
    NotAnObject,
    /// `request` or `request.uid` is missing.
    #[error("the AdmissionReview has no `{0}`")]
    Missing(&'static str),
}

/// An `AdmissionReview` with a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a, O> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default = "none")]
    request: Option<Request<'a, O>>,
}

fn none<T>() -> Option<T> {
    None
}

/// The request of a review; `O` is how objects are read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a, O> {
    /// Identifies the request; the response repeats it.
    #[serde(borrow, default)]
    pub uid: Cow<'a, str>,
    /// Kind of the object.
    #[serde(borrow, default)]
    pub kind: Kind<'a>,
    /// Set for `status`, `scale` and the like.
    #[serde(borrow, default)]
    pub sub_resource: Option<Cow<'a, str>>,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    #[serde(borrow, default)]
    pub operation: Cow<'a, str>,
    /// Namespace of the request.
    #[serde(borrow, default)]
    pub namespace: Cow<'a, str>,
    /// Who makes the request.
    #[serde(borrow, default)]
    pub user_info: UserInfo<'a>,
    /// The object as wanted.
    #[serde(default = "none")]
    pub object: Option<O>,
    /// The object as stored.
    #[serde(default = "none")]
    pub old_object: Option<O>,
    /// Whether nothing may be changed.
    #[serde(default)]
    pub dry_run: Option<bool>,
}

impl<'a, O> Request<'a, O> {
    fn map_objects<P>(self, change: impl Fn(O) -> P) -> Request<'a, P> {
        Request {
            uid: self.uid,
            kind: self.kind,
            sub_resource: self.sub_resource,
            operation: self.operation,
            namespace: self.namespace,
            user_info: self.user_info,
            object: self.object.map(&change),
            old_object: self.old_object.map(&change),
            dry_run: self.dry_run,
        }
    }
}

/// Group, version and kind.
#[derive(Debug, Default, Deserialize)]
pub struct Kind<'a> {
    /// API group, empty for the core group.
    #[serde(borrow, default)]
    pub group: Cow<'a, str>,
    /// API version.
    #[serde(borrow, default)]
    pub version: Cow<'a, str>,
    /// Kind.
    #[serde(borrow, default)]
    pub kind: Cow<'a, str>,
}

/// The user of a request, in the API's spelling.
#[derive(Debug, Default, Deserialize)]
pub struct UserInfo<'a> {
    #[serde(borrow, default)]
    username: Cow<'a, str>,
    #[serde(borrow, default)]
    uid: Option<Cow<'a, str>>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    #[serde(default)]
    extra: Option<BTreeMap<String, Vec<String>>>,
}

impl From<UserInfo<'_>> for User {
    fn from(info: UserInfo<'_>) -> Self {
        Self {
            name: info.username.into_owned(),
            uid: info.uid.filter(|uid| !uid.is_empty()).map(Cow::into_owned),
            groups: info.groups.unwrap_or_default(),
            extra: info.extra.unwrap_or_default(),
        }
    }
}

/// Reads a review of a workload: objects are reduced to their footprint, and those that concern
/// nobody to less, since what is wrong inside of them changes no answer.
///
/// # Errors
/// When the body is not a v1 review with a request and a uid.
pub fn parse_workload(body: &[u8]) -> Result<Request<'_, Skeleton>, ReviewError> {
    let text = utf8(body)?;
    if may_concern(text) {
        return parse(text);
    }
    Ok(parse(text)?.map_objects(|outline: Outline| Skeleton(outline.0)))
}

/// Reads a review of which the whole object matters.
///
/// # Errors
/// When the body is not a v1 review with a request and a uid.
pub fn parse_whole(body: &[u8]) -> Result<Request<'_, Unique>, ReviewError> {
    parse(utf8(body)?)
}

fn utf8(body: &[u8]) -> Result<&str, ReviewError> {
    simdutf8::compat::from_utf8(body).map_err(|e| ReviewError::Encoding(e.valid_up_to()))
}

fn parse<'a, O: Deserialize<'a>>(text: &'a str) -> Result<Request<'a, O>, ReviewError> {
    let review: Review<'a, O> = read(text).map_err(|error| ReviewError::Shape {
        // The parser's own text may quote a value, so only its kind and place are told.
        what: match error.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Syntax => "it is not JSON",
            _ => "a member is repeated or of the wrong type",
        },
        line: error.line(),
        column: error.column(),
    })?;
    if review.api_version != "admission.k8s.io/v1" || review.kind != "AdmissionReview" {
        return Err(ReviewError::Version);
    }
    let request = review.request.ok_or(ReviewError::Missing("request"))?;
    if request.uid.is_empty() {
        return Err(ReviewError::Missing("request.uid"));
    }
    Ok(request)
}

/// Leaps over what no field asks for. Text that cannot be read so is read again with every byte
/// checked, which tells what is wrong and where.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    skim::from_str(text).or_else(|_| serde_json::from_str(text))
}

/// The answer to a review.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    uid: Cow<'a, str>,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Debug, Serialize)]
struct Status {
    code: u16,
    reason: &'static str,
    message: String,
}

impl<'a> Response<'a> {
    /// Lets the request pass, changed by `patch` where that is not empty.
    pub fn allow(uid: Cow<'a, str>, patch: &[PatchOperation<'_>], warnings: &[Warning]) -> Self {
        let patch = (!patch.is_empty()).then(|| encoded(&json(patch)));
        Self {
            uid,
            allowed: true,
            patch_type: patch.as_ref().map(|_| "JSONPatch"),
            patch,
            warnings: warnings.iter().map(Warning::to_string).collect(),
            status: None,
        }
    }

    /// Refuses the request with a sentence for the person who made it.
    pub fn deny(uid: Cow<'a, str>, code: u16, reason: &'static str, message: String) -> Self {
        let status = Some(Status {
            code,
            reason,
            message,
        });
        Self {
            uid,
            allowed: false,
            patch_type: None,
            patch: None,
            warnings: Vec::new(),
            status,
        }
    }

    /// Whether the request may pass.
    pub const fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// Whether the request is changed.
    pub const fn is_patched(&self) -> bool {
        self.patch.is_some()
    }

    /// The review that carries the response, as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer<'a> {
            api_version: &'static str,
            kind: &'static str,
            response: &'a Response<'a>,
        }
        let answer = Answer {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: self,
        };
        json(&answer)
    }
}

/// Room for most answers and patches, so that the text need not move while it grows.
const USUAL: usize = 2048;

fn json(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut text, value).expect("what we answer serialises");
    text
}

/// Bytes as base64 in quotes, of which no character needs to be escaped.
fn encoded(bytes: &[u8]) -> Box<RawValue> {
    let mut text = String::with_capacity(bytes.len() / 3 * 4 + 6);
    text.push('"');
    STANDARD.encode_string(bytes, &mut text);
    text.push('"');
    RawValue::from_string(text).expect("base64 in quotes is JSON")
}
