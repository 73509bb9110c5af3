//! Tests of connections by themselves, where an administrator wants them: when they change, and again
//! after a while. What a test is, and how its result is kept, is left to `bowline_proof`; a queue and
//! workers of their own keep slow endpoints out of the way of everything else.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bowline_catalog::tested;
use bowline_core::{Connection, Recognition, names};
use bowline_probe::{Ask, Slots, State};
use bowline_proof::record::{NotKept, keep};
use bowline_proof::{Bounds, Surroundings};
use futures::{FutureExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret as KubernetesSecret;
use kube::core::{ObjectMeta, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::queue::{End, Priority, Queue};
use super::watches::PAGE;
use super::{ReconcileError, until_other};
use crate::kubernetes::{secret_of, secrets};
use crate::metrics::Metrics;

/// Tests at the same time, in all and of one namespace.
const WORKERS: usize = 8;
const OF_EACH: usize = 2;
/// How long a test waits for its namespace's turn before another one goes ahead, and how soon that
/// is tested again which has changed meanwhile.
const PATIENCE: Duration = Duration::from_secs(1);
/// How soon that is tried again whose result could not be kept.
const NOT_KEPT_PAUSE: Duration = Duration::from_secs(600);
/// The shortest time between two tests of the same values.
const SHORTEST: Duration = Duration::from_secs(10);
/// What the annotations of every connection begin with; others are not even read.
const MARKS: [&str; 3] = [
    "opendatahub.io/connection-type",
    "cpaas.io/connection-type",
    "serving.kserve.io/s3-",
];

/// When connections are tested by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// When what is tested has changed.
    OnChange,
    /// The same, and again after this time and up to a tenth more.
    Every(Duration),
}

/// The text says neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `on-change` nor a time of at least 10 s, such as `6h`")]
pub struct UnknownWhen(String);

impl FromStr for When {
    type Err = UnknownWhen;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "on-change" {
            return Ok(Self::OnChange);
        }
        let time = text.parse::<SignedDuration>().ok();
        let time = time.and_then(|time| Duration::try_from(time).ok());
        time.filter(|time| *time >= SHORTEST)
            .map(Self::Every)
            .ok_or_else(|| UnknownWhen(text.to_owned()))
    }
}

/// How connections are tested by themselves.
#[derive(Clone)]
pub struct Settings {
    /// When.
    pub when: When,
    /// Where tests may go.
    pub bounds: Bounds,
    /// How patient they are.
    pub probe: bowline_probe::Settings,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("when", &self.when)
            .finish_non_exhaustive()
    }
}

/// Namespace and name of a Secret.
type Place = (String, String);

/// Tests connections while this replica leads.
pub struct Tester {
    client: Client,
    settings: Settings,
    queue: Queue<Place>,
    slots: Slots,
    metrics: Arc<Metrics>,
}

impl Tester {
    /// Reads, and keeps results, with the rights of `client`.
    pub fn new(client: Client, settings: Settings, metrics: Arc<Metrics>) -> Self {
        Self {
            client,
            settings,
            queue: Queue::default(),
            slots: Slots::new(OF_EACH, WORKERS, PATIENCE),
            metrics,
        }
    }

    /// Tests while `leads` says so, until `stopping`. Tests under way are dropped then: whoever leads
    /// next begins them anew.
    pub async fn run(
        self: Arc<Self>,
        mut leads: watch::Receiver<bool>,
        stopping: CancellationToken,
    ) {
        while !stopping.is_cancelled() {
            let mut tasks = JoinSet::new();
            let is_leading = *leads.borrow_and_update();
            if is_leading {
                let this = Arc::clone(&self);
                tasks.spawn(async move { this.follow().await });
                for _ in 0..WORKERS {
                    let this = Arc::clone(&self);
                    tasks.spawn(async move { this.work().await });
                }
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = until_other(&mut leads, is_leading) => {}
            }
            tasks.shutdown().await;
        }
    }

