//! Admission: fetches what a decision needs, has `bowline_core` decide, carries out the answer.
//!
//! The same [`Admission`] answers `AdmissionReview` v1 over HTTPS (see [`server`]) and calls in
//! process (see [`Admission::decide`]); it knows a cluster only by the trait [`Cluster`].

pub mod admission;
pub mod certificates;
pub mod cluster;
pub mod connect;
pub mod controllers;
pub mod health;
pub mod kubernetes;
pub mod listen;
pub mod metrics;
pub mod review;
pub mod rights;
pub mod secrets;
pub mod seen;
pub mod server;
pub mod spans;
mod tally;

pub use admission::Admission;
pub use certificates::Serving;
pub use cluster::{Cluster, ClusterError, Sighting, User};
pub use health::Health;
pub use kubernetes::Kubernetes;
pub use metrics::Metrics;
pub use rights::Rights;
pub use secrets::Users;
pub use seen::Seen;
