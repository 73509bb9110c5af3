//! `bowline delete`: shows what uses connections, asks, and deletes them.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use bowline_catalog::Error;
use bowline_catalog::detach::{Deletion, Detach, Terms, delete};
use bowline_catalog::index::{Usage, User};
use bowline_catalog::view::{Look, Scope, Snapshot, once};

use serde_json::json;

use super::usage;
use crate::args::{self, Delete};
use crate::cluster::Cluster;
use crate::columns::not_looked_at;
use crate::failure::{Failure, Kind};
use crate::lookup;
use crate::output::{self, Output, Shown};
use crate::terminal::{self, count};

/// Deletes connections.
///
/// # Errors
/// When one does not exist, must not be deleted or is in use, when nobody says yes, or when the
/// cluster refuses.
pub async fn run(args: &Delete, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster.namespace(args.project.namespace.as_deref());
    let scope = Scope::Namespace(namespace.to_owned());
    let snapshot = once(cluster.client(), &scope, Look::Both).await;
    let snapshot = snapshot.map_err(|error| cluster.failed(error))?;
    for name in &args.names {
        look_at(args, &cluster, &snapshot, namespace, name).await?;
    }
    let hidden: Vec<_> = snapshot
        .not_looked_at()
        .iter()
        .filter(|kind| kind.why.may_hide_users())
        .cloned()
        .collect();
    terminal::aside(&not_looked_at(&hidden));
    confirm(&question(args), args.yes)?;
    let mut done = Vec::new();
    for name in &args.names {
        let seen = snapshot
            .row(namespace, name)
            .map(|row| row.resource_version);
        let terms = Terms {
            detach: if args.detach { Detach::Yes } else { Detach::No },
            is_unseen_allowed: args.unseen,
            resource_version: seen.as_deref(),
        };
        let deletion = delete(cluster.client(), namespace, name, terms).await;
        let deletion = deletion.map_err(|error| failure(&cluster, namespace, name, error))?;
        if matches!(args.shape.output, Output::Text | Output::Wide) {
            terminal::print(&told(name, &deletion))?;
        }
        let mut value = output::value(&deletion)?;
        value["namespace"] = namespace.into();
        value["name"] = name.as_str().into();
        done.push(value);
    }
    args.shape.output.print(&Shown {
        value: &|| Ok(json!({"connections": done})),
        names: args.names.clone(),
        // It was told one by one, as it was done.
        text: &|_| String::new(),
    })
}

/// Shows what uses a connection; fails where it is clear already that it will not be deleted.
async fn look_at(
    args: &Delete,
    cluster: &Cluster,
    snapshot: &Snapshot,
    namespace: &str,
    name: &str,
) -> Result<(), Failure> {
    let users = snapshot.users(namespace, name);
    let row = snapshot.row(namespace, name);
    if row.is_none() && (users.is_empty() || !args.detach) {
        return Err(lookup::not_found(cluster, namespace, name).await);
    }
    let is_needed = users.iter().any(User::is_needing);
    let usage = Usage {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        users,
    };
    if is_needed {
        let table = usage::users(usage, &Scope::Namespace(namespace.to_owned()));
        terminal::aside(&table);
    }
    // What is vital is told by the catalog, whether it is used or not.
    let is_vital = row.is_some_and(|row| row.is_vital);
    if is_needed && !args.detach && !is_vital {
        let what = format!("connection `{name}` in namespace `{namespace}` is in use");
        return Err(Failure::new(Kind::Conflict, what).help(format!(
            "take it out there first, or let `bowline delete {name} -n {namespace} --detach` do both"
        )));
    }
    Ok(())
}

fn failure(cluster: &Cluster, namespace: &str, name: &str, error: Error) -> Failure {
    match error {
        Error::Unseen { what, .. } => Failure::new(Kind::Conflict, what).help(format!(
            "let somebody delete it who may list these, or take the risk: \
             `bowline delete {name} -n {namespace} --unseen`"
        )),
        error => cluster.failed(error),
    }
}

fn question(args: &Delete) -> String {
    let what = match args.names.as_slice() {
        [name] => format!("connection `{}`", terminal::plain(name)),
        names => count(names.len(), "connection"),
    };
    match args.detach {
        true => format!("detach and delete {what}?"),
        false => format!("delete {what}?"),
    }
}

/// Asks whoever sits at the terminal, unless they have said yes.
///
/// # Errors
/// When they say no, or nobody is there.
pub(super) fn confirm(question: &str, is_yes: bool) -> Result<(), Failure> {
    if is_yes {
        return Ok(());
    }
    let not_asked = || {
        Failure::new(Kind::Usage, "nothing was deleted")
            .cause("there is no terminal to ask at")
            .help("add `--yes` if that is what you want")
    };
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(not_asked());
    }
    terminal::aside(&format!("{question} [y/N] "));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .map_err(|_| not_asked())?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new(Kind::Usage, "nothing was deleted").cause("you said no")),
    }
}

fn told(name: &str, deletion: &Deletion) -> String {
    let objects = deletion.detached.iter();
    let detached: String = objects
        .map(|object| {
            format!(
                "took `{name}` out of {}\n",
                terminal::plain(&object.to_string())
            )
        })
        .collect();
    let deleted = match deletion.existed {
        true => format!("deleted connection `{name}`\n"),
        false => format!("connection `{name}` was gone already\n"),
    };
    detached + &deleted
}
