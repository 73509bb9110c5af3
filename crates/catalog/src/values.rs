//! The values of a connection between what people type and what a Secret stores. [`check()`] says
//! everything that is wrong with an input at once, [`encode()`] makes the stored texts, [`decode()`]
//! reads them back. Findings name fields and never quote a value.

pub mod check;
pub mod decode;
pub mod encode;
pub mod given;

pub use check::{Purpose, check};
pub use decode::decode;
pub use encode::encode;
pub use given::Given;

use std::collections::BTreeMap;

use bowline_core::Sensitive;

/// What is typed into a form, by the key of the field.
pub type Input = BTreeMap<String, Given>;

/// What a Secret stores, by key.
pub type Stored = BTreeMap<String, Sensitive>;
