//! Doing something again when somebody else has changed the object meanwhile. Who names no version
//! means the newest one, and is not bothered with those who were faster.

use super::Call;
use crate::status::Status;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long one request goes on; then its caller may see to it.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many attempts are made without a pause.
const AT_ONCE: u32 = 3;
/// From then on pauses are random, and may be twice as long as before, so often.
const DOUBLED: u32 = 10;

/// The attempts of one request.
pub(super) struct Attempts {
    until: Instant,
    count: u32,
    /// How many warnings there were before the first.
    told: usize,
}

impl Attempts {
    pub(super) fn of(call: &Call) -> Self {
        Self {
            until: Instant::now() + PATIENCE,
            count: 0,
            told: call.warnings.len(),
        }
    }

    /// Whether to try again after this refusal, in a moment. Only what the store refused gets better
    /// by that: a version, a uid or an owner that does not fit is looked at anew each time, and
    /// refused then for good.
    pub(super) async fn go_on(&mut self, call: &mut Call, refusal: &Status) -> bool {
        let is_beaten = call.is_beaten.swap(false, Ordering::Relaxed);
        let is_race = refusal.is_race() || refusal.reason == "AlreadyExists";
        let is_over = Instant::now() >= self.until || call.api.stopping.is_cancelled();
        if !(is_beaten && is_race) || is_over {
            return false;
        }
        call.warnings.truncate(self.told);
        self.count += 1;
        if let Some(doubled) = self.count.checked_sub(AT_ONCE) {
            sleep(pause(doubled.min(DOUBLED))).await;
        }
        true
    }
}

/// Not the same for any two, who would only meet again.
fn pause(doubled: u32) -> Duration {
    let mut random = [0_u8];
    // Without randomness they meet more often, and that is all.
    let _ = getrandom::fill(&mut random);
    Duration::from_micros(u64::from(random[0]) << doubled)
}
