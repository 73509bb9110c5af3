//! Traces of a real `bowline up`, as a collector receives them.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use bowline_apiserver::tls::Authority;
use bowline_operator::listen::{Limits, listen, listen_in_clear};
use bowline_testkit::Canaries;
use bowline_testkit::server::Server;
use http::Request;
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_bowline");
/// How long something may take that takes a moment.
const PATIENCE: Duration = Duration::from_secs(30);
/// Spans are sent at once, or, by the default of 5 s, at the end.
const AT_ONCE: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "20");
const JSON: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");

/// A request to export spans.
struct Export {
    media_type: String,
    body: Bytes,
}

type Received = Arc<Mutex<Vec<Export>>>;

async fn receive(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
    let media_type = headers["content-type"].to_str().unwrap_or_default();
    let media_type = media_type.to_owned();
    let mut received = received.lock().expect("no test panicked");
    received.push(Export { media_type, body });
}

/// A collector; it ends with the runtime of the test.
struct Collector {
    url: String,
    received: Received,
}

impl Collector {
    fn start(tls: Option<&Authority>) -> Result<Self> {
        let received = Received::default();
        let routes = Router::new().route("/v1/traces", post(receive));
        let routes = routes.with_state(Arc::clone(&received));
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let url = if let Some(authority) = tls {
            let serving = authority.serving(&["127.0.0.1"])?.server_config();
            tokio::spawn(listen(listener, serving, routes, std::future::pending()));
            format!("https://{address}")
        } else {
            let limits = Limits::default();
            let ended = std::future::pending();
            tokio::spawn(listen_in_clear(limits, listener, routes, ended));
            format!("http://{address}")
        };
        Ok(Self { url, received })
    }

    fn text(&self) -> String {
        let received = self.received.lock().expect("no test panicked");
        let texts = received
            .iter()
            .map(|export| String::from_utf8_lossy(&export.body));
        texts.collect()
    }

    /// All spans that came as JSON, with the resource they came from.
    fn spans(&self) -> Result<Vec<Span>> {
        let received = self.received.lock().expect("no test panicked");
        let mut spans = Vec::new();
        for export in received.iter() {
            let body: Value = serde_json::from_slice(&export.body)?;
            for from in each(&body, "resourceSpans") {
                for scope in each(from, "scopeSpans") {
                    spans.extend(each(scope, "spans").iter().map(|span| Span {
                        resource: from["resource"].clone(),
                        span: span.clone(),
                    }));
                }
            }
        }
        Ok(spans)
    }

    /// The first span, in order of arrival, with this name and these attributes.
    fn find(&self, name: &str, attributes: &[(&str, &str)]) -> Result<Span> {
        let spans = self.spans()?;
        let wanted = |span: &&Span| {
            let mut all = attributes.iter();
            span.span["name"] == name && all.all(|(key, value)| span.attribute(key) == Some(value))
        };
        let found = spans.iter().find(wanted).cloned();
        found.with_context(|| format!("no span `{name}` with {attributes:?} in {spans:#?}"))
    }
}

#[derive(Debug, Clone)]
struct Span {
    resource: Value,
    span: Value,
}

impl Span {
    fn attribute(&self, key: &str) -> Option<&str> {
        attribute(&self.span, key)
    }
}

fn each<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn attribute<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    let found = each(of, "attributes").iter().find(|it| it["key"] == key);
    found?["value"]["stringValue"].as_str()
}

/// A `bowline up` with a Secret full of canaries.
struct Scene {
    server: Server,
    canaries: Canaries,
    _data: TempDir,
}

impl Scene {
    async fn start(url: &str, more: &[(&str, &str)]) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let mut environment = vec![("RUST_LOG", "info"), ("OTEL_EXPORTER_OTLP_ENDPOINT", url)];
        environment.extend(more);
        let server = Server::start_in(BINARY, data.path(), &environment)?;
        let mut canaries = Canaries::default();
        let mut plant = |key: &str| canaries.plant(format!("Secret soundings, key {key}"));
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "soundings",
                "namespace": "default",
                "labels": {"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"},
                "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
            },
            "stringData": {
                "AWS_ACCESS_KEY_ID": plant("AWS_ACCESS_KEY_ID"),
                "AWS_SECRET_ACCESS_KEY": plant("AWS_SECRET_ACCESS_KEY"),
                "AWS_S3_ENDPOINT": "https://s3.example.com",
                "AWS_S3_BUCKET": "soundings",
            },
        });
        let client = server.client().await?;
        send(&client, "/api/v1/namespaces/default/secrets", &secret).await?;
        let review = review("", "Secret", &secret);
        send(&server.admission().await?, "/validate", &review).await?;
        Ok(Self {
            server,
            canaries,
            _data: data,
        })
    }

    /// Has a Notebook that names the Secret reviewed.
    async fn review(&self) -> Result<String> {
        let notebook = json!({
            "apiVersion": "kubeflow.org/v1",
            "kind": "Notebook",
            "metadata": {
                "name": "chart",
                "namespace": "default",
                "annotations": {"opendatahub.io/connections": "default/soundings"},
            },
            "spec": {"template": {"spec": {"containers": [{"name": "chart", "image": "a"}]}}},
        });
        let review = review("kubeflow.org", "Notebook", &notebook);
        send(&self.server.admission().await?, "/mutate", &review).await
    }

    fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.server.log)?)
    }
}

