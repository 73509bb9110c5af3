//! What a trace tells: a span for each review and each reconcile. Spans hold kinds, names and
//! outcomes, never a value of a Secret. Where they are sent is left to the process; below the level
//! `debug` nobody asks for them, and they cost next to nothing.

use tracing::{Span, debug_span, field};

use crate::metrics::Verdict;

/// The longest name that Kubernetes allows; what is longer was not checked by an API server.
const LONGEST: usize = 253;

/// One review, from when it was read to its answer.
pub fn review(kind: &str, operation: &str, namespace: &str, name: &str) -> Span {
    let (namespace, name) = (named(namespace), named(name));
    debug_span!(
        "review",
        kind,
        operation,
        namespace,
        name,
        verdict = field::Empty
    )
}

/// Says how a review ended.
pub fn reviewed(span: &Span, verdict: Verdict) {
    span.record("verdict", verdict.label());
}

/// One key that a controller works on.
pub(crate) fn reconcile(controller: &str, namespace: &str, name: Option<&str>) -> Span {
    debug_span!(
        "reconcile",
        controller,
        namespace,
        name,
        outcome = field::Empty
    )
}

fn named(name: &str) -> Option<&str> {
    Some(name).filter(|name| (1..=LONGEST).contains(&name.len()))
}
