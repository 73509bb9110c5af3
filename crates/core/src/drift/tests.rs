use rstest::rstest;

use super::State::{self, Current, Missing, Stale};
use super::{Running, Status, status};

const NOW: &str = "2026-11-21T06:00:00Z";
const EARLIER: &str = "2026-11-20T06:00:00Z";

fn stood(state: State, fingerprint: Option<&str>) -> Status {
    Status {
        state,
        since: (state != Current).then(|| EARLIER.to_owned()),
        fingerprint: fingerprint.map(str::to_owned),
        generation: (state != Current).then_some(3),
    }
}

fn running(generation: i64) -> Running {
    Running {
        generation: Some(generation),
        is_stopped: false,
    }
}

const STOPPED: Running = Running {
    generation: Some(3),
    is_stopped: true,
};

#[rstest]
#[case::first_seen(None, Some("a"), running(3), Current, None)]
#[case::first_seen_missing(None, None, running(3), Missing, Some(NOW))]
#[case::unchanged(Some(stood(Current, Some("a"))), Some("a"), running(3), Current, None)]
#[case::changed(
    Some(stood(Current, Some("a"))),
    Some("b"),
    running(3),
    Stale,
    Some(NOW)
)]
#[case::changed_again(
    Some(stood(Stale, Some("a"))),
    Some("c"),
    running(3),
    Stale,
    Some(EARLIER)
)]
#[case::changed_back(Some(stood(Stale, Some("a"))), Some("a"), running(3), Current, None)]
#[case::restarted(Some(stood(Stale, Some("a"))), Some("b"), running(4), Current, None)]
#[case::stopped(Some(stood(Stale, Some("a"))), Some("b"), STOPPED, Current, None)]
#[case::changed_long_after_a_restart(
    Some(stood(Current, Some("a"))),
    Some("b"),
    running(9),
    Stale,
    Some(NOW)
)]
#[case::changed_while_stopped(Some(stood(Current, Some("a"))), Some("b"), STOPPED, Current, None)]
#[case::gone(Some(stood(Current, Some("a"))), None, running(3), Missing, Some(NOW))]
#[case::still_gone(
    Some(stood(Missing, Some("a"))),
    None,
    running(3),
    Missing,
    Some(EARLIER)
)]
#[case::back_as_it_was(Some(stood(Missing, Some("a"))), Some("a"), running(3), Current, None)]
#[case::back_with_other_values(
    Some(stood(Missing, Some("a"))),
    Some("b"),
    running(3),
    Stale,
    Some(NOW)
)]
#[case::there_at_last(Some(stood(Missing, None)), Some("a"), running(3), Current, None)]
fn a_status_follows_the_secret_and_the_workload(
    #[case] before: Option<Status>,
    #[case] fingerprint: Option<&str>,
    #[case] running: Running,
    #[case] state: State,
    #[case] since: Option<&str>,
) {
    let after = status(before.as_ref(), fingerprint, running, NOW);
    assert_eq!((after.state, after.since.as_deref()), (state, since));
}

#[rstest]
fn a_status_that_stays_is_the_same_status(
    #[values(Current, Stale, Missing)] state: State,
    #[values(Some("a"), Some("b"), None)] fingerprint: Option<&str>,
) {
    let once = status(Some(&stood(state, Some("a"))), fingerprint, running(3), NOW);
    let again = status(Some(&once), fingerprint, running(3), "2026-11-22T06:00:00Z");
    assert_eq!(once, again);
}

#[test]
fn a_new_generation_with_the_same_values_writes_nothing() {
    let before = stood(Current, Some("a"));
    assert_eq!(status(Some(&before), Some("a"), running(9), NOW), before);
}
