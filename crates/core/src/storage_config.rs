//! What a namespace's Secret `storage-config` must hold, so that KServe finds the S3 connections
//! that InferenceServices name; reading and writing the Secret is left to callers.
//!
//! KServe does not read a connection itself: it looks up an entry with the connection's name in
//! `storage-config`, a JSON object of strings. [`Entry`] is that object, [`merge`] brings the
//! Secret up to the wanted entries without touching anybody else's, and [`annotations`] is the
//! form for KServe's other way, by ServiceAccount.

mod annotations;
mod entry;
mod merge;

#[cfg(test)]
mod tests;

pub use annotations::{Annotate, annotations};
pub use entry::{Entry, Gap};
pub use merge::{Change, Merge, Missing, Update, is_usable, merge};

use std::collections::BTreeSet;

use crate::names;
use crate::ownership::Owner;
use crate::secret::Secret;

/// Name of the Secret that KServe looks entries up in.
pub const NAME: &str = "storage-config";

/// How far Bowline goes with `storage-config`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Never reads or writes one.
    Off,
    /// Keeps those that it made.
    #[default]
    Own,
    /// Also takes over one that OpenShift AI's model controller made.
    Adopt,
}

impl Mode {
    /// Whether Bowline may write an object with this owner.
    pub const fn may_write(self, owner: Owner) -> bool {
        match (self, owner) {
            (Self::Off, _) | (_, Owner::OptedOut | Owner::Other) => false,
            (Self::Own | Self::Adopt, Owner::Bowline) | (Self::Adopt, Owner::OpenShiftAi) => true,
            (Self::Own, Owner::OpenShiftAi) => false,
        }
    }
}

/// The text is not a [`Mode`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mode; use `off`, `own` or `adopt`")]
pub struct UnknownMode(pub String);

impl std::str::FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "own" => Ok(Self::Own),
            "adopt" => Ok(Self::Adopt),
            _ => Err(UnknownMode(text.to_owned())),
        }
    }
}

/// The owner of a `storage-config`.
pub fn owner(secret: &Secret) -> Owner {
    Owner::of(&secret.labels, &secret.annotations)
}

/// The names of the entries that Bowline remembers to have written.
pub fn remembered(secret: &Secret) -> BTreeSet<&str> {
    let text = secret.annotation(names::ENTRIES).unwrap_or_default();
    text.split(',').filter(|name| !name.is_empty()).collect()
}
