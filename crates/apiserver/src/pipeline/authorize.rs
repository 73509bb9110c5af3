//! Asks the access rules whether a request may go on, and words the refusal.

use super::route::{ResourcePath, Route};
use crate::identity::UserInfo;
use crate::rbac::{Attributes, Policy};
use crate::status::{GroupResource, Status};

/// What may be asked without saying who one is.
const OPEN_PATHS: &[&str] = &["/livez", "/readyz", "/healthz", "/version", "/version/"];

/// Whether anybody may ask for this.
pub(crate) fn is_open(route: &Route) -> bool {
    matches!(route, Route::Other(path) if OPEN_PATHS.contains(&path.as_str()))
}

/// What a request asks for, as the access rules see it.
pub(crate) fn attributes(route: &Route, verb: &str) -> Attributes {
    let verb = verb.to_owned();
    match route {
        Route::Other(path) => Attributes {
            verb,
            path: path.clone(),
            ..Attributes::default()
        },
        Route::Resource(path) => Attributes {
            verb,
            group: path.group.clone(),
            resource: path.plural.clone(),
            subresource: path.subresource.clone().unwrap_or_default(),
            namespace: namespace(path),
            name: path.name.clone().unwrap_or_default(),
            path: String::new(),
        },
    }
}

/// A namespace is in itself, so that its own rules can let people see it.
fn namespace(path: &ResourcePath) -> String {
    let own = (path.group.is_empty() && path.plural == "namespaces")
        .then(|| path.name.clone())
        .flatten();
    own.or_else(|| path.namespace.clone()).unwrap_or_default()
}

/// Lets the request go on, or says why not.
pub(crate) fn authorize(
    policy: &Policy,
    user: &UserInfo,
    asked: &Attributes,
) -> Result<(), Status> {
    if policy.allows(user, asked).is_some() {
        return Ok(());
    }
    let why = format!("User {:?} {asked}", user.name);
    if asked.path.is_empty() {
        Err(Status::forbidden(
            GroupResource {
                group: &asked.group,
                name: &asked.resource,
            },
            &asked.name,
            why,
        ))
    } else {
        Err(Status::forbidden_path(&why))
    }
}
