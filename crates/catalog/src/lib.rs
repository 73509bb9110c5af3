//! Connections and connection types as Kubernetes objects: list, create, change, delete, who uses
//! what. Everything is done with the Kubernetes client that it is given, so the rights of whoever
//! owns the client decide; serving people is left to the faces.

mod arrived;
pub mod detach;
pub mod error;
pub mod index;
pub mod kinds;
pub mod references;
pub mod row;
pub mod view;

pub use error::{Error, Result};
