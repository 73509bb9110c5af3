//! What a connection is and what tying one into a workload means.
//!
//! Everything here is a pure function over plain values: no sockets, no files, no threads, no clock,
//! no Kubernetes client. Callers fetch what [`plan::needs`] names, call [`plan::plan`], and carry
//! out the [`plan::Plan`] that comes back.

pub mod ca_bundle;
pub mod connection;
pub mod diff;
pub mod docker_config;
pub mod drift;
pub mod finding;
pub mod footprint;
pub mod kind;
pub mod location;
pub mod manifest;
pub mod names;
pub mod ownership;
pub mod plan;
pub mod protocol;
pub mod result;
pub mod secret;
pub mod sensitive;
pub mod skim;
pub mod storage_config;
pub mod usage;
pub mod validate;
pub mod workload;

pub use connection::{Candidate, Connection, Dialect, Marker, Recognition};
pub use finding::{Finding, Severity};
pub use kind::Kind;
pub use plan::{Plan, needs, plan};
pub use protocol::Protocol;
pub use secret::Secret;
pub use sensitive::Sensitive;
pub use usage::Usage;
pub use validate::validate;
pub use workload::WorkloadKind;
