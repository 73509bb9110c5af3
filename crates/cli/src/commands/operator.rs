//! `bowline operator`: admission and controllers in a cluster. What it is made of is left to
//! `incluster`.

use tokio_util::sync::CancellationToken;

use crate::args::{Cluster, Operator};
use crate::failure::{Failure, Kind};
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
    let mut stopped = tokio::spawn(replica.serve(stopping.clone()));
    tokio::select! {
        signal = process::wait_for_signal() => signal?,
        ended = &mut stopped => return at_end(ended),
    }
    stopping.cancel();
    at_end(stopped.await)
}

fn at_end(ended: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    ended.map_err(|_| Failure::new(Kind::Internal, "the operator ended by a fault"))?
}
