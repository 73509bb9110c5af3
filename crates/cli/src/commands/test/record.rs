//! Remembering results in annotations of the connections; what they say is `bowline_proof`'s.

use bowline_proof::record::keep;

use super::Tested;
use crate::cluster::Cluster;
use crate::terminal;

/// Writes all results. A connection that cannot be written to is told, and the others go on.
pub(super) async fn all(cluster: &Cluster, all: &[Tested<'_>]) {
    for tested in all {
        let (connection, report) = (tested.connection, &tested.report);
        if let Err(why) = keep(cluster.client(), connection, None, report).await {
            let name = &connection.secret.name;
            terminal::warn(&format!("the result of `{name}` is not recorded: {why}"));
        }
    }
}
