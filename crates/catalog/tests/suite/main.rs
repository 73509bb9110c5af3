//! The catalog on the embedded Kubernetes API, in this process: the same requests as to a cluster,
//! to an API that really stores, watches and refuses.

mod api;
mod detach;
mod views;
