//! What can be counted about this process, in OpenMetrics text. Every label comes from a fixed set,
//! so that nobody can make the families grow; serving the text is left to `health`.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper ends of the buckets for reviews, in seconds: their deadline is 8 s.
const ADMISSION: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 8.0,
];
/// Upper ends of the buckets for reconciles, in seconds.
const RECONCILE: [f64; 9] = [0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];
/// Upper ends of the buckets for how late reconciles are, in seconds: what failed comes again after a
/// minute, and what nothing has told of after ten.
const LAG: [f64; 10] = [0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 10.0, 60.0, 120.0, 600.0];

/// The media type of [`Metrics::encode`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReviewLabels {
    kind: &'static str,
    operation: &'static str,
    verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ControllerLabel {
    controller: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReconcileLabels {
    controller: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct VerdictLabel {
    verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResourceLabel {
    resource: &'static str,
}

/// How a review ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may pass as it is.
    Allowed,
    /// It may pass with a patch.
    Patched,
    /// It may not pass.
    Denied,
    /// It could not be answered.
    Error,
    /// It is about nothing that we look at.
    NotOurs,
}

impl Verdict {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Patched => "patched",
            Self::Denied => "denied",
            Self::Error => "error",
            Self::NotOurs => "not_ours",
        }
    }
}

/// Where the answer to a question about rights came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessReview {
    /// The API server was asked.
    Asked,
    /// The answer was still fresh.
    Cached,
    /// Somebody else had just asked the same.
    Shared,
}

impl AccessReview {
    const fn label(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Cached => "cached",
            Self::Shared => "shared",
        }
    }
}

