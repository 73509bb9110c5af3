//! What a long-running command needs of its process: logs on stderr, traces where they are wanted,
//! and signals that end it.

use std::io::IsTerminal;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, fmt, registry};

use crate::args::LogFormat;
use crate::failure::{Failure, Kind};

/// What a shell says of a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// Waits until somebody wants the process to end: Ctrl-C or SIGTERM.
///
/// # Errors
/// When the system does not let one wait for signals.
pub(crate) async fn wait_for_signal() -> Result<(), Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| {
            Failure::new(Kind::Internal, "cannot wait for a signal to stop").caused_by(&error)
        })
    };
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// What the process tells of itself; what waits to be sent is sent when this is dropped.
#[must_use = "what waits to be sent is sent when this is dropped"]
pub(crate) struct Telemetry {
    #[cfg(feature = "otel")]
    _traces: Option<crate::traces::Traces>,
}

/// Logs go to stderr; `RUST_LOG` chooses what is told. Traces, with the feature `otel`, go where the
/// environment says.
pub(crate) fn tell(format: LogFormat) -> Telemetry {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = fmt::layer().with_writer(std::io::stderr);
    let logs = match format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => logs.json().flatten_event(true).boxed(),
    };
    let subscriber = registry().with(logs.with_filter(filter));
    #[cfg(not(feature = "otel"))]
    subscriber.init();
    Telemetry {
        #[cfg(feature = "otel")]
        _traces: crate::traces::init(subscriber),
    }
}
