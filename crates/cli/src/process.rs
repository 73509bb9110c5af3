//! What a long-running command needs of its process: logs on stderr, traces where they are wanted,
//! and signals that end it.

use std::io::IsTerminal;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, fmt, registry};

use crate::args::LogFormat;
use crate::failure::{Failure, Kind};

/// What a shell says of a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// Serves until somebody wants the process to end, and then until what is under way is answered.
///
/// # Errors
/// When the server ends by itself, or the system does not let one wait for signals.
pub(crate) async fn serve(
    server: impl Future<Output = Result<(), Failure>> + Send + 'static,
    stopping: CancellationToken,
) -> Result<(), Failure> {
    let mut served = tokio::spawn(server);
    tokio::select! {
        signal = wait_for_signal() => signal?,
        ended = &mut served => return at_end(ended),
    }
    stopping.cancel();
    at_end(served.await)
}

fn at_end(ended: Result<Result<(), Failure>, JoinError>) -> Result<(), Failure> {
    ended.map_err(|_| Failure::new(Kind::Internal, "the server ended by a fault"))?
}

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

/// Of answers that it cannot parse the client library logs the whole text as a warning, and in that of
/// a Secret are its values; the error that it returns tells of them too, without the text.
const UNSPOKEN: &str = "kube_client::client=error";

/// `filter`, which lets nothing through that may hold a value.
fn without_answers(filter: EnvFilter) -> EnvFilter {
    filter.add_directive(UNSPOKEN.parse().expect("a directive"))
}

/// Logs go to stderr; `RUST_LOG` chooses what is told. Traces, with the feature `otel`, go where the
/// environment says.
pub(crate) fn tell(format: LogFormat) -> Telemetry {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = without_answers(filter);
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_by_a_fault_ends_the_process() {
        let served = serve(async { panic!("a fault") }, CancellationToken::new());
        let failure = format!("{:?}", served.await.expect_err("an end by a fault"));
        assert!(failure.contains("the server ended by a fault"), "{failure}");
    }

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the log").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_answer_that_could_not_be_parsed_is_not_logged_whatever_is_asked_for() {
        for asked in ["trace", "kube_client=trace", "kube_client::client=trace"] {
            let log = Log::default();
            let writer = log.clone();
            let layer = fmt::layer().with_writer(move || writer.clone());
            let layer = layer.with_filter(without_answers(EnvFilter::new(asked)));
            tracing::subscriber::with_default(registry().with(layer), || {
                tracing::warn!(target: "kube_client::client", "{{\"data\": …}}");
                tracing::error!(target: "kube_client::client", "told");
            });
            let text = log.0.lock().expect("the log").clone();
            let text = String::from_utf8(text).expect("text");
            assert!(
                text.contains("told") && !text.contains("data"),
                "{asked}: {text}"
            );
        }
    }
}