/// All families of this process; shared by whoever has something to count.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    reviews: Family<ReviewLabels, Counter>,
    review_duration: Family<KindLabel, Histogram, fn() -> Histogram>,
    access_reviews: Family<OutcomeLabel, Counter>,
    certificate_expiry: Gauge,
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_duration: Family<ControllerLabel, Histogram, fn() -> Histogram>,
    reconcile_lag: Family<ControllerLabel, Histogram, fn() -> Histogram>,
    pending: Family<ControllerLabel, Gauge>,
    oldest_pending: Gauge<f64, AtomicU64>,
    oldest_failing: Gauge<f64, AtomicU64>,
    cache_objects: Family<ResourceLabel, Gauge>,
    leader: Gauge,
    panics: Counter,
    connection_tests: Family<VerdictLabel, Counter>,
    verdict_changes: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let admission: fn() -> Histogram = || Histogram::new(ADMISSION);
        let reconcile: fn() -> Histogram = || Histogram::new(RECONCILE);
        let lag: fn() -> Histogram = || Histogram::new(LAG);
        let mut metrics = Self {
            registry: Registry::with_prefix("bowline"),
            reviews: Family::default(),
            review_duration: Family::new_with_constructor(admission),
            access_reviews: Family::default(),
            certificate_expiry: Gauge::default(),
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(reconcile),
            reconcile_lag: Family::new_with_constructor(lag),
            pending: Family::default(),
            oldest_pending: Gauge::default(),
            oldest_failing: Gauge::default(),
            cache_objects: Family::default(),
            leader: Gauge::default(),
            panics: Counter::default(),
            connection_tests: Family::default(),
            verdict_changes: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    #[rustfmt::skip]
    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("admission_reviews", "Admission reviews answered", self.reviews.clone());
        all.register_with_unit("admission_duration", "Time from the body of a review to its answer", Unit::Seconds, self.review_duration.clone());
        all.register("access_reviews", "Questions about rights, by where the answer came from", self.access_reviews.clone());
        all.register_with_unit("certificate_expiry_timestamp", "When the serving certificate ends, since 1970; 0 without one", Unit::Seconds, self.certificate_expiry.clone());
        all.register("reconciles", "Items handled by the controllers", self.reconciles.clone());
        all.register_with_unit("reconcile_duration", "Time that handling one item took", Unit::Seconds, self.reconcile_duration.clone());
        all.register_with_unit("reconcile_lag", "Time from when an item was asked for until it was as it should be", Unit::Seconds, self.reconcile_lag.clone());
        all.register("pending_items", "Items that wait to be handled", self.pending.clone());
        all.register_with_unit("oldest_pending", "How long the oldest item has been waiting that has not failed", Unit::Seconds, self.oldest_pending.clone());
        all.register_with_unit("oldest_failing", "How long the oldest item has been waiting that failed and is tried again", Unit::Seconds, self.oldest_failing.clone());
        all.register("cache_objects", "Objects known from watches", self.cache_objects.clone());
        all.register("leader", "1 where this process leads, else 0", self.leader.clone());
        all.register("panics", "Panics caught; each is a defect", self.panics.clone());
        all.register("connection_tests", "Connections tested by themselves", self.connection_tests.clone());
        all.register("connection_verdict_changes", "Tests with another verdict than the one before", self.verdict_changes.clone());
    }

    /// Counts an admission review; kind and operation are each one of a few fixed words.
    pub fn reviewed(
        &self,
        kind: &'static str,
        operation: &'static str,
        verdict: Verdict,
        took: Duration,
    ) {
        let verdict = verdict.label();
        let labels = ReviewLabels {
            kind,
            operation,
            verdict,
        };
        self.reviews.get_or_create(&labels).inc();
        let duration = self.review_duration.get_or_create(&KindLabel { kind });
        duration.observe(took.as_secs_f64());
    }

    /// Counts a question about rights.
    pub fn access_reviewed(&self, how: AccessReview) {
        let outcome = how.label();
        let counter = self.access_reviews.get_or_create(&OutcomeLabel { outcome });
        counter.inc();
    }

    /// Says when the certificate that is served now ends.
    pub fn certificate_ends(&self, when: Timestamp) {
        self.certificate_expiry.set(when.as_second());
    }

    /// Counts an item that a controller handled; `outcome` is one of a few fixed words.
    pub fn reconciled(&self, controller: &'static str, outcome: &'static str, took: Duration) {
        let labels = ReconcileLabels {
            controller,
            outcome,
        };
        self.reconciles.get_or_create(&labels).inc();
        let durations = &self.reconcile_duration;
        let duration = durations.get_or_create(&ControllerLabel { controller });
        duration.observe(took.as_secs_f64());
    }

    /// Counts how long it took until an item was as it should be, since it was asked for.
    pub fn lagged(&self, controller: &'static str, lag: Duration) {
        let labels = ControllerLabel { controller };
        let lags = self.reconcile_lag.get_or_create(&labels);
        lags.observe(lag.as_secs_f64());
    }

    /// Says how many items wait for a controller.
    pub fn pending(&self, controller: &'static str, items: usize) {
        let gauge = self.pending.get_or_create(&ControllerLabel { controller });
        gauge.set(whole(items));
    }

    /// Says how long the oldest item of all has been waiting that has not failed.
    pub fn oldest_pending(&self, age: Duration) {
        self.oldest_pending.set(age.as_secs_f64());
    }

    /// Says how long the oldest item of all has been waiting that failed and is tried again.
    pub fn oldest_failing(&self, age: Duration) {
        self.oldest_failing.set(age.as_secs_f64());
    }

    /// Says how many objects of a resource are known.
    pub fn cache_objects(&self, resource: &'static str, objects: usize) {
        let gauge = self
            .cache_objects
            .get_or_create(&ResourceLabel { resource });
        gauge.set(whole(objects));
    }

    /// Counts a test of a connection; `verdict` is one of a few fixed words.
    pub fn tested(&self, verdict: &'static str, is_changed: bool) {
        let labels = VerdictLabel { verdict };
        self.connection_tests.get_or_create(&labels).inc();
        self.verdict_changes.inc_by(u64::from(is_changed));
    }

    /// Says whether this process leads.
    pub fn leads(&self, is_leader: bool) {
        self.leader.set(i64::from(is_leader));
    }

    /// How many panics there were.
    pub fn panics(&self) -> u64 {
        self.panics.get()
    }

    /// Everything, as text of the media type [`MEDIA_TYPE`].
    pub fn encode(&self) -> String {
        self.encode_with(&Registry::default())
    }

    /// The same, followed by the families of somebody else.
    pub fn encode_with(&self, others: &Registry) -> String {
        let mut all = String::new();
        let written = text::encode_registry(&mut all, &self.registry)
            .and_then(|()| text::encode_registry(&mut all, others))
            .and_then(|()| text::encode_eof(&mut all));
        written.expect("a String takes every text");
        all
    }
}

/// Counts every panic of this process from now on, and logs where it was.
///
/// What a panic says is left out, since it may quote a value.
pub fn count_panics(metrics: &Arc<Metrics>) {
    let metrics = Arc::clone(metrics);
    panic::set_hook(Box::new(move |info| {
        metrics.panics.inc();
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked; this is a defect, please report it");
    }));
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
