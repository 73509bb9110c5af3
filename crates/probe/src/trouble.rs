//! Why a step did not pass: an outcome of the table, and what exactly was tried or found.

use crate::outcome::Outcome;
use crate::report::plain;

/// Why a step did not pass.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) outcome: &'static Outcome,
    pub(crate) detail: Option<String>,
}

impl Trouble {
    pub(crate) const fn new(outcome: &'static Outcome) -> Self {
        Self {
            outcome,
            detail: None,
        }
    }

    /// Says what exactly was tried or found: places and our own words, never a value. What a peer
    /// sent may be in it; it is escaped and cut here.
    pub(crate) fn detail(self, detail: impl AsRef<str>) -> Self {
        let detail = plain(detail.as_ref());
        Self {
            detail: (!detail.is_empty()).then_some(detail),
            ..self
        }
    }

    /// As [`Trouble::detail`], where there is none yet.
    pub(crate) fn or_detail(self, detail: impl AsRef<str>) -> Self {
        if self.detail.is_some() {
            self
        } else {
            self.detail(detail)
        }
    }

    pub(crate) fn is(&self, outcome: &'static Outcome) -> bool {
        self.outcome.id == outcome.id
    }
}

impl From<&'static Outcome> for Trouble {
    fn from(outcome: &'static Outcome) -> Self {
        Self::new(outcome)
    }
}
