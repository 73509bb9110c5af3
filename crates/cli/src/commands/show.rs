//! `bowline show`: everything about one connection except its secret values, which `value` masks.

mod text;
mod value;

use bowline_catalog::compatibility::{Missing, missing, not_deployable};
use bowline_core::{Candidate, Connection, Finding, Recognition, Secret, names, validate};
use serde::Serialize;

use crate::args::{self, Show};
use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::lookup;
use crate::output::{self, Output, Shown};
use value::Masked;

/// Prints the connection.
///
/// # Errors
/// When there is no such connection, or the cluster does not answer.
pub async fn run(args: &Show, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster.namespace(args.project.namespace.as_deref());
    let Some(secret) = cluster.secret(namespace, &args.name).await? else {
        return Err(lookup::not_found(&cluster, namespace, &args.name).await);
    };
    print(&args.shape.output, secret)
}

/// Prints what may be shown of a connection.
///
/// # Errors
/// When the Secret is no connection, or stdout cannot be written.
pub(super) fn print(output: &Output, secret: Secret) -> Result<(), Failure> {
    let details = Details::of(secret)?;
    output.print(&Shown {
        value: &|| output::value(&details),
        names: vec![details.name.clone()],
        text: &|_| text::render(&details),
    })
}

pub(super) use value::{is_harmless, may_show};

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
    keys: Vec<Masked>,
    /// The settings that the `kserve` dialect keeps in annotations.
    annotations: Vec<Masked>,
    /// How its last test went.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<bowline_catalog::row::Test>,
    /// What OpenShift AI's dashboard would miss.
    missing: Vec<Missing>,
    /// Why no model can be served from it.
    not_deployable: Vec<String>,
    findings: Vec<Finding>,
}

impl Details {
    fn of(secret: Secret) -> Result<Self, Failure> {
        match Connection::from_secret(secret) {
            Recognition::Connection(connection) => Ok(Self::of_connection(&connection)),
            Recognition::Candidate(candidate) => Ok(Self::of_candidate(&candidate)),
            Recognition::Other(secret) => Err(lookup::something_else(&secret)),
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
            missing: missing(connection),
            not_deployable: not_deployable(connection),
            findings: validate(connection),
            test: bowline_catalog::row::Test::of(connection),
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
            test: None,
            missing: Vec::new(),
            not_deployable: Vec::new(),
            findings: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
