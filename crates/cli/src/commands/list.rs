//! `bowline list`: which connections there are, and which Secrets could be one. Never a value.

mod table;

use bowline_catalog::index::{BadQuery, Sort, Standing};
use bowline_catalog::row::Row;
use bowline_catalog::view::{Look, NotLooked, Snapshot, once};
use serde_json::{Value, json};

use crate::args::{self, List};
use crate::cluster::{Cluster, Scope};
use crate::failure::{Failure, Kind};
use crate::output::{self, Output, Shown};

/// Prints the list.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn run(args: &List, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let scope = cluster.scope(&args.scope);
    let snapshot = once(cluster.client(), &scope, look(args)).await;
    let snapshot = snapshot.map_err(|error| cluster.failed(error))?;
    let listing = Listing::of(&snapshot, args)
        .map_err(|error| Failure::new(Kind::Usage, "the list cannot be made").caused_by(&error))?;
    if listing.is_empty() {
        cluster.must_exist(&scope).await?;
    }
    args.shape.output.print(&Shown {
        value: &|| listing.value(),
        names: listing.names(&scope),
        text: &|width| table::render(&listing, &scope, width),
    })
}

/// Looking for users takes a request for each kind, so it is done only where they matter.
fn look(args: &List) -> Look {
    let is_asked = args.conditions.used || args.conditions.unused || args.sort == Sort::UsedBy;
    match args.shape.output {
        Output::Text | Output::Name if !is_asked => Look::Rows,
        _ => Look::Both,
    }
}

/// What was found.
#[derive(Debug, Default)]
struct Listing {
    connections: Vec<Row>,
    candidates: Vec<Row>,
    not_looked_at: Vec<NotLooked>,
    /// Whether some were left out.
    is_filtered: bool,
}

impl Listing {
    fn of(snapshot: &Snapshot, args: &List) -> Result<Self, BadQuery> {
        let query = args.query(Standing::Connections);
        Ok(Self {
            connections: snapshot.all(&query)?,
            candidates: snapshot.all(&args.query(Standing::Candidates))?,
            not_looked_at: snapshot.not_looked_at().to_vec(),
            is_filtered: args.conditions.is_any(),
        })
    }

    fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.candidates.is_empty()
    }

    fn value(&self) -> Result<Value, Failure> {
        let candidate = |row: &Row| {
            json!({
                "namespace": row.namespace, "name": row.name, "protocol": row.protocol,
                "reason": row.why, "help": row.help, "keys": row.keys,
            })
        };
        Ok(json!({
            "connections": output::value(&self.connections)?,
            "candidates": self.candidates.iter().map(candidate).collect::<Vec<_>>(),
            "notLookedAt": output::value(&self.not_looked_at)?,
        }))
    }

    fn names(&self, scope: &Scope) -> Vec<String> {
        let name = |row: &Row| match scope {
            Scope::All => format!("{}/{}", row.namespace, row.name),
            Scope::Namespace(_) => row.name.clone(),
        };
        self.connections.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests;
