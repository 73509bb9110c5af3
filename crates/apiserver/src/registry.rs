//! Which kinds there are at this moment: the built-in ones, and those of CustomResourceDefinitions.

use crate::resource::Resource;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The kinds of one moment.
#[derive(Clone, Default)]
pub(crate) struct Kinds {
    all: Vec<Arc<Resource>>,
    by_path: HashMap<(String, String, String), Arc<Resource>>,
}

impl Kinds {
    fn new(all: Vec<Arc<Resource>>) -> Self {
        let by_path = all
            .iter()
            .map(|r| {
                (
                    (r.group.clone(), r.version.clone(), r.plural.clone()),
                    Arc::clone(r),
                )
            })
            .collect();
        Self { all, by_path }
    }

    /// All of them, the built-in ones first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.all.iter()
    }

    /// The kind at a path.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.by_path
            .get(&(group.to_owned(), version.to_owned(), plural.to_owned()))
    }
}

/// The kinds, as they change.
pub(crate) struct Registry {
    now: RwLock<Arc<Kinds>>,
}

impl Registry {
    /// The built-in kinds alone.
    pub(crate) fn new(built_in: Vec<Resource>) -> Self {
        let kinds = Kinds::new(built_in.into_iter().map(Arc::new).collect());
        Self {
            now: RwLock::new(Arc::new(kinds)),
        }
    }

    /// The kinds of this moment.
    pub(crate) fn kinds(&self) -> Arc<Kinds> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The kind at a path.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        self.kinds().find(group, version, plural).cloned()
    }

    /// Puts the versions of one custom kind (`stored_as`) in place of those it had; none removes it.
    pub(crate) fn replace(&self, stored_as: &str, versions: Vec<Resource>) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let kept = now
            .all
            .iter()
            .filter(|r| !r.is_custom || r.stored_as != stored_as)
            .cloned();
        let all = kept.chain(versions.into_iter().map(Arc::new)).collect();
        *now = Arc::new(Kinds::new(all));
    }
}
