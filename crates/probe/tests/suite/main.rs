//! The tests of probes against servers: real ones, and stubs with one fault each.

mod addresses;
mod azure;
mod bounds;
mod ecr;
mod gcs;
mod git;
mod hub;
mod kit;
mod matrix;
mod oci;
mod roles;
mod s3;
mod stub;
mod table;
mod tls;
mod uri;
