//! Finding one connection by its name, with a suggestion where there is none.

use bowline_core::{Connection, Recognition, Secret};

use crate::cluster::{Cluster, Scope};
use crate::failure::{Failure, Kind};
use crate::suggest::nearest;

/// The Secret behind a name: a connection, or something that could be one.
///
/// # Errors
/// When there is no such Secret, it is something else, or the cluster does not answer.
pub async fn connection(cluster: &Cluster, namespace: &str, name: &str) -> Result<Secret, Failure> {
    let Some(secret) = cluster.secret(namespace, name).await? else {
        return Err(not_found(cluster, namespace, name).await);
    };
    match Connection::from_secret(secret) {
        Recognition::Connection(connection) => Ok(connection.secret),
        Recognition::Candidate(candidate) => Ok(candidate.secret),
        Recognition::Other(secret) => Err(something_else(&secret)),
    }
}

/// A Secret that is there, but has nothing of a connection.
pub fn something_else(secret: &Secret) -> Failure {
    let name = &secret.name;
    Failure::new(
        Kind::NotFound,
        format!("Secret `{name}` is not a connection"),
    )
    .cause("no annotation says that it is one, and no key looks like one")
    .help(format!(
        "`kubectl describe secret {name} -n {}` shows what it is",
        secret.namespace
    ))
}

/// That there is no such connection, and which one may have been meant.
pub async fn not_found(cluster: &Cluster, namespace: &str, name: &str) -> Failure {
    let what = format!("there is no connection `{name}` in namespace `{namespace}`");
    let failure = Failure::new(Kind::NotFound, what);
    let mut known: Vec<String> = Vec::new();
    let each = |secret| {
        if let Recognition::Connection(connection) = Connection::from_secret(secret) {
            known.push(connection.secret.name);
        }
    };
    // A suggestion is a favour; whoever may not list is told the rest.
    let scope = Scope::Namespace(namespace.to_owned());
    let listed = cluster.each_metadata(&scope, each).await;
    if known.is_empty()
        && let Some(failure) = cluster.no_namespace(namespace).await
    {
        return failure;
    }
    // The right name in the wrong place is likelier than the wrong name.
    let elsewhere = cluster.namespaces_with(name).await;
    if let [other] = elsewhere.as_slice() {
        return failure.help(format!("namespace `{other}` has one: `-n {other}`"));
    }
    let is_empty = listed.is_ok() && known.is_empty();
    let failure = match is_empty {
        true => failure.cause("the namespace has no connections"),
        false => failure,
    };
    match nearest(name, known.iter().map(String::as_str)) {
        _ if !elsewhere.is_empty() => {
            failure.help("`bowline list -A` shows in which namespaces there is one")
        }
        Some(other) => failure.help(format!("did you mean `{other}`?")),
        None if is_empty => failure.help("`bowline list -A` shows all"),
        None => failure.help(format!(
            "`bowline list -n {namespace}` shows those that there are"
        )),
    }
}
