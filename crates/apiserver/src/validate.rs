//! The rules that an object must keep beyond the types of its members. Each rule is a function
//! from an object to findings, all of them; what an answer makes of findings is left to the pipeline.

pub(crate) mod base64;
pub(crate) mod claim;
mod field;
pub(crate) mod ingress;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod node;
pub(crate) mod pod;
pub(crate) mod policy;
pub(crate) mod rbac;
mod schedule;
pub(crate) mod secret;
mod selector;
pub(crate) mod service;
mod values;
pub(crate) mod workload;

use std::borrow::Cow;

pub(crate) use field::FieldError;
pub(crate) use field::type_name;

/// So many findings about one object are enough; a body full of mistakes gets no longer answer.
pub(crate) const FINDINGS_LIMIT: usize = 100;

/// Longer than any name that is good.
const NAME_SHOWN: usize = 512;

/// A member's name as findings show it: a hundred findings below one of a megabyte would repeat it.
pub(crate) fn name_shown(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(NAME_SHOWN) {
        Some((end, _)) => format!("{}...", &name[..end]).into(),
        None => name.into(),
    }
}

#[cfg(test)]
mod tests;
