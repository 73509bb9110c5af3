//! The answers that are not objects: Kubernetes' Status, in the wording that its clients know.
//! When to give which is left to the pipeline. No text ever holds a Secret's value.

use crate::resource::Resource;
use crate::validate::{FINDINGS_LIMIT, FieldError};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::fmt;

/// A resource as it is named in messages: `secrets`, `deployments.apps`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupResource<'a> {
    /// The API group, empty for the core group.
    pub(crate) group: &'a str,
    /// The plural name, or the kind where Kubernetes names that.
    pub(crate) name: &'a str,
}

impl fmt::Display for GroupResource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group {
            "" => f.write_str(self.name),
            group => write!(f, "{}.{group}", self.name),
        }
    }
}

/// A Status may say that it is about nothing in particular.
const NOTHING: GroupResource<'_> = GroupResource {
    group: "",
    name: "",
};

/// What a Status is about.
#[derive(Clone, Debug, Default, PartialEq)]
struct Details {
    name: String,
    group: String,
    kind: String,
    causes: Vec<Value>,
    /// Seconds, where asking again may help.
    retry_after: u64,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Status {
    /// The HTTP status code.
    pub(crate) code: u16,
    /// The machine-readable reason, such as `NotFound`.
    pub(crate) reason: Cow<'static, str>,
    /// What a person reads.
    pub(crate) message: String,
    details: Option<Box<Details>>,
    /// Whether the answer is the message alone.
    pub(crate) is_plain: bool,
}

impl Status {
    /// A Status without details.
    pub(crate) fn new(
        code: u16,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            reason: reason.into(),
            message: message.into(),
            details: None,
            is_plain: false,
        }
    }

    fn about(mut self, resource: GroupResource<'_>, name: &str) -> Self {
        self.details = Some(Box::new(Details {
            name: name.to_owned(),
            group: resource.group.to_owned(),
            kind: resource.name.to_owned(),
            ..Details::default()
        }));
        self
    }

    /// The name of the object that it is about, where that is one of this resource.
    pub(crate) fn name_of(&self, resource: &Resource) -> Option<&str> {
        let details = self.details.as_deref()?;
        let is_of = details.group == resource.group
            && (details.kind == resource.plural || details.kind == resource.kind);
        (is_of && !details.name.is_empty()).then_some(details.name.as_str())
    }

    /// 400: the request cannot be understood.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401: the caller is not known.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403: the caller may not do that.
    pub(crate) fn forbidden(
        resource: GroupResource<'_>,
        name: &str,
        why: impl fmt::Display,
    ) -> Self {
        let quoted = if name.is_empty() {
            String::new()
        } else {
            format!(" {name:?}")
        };
        Self::new(
            403,
            "Forbidden",
            format!("{resource}{quoted} is forbidden: {why}"),
        )
        .about(resource, name)
    }

    /// 403: the caller may not ask for that path.
    pub(crate) fn forbidden_path(why: &str) -> Self {
        Self::new(403, "Forbidden", format!("forbidden: {why}")).about(NOTHING, "")
    }

    /// 404: there is no such object.
    pub(crate) fn not_found(resource: GroupResource<'_>, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{resource} {name:?} not found")).about(resource, name)
    }

