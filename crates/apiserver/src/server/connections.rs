//! The connections that are open, bounded: which are quiet, which keep an answer for too long, and
//! which one makes room for another. What is said on them is left to the server.

use crate::config::Patience;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// At most this many connections at a time.
pub(super) const CONNECTIONS: usize = 1024;
/// How often a connection is looked at, at least.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often it is tried again to make room.
const TRY_EVERY: Duration = Duration::from_millis(500);

/// All of them.
pub(super) struct Connections {
    places: Arc<Semaphore>,
    open: Mutex<BTreeMap<u64, Arc<Traffic>>>,
    patience: Patience,
}

impl Connections {
    pub(super) fn new(patience: Patience) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            open: Mutex::default(),
            patience,
        })
    }

    /// A place for one more. Where there is none, whoever has been quiet for the longest time makes
    /// room; this waits while all are busy.
    pub(super) async fn enter(self: &Arc<Self>, number: u64) -> Entry {
        loop {
            if self.places.available_permits() == 0 {
                self.dismiss_the_quietest();
            }
            let place = Arc::clone(&self.places).acquire_owned();
            if let Ok(place) = tokio::time::timeout(TRY_EVERY, place).await {
                let place = place.expect("the semaphore is never closed");
                return self.entered(number, place);
            }
        }
    }

    fn entered(self: &Arc<Self>, number: u64, place: OwnedSemaphorePermit) -> Entry {
        let traffic = Arc::new(Traffic::new(self.patience));
        self.open().insert(number, Arc::clone(&traffic));
        Entry {
            traffic,
            number,
            connections: Arc::clone(self),
            _place: place,
        }
    }

    fn dismiss_the_quietest(&self) {
        let open = self.open();
        let quiet = open
            .values()
            .filter(|traffic| !traffic.dismissed.is_cancelled())
            .filter_map(|traffic| Some((traffic.quiet_since()?, traffic)));
        if let Some((_, traffic)) = quiet.min_by_key(|(since, _)| *since) {
            traffic.dismissed.cancel();
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Traffic>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place among them.
pub(super) struct Entry {
    pub(super) traffic: Arc<Traffic>,
    number: u64,
    connections: Arc<Connections>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.open().remove(&self.number);
    }
}

/// What is under way on one connection.
pub(super) struct Traffic {
    patience: Patience,
    dismissed: CancellationToken,
    state: Mutex<State>,
}

struct State {
    /// When something was last under way.
    last: Instant,
    /// By when each request must be answered and its answer read.
    under_way: BTreeMap<u64, Instant>,
    next: u64,
}

impl Traffic {
    fn new(patience: Patience) -> Self {
        Self {
            patience,
            dismissed: CancellationToken::new(),
            state: Mutex::new(State {
                last: Instant::now(),
                under_way: BTreeMap::new(),
                next: 0,
            }),
        }
    }

    /// A request comes.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        let until = Instant::now() + self.patience.answer;
        state.under_way.insert(number, until);
        UnderWay {
            traffic: Arc::clone(self),
            number,
        }
    }

    /// Waits until the connection shall end, and says why.
    pub(super) async fn ended(&self) -> &'static str {
        loop {
            let now = Instant::now();
            // A request that comes meanwhile is due before the connection would be.
            let until = match self.due(now) {
                Ok(until) => until.min(now + LOOK_EVERY.min(self.patience.answer)),
                Err(why) => return why,
            };
            tokio::select! {
                () = self.dismissed.cancelled() => return "it makes room for another one",
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// When to look again, or why the connection shall end.
    fn due(&self, now: Instant) -> Result<Instant, &'static str> {
        let state = self.state();
        let (until, why) = match state.under_way.values().min() {
            Some(until) => (*until, "an answer was not read in time"),
            None => (
                state.last + self.patience.idle,
                "nothing was asked for long",
            ),
        };
        if until > now { Ok(until) } else { Err(why) }
    }

    fn quiet_since(&self) -> Option<Instant> {
        let state = self.state();
        state.under_way.is_empty().then_some(state.last)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request whose answer is not read yet.
pub(super) struct UnderWay {
    traffic: Arc<Traffic>,
    number: u64,
}

impl UnderWay {
    /// Its answer goes on for this long by itself.
    pub(super) fn lasts(&self, more: Duration) {
        let mut state = self.traffic.state();
        if let Some(until) = state.under_way.get_mut(&self.number) {
            *until += more;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.traffic.state();
        state.under_way.remove(&self.number);
        state.last = Instant::now();
    }
}
