//! How many tokens that nobody takes may come from one address. Finding out whose a token is costs a
//! request to the Kubernetes API or to a provider, so for an address that has guessed too often
//! nobody is asked for a while. A token that was good is none: who guesses behind a proxy's address
//! does not keep out those who work from there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Rate;
use super::rates::{Rates, too_many};
use crate::callers::{Callers, Credentials, Peer, Refusal, Sender, identify};
use crate::problem::Problem;

/// Good tokens that are known; beyond that, all are forgotten.
const MOST: usize = 10_000;

/// What addresses may still guess, and which tokens were good when they came last.
#[derive(Debug)]
pub(super) struct Guesses {
    rates: Rates,
    good: Mutex<HashSet<String>>,
}

impl Guesses {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rates: Rates::new(rate),
            good: Mutex::default(),
        }
    }

    /// Finds out whose a token is. A guess is paid for before anybody is asked, and given back for a
    /// good token: so many at once count too, and so do those who do not wait for the answer.
    pub(super) async fn identify(
        &self,
        callers: &Arc<dyn Callers>,
        token: &Credentials,
        peer: Option<Peer>,
    ) -> Result<Sender, Problem> {
        let (key, address) = (token.key(), Peer::text(peer));
        let was_good = self.good().contains(&key);
        if !was_good {
            let taken = self.rates.take(address.clone());
            let detail = "too many tokens from the sender's address were not good";
            taken.map_err(|seconds| too_many(detail, seconds))?;
        }
        let sender = identify(callers, token).await;
        match &sender.0 {
            Ok(_) if !was_good => {
                self.rates.give_back(&address);
                self.remember(key);
            }
            Err(Refusal::Unknown(_)) => {
                self.good().remove(&key);
            }
            _ => {}
        }
        Ok(sender)
    }

    fn remember(&self, key: String) {
        let mut good = self.good();
        if good.len() >= MOST {
            good.clear();
        }
        good.insert(key);
    }

    fn good(&self) -> MutexGuard<'_, HashSet<String>> {
        self.good.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
