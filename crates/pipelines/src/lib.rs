//! One object store for Kubeflow Pipelines: reads what people write about it in any form, and makes
//! of it every object, policy and finding, so that all readers agree.
//!
//! Everything here is a pure function over plain values. Whatever is read becomes a
//! [`model::Deployment`]; whatever is made comes out of one.

pub mod check;
mod claim;
pub mod compare;
pub mod copies;
pub mod deploykf;
pub mod dspa;
pub mod explain;
mod finding;
pub mod given;
mod input;
mod known;
pub mod launcher;
pub mod lint;
pub mod model;
pub mod policies;
mod reading;
pub mod releases;
pub mod render;
pub mod store_document;
pub mod stores;
pub mod traps;
mod tree;

pub use finding::{Located, Place};
pub use given::{Given, Input, NoManifest};
pub use input::{InputFile, Reading};
pub use model::Deployment;
