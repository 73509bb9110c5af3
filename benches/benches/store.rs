//! The embedded API's store: creating beside bare `SQLite`, reading beside an empty handler over the
//! same TLS, pages of a long list, and a change seen by many watches. Client and servers share this
//! process and machine. What a large store costs a whole `bowline up` is in `store_size`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bowline_apiserver::store::Store;
use bowline_apiserver::tls::Authority;
use bowline_apiserver::{ApiServer, Config, Token, UserInfo};
use bowline_benches::https::{Connection, connect};
use bowline_benches::secrets::{creation, fill, secret};
use bowline_benches::{Spread, percentile};
use bowline_operator::listen::listen;
use bytes::Bytes;
use futures::future::try_join_all;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use rusqlite::{Connection as Database, params};
use serde_json::Value;
use tempfile::TempDir;

const PAIRS: usize = 5;
const WRITERS: usize = 16;
const CREATED: usize = 4000;
const IN_FLIGHT: usize = 32;
const WINDOW: Duration = Duration::from_millis(1500);
const LISTED: usize = 10_000;
const PAGE: usize = 500;
const WATCHES: usize = 100;
const CHANGES: usize = 200;
const SECRETS: &str = "/api/v1/namespaces/default/secrets";

#[tokio::main]
async fn main() -> Result<()> {
    creating().await?;
    reading().await?;
    pages().await?;
    watching().await
}

/// The API on fresh state, and what a client of it needs.
struct Api {
    authority: Authority,
    address: SocketAddr,
    token: String,
    _folder: TempDir,
}

impl Api {
    /// Serves a store in which there are some Secrets already.
    async fn serve(secrets: usize) -> Result<Self> {
        let folder = TempDir::new()?;
        let path = folder.path().join("store.sqlite");
        fill(&path, secrets).await?;
        let mut config = Config::new(path);
        let token = Token::random(UserInfo::administrator("bench"))?;
        let secret = token.secret().to_owned();
        config.tokens.push(token);
        let server = ApiServer::open(config).await?;
        let authority = Authority::in_directory(folder.path().join("tls"))?;
        let tls = authority.serving(&["localhost"])?.server_config();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { server.serve(listener, tls, std::future::pending()).await });
        Ok(Self {
            authority,
            address,
            token: secret,
            _folder: folder,
        })
    }

    async fn connect(&self) -> Result<Client> {
        let connection = connect(&self.authority, self.address).await?;
        Ok(Client {
            connection,
            token: format!("Bearer {}", self.token),
        })
    }
}

#[derive(Clone)]
struct Client {
    connection: Connection,
    token: String,
}

impl Client {
    async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<Incoming> {
        self.connection.ready().await?;
        let request = Request::builder()
            .method(method)
            .uri(format!("https://localhost{path}"))
            .header("authorization", &self.token)
            .header("content-type", "application/json")
            .body(Full::new(body))?;
        let response = self.connection.send_request(request).await?;
        let status = response.status();
        ensure!(status.is_success(), "the answer to {path} is {status}");
        Ok(response.into_body())
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes) -> Result<Bytes> {
        let body = self.send(method, path, body).await?;
        Ok(body.collect().await?.to_bytes())
    }
}

async fn creating() -> Result<()> {
    let (mut store, mut api) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let (stored, bytes) = create_in_store().await?;
        let served = create_over_tls().await?;
        let bare = insert(bytes)?;
        store.push((stored, bare));
        api.push((served, bare));
    }
    let baseline = "bare SQLite inserts of the same bytes";
    let what = format!("create by {WRITERS} writers");
    report(&format!("{what}, the store"), "none", baseline, &store);
    report(&format!("{what}, over TLS"), "at least 0.5", baseline, &api);
    Ok(())
}

/// Creations a second by the store alone, and how many bytes it keeps of each.
async fn create_in_store() -> Result<(f64, usize)> {
    let folder = TempDir::new()?;
    let path = folder.path().join("store.sqlite");
    let store = Store::open(Config::new(&path).store())?;
    let start = Instant::now();
    let writer = |first: usize| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in (first..CREATED).step_by(WRITERS) {
                store.write(vec![creation(number)]).await?;
            }
            anyhow::Ok(())
        })
    };
    for writer in try_join_all((0..WRITERS).map(writer)).await? {
        writer?;
    }
    let rate = CREATED as f64 / start.elapsed().as_secs_f64();
    let database = Database::open(path)?;
    let sum = "SELECT sum(length(value)) FROM objects";
    let bytes: usize = database.query_row(sum, (), |row| row.get(0))?;
    Ok((rate, bytes / CREATED))
}

