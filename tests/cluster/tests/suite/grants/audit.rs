//! Who asked the API server for what, and whether it was allowed: the lines of its audit log.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A request, as far as rights are about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    pub(super) verb: String,
    pub(super) group: String,
    /// With its subresource, where it is about one; a path, where it is about no resource.
    pub(super) resource: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) is_allowed: bool,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            verb,
            group,
            resource,
            namespace,
            name,
            ..
        } = self;
        write!(
            f,
            "{verb} {resource} of group `{group}`, `{namespace}/{name}`"
        )
    }
}

/// The different requests of `user` in the log.
pub(super) fn requests(log: &Path, user: &str) -> Result<BTreeSet<Request>> {
    let text = std::fs::read_to_string(log).with_context(|| log.display().to_string())?;
    // The last line may still be on its way.
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut requests = BTreeSet::new();
    for line in complete.lines() {
        let event: Value = serde_json::from_str(line).context("a line of the audit log")?;
        if event["user"]["username"] == user {
            requests.insert(request(&event));
        }
    }
    Ok(requests)
}

fn request(event: &Value) -> Request {
    let text = |pointer: &str| {
        let found = event.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let resource = match (text("/objectRef/resource"), text("/objectRef/subresource")) {
        (resource, _) if resource.is_empty() => text("/requestURI"),
        (resource, subresource) if subresource.is_empty() => resource,
        (resource, subresource) => format!("{resource}/{subresource}"),
    };
    let decision = &event["annotations"]["authorization.k8s.io/decision"];
    Request {
        verb: text("/verb"),
        group: text("/objectRef/apiGroup"),
        resource,
        namespace: text("/objectRef/namespace"),
        name: text("/objectRef/name"),
        // A webhook or a quota may say 403 as well.
        is_allowed: decision == "allow" && event["responseStatus"]["code"] != 403,
    }
}