    /// Asks for a look at each connection that there is, and at each that changes.
    async fn follow(&self) {
        let api: Api<PartialObjectMeta<KubernetesSecret>> = Api::all(self.client.clone());
        let mut stream = pin!(watcher(api, Config::default().page_size(PAGE)).default_backoff());
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::InitApply(object)) => self.ask(&object.metadata, Priority::Refresh),
                Ok(Event::Apply(object)) => self.ask(&object.metadata, Priority::Urgent),
                Ok(Event::Init | Event::InitDone | Event::Delete(_)) => {}
                // It asked for metadata only, so what it says holds no values.
                Err(error) => tracing::warn!(%error, "watch of connections was cut; trying again"),
            }
        }
    }

    fn ask(&self, meta: &ObjectMeta, priority: Priority) {
        let annotations = meta.annotations.iter().flatten();
        let mut keys = annotations.map(|(key, _)| key);
        let is_marked = keys.any(|key| MARKS.iter().any(|mark| key.starts_with(mark)));
        if let (true, Some(namespace), Some(name)) = (is_marked, &meta.namespace, &meta.name) {
            self.queue.add((namespace.clone(), name.clone()), priority);
        }
    }

    async fn work(&self) {
        loop {
            let place = self.queue.take().await;
            let leave = Leave(&self.queue, &place);
            let look = std::panic::AssertUnwindSafe(self.look(&place)).catch_unwind();
            let end = match look.await {
                Ok(Ok(end)) => end,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "connection not tested; it is tried again");
                    End::Failed
                }
                Err(_) => End::Failed,
            };
            leave.with(end);
        }
    }

    async fn look(&self, place: &Place) -> Result<End, ReconcileError> {
        let Some((connection, version)) = self.connection(place).await? else {
            return Ok(End::Done);
        };
        match due(&connection, self.settings.when, Timestamp::now()) {
            Due::Now => {}
            Due::In(time) => return Ok(End::Later(time)),
            Due::Never => return Ok(End::Done),
        }
        let (namespace, name) = place;
        let slot = match self.slots.take(namespace).await {
            Ok(slot) => slot,
            Err(busy) => return Ok(End::Later(busy.retry_after)),
        };
        let surroundings = Surroundings::of(&self.client, &connection).await;
        let guard = self.settings.bounds.guard(namespace);
        let (ask, probe) = (Ask::default(), &self.settings.probe);
        let report =
            bowline_proof::test(&connection, &surroundings, &ask, &guard, probe, &mut |_| {}).await;
        drop(slot);
        let kept = keep(&self.client, &connection, version.as_deref(), &report).await;
        let verdict = match report.verdict.state {
            State::Failed => "failed",
            State::Warned => "warned",
            State::Skipped => "not-tested",
            State::Passed => "passed",
        };
        self.metrics.tested(verdict, kept == Ok(true));
        Ok(match (kept, self.settings.when) {
            (Ok(_), When::OnChange) => End::Done,
            (Ok(_), When::Every(time)) => End::Later(time + jitter(place, time)),
            // It is gone.
            (Err(NotKept::Refused(404, _)), _) => End::Done,
            // It is another one by now.
            (Err(NotKept::Refused(409, _)), _) => End::Later(PATIENCE),
            (Err(error), _) => {
                tracing::warn!(namespace, name, %error, "the result of a test was not kept");
                End::FailedFor(NOT_KEPT_PAUSE)
            }
        })
    }

    /// A connection, and its version.
    async fn connection(
        &self,
        (namespace, name): &Place,
    ) -> Result<Option<(Connection, Option<String>)>, ReconcileError> {
        let what = || format!("read Secret `{name}` of namespace `{namespace}`");
        let api = secrets(&self.client, namespace);
        let found = api.get_opt(name).await;
        let Some(object) = found.map_err(|error| ReconcileError::api(what(), error))? else {
            return Ok(None);
        };
        let version = object.metadata.resource_version.clone();
        // What cannot be read is no connection.
        Ok(match secret_of(object).map(Connection::from_secret) {
            Some(Recognition::Connection(connection)) => Some((*connection, version)),
            _ => None,
        })
    }
}

