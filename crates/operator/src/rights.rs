//! Rights that were just asked for are not asked for again: a [`Cluster`] in front of another one.
//! What is in a Secret is left to `seen`, and what is decided to `admission`.
//!
//! Only the answer "allowed" is kept, for [`FRESH`] from when the question was put, so a right that
//! was taken away is gone after that time at the latest. A refusal is never kept: whoever has just
//! been granted a right does not wait. Neither is an error. Identical questions that come while one
//! is under way share its answer, whatever that is.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bowline_core::Secret;
use bowline_core::plan::Account;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::time::Instant;

use crate::cluster::{Cluster, ClusterError, Sighting, User};
use crate::metrics::{AccessReview, Metrics};

/// How long "allowed" holds.
pub const FRESH: Duration = Duration::from_secs(10);
/// How many answers are kept; the oldest go first.
pub const CAPACITY: usize = 10_000;

/// A cluster whose answers about rights are kept for a short time.
#[derive(Debug)]
pub struct Rights<C> {
    cluster: Arc<C>,
    known: Arc<Mutex<Known>>,
    metrics: Arc<Metrics>,
}

/// A question, of which the verb `get` and the resource `secrets` are always the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    user: User,
    namespace: String,
    name: String,
}

type Answer = Result<bool, Arc<ClusterError>>;
type UnderWay = Shared<BoxFuture<'static, Answer>>;

#[derive(Default)]
struct Known {
    /// When the question was put that was answered "allowed".
    allowed: HashMap<Arc<Question>, Instant>,
    /// The same, in the order of the answers.
    order: VecDeque<(Instant, Arc<Question>)>,
    /// Questions under way, for as long as somebody waits for them, with a number for each.
    under_way: HashMap<Arc<Question>, (u64, WeakShared<BoxFuture<'static, Answer>>)>,
    count: u64,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known")
            .field("allowed", &self.allowed.len())
            .field("under_way", &self.under_way.len())
            .finish_non_exhaustive()
    }
}

impl Known {
    fn is_allowed(&self, question: &Question, now: Instant) -> bool {
        let asked = self.allowed.get(question);
        asked.is_some_and(|asked| now.duration_since(*asked) < FRESH)
    }

    fn keep(&mut self, question: &Arc<Question>, asked: Instant) {
        self.allowed.insert(Arc::clone(question), asked);
        self.order.push_back((asked, Arc::clone(question)));
        let now = Instant::now();
        while let Some((asked, oldest)) = self.order.front() {
            if self.order.len() <= CAPACITY && now.duration_since(*asked) < FRESH {
                break;
            }
            // A newer answer to the same question stands further back.
            if self.allowed.get(oldest) == Some(asked) {
                self.allowed.remove(oldest);
            }
            self.order.pop_front();
        }
    }
}

/// Takes a question off those under way, also when everybody who waited for it has gone.
struct Leave {
    known: Arc<Mutex<Known>>,
    question: Arc<Question>,
    number: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut known = lock(&self.known);
        let own = known.under_way.get(&self.question);
        if own.is_some_and(|(number, _)| *number == self.number) {
            known.under_way.remove(&self.question);
        }
    }
}

impl<C: Cluster> Rights<C> {
    /// Keeps what `cluster` says about rights, and counts where answers came from.
    pub fn new(cluster: C, metrics: Arc<Metrics>) -> Self {
        Self {
            cluster: Arc::new(cluster),
            known: Arc::default(),
            metrics,
        }
    }

    /// The answer to wait for; `None` where "allowed" is known.
    fn ask(&self, question: Question) -> Option<UnderWay> {
        let mut known = lock(&self.known);
        if known.is_allowed(&question, Instant::now()) {
            self.metrics.access_reviewed(AccessReview::Cached);
            return None;
        }
        if let Some(same) = known
            .under_way
            .get(&question)
            .and_then(|(_, weak)| weak.upgrade())
        {
            self.metrics.access_reviewed(AccessReview::Shared);
            return Some(same);
        }
        self.metrics.access_reviewed(AccessReview::Asked);
        let question = Arc::new(question);
        known.count += 1;
        let number = known.count;
        let answer = self.put(Arc::clone(&question), number);
        if let Some(weak) = answer.downgrade() {
            known.under_way.insert(question, (number, weak));
        }
        Some(answer)
    }

    fn put(&self, question: Arc<Question>, number: u64) -> UnderWay {
        let cluster = Arc::clone(&self.cluster);
        let leave = Leave {
            known: Arc::clone(&self.known),
            question,
            number,
        };
        let asked = Instant::now();
        async move {
            let Question {
                user,
                namespace,
                name,
            } = &*leave.question;
            let answer = cluster.may_get_secret(user, namespace, name).await;
            if matches!(answer, Ok(true)) {
                lock(&leave.known).keep(&leave.question, asked);
            }
            answer.map_err(Arc::new)
        }
        .boxed()
        .shared()
    }
}

impl<C: Cluster> Cluster for Rights<C> {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, ClusterError> {
        self.cluster.secret(namespace, name).await
    }

    async fn sight(&self, namespace: &str, name: &str) -> Result<Option<Sighting>, ClusterError> {
        self.cluster.sight(namespace, name).await
    }

    async fn may_get_secret(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
    ) -> Result<bool, ClusterError> {
        let question = Question {
            user: user.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        match self.ask(question) {
            None => Ok(true),
            Some(answer) => answer.await.map_err(ClusterError::Shared),
        }
    }

    async fn may_record(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
    ) -> Result<bool, ClusterError> {
        self.cluster.may_record(user, namespace, name).await
    }

    async fn ensure_account(&self, namespace: &str, account: &Account) -> Result<(), ClusterError> {
        self.cluster.ensure_account(namespace, account).await
    }
}

/// Nothing that holds this lock can panic half-way.
fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
