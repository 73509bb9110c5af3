//! `bowline operator`: admission and controllers in a cluster. What it is made of is left to
//! `incluster`.

use tokio_util::sync::CancellationToken;

use crate::args::{Cluster, Operator};
use crate::failure::Failure;
use crate::incluster::Replica;
use crate::process;

/// Serves until it is told to stop.
///
/// # Errors
/// When it cannot be started, or stops by itself.
pub async fn run(args: Operator, cluster: &Cluster) -> Result<(), Failure> {
    let _telemetry = process::tell(args.log_format);
    let replica = Replica::open(&args, cluster).await?;
    let stopping = CancellationToken::new();
    process::serve(replica.serve(stopping.clone()), stopping).await
}
