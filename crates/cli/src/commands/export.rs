//! `bowline export`: connections as a file. What the file looks like is left to `document`, encrypting
//! it to `sealed`.

pub(super) mod document;
pub(super) mod sealed;

use bowline_catalog::edit::{is_secret, type_name};
use bowline_core::{Connection, Recognition, Secret};

use super::show::{is_harmless, may_show};
use crate::args::{self, Export};
use crate::cluster::{Cluster, Scope};
use crate::failure::Failure;
use crate::{catalog, lookup, terminal};
use document::{Document, Item};

/// Prints the file.
///
/// # Errors
/// When there is no such connection, a recipient is none, or the cluster does not answer.
pub async fn run(args: &Export, flags: &args::Cluster) -> Result<(), Failure> {
    let recipients = sealed::recipients(&args.recipients)?;
    let cluster = Cluster::new(flags).await?;
    let scope = cluster.scope(&args.scope);
    let secrets = secrets(&cluster, &scope, &args.names).await?;
    let types = catalog::types(&cluster, &args.home).readable().await;
    let types = types.map_err(|error| catalog::failure(&cluster, error))?;
    let items = secrets.iter().map(|secret| {
        let name = type_name(secret);
        let type_ = types
            .iter()
            .find(|type_| Some(&type_.name) == name.as_ref());
        let protocol = match Connection::from_secret(secret.clone()) {
            Recognition::Connection(connection) => connection.protocol,
            _ => None,
        };
        let is_shown = |key: &str, text: &str| may_show(type_, protocol, key, text);
        let is_open = |key: &str, text: Option<&str>| {
            args.with_values || text.is_some_and(|text| is_shown(key, text))
        };
        let is_open_annotation = |key: &str, text: &str| {
            args.with_values || (is_harmless(text) && !is_secret(None, key))
        };
        Item::of(secret, name, is_open, is_open_annotation)
    });
    let document = Document::new(items.collect());
    let withheld = document.withheld();
    if args.with_values {
        return terminal::write(&sealed::encrypt(document.render().expose(), &recipients)?);
    }
    terminal::write(document.render().expose())?;
    if withheld > 0 {
        let keys = terminal::count(withheld, "secret value");
        terminal::warn(&format!(
            "{keys} left out; `--with-values --recipient age1…` writes them encrypted"
        ));
    }
    Ok(())
}

async fn secrets(
    cluster: &Cluster,
    scope: &Scope,
    names: &[String],
) -> Result<Vec<Secret>, Failure> {
    let mut found = Vec::new();
    if names.is_empty() {
        let each = |secret| {
            if let Recognition::Connection(connection) = Connection::from_secret(secret) {
                found.push(connection.secret);
            }
        };
        cluster.each_secret(scope, each).await?;
        if found.is_empty() {
            cluster.must_exist(scope).await?;
        }
        return Ok(found);
    }
    let Scope::Namespace(namespace) = scope else {
        return Err(
            catalog::usage("names are those of one project").help("leave `-A` out, or the names")
        );
    };
    for name in names {
        found.push(lookup::connection(cluster, namespace, name).await?);
    }
    Ok(found)
}
