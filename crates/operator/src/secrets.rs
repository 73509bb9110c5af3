//! What is said about Secrets that are created, changed or deleted: advice, and one refusal, for
//! deleting a Secret that its owner calls vital. Who uses a Secret is left to an implementation of
//! [`Users`].

use std::sync::Arc;

use bowline_core::names::VITAL;
use bowline_core::plan::{Denial, MAX_CHARS, Warning};
use serde_json::Value;

/// Knows which workloads use a Secret.
pub trait Users: Send + Sync + 'static {
    /// The workloads that use a Secret now, as `kind/name`, those to name first in front.
    fn of(&self, namespace: &str, secret: &str) -> Vec<String>;
}

/// Nobody uses anything, as far as is known.
impl Users for () {
    fn of(&self, _namespace: &str, _secret: &str) -> Vec<String> {
        Vec::new()
    }
}

impl<U: Users + ?Sized> Users for Arc<U> {
    fn of(&self, namespace: &str, secret: &str) -> Vec<String> {
        (**self).of(namespace, secret)
    }
}

/// Longest name of a Secret or workload that a warning repeats whole, in characters.
const LONGEST_NAME: usize = 38;

/// What a person should know who deletes this Secret.
///
/// # Errors
/// A [`Denial`] when the Secret is annotated as vital.
pub fn on_delete(
    secret: &Value,
    namespace: &str,
    users: &impl Users,
) -> Result<Option<Warning>, Denial> {
    let metadata = &secret["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    if metadata["annotations"][VITAL] == "true" {
        return Err(Denial::Forbidden(format!(
            "Secret `{name}` is annotated `{VITAL}: \"true\"`, so it is not deleted; remove the annotation first"
        )));
    }
    Ok(in_use(name, &users.of(namespace, name)))
}

/// Names as many users as there is room for, and at least one.
fn in_use(name: &str, users: &[String]) -> Option<Warning> {
    let start = format!("Secret `{}` is still used by ", short(name));
    let sentence = |shown: usize| {
        let named: Vec<String> = users.iter().take(shown).map(|user| short(user)).collect();
        let more = match users.len() - shown {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{start}{}{more}", named.join(", "))
    };
    let fits = |shown: &usize| sentence(*shown).chars().count() <= MAX_CHARS;
    // More than ten never fit: a user is named by a kind and a name.
    let most = (1..=users.len().min(10)).rfind(fits);
    (!users.is_empty()).then(|| Warning::new(sentence(most.unwrap_or(1))))
}

fn short(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        None => name.to_owned(),
        Some(_) => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests;