async fn create_over_tls() -> Result<f64> {
    let api = Api::serve(0).await?;
    let clients = try_join_all((0..WRITERS).map(|_| api.connect())).await?;
    let start = Instant::now();
    let writers = clients.into_iter().enumerate().map(|(first, mut client)| {
        tokio::spawn(async move {
            for number in (first..CREATED).step_by(WRITERS) {
                let secret = secret(&format!("secret-{number:06}")).to_string();
                client.ask(Method::POST, SECRETS, secret.into()).await?;
            }
            anyhow::Ok(())
        })
    });
    for writer in try_join_all(writers).await? {
        writer?;
    }
    Ok(CREATED as f64 / start.elapsed().as_secs_f64())
}

/// Inserts a second, each on disk when it returns as ours are, by as many threads.
fn insert(bytes: usize) -> Result<f64> {
    let folder = TempDir::new()?;
    let database = Database::open(folder.path().join("bare.sqlite"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         CREATE TABLE objects (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    )?;
    let database = Arc::new(Mutex::new(database));
    let start = Instant::now();
    let writers = (0..WRITERS).map(|first| {
        let database = Arc::clone(&database);
        std::thread::spawn(move || -> Result<()> {
            for number in (first..CREATED).step_by(WRITERS) {
                let value = vec![b'x'; bytes];
                let database = database.lock().unwrap_or_else(PoisonError::into_inner);
                database
                    .prepare_cached("INSERT INTO objects VALUES (?1, ?2)")?
                    .execute(params![format!("secret-{number:06}"), value])?;
            }
            Ok(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer
            .join()
            .map_err(|_| anyhow::anyhow!("a writer panicked"))??;
    }
    Ok(CREATED as f64 / start.elapsed().as_secs_f64())
}

async fn reading() -> Result<()> {
    let api = Api::serve(0).await?;
    let mut client = api.connect().await?;
    for number in 0..10 {
        let body = secret(&format!("secret-{number}")).to_string();
        client.ask(Method::POST, SECRETS, body.into()).await?;
    }
    // A list is answered again while nothing changes; one with a limit that nobody gave is read.
    let limit = AtomicUsize::new(10);
    let read_anew = move || {
        let limit = limit.fetch_add(1, Ordering::Relaxed);
        format!("{SECRETS}?limit={limit}")
    };
    let one: Path = Arc::new(|| format!("{SECRETS}/secret-0"));
    beside_empty("get", &api, &one).await?;
    let all: Path = Arc::new(|| SECRETS.to_owned());
    beside_empty("list of 10", &api, &all).await?;
    beside_empty(
        "list of 10, each read anew",
        &api,
        &(Arc::new(read_anew) as Path),
    )
    .await
}

/// The path of the next request.
type Path = Arc<dyn Fn() -> String + Send + Sync>;

/// Requests a second beside those that an empty handler answers with the same bytes.
async fn beside_empty(what: &str, api: &Api, path: &Path) -> Result<()> {
    let mut client = api.connect().await?;
    let fixed = client.ask(Method::GET, &path(), Bytes::new()).await?;
    let mut empty = fixed_answer(&api.authority, fixed).await?;
    let root: Path = Arc::new(|| "/".to_owned());
    requests(&mut client, path).await?;
    requests(&mut empty, &root).await?;
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let ours = requests(&mut client, path).await?;
        pairs.push((ours, requests(&mut empty, &root).await?));
    }
    let baseline = "an empty handler that answers the same bytes";
    report(
        &format!("{what} over TLS"),
        "at least 0.5",
        baseline,
        &pairs,
    );
    Ok(())
}

/// A server that knows one answer.
async fn fixed_answer(authority: &Authority, answer: Bytes) -> Result<Client> {
    let tls = authority.serving(&["localhost"])?.server_config();
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], answer) };
    let routes = Router::new().route("/", get(answer));
    tokio::spawn(listen(listener, tls, routes, std::future::pending()));
    Ok(Client {
        connection: connect(authority, address).await?,
        token: "Bearer none".to_owned(),
    })
}

/// Answered requests a second, with a fixed number of them under way at any time.
async fn requests(client: &mut Client, path: &Path) -> Result<f64> {
    let start = Instant::now();
    let work = (0..IN_FLIGHT).map(|_| {
        let (mut client, path) = (client.clone(), Arc::clone(path));
        tokio::spawn(async move {
            let mut answered = 0_u32;
            while start.elapsed() < WINDOW {
                client.ask(Method::GET, &path(), Bytes::new()).await?;
                answered += 1;
            }
            anyhow::Ok(answered)
        })
    });
    let mut answered = 0;
    for worker in try_join_all(work).await? {
        answered += worker?;
    }
    Ok(f64::from(answered) / start.elapsed().as_secs_f64())
}

/// The time for an item of the last page beside that for an item of the first.
async fn pages() -> Result<()> {
    let api = Api::serve(LISTED).await?;
    let mut client = api.connect().await?;
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let times = walk(&mut client).await?;
        let first = *times.first().context("there is a page")?;
        pairs.push((*times.last().context("there is a page")?, first));
    }
    report(
        &format!("µs for an item of the last of {} pages", LISTED / PAGE),
        "about 1",
        "an item of the first page",
        &pairs,
    );
    Ok(())
}

/// Microseconds for an item of each page.
async fn walk(client: &mut Client) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("{SECRETS}?limit={PAGE}&continue={next}");
        let start = Instant::now();
        let page = client.ask(Method::GET, &path, Bytes::new()).await?;
        times.push(start.elapsed().as_secs_f64() * 1e6 / PAGE as f64);
        let page: Value = serde_json::from_slice(&page)?;
        match page["metadata"]["continue"].as_str() {
            Some(more) if !more.is_empty() => more.clone_into(&mut next),
            _ => break,
        }
    }
    ensure!(times.len() == LISTED / PAGE, "{} pages", times.len());
    Ok(times)
}

