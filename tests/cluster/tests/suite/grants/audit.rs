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
        requests.extend(asked_about(&event, user));
        if event["user"]["username"] != user {
            continue;
        }
        let somebody = &event["impersonatedUser"];
        if somebody.is_object() {
            // What follows is that person's request.
            requests.extend(acted_for(somebody));
        } else {
            requests.insert(request(&event));
        }
    }
    Ok(requests)
}

/// The rights by which somebody was impersonated.
fn acted_for(somebody: &Value) -> Vec<Request> {
    let impersonate = |group: &str, resource: String, name: &str| Request {
        verb: "impersonate".to_owned(),
        group: group.to_owned(),
        resource,
        namespace: String::new(),
        name: name.to_owned(),
        is_allowed: true,
    };
    let authentication = "authentication.k8s.io";
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let user = text(&somebody["username"]);
    let mut used = vec![impersonate("", "users".to_owned(), &user)];
    // Whoever is known is in this one, without anybody's word.
    let groups = somebody["groups"].as_array().into_iter().flatten();
    let groups = groups.map(text).filter(|it| it != "system:authenticated");
    used.extend(groups.map(|group| impersonate("", "groups".to_owned(), &group)));
    let extra = somebody["extra"].as_object().into_iter().flatten();
    used.extend(extra.map(|(key, _)| impersonate(authentication, format!("userextras/{key}"), "")));
    let uid = text(&somebody["uid"]);
    if !uid.is_empty() {
        used.push(impersonate(authentication, "uids".to_owned(), &uid));
    }
    used
}

/// What `user` was asked about whether it may do it: rights that are used by that.
fn asked_about(event: &Value, user: &str) -> Option<Request> {
    let spec = &event["requestObject"]["spec"];
    let attributes = &spec["resourceAttributes"];
    let text = |key: &str| attributes[key].as_str().unwrap_or_default().to_owned();
    (spec["user"] == user && attributes.is_object()).then(|| Request {
        verb: text("verb"),
        group: text("group"),
        resource: text("resource"),
        namespace: text("namespace"),
        name: text("name"),
        is_allowed: event["responseObject"]["status"]["allowed"] == true,
    })
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
