//! The controllers on the embedded Kubernetes API, in this process: the same code as in a cluster,
//! on an API that really stores, watches and refuses.

mod api;
mod lease;
mod status;
