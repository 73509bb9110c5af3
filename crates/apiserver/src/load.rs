//! How many requests of remote clients are worked at, and answers kept for them, at a time: bounded,
//! so that clients who ask for much and read nothing cost so much and no more. Which connections are
//! open is left to the server.

use crate::status::Status;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// As many as kube-apiserver answers at a time.
const REQUESTS: usize = 600;
const WATCHES: usize = 2048;

/// Kept for as long as a request is worked at and its answer is not read.
pub(crate) type Place = OwnedSemaphorePermit;

/// The places that there are.
pub(crate) struct Load {
    requests: Arc<Semaphore>,
    watches: Arc<Semaphore>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            requests: Arc::new(Semaphore::new(REQUESTS)),
            watches: Arc::new(Semaphore::new(WATCHES)),
        }
    }
}

impl Load {
    /// A place for one more request; refused where all are taken, since waiting would keep its body
    /// and whoever waits for the answer.
    pub(crate) fn enter(&self, is_watch: bool) -> Result<Place, Status> {
        let places = if is_watch {
            &self.watches
        } else {
            &self.requests
        };
        let place = Arc::clone(places).try_acquire_owned();
        place.map_err(|_| Status::too_many_requests())
    }
}
