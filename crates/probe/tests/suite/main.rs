//! The tests of probes against servers: real ones, and stubs with one fault each.

mod addresses;
mod bounds;
mod hub;
mod kit;
mod oci;
mod s3;
mod stub;
mod table;
mod tls;
mod uri;
