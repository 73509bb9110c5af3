//! `bowline show`: everything about one connection except its secret values, which `value` masks.

mod text;
mod value;

use bowline_core::{Candidate, Connection, Finding, Recognition, Secret, names, validate};
use serde::Serialize;

use crate::args::{self, Show, ShowOutput};
use crate::cluster::{Cluster, Scope};
use crate::failure::{Failure, Kind};
use crate::suggest::nearest;
use crate::terminal;
use value::Shown;

/// Prints the connection.
///
/// # Errors
/// When there is no such connection, or the cluster does not answer.
pub async fn run(args: &Show, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster.namespace(args.namespace.as_deref());
    let Some(secret) = cluster.secret(namespace, &args.name).await? else {
        return Err(not_found(&cluster, namespace, &args.name).await);
    };
    let details = Details::of(secret)?;
    terminal::print(&match args.output {
        ShowOutput::Text => text::render(&details),
        ShowOutput::Json => format!("{:#}\n", serde_json::json!(details)),
    })
}

/// What is shown of a connection, or of a Secret that could be one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    namespace: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "type")]
    type_: String,
    is_connection: bool,
    protocol: Option<&'static str>,
    dialect: String,
    why: String,
    keys: Vec<Shown>,
    /// The settings that the `kserve` dialect keeps in annotations.
    annotations: Vec<Shown>,
    findings: Vec<Finding>,
}

impl Details {
    fn of(secret: Secret) -> Result<Self, Failure> {
        match Connection::from_secret(secret) {
            Recognition::Connection(connection) => Ok(Self::of_connection(&connection)),
            Recognition::Candidate(candidate) => Ok(Self::of_candidate(&candidate)),
            Recognition::Other(secret) => {
                let name = &secret.name;
                let what = format!("Secret `{name}` is not a connection");
                Err(Failure::new(Kind::NotFound, what)
                    .cause("no annotation says that it is one, and no key looks like one")
                    .help(format!("`kubectl describe secret {name}` shows what it is")))
            }
        }
    }

    fn of_connection(connection: &Connection) -> Self {
        let secret = &connection.secret;
        let stated = |key: &str| secret.annotation(key).map(str::to_owned);
        Self {
            display_name: stated(names::DISPLAY_NAME)
                .or_else(|| stated(names::ALAUDA_DISPLAY_NAME)),
            description: connection.description().map(str::to_owned),
            is_connection: true,
            protocol: connection.protocol.map(bowline_core::Protocol::as_str),
            dialect: connection.dialect.to_string(),
            why: connection.why(),
            keys: value::keys(secret, connection.protocol),
            annotations: value::annotations(secret),
            findings: validate(connection),
            ..Self::bare(secret)
        }
    }

    fn of_candidate(candidate: &Candidate) -> Self {
        let secret = &candidate.secret;
        Self {
            protocol: candidate.protocol.map(bowline_core::Protocol::as_str),
            dialect: candidate.marker.dialect().to_string(),
            why: candidate.reason.clone(),
            // Nobody has said what the keys are, so none of them is known to be harmless.
            keys: value::keys(secret, None),
            findings: validate::findings(secret),
            ..Self::bare(secret)
        }
    }

    fn bare(secret: &Secret) -> Self {
        Self {
            namespace: secret.namespace.clone(),
            name: secret.name.clone(),
            display_name: None,
            description: None,
            type_: secret.type_.clone(),
            is_connection: false,
            protocol: None,
            dialect: String::new(),
            why: String::new(),
            keys: Vec::new(),
            annotations: Vec::new(),
            findings: Vec::new(),
        }
    }
}

async fn not_found(cluster: &Cluster, namespace: &str, name: &str) -> Failure {
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
    match nearest(name, known.iter().map(String::as_str)) {
        Some(other) => failure.help(format!("did you mean `{other}`?")),
        None if listed.is_ok() && known.is_empty() => failure
            .cause("the namespace has no connections")
            .help("`bowline list -A` shows all"),
        None => failure.help(format!(
            "`bowline list -n {namespace}` shows those that there are"
        )),
    }
}

#[cfg(test)]
mod tests;
