//! The controllers on the embedded Kubernetes API, in this process: the same code as in a cluster,
//! on an API that really stores, watches and refuses.

mod accounts;
mod api;
mod ca_bundle;
mod copies;
mod lease;
mod seen;
mod status;
mod storage_config;
mod testing;
mod tied;
mod trouble;
