//! Traces over OTLP: sends the spans of Bowline to the collector that the environment names, in
//! plain HTTP or over TLS. Which spans there are is left to `bowline_operator`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, Protocol, SpanExporter,
    WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// What traces come from, unless `OTEL_SERVICE_NAME` says otherwise.
const SERVICE: &str = "bowline";
/// How long one request to a collector may take.
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// How long the process waits at its end for the last spans to be sent.
const FLUSH_DEADLINE: Duration = Duration::from_secs(2);

/// Spans on their way to a collector. What is still here is sent when this is dropped.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

/// Starts to tell: the log that `logs` keeps and, where the environment names a collector, traces.
/// Needs a runtime with threads.
pub(crate) fn init<S>(logs: S) -> Option<Traces>
where
    S: Subscriber + Send + Sync + for<'a> LookupSpan<'a>,
{
    let (traces, failed) = match is_wanted().then(Traces::start).transpose() {
        Ok(traces) => (traces, false),
        Err(_) => (None, true),
    };
    logs.with(traces.as_ref().map(Traces::layer)).init();
    if failed {
        // The reason may repeat an address, and that a login.
        tracing::warn!("no traces are sent: look at the variables `OTEL_EXPORTER_OTLP_…`");
    }
    traces
}

fn is_wanted() -> bool {
    let names = [
        OTEL_EXPORTER_OTLP_ENDPOINT,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    ];
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    names.into_iter().any(is_set)
}

impl Traces {
    fn start() -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new())
            .with_protocol(protocol())
            .build()?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource())
            .build();
        Ok(Self { provider })
    }

    /// What hands the spans of Bowline over, whatever the log tells. Events are left to the log.
    fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let spans = filter_fn(is_exported).with_max_level_hint(LevelFilter::DEBUG);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(spans)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // What cannot be sent has been told by then.
        let _ = self.provider.shutdown_with_timeout(FLUSH_DEADLINE);
    }
}

/// Spans of libraries hold what they like, ours no values of Secrets.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("bowline")
}

/// Protobuf, which every collector takes, unless JSON is asked for.
fn protocol() -> Protocol {
    let named = std::env::var(OTEL_EXPORTER_OTLP_TRACES_PROTOCOL)
        .or_else(|_| std::env::var(OTEL_EXPORTER_OTLP_PROTOCOL));
    match named.as_deref() {
        Ok("http/json") => Protocol::HttpJson,
        _ => Protocol::HttpBinary,
    }
}

fn resource() -> Resource {
    let named = std::env::var("OTEL_SERVICE_NAME").ok();
    let service = named.filter(|name| !name.is_empty());
    Resource::builder()
        .with_service_name(service.unwrap_or_else(|| SERVICE.to_owned()))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The way to the collector. The exporter has a thread of its own, outside of the runtime that
/// sockets need, so requests are handed over to that runtime.
#[derive(Debug)]
struct Collector {
    client: Arc<dyn HttpClient>,
    runtime: Handle,
    is_failing: AtomicBool,
}

impl Collector {
    fn new() -> Self {
        // A system without certificates can still send in clear.
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(default_provider())
            .unwrap_or_else(|_| HttpsConnectorBuilder::new().with_tls_config(trusting_nobody()));
        let connector = tls.https_or_http().enable_http1().build();
        Self {
            client: Arc::new(HyperClient::new(connector, REQUEST_DEADLINE, None)),
            runtime: Handle::current(),
            is_failing: AtomicBool::new(false),
        }
    }

    /// Tells when it begins to fail and when that ends, not of each attempt.
    fn note(&self, failure: Option<String>) {
        let was_failing = self.is_failing.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !was_failing => tracing::warn!(error, "traces are not taken and lost"),
            None if was_failing => tracing::info!("traces are taken again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = Arc::clone(&self.client);
        let sent = self
            .runtime
            .spawn(async move { client.send_bytes(request).await });
        let answer = sent.await.map_err(HttpError::from).flatten();
        self.note(match &answer {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(response.status().to_string()),
            Err(error) => Some(root(error.as_ref()).to_string()),
        });
        answer
    }
}

/// Outer errors say that there was one.
fn root<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(cause) = error.source() {
        error = cause;
    }
    error
}

fn trusting_nobody() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider's own versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}
