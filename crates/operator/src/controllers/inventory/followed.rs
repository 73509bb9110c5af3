//! What is known of a Secret that is in use or labelled: the version that was last heard of, and
//! the fingerprint of one. How a fingerprint is made is left to `fingerprint`; no values.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of one Secret, for as long as it is followed.
///
/// Whoever reads the Secret takes this first, and notes in here what was learned. When the Secret is
/// told to be gone, or nobody uses it any more, the inventory drops this one and gives out another:
/// so an answer from before can never be taken for what has been there since, however late it comes.
#[derive(Debug, Default)]
pub struct Followed {
    version: Mutex<Option<String>>,
    /// Version and fingerprint that were read last. Locked while the Secret is read, so that those
    /// who want to know about the same change wait for one answer.
    pub(crate) fingerprint: tokio::sync::Mutex<Option<(String, String)>>,
}

impl Followed {
    /// The version that was last heard of.
    pub fn version(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Notes the version that a read has told, unless the watch has told one, which may be newer.
    pub(crate) fn learn(&self, version: &str) {
        self.lock().get_or_insert_with(|| version.to_owned());
    }

    /// Notes the version that the watch tells; whether it is another one.
    pub(super) fn hear(&self, version: String) -> bool {
        let before = self.lock().replace(version.clone());
        before != Some(version)
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
