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

/// What is to be done, failures that are tried again included; what was put off is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// How many keys, by group.
    pub items: BTreeMap<&'static str, usize>,
    /// How long the oldest has waited that has not failed.
    pub oldest: Duration,
    /// How long the oldest has waited that failed.
    pub failing: Duration,
    /// How long nothing got done while there was more than one key to do. One alone says nothing
    /// about whoever does the work.
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
    /// It failed for a reason that lasts, and is tried again after this time.
    FailedFor(Duration),
}

impl End {
    const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::FailedFor(_))
    }
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
    /// When the work on a key last ended well.
    progress: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    standing: Standing,
    /// When it was asked for; failures since then change nothing of that.
    since: Instant,
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Waiting(Priority),
    Later(Instant, u64),
    /// Whether it was asked for again meanwhile, and when first.
    Running {
        again: Option<(Priority, Instant)>,
    },
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

    /// Says how the work on a key ended; if well, returns how long ago it was asked for.
    pub fn finish(&self, key: &K, end: End) -> Option<Duration> {
        let lag = self.lock().finish(key, end);
        self.changed.notify_one();
        lag
    }

    /// Lets ages begin now: what waits here while somebody else does the work is not late.
    pub fn reset_ages(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        state.progress = now;
        state.keys.values_mut().for_each(|entry| entry.since = now);
    }

    /// How many keys wait or are worked on.
    pub fn len(&self) -> usize {
        self.lock().keys.len()
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What waits, is being worked on or is tried again, counted by what `group` says of a key.
    pub fn due(&self, group: impl Fn(&K) -> &'static str) -> Due {
        let state = self.lock();
        let mut due = Due::default();
        let mut next_oldest = Duration::ZERO;
        for (key, entry) in &state.keys {
            if entry.is_put_off() {
                continue;
            }
            *due.items.entry(group(key)).or_default() += 1;
            let age = entry.since.elapsed();
            next_oldest = next_oldest.max(age.min(due.oldest.max(due.failing)));
            match entry.failures {
                0 => due.oldest = due.oldest.max(age),
                _ => due.failing = due.failing.max(age),
            }
        }
        due.stalled = next_oldest.min(state.progress.elapsed());
        due
    }

    /// A panic in the middle of these few lines leaves a queue that can still be used.
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Whether it waits for its time, and not because it failed.
    const fn is_put_off(&self) -> bool {
        matches!(self.standing, Standing::Later(..)) && self.failures == 0
    }
}

enum Next<K> {
    Key(K),
    At(Instant),
    Nothing,
}

impl<K: Clone + Eq + Hash> State<K> {
    fn add(&mut self, key: K, priority: Priority) {
        self.add_since(key, priority, Instant::now());
    }

    fn add_since(&mut self, key: K, priority: Priority, now: Instant) {
        let (since, failures) = match self.keys.get_mut(&key) {
            Some(Entry {
                standing: Standing::Running { again },
                ..
            }) => {
                let (held, first) = again.unwrap_or((priority, now));
                *again = Some((held.max(priority), first));
                return;
            }
            Some(entry) => match entry.standing {
                Standing::Waiting(held) if held >= priority => return,
                // A refresh is no reason to try sooner what has just failed. What was put off is
                // looked at: it may have changed while nobody told.
                Standing::Later(..) if priority == Priority::Refresh && entry.failures > 0 => {
                    return;
                }
                Standing::Later(time, number) => {
                    let since = if entry.is_put_off() { now } else { entry.since };
                    let kept = (since, entry.failures);
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
                if entry.is_put_off() {
                    entry.since = now;
                }
                entry.standing = Standing::Waiting(Priority::Urgent);
                self.urgent.push_back(key);
            }
        }
    }

    fn finish(&mut self, key: &K, end: End) -> Option<Duration> {
        let now = Instant::now();
        let entry = self.keys.remove(key)?;
        let Standing::Running { again } = entry.standing else {
            self.keys.insert(key.clone(), entry);
            return None;
        };
        let (mut failures, mut again) = (0, again);
        if end.is_failure() {
            failures = entry.failures.saturating_add(1);
            again = again.filter(|(priority, _)| *priority == Priority::Urgent);
        } else {
            self.progress = now;
        }
        let lag = (end == End::Done).then(|| now - entry.since);
        let wait = match (end, again) {
            (End::Failed, _) => pause(failures),
            (_, Some((priority, since))) => {
                self.add_since(key.clone(), priority, since);
                return lag;
            }
            (End::Done, None) => return lag,
            (End::Later(wait) | End::FailedFor(wait), None) => wait,
        };
        let time = now + wait;
        self.number += 1;
        let standing = Standing::Later(time, self.number);
        self.later.insert((time, self.number), key.clone());
        let since = entry.since;
        self.keys.insert(
            key.clone(),
            Entry {
                standing,
                since,
                failures,
            },
        );
        None
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