/// In the order in which API servers write it.
fn review(group: &str, kind: &str, object: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "4e5b2a30-0000-4000-8000-000000000001",
            "kind": {"group": group, "version": "v1", "kind": kind},
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
            "operation": "CREATE",
            "userInfo": {"username": "bowline-admin", "groups": ["system:masters"]},
            "object": object,
        },
    })
}

async fn send(client: &Client, path: &str, body: &Value) -> Result<String> {
    let request = Request::post(path).header("content-type", "application/json");
    let request = request.body(body.to_string().into_bytes())?;
    Ok(client.request_text(request).await?)
}

async fn eventually<T>(check: impl Fn() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match check() {
            Err(_) if begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_a_span_with_what_it_asked_for_below_it() -> Result<()> {
    let collector = Collector::start(None)?;
    let scene = Scene::start(&collector.url, &[JSON, AT_ONCE]).await?;
    scene.review().await?;
    let named = ("name", "chart");
    let parent = eventually(|| collector.find("review", &[named])).await?;
    let told = ["kind", "operation", "namespace", "verdict"].map(|key| parent.attribute(key));
    assert_eq!(
        told,
        ["Notebook", "CREATE", "default", "patched"].map(Some),
        "{parent:?}"
    );
    let version = attribute(&parent.resource, "service.version");
    assert_eq!(attribute(&parent.resource, "service.name"), Some("bowline"));
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")));
    let secret = [("namespace", "default"), ("name", "soundings")];
    for name in ["read_secret", "access_review"] {
        let child = eventually(|| collector.find(name, &secret)).await?;
        assert_eq!(child.span["parentSpanId"], parent.span["spanId"], "{name}");
        assert_eq!(child.span["traceId"], parent.span["traceId"], "{name}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_in_process_and_reconciles_are_spans() -> Result<()> {
    let collector = Collector::start(None)?;
    let scene = Scene::start(&collector.url, &[JSON, AT_ONCE]).await?;
    let review = [
        ("kind", "Secret"),
        ("name", "soundings"),
        ("verdict", "allowed"),
    ];
    eventually(|| collector.find("review", &review)).await?;
    let reconcile = [
        ("controller", "storage_config"),
        ("namespace", "default"),
        ("outcome", "done"),
    ];
    eventually(|| collector.find("reconcile", &reconcile)).await?;
    drop(scene);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_is_exported() -> Result<()> {
    let collector = Collector::start(None)?;
    let more = [JSON, AT_ONCE, ("RUST_LOG", "trace")];
    let mut scene = Scene::start(&collector.url, &more).await?;
    scene.review().await?;
    eventually(|| collector.find("reconcile", &[("controller", "storage_config")])).await?;
    scene.server.stop()?;
    assert_eq!(scene.canaries.leaks(&collector.text()), []);
    for span in collector.spans()? {
        let name = span.span["name"].as_str().unwrap_or_default();
        let ours = ["review", "read_secret", "access_review", "reconcile"];
        assert!(ours.contains(&name), "a span of somebody else: {span:?}");
        assert_eq!(each(&span.span, "events"), [] as [Value; 0], "{name}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_spans_are_sent_at_the_end_as_protobuf() -> Result<()> {
    let collector = Collector::start(None)?;
    let later = ("OTEL_BSP_SCHEDULE_DELAY", "3600000");
    let mut scene = Scene::start(&collector.url, &[later]).await?;
    scene.review().await?;
    assert_eq!(collector.text(), "", "nothing is sent before");
    assert!(scene.server.stop()?.success());
    assert!(collector.text().contains("access_review"));
    let received = collector.received.lock().expect("no test panicked");
    assert_eq!(received[0].media_type, "application/x-protobuf");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_is_reached_over_tls() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = Authority::in_directory(folder.path().join("tls"))?;
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, authority.certificate_pem())?;
    let collector = Collector::start(Some(&authority))?;
    let roots = roots.to_str().context("a path in UTF-8")?;
    let trusting = ("SSL_CERT_FILE", roots);
    let scene = Scene::start(&collector.url, &[JSON, AT_ONCE, trusting]).await?;
    eventually(|| collector.find("review", &[])).await?;
    assert!(!scene.log()?.contains("traces"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_collector_costs_one_line() -> Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let url = format!("http://127.0.0.1:{port}");
    let mut scene = Scene::start(&url, &[AT_ONCE]).await?;
    let told = || scene.log().map(|log| log.matches("traces are").count());
    eventually(|| {
        ensure!(told()? == 1, "not told yet");
        Ok(())
    })
    .await?;
    for _ in 0..20 {
        assert!(scene.review().await?.contains("patch"));
    }
    let begun = Instant::now();
    assert!(scene.server.stop()?.success());
    assert!(begun.elapsed() < Duration::from_secs(10), "it ends in time");
    let log = scene.log()?;
    assert_eq!(log.matches("traces are").count(), 1, "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_none_is_told_and_not_repeated() -> Result<()> {
    let scene = Scene::start("http://crew:anchor@[nowhere", &[]).await?;
    assert!(scene.review().await?.contains("patch"));
    let log = scene.log()?;
    assert!(log.contains("no traces are sent"), "{log}");
    assert!(!log.contains("anchor"), "{log}");
    Ok(())
}
