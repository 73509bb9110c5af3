//! Connections and connection types as Kubernetes objects: list, create, change, delete, who uses
//! what. Everything is done with the Kubernetes client that it is given, so the rights of whoever
//! owns the client decide; serving people is left to the faces.

mod arrived;
pub mod compatibility;
mod conflict;
pub mod connection_types;
pub mod connections;
pub mod convert;
pub mod detach;
pub mod draft;
pub mod edit;
pub mod error;
pub mod index;
pub mod keys;
pub mod kinds;
pub mod naming;
pub mod odahu;
pub mod references;
pub mod rights;
pub mod row;
pub mod tested;
pub mod types;
pub mod values;
pub mod view;
pub mod who;

pub use connection_types::Types;
pub use connections::Connections;
pub use error::{Error, Result};
