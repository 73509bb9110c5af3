//! What a Secret gives to containers that take all of it as variables, with what is wrong with it
//! and without any value, so that whoever read it may keep this for longer than the Secret.

use super::advice::Warning;
use super::resolve;
use crate::secret::Secret;

/// A Secret as a source of variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    pub(super) keys: Vec<String>,
    pub(super) warnings: Vec<Warning>,
}

impl Variables {
    /// What this Secret gives.
    pub fn of(secret: &Secret) -> Self {
        Self {
            keys: secret.data.keys().cloned().collect(),
            warnings: resolve::findings(secret),
        }
    }

    /// How many bytes its texts take.
    pub fn size(&self) -> usize {
        let keys = self.keys.iter().map(String::len);
        let warnings = self.warnings.iter().map(|warning| warning.as_str().len());
        keys.chain(warnings).sum()
    }
}
