//! Whether a workload still runs with what its connections hold: the status of each, and how it
//! goes on when a Secret changes. Where it is kept, and who is told, is left to the operator.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How one connection of a workload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The workload was started with what the Secret holds now.
    Current,
    /// The Secret's values have changed since the workload was started.
    Stale,
    /// The Secret is gone.
    Missing,
}

/// The status of one connection of one workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// How it stands.
    pub state: State,
    /// Since when it is not current; RFC 3339, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// A keyed fingerprint of the values that the workload runs with; tells equal from different
    /// for this one Secret, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The workload's generation when it stopped being current; a later one has new pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
}

/// The statuses of all connections of a workload, by name of the Secret.
pub type Statuses = BTreeMap<String, Status>;

/// The workload as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Running {
    /// Counts changes of its specification: each starts new pods.
    pub generation: Option<i64>,
    /// It has no pods, so the next ones get what the Secret then holds.
    pub is_stopped: bool,
}

/// How a connection stands now, given how it stood before.
///
/// `fingerprint` is that of the Secret's present values, `None` where the Secret is gone; `now` is
/// an RFC 3339 time. A status that stays as it is keeps its time, so that nothing is written.
pub fn status(
    before: Option<&Status>,
    fingerprint: Option<&str>,
    running: Running,
    now: &str,
) -> Status {
    let ran_with = before.and_then(|before| before.fingerprint.as_deref());
    let left_behind = before.filter(|before| before.state != State::Current);
    let not_current = |state| Status {
        state,
        since: before
            .filter(|before| before.state == state)
            .map_or_else(|| Some(now.to_owned()), |before| before.since.clone()),
        fingerprint: ran_with.map(str::to_owned),
        generation: left_behind.map_or(running.generation, |before| before.generation),
    };
    let Some(fingerprint) = fingerprint else {
        return not_current(State::Missing);
    };
    let has_restarted = running.is_stopped
        || left_behind.is_some_and(|before| running.generation > before.generation);
    if ran_with.is_some_and(|old| old != fingerprint) && !has_restarted {
        return not_current(State::Stale);
    }
    Status {
        state: State::Current,
        since: None,
        fingerprint: Some(fingerprint.to_owned()),
        generation: None,
    }
}

#[cfg(test)]
mod tests;