    /// 404: there is no such path or resource.
    pub(crate) fn unknown_path() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
        .about(NOTHING, "")
    }

    /// 404: there is nothing of the API at this path; said in plain text.
    pub(crate) fn no_page() -> Self {
        Self::new(404, "", "404 page not found\n").plain()
    }

    /// 400: the path itself cannot be read; said in plain text.
    pub(crate) fn no_path() -> Self {
        Self::new(400, "", "400 Bad Request").plain()
    }

    fn plain(mut self) -> Self {
        self.is_plain = true;
        self
    }

    /// 405: the resource does not know that verb.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
        .about(NOTHING, "")
    }

    /// 406: none of the representations asked for can be made.
    pub(crate) fn not_acceptable(offered: &[&str]) -> Self {
        let offered = offered.join(", ");
        Self::new(
            406,
            "NotAcceptable",
            format!("only the following media types are accepted: {offered}"),
        )
        .about(NOTHING, "")
    }

    /// 409: an object of that name exists.
    pub(crate) fn already_exists(resource: GroupResource<'_>, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{resource} {name:?} already exists"),
        )
        .about(resource, name)
    }

    /// A patch that does not fit, or cannot be understood.
    pub(crate) fn of_patch(code: u16, reason: &'static str, message: String) -> Self {
        let status = Self::new(code, reason, message);
        match code {
            422 => status.about(NOTHING, ""),
            _ => status,
        }
    }

    /// 422: what a patch makes of an object is none of its kind; the object is not shown.
    pub(crate) fn unfit(why: &str) -> Self {
        Self::invalid(NOTHING, "", &[FieldError::invalid_secret("patch", why)])
    }

    /// 409: a deletion was meant for another state of the object.
    pub(crate) fn precondition(
        kind: GroupResource<'_>,
        name: &str,
        member: &str,
        (wanted, found): (&str, &str),
        how: &str,
    ) -> Self {
        let why = format!(
            "the {member} in the precondition ({wanted}) does not match the {member} in record ({found}). {how}"
        );
        Self::conflict(kind, name, why)
    }

    /// 409: the object is not in the state that the request was made for.
    pub(crate) fn conflict(
        resource: GroupResource<'_>,
        name: &str,
        why: impl fmt::Display,
    ) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {why}");
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// 409: somebody else has changed the object.
    pub(crate) fn modified(resource: GroupResource<'_>, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 409: others own what an apply would change.
    pub(crate) fn apply_conflict(message: String, causes: Vec<Value>) -> Self {
        let mut status = Self::new(409, "Conflict", message);
        status.details = Some(Box::new(Details {
            causes,
            ..Details::default()
        }));
        status
    }

    /// Whether somebody else changed the object meanwhile, so that trying again may help.
    pub(crate) fn is_race(&self) -> bool {
        let has_causes = |details: &Details| !details.causes.is_empty();
        self.reason == "Conflict" && !self.details.as_deref().is_some_and(has_causes)
    }

    /// 429: as many requests are under way as may be.
    pub(crate) fn too_many_requests() -> Self {
        let mut status = Self::new(
            429,
            "TooManyRequests",
            "too many requests, please try again later",
        );
        status.details = Some(Box::new(Details {
            retry_after: 1,
            ..Details::default()
        }));
        status
    }

    /// 504: no such state has been reached.
    pub(crate) fn from_the_future(asked: u64, newest: u64) -> Self {
        let what = "Too large resource version";
        let message = format!("Timeout: {what}: {asked}, current: {newest}");
        let mut status = Self::new(504, "Timeout", message);
        let cause = json!({"reason": "ResourceVersionTooLarge", "message": what});
        status.details = Some(Box::new(Details {
            causes: vec![cause],
            retry_after: 1,
            ..Details::default()
        }));
        status
    }

    /// 410: that state is no longer known.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 413: the body is too large.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {limit}"),
        )
    }

    /// 415: the body has a form that the server does not read.
    pub(crate) fn unsupported_media_type(accepted: &[&str]) -> Self {
        let accepted = accepted.join(", ");
        Self::new(
            415,
            "UnsupportedMediaType",
            format!(
                "the body of the request was in an unknown format - accepted media types include: {accepted}"
            ),
        )
    }

    /// 422: the object is not valid; `resource` carries the kind.
    pub(crate) fn invalid(kind: GroupResource<'_>, name: &str, errors: &[FieldError]) -> Self {
        let errors = &errors[..errors.len().min(FINDINGS_LIMIT)];
        let texts: Vec<String> = errors.iter().map(FieldError::to_string).collect();
        let list = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{kind} {name:?} is invalid: {list}");
        let mut status = Self::new(422, "Invalid", message).about(kind, name);
        if let Some(details) = &mut status.details {
            details.causes = errors.iter().map(FieldError::to_cause).collect();
        }
        status
    }

    /// 500: our own fault; the cause is in the log.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {}", message.into()),
        )
    }

    /// The Status object.
    pub(crate) fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.as_ref().into();
        }
        if let Some(details) = &self.details {
            status["details"] = details.to_value();
        }
        status["code"] = self.code.into();
        status
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        for (member, text) in [
            ("name", &self.name),
            ("group", &self.group),
            ("kind", &self.kind),
        ] {
            if !text.is_empty() {
                map.insert(member.to_owned(), text.as_str().into());
            }
        }
        if !self.causes.is_empty() {
            map.insert("causes".to_owned(), self.causes.clone().into());
        }
        if self.retry_after > 0 {
            map.insert("retryAfterSeconds".to_owned(), self.retry_after.into());
        }
        Value::Object(map)
    }
}

/// The Status that reports something done that has no name.
pub(crate) fn done(code: u16) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code})
}

/// The Status that reports a deletion done.
pub(crate) fn success(resource: GroupResource<'_>, name: &str, uid: &str) -> Value {
    let mut details = Map::new();
    for (member, text) in [
        ("name", name),
        ("group", resource.group),
        ("kind", resource.name),
        ("uid", uid),
    ] {
        if !text.is_empty() {
            details.insert(member.to_owned(), text.into());
        }
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
