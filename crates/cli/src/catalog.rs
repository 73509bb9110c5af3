//! The catalog of connections and types as commands use it: with the rights of whoever runs them, and
//! with its errors as failures that people can act on.

use bowline_catalog::{Connections, Error, Types};
use bowline_core::Finding;

use crate::args::Home;
use crate::cluster::Cluster;
use crate::failure::{Failure, Kind};
use crate::terminal;

/// The connection types of a cluster.
pub fn types(cluster: &Cluster, home: &Home) -> Types {
    Types::new(cluster.client().clone(), home.homes())
}

/// The connections of a cluster.
pub fn connections(cluster: &Cluster, home: &Home) -> Connections {
    Connections::new(cluster.client().clone(), types(cluster, home))
}

/// The failure behind an error of the catalog; findings are shown at once, all of them.
pub fn failure(cluster: &Cluster, error: Error) -> Failure {
    let Error::Invalid { findings, .. } = &error else {
        return cluster.failed(error);
    };
    tell("", findings);
    Failure::new(error.kind(), error.to_string()).cause(match findings.len() {
        1 => "the finding above".to_owned(),
        many => format!("the {many} findings above"),
    })
}

/// Shows findings on stderr.
pub fn tell(name: &str, findings: &[Finding]) {
    findings
        .iter()
        .for_each(|finding| terminal::tell(name, finding));
}

/// That something was asked for in a way that cannot be done.
pub fn usage(what: impl Into<String>) -> Failure {
    Failure::new(Kind::Usage, what)
}
