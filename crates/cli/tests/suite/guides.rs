//! The guides of the field as tests: every command and every kind of manifest of their pages runs
//! against `bowline up` and does what the page says, or what is true where a page is wrong.
//!
//! One test per example, named after its heading. The pages: `data_connections` is OpenShift AI's
//! "Data Connections", `using_connections` its chapter "Using connections", `alauda` Alauda AI's
//! "Using Connections". Names and values of the manifests are our own.

mod alauda;
mod data_connections;
mod using_connections;