/// How long a change takes to reach the last of many watches, and one that is alone.
async fn watching() -> Result<()> {
    let (many, alone) = (fan_out(WATCHES).await?, fan_out(1).await?);
    anstream::println!(
        "a change reaches the last of {WATCHES} watches: p50 {:.2} ms, p99 {:.2} ms, goal none; \
         ratio {:.1} to one watch (p50 {:.2} ms)",
        percentile(&many, 0.5),
        percentile(&many, 0.99),
        percentile(&many, 0.5) / percentile(&alone, 0.5),
        percentile(&alone, 0.5),
    );
    Ok(())
}

/// Milliseconds from each change until every watch has told it.
async fn fan_out(watches: usize) -> Result<Vec<f64>> {
    let api = Api::serve(0).await?;
    let mut client = api.connect().await?;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..watches {
        let path = format!("{SECRETS}?watch=true&resourceVersion=0");
        let mut body = client.send(Method::GET, &path, Bytes::new()).await?;
        let told = told.clone();
        tokio::spawn(async move {
            while let Some(Ok(frame)) = body.frame().await {
                // Each event is written whole and ends its line.
                let lines = frame
                    .data_ref()
                    .map_or(0, |data| data.iter().filter(|byte| **byte == b'\n').count());
                if told.send(lines).is_err() {
                    break;
                }
            }
        });
    }
    let mut times = Vec::new();
    for number in 0..CHANGES {
        let body = secret(&format!("secret-{number}")).to_string();
        let start = Instant::now();
        client.ask(Method::POST, SECRETS, body.into()).await?;
        let mut missing = watches;
        while missing > 0 {
            missing -= heard.recv().await.context("a watch goes on")?;
        }
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

fn report(name: &str, goal: &str, baseline: &str, pairs: &[(f64, f64)]) {
    let ratio = Spread::of(pairs.iter().map(|(ours, other)| ours / other).collect());
    let median = |pick: fn(&(f64, f64)) -> f64| Spread::of(pairs.iter().map(pick).collect()).median;
    anstream::println!(
        "{name}: ratio {:.2} ({:.2} to {:.2}), goal {goal} of {baseline}; {:.1} against {:.1}",
        ratio.median,
        ratio.least,
        ratio.most,
        median(|pair| pair.0),
        median(|pair| pair.1),
    );
}
