//! The lines of the audit log that this thread writes, for tests of requests that nobody waits for.

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Longest wait for a line.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct AuditLines {
    lines: UnboundedReceiver<String>,
    _followed: DefaultGuard,
}

impl AuditLines {
    /// Follows the log from now on.
    pub(crate) fn follow() -> Self {
        let (send, lines) = unbounded_channel();
        let _followed = tracing::subscriber::set_default(Lines(send));
        Self { lines, _followed }
    }

    /// The next line, as `field="value" …`.
    pub(crate) async fn next(&mut self) -> Result<String> {
        let line = tokio::time::timeout(PATIENCE, self.lines.recv()).await;
        line.context("no line")?.context("no subscriber")
    }
}

struct Lines(UnboundedSender<String>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bowline::audit"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let _ = self.0.send(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}
