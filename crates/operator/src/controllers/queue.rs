//! What is still to be reconciled: each key once, urgent ones before refreshes, failures again
//! later. What a key means, and the work, is left to whoever takes it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// First pause after a failure; doubled by each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How soon a key is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A look at what is probably as it should be.
    Refresh,
    /// Something has changed.
    Urgent,
}

/// What is to be done now; what waits for its time is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// How many keys, by group.
    pub items: BTreeMap<&'static str, usize>,
    /// How long the oldest has waited.
    pub oldest: Duration,
    /// How long nothing was taken or finished while there was something to do.
    pub stalled: Duration,
}

/// How the work on a key ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is as it should be.
    Done,
    /// It is to be looked at again after this time.
    Later(Duration),
    /// It failed, and is tried again after a pause that grows with each failure.
    Failed,
}

/// A queue of keys.
#[derive(Debug)]
pub struct Queue<K> {
    state: Mutex<State<K>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<K> {
    urgent: VecDeque<K>,
    refresh: VecDeque<K>,
    /// Keys that failed, by the time at which they are tried again.
    later: BTreeMap<(Instant, u64), K>,
    keys: HashMap<K, Entry>,
    number: u64,
    /// When a key was last taken or finished.
    progress: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    standing: Standing,
    since: Instant,
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Waiting(Priority),
    Later(Instant, u64),
    Running { again: Option<Priority> },
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                urgent: VecDeque::new(),
                refresh: VecDeque::new(),
                later: BTreeMap::new(),
                keys: HashMap::new(),
                number: 0,
                progress: Instant::now(),
            }),
            changed: Notify::new(),
        }
    }
}

impl<K: Clone + Eq + Hash> Queue<K> {
    /// Asks for a key. One that waits already moves up if it is wanted sooner now; one that is
    /// being worked on is worked on again afterwards.
    pub fn add(&self, key: K, priority: Priority) {
        self.lock().add(key, priority);
        self.changed.notify_one();
    }

    /// The next key, waiting for one if need be. Every key taken must be [finished](Self::finish).
    pub async fn take(&self) -> K {
        loop {
            let changed = self.changed.notified();
            let next = self.lock().take();
            match next {
                Next::Key(key) => {
                    // There may be more, and `notify_one` wakes one taker only.
                    self.changed.notify_one();
                    return key;
                }
                Next::At(time) => {
                    let _ = tokio::time::timeout_at(time, changed).await;
                }
                Next::Nothing => changed.await,
            }
        }
    }

    /// Says how the work on a key ended.
    pub fn finish(&self, key: &K, end: End) {
        self.lock().finish(key, end);
        self.changed.notify_one();
    }

    /// How many keys wait or are worked on.
    pub fn len(&self) -> usize {
        self.lock().keys.len()
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What could be worked on now or is being worked on, counted by what `group` says of a key.
    pub fn due(&self, group: impl Fn(&K) -> &'static str) -> Due {
        let state = self.lock();
        let mut due = Due::default();
        for (key, entry) in &state.keys {
            if !matches!(entry.standing, Standing::Later(..)) {
                *due.items.entry(group(key)).or_default() += 1;
                due.oldest = due.oldest.max(entry.since.elapsed());
            }
        }
        due.stalled = due.oldest.min(state.progress.elapsed());
        due
    }

    /// A panic in the middle of these few lines leaves a queue that can still be used.
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Next<K> {
    Key(K),
    At(Instant),
    Nothing,
}

impl<K: Clone + Eq + Hash> State<K> {
    fn add(&mut self, key: K, priority: Priority) {
        let now = Instant::now();
        let (since, failures) = match self.keys.get_mut(&key) {
            Some(Entry {
                standing: Standing::Running { again },
                ..
            }) => {
                *again = (*again).max(Some(priority));
                return;
            }
            Some(entry) => match entry.standing {
                Standing::Waiting(held) if held >= priority => return,
                // A refresh is no reason to try sooner what has just failed.
                Standing::Later(..) if priority == Priority::Refresh => return,
                Standing::Later(time, number) => {
                    let kept = (now, entry.failures);
                    self.later.remove(&(time, number));
                    kept
                }
                _ => (entry.since, entry.failures),
            },
            None => (now, 0),
        };
        let standing = Standing::Waiting(priority);
        self.keys.insert(
            key.clone(),
            Entry {
                standing,
                since,
                failures,
            },
        );
        match priority {
            Priority::Urgent => self.urgent.push_back(key),
            Priority::Refresh => self.refresh.push_back(key),
        }
    }

    fn take(&mut self) -> Next<K> {
        let now = Instant::now();
        self.ripen(now);
        while let Some(key) = self.urgent.pop_front().or_else(|| self.refresh.pop_front()) {
            // A key that moved up is still in the line of refreshes: passed over there.
            if let Some(entry) = self.keys.get_mut(&key)
                && matches!(entry.standing, Standing::Waiting(_))
            {
                entry.standing = Standing::Running { again: None };
                self.progress = now;
                return Next::Key(key);
            }
        }
        match self.later.first_key_value() {
            Some(((time, _), _)) => Next::At(*time),
            None => Next::Nothing,
        }
    }

    /// Lets those in whose time has come.
    fn ripen(&mut self, now: Instant) {
        while let Some(first) = self.later.first_entry()
            && first.key().0 <= now
        {
            let key = first.remove();
            if let Some(entry) = self.keys.get_mut(&key) {
                entry.standing = Standing::Waiting(Priority::Urgent);
                entry.since = now;
                self.urgent.push_back(key);
            }
        }
    }

    fn finish(&mut self, key: &K, end: End) {
        self.progress = Instant::now();
        let Some(entry) = self.keys.remove(key) else {
            return;
        };
        let Standing::Running { again } = entry.standing else {
            self.keys.insert(key.clone(), entry);
            return;
        };
        let (failures, wait) = match (end, again) {
            (End::Done | End::Later(_), Some(priority)) => {
                self.add(key.clone(), priority);
                return;
            }
            (End::Done, None) => return,
            (End::Later(wait), None) => (0, wait),
            (End::Failed, _) => {
                let failures = entry.failures.saturating_add(1);
                (failures, pause(failures))
            }
        };
        let time = self.progress + wait;
        self.number += 1;
        let standing = Standing::Later(time, self.number);
        self.later.insert((time, self.number), key.clone());
        self.keys.insert(
            key.clone(),
            Entry {
                standing,
                since: entry.since,
                failures,
            },
        );
    }
}

/// The pause after so many failures in a row: doubled each time, spread by up to a fifth so that
/// what failed together does not come again together.
fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1_u32 << failures.saturating_sub(1).min(16));
    let longest = doubled.min(LONGEST_PAUSE);
    let spread: f64 = rand_fraction();
    longest.mul_f64(1.0 - spread / 5.0)
}

/// A number from 0 to 1 that nobody needs to be unable to guess.
fn rand_fraction() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0);
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
