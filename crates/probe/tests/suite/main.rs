//! The tests of probes against servers: real ones, and stubs with one fault each.

mod addresses;
mod azure;
mod bounds;
mod ecr;
mod federation;
mod gcs;
mod git;
mod hostile;
mod hub;
mod kit;
mod left;
mod matrix;
mod named;
mod oci;
mod programs;
mod rebinding;
mod roles;
mod s3;
mod stub;
mod table;
mod tls;
mod uri;
