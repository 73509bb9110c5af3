//! Types and connections on the embedded Kubernetes API, with the rights of several people.

mod secrets;
mod types;
