//! `bowline usage`: what uses connections, and where it says so.

mod table;

use bowline_catalog::index::Usage;
use bowline_catalog::view::{Look, NotLooked, Snapshot, once};
use serde_json::{Value, json};

use crate::args::{self, Usage as Args};
use crate::cluster::{Cluster, Scope};
use crate::failure::Failure;
use crate::lookup;
use crate::output::{self, Shown};
use crate::terminal;

/// Prints who uses what.
///
/// # Errors
/// When a connection that is named does not exist, or the cluster does not answer.
pub async fn run(args: &Args, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let scope = cluster.scope(&args.scope);
    let snapshot = once(cluster.client(), &scope, Look::Both).await;
    let snapshot = snapshot.map_err(|error| cluster.failed(error))?;
    let connections = match scope.namespace() {
        Some(namespace) if !args.names.is_empty() => {
            named(&cluster, &snapshot, namespace, &args.names).await?
        }
        _ => snapshot.used(),
    };
    if connections.is_empty() {
        cluster.must_exist(&scope).await?;
    }
    let answer = Answer {
        connections,
        not_looked_at: snapshot.not_looked_at().to_vec(),
    };
    args.shape.output.print(&Shown {
        value: &|| answer.value(),
        names: answer.names(),
        text: &|_| table::render(&answer, &scope),
    })
}

/// The users of some connections. One that is gone may still be named, which is told.
async fn named(
    cluster: &Cluster,
    snapshot: &Snapshot,
    namespace: &str,
    names: &[String],
) -> Result<Vec<Usage>, Failure> {
    let mut found = Vec::new();
    for name in names {
        let users = snapshot.users(namespace, name);
        let is_there = snapshot.row(namespace, name).is_some();
        if !is_there && users.is_empty() {
            return Err(lookup::not_found(cluster, namespace, name).await);
        }
        if !is_there {
            terminal::warn(&format!(
                "`{name}` is no connection of namespace `{namespace}`, and is named all the same"
            ));
        }
        found.push(Usage {
            namespace: namespace.to_owned(),
            name: name.clone(),
            users,
        });
    }
    Ok(found)
}

/// What is shown.
#[derive(Debug)]
struct Answer {
    connections: Vec<Usage>,
    not_looked_at: Vec<NotLooked>,
}

impl Answer {
    fn value(&self) -> Result<Value, Failure> {
        Ok(json!({
            "connections": output::value(&self.connections)?,
            "notLookedAt": output::value(&self.not_looked_at)?,
        }))
    }

    /// The users in the form that kubectl takes, each once.
    fn names(&self) -> Vec<String> {
        let users = self.connections.iter().flat_map(|usage| &usage.users);
        let mut names: Vec<_> = users
            .map(|user| format!("{}/{}", user.object.kind.to_lowercase(), user.object.name))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// The table for `delete`, which shows the same.
pub fn users(usage: Usage, scope: &Scope) -> String {
    table::render(
        &Answer {
            connections: vec![usage],
            not_looked_at: Vec::new(),
        },
        scope,
    )
}

#[cfg(test)]
mod tests;