/// Gives a place back to the queue, also when its worker is dropped.
struct Leave<'a>(&'a Queue<Place>, &'a Place);

impl Leave<'_> {
    fn with(self, end: End) {
        self.0.finish(self.1, end);
        std::mem::forget(self);
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.finish(self.1, End::Later(Duration::ZERO));
    }
}

/// Whether a connection is to be tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Now,
    In(Duration),
    Never,
}

fn due(connection: &Connection, when: When, now: Timestamp) -> Due {
    let secret = &connection.secret;
    let digest = secret.annotation(names::TESTED).unwrap_or_default();
    if !tested::is_of(digest, connection) {
        return Due::Now;
    }
    let When::Every(time) = when else {
        return Due::Never;
    };
    let place = (secret.namespace.clone(), secret.name.clone());
    let time = time + jitter(&place, time);
    let stated = secret.annotation(names::TEST_TIMESTAMP);
    let last = stated.and_then(|stated| stated.parse::<Timestamp>().ok());
    // A time that is still to come was written by somebody's wrong clock.
    let age = last.and_then(|last| Duration::try_from(now.duration_since(last)).ok());
    match age {
        Some(age) if age < time => Due::In(time - age),
        _ => Due::Now,
    }
}

/// Up to a tenth more, always the same for one connection, so that many do not go at once.
fn jitter(place: &Place, time: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    let share = u32::try_from(hasher.finish() % 1000).unwrap_or_default();
    time / 10 * share / 1000
}

#[cfg(test)]
mod tests {
    use bowline_core::Secret;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const TIME: &str = "2026-01-01T00:00:00Z";
    const HOUR: When = When::Every(Duration::from_secs(3600));

    fn connection(digest: Option<String>) -> Connection {
        let mut annotations = json!({
            "opendatahub.io/connection-type-protocol": "uri", names::TEST_TIMESTAMP: TIME,
        });
        if let Some(digest) = digest {
            annotations[names::TESTED] = digest.into();
        }
        let secret = Secret::from_value(&json!({
            "metadata": {"name": "tides", "namespace": "harbour", "annotations": annotations},
            "stringData": {"URI": "https://tides.example"},
        }));
        match Connection::from_secret(secret.expect("a Secret")) {
            Recognition::Connection(connection) => *connection,
            _ => unreachable!("the annotation makes it a connection"),
        }
    }

    #[rstest]
    #[case::just_tested(HOUR, 0, false)]
    #[case::soon(HOUR, 3599, false)]
    #[case::later_than_the_jitter(HOUR, 3961, true)]
    #[case::a_clock_that_was_ahead(HOUR, -60, true)]
    #[case::only_changes(When::OnChange, 1_000_000, false)]
    fn what_has_not_changed_is_tested_again_after_a_while(
        #[case] when: When,
        #[case] seconds: i64,
        #[case] expected: bool,
    ) {
        let untested = connection(None);
        let tested = connection(Some(tested::digest(&untested)));
        let now = TIME.parse::<Timestamp>().expect("a time") + SignedDuration::from_secs(seconds);
        assert_eq!(due(&tested, when, now) == Due::Now, expected);
        assert_eq!(due(&untested, when, now), Due::Now);
    }

    #[rstest]
    #[case("on-change", Some(When::OnChange))]
    #[case("1h", Some(HOUR))]
    #[case("1s", None)]
    #[case("-1h", None)]
    #[case("often", None)]
    fn times_are_read_as_people_write_them(#[case] text: &str, #[case] expected: Option<When>) {
        assert_eq!(text.parse().ok(), expected);
    }
}
