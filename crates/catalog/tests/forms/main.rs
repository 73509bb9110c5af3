//! Connection types and connections: what is given, what is stored, what is said about it. The pure
//! parts by tables and laws, the rest on the embedded Kubernetes API in this process.

mod api;
mod cases;
mod compatibility;
mod connections;
mod edit;
mod laws;
mod naming;
mod rules;
mod types;
mod values;
