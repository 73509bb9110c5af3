//! How many requests one sender may send: a bucket for each, which fills with time. Who is unknown
//! shares one with everybody at the same address, so that nobody tries out tokens quickly.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use http::{HeaderValue, StatusCode, header};

use super::Rate;
use crate::callers::{Peer, Sender};
use crate::problem::Problem;

/// Buckets that are kept; beyond that, the full ones go, and then all.
const MOST: usize = 10_000;

/// The buckets of all senders.
#[derive(Debug)]
pub struct Rates {
    rate: Rate,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Rates {
    /// Buckets of this size.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            buckets: Mutex::default(),
        }
    }

    /// Takes one out of the bucket of a sender.
    pub(super) fn of_sender(&self, sender: &Sender, peer: Option<Peer>) -> Result<(), Problem> {
        self.count(match &sender.0 {
            Ok(caller) => format!("user {}", caller.user.name),
            Err(_) => format!("address {}", Peer::text(peer)),
        })
    }

    /// Takes one out of the bucket of a user.
    pub(crate) fn of_user(&self, name: &str) -> Result<(), Problem> {
        self.count(format!("user {name}"))
    }

    fn count(&self, key: String) -> Result<(), Problem> {
        let detail = "the sender has sent too many requests";
        self.take(key).map_err(|seconds| too_many(detail, seconds))
    }

    /// Takes one out of a bucket, or says in how many seconds there will be one.
    pub(super) fn take(&self, key: String) -> Result<(), u64> {
        self.take_at(key, Instant::now())
    }

    /// Puts one back that was taken out of a bucket.
    pub(super) fn give_back(&self, key: &str) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            bucket.left = (bucket.left + 1.0).min(f64::from(self.rate.burst));
        }
    }

    fn take_at(&self, key: String, now: Instant) -> Result<(), u64> {
        let (burst, per_second) = (f64::from(self.rate.burst), f64::from(self.rate.per_second));
        let filled = |bucket: &Bucket| {
            let rested = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.left + rested * per_second).min(burst)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| filled(bucket) < burst);
            if buckets.len() >= MOST {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            left: burst,
            at: now,
        });
        bucket.left = filled(bucket);
        bucket.at = now;
        if bucket.left < 1.0 {
            return Err(1);
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

/// What is answered until there is something in a bucket again.
pub(super) fn too_many(detail: &str, seconds: u64) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
        .help("wait as long as the header `Retry-After` says")
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        per_second: 2,
    };

    fn taken(rates: &Rates, key: &str, now: Instant) -> usize {
        let tries = 0..10;
        tries
            .filter(|_| rates.take_at(key.to_owned(), now).is_ok())
            .count()
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_fills_with_time() {
        let (rates, now) = (Rates::new(RATE), Instant::now());
        assert_eq!(taken(&rates, "a", now), 3);
        assert_eq!(taken(&rates, "a", now + Duration::from_secs(1)), 2);
        assert_eq!(taken(&rates, "a", now + Duration::from_secs(60)), 3);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_nothing_beyond_the_burst() {
        let (rates, now) = (Rates::new(RATE), Instant::now());
        assert_eq!(taken(&rates, "a", now), 3);
        rates.give_back("a");
        assert_eq!(taken(&rates, "a", now), 1);
        for _ in 0..5 {
            rates.give_back("a");
        }
        assert_eq!(taken(&rates, "a", now), 3);
    }

    #[test]
    fn one_sender_costs_another_nothing() {
        let (rates, now) = (Rates::new(RATE), Instant::now());
        taken(&rates, "a", now);
        assert_eq!(taken(&rates, "b", now), 3);
    }

    #[test]
    fn the_number_of_buckets_is_bounded() {
        let (rates, now) = (Rates::new(RATE), Instant::now());
        for sender in 0..MOST + 10 {
            let _ = rates.take_at(sender.to_string(), now);
        }
        assert!(rates.buckets.lock().expect("not poisoned").len() <= MOST);
    }
}
