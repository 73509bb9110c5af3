//! Clients that mean harm, or have gone: they cost so much and no more, and others are answered.

use crate::client::PATIENCE;
use crate::tls::Served;
use bowline_apiserver::Patience;
use bytes::Bytes;
use futures::stream;
use http::{Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rstest::rstest;
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

const SHORT: Duration = Duration::from_millis(300);
pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn head(served: &Served, line: &str, rest: &str) -> String {
    let token = &served.token;
    format!("{line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{rest}\r\n")
}

/// Waits until the server closes the connection, which it must.
pub(crate) async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) {
    let mut rest = Vec::new();
    // A connection that is cut without farewell is closed as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("the server closes the connection");
}

/// Somebody else is still answered, and soon.
async fn is_well(served: &Served) {
    let bearer = format!("Bearer {}", served.token);
    let headers = [("authorization", bearer.as_str())];
    let answer = timeout(
        Duration::from_secs(5),
        served.status("/api/v1/namespaces", &headers),
    );
    assert_eq!(answer.await.expect("an answer in time"), 200);
}

#[tokio::test]
async fn who_never_shakes_hands_with_the_api_is_cut_off() {
    let served = Served::patient(Patience {
        handshake: SHORT,
        ..Patience::default()
    })
    .await;
    is_closed(&mut TcpStream::connect(served.address).await.unwrap()).await;
    is_well(&served).await;
}

#[rstest]
#[case::nothing(b"")]
#[case::half_a_head(b"GET /api HTTP/1.1\r\nhost: x\r\n")]
#[case::half_a_preface(b"PRI * HTTP/2.0\r\n")]
#[case::http2(PREFACE)]
#[tokio::test]
async fn who_asks_nothing_of_the_api_is_cut_off(#[case] first: &[u8]) {
    let served = Served::patient(Patience {
        idle: SHORT,
        ..Patience::default()
    })
    .await;
    let mut stream = served.shake_hands().await;
    stream.write_all(first).await.unwrap();
    is_closed(&mut stream).await;
    is_well(&served).await;
}

#[tokio::test]
async fn who_drips_headers_on_the_api_is_cut_off() {
    let served = Served::patient(Patience {
        headers: SHORT,
        ..Patience::default()
    })
    .await;
    let (mut reading, mut writing) = tokio::io::split(served.shake_hands().await);
    let dripping = async {
        let mut next: &[u8] = b"GET /api HTTP/1.1\r\n";
        while writing.write_all(next).await.is_ok() {
            next = b"a: b\r\n";
            tokio::time::sleep(SHORT / 10).await;
        }
    };
    tokio::select! {
        () = is_closed(&mut reading) => {}
        () = dripping => {}
        () = tokio::time::sleep(PATIENCE) => panic!("the server went on listening"),
    }
    is_well(&served).await;
}

#[rstest]
#[case::one_long_header("a".repeat(100_000), 1)]
#[case::many_headers("a".to_owned(), 1000)]
#[tokio::test]
async fn a_head_without_end_is_refused_by_the_api(#[case] value: String, #[case] count: usize) {
    let served = Served::start().await;
    let stream = served.shake_hands().await;
    let bombs = format!("x-bomb: {value}\r\n").repeat(count);
    let head = head(&served, "GET /api/v1/namespaces", &bombs);
    let (mut reading, mut writing) = tokio::io::split(stream);
    let sending = async { drop(writing.write_all(head.as_bytes()).await) };
    let mut first = [0; 12];
    let (answer, ()) = tokio::join!(timeout(PATIENCE, reading.read_exact(&mut first)), sending);
    answer.unwrap().unwrap();
    assert_eq!(&first, b"HTTP/1.1 431");
    is_well(&served).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let served = Served::patient(Patience {
        answer: SHORT,
        ..Patience::default()
    })
    .await;
    let mut stream = served.shake_hands().await;
    let line = format!("POST {CONFIG_MAPS}");
    let head = head(&served, &line, "content-length: 1000\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    is_closed(&mut stream).await;
    is_well(&served).await;
}

/// A connection over HTTP/2 that sends what it is told to.
pub(crate) async fn http2<B>(served: &Served) -> http2::SendRequest<B>
where
    B: hyper::body::Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let io = TokioIo::new(served.shake_hands().await);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request<B>(served: &Served, line: &str, body: B) -> Request<B> {
    let (method, path) = line.split_once(' ').unwrap();
    Request::builder()
        .method(method)
        .uri(format!("https://localhost{path}"))
        .header("authorization", format!("Bearer {}", served.token))
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

type Text = http_body_util::Full<Bytes>;

async fn create(served: &Served, sender: &mut http2::SendRequest<Text>, name: &str, size: usize) {
    let object = json!({"metadata": {"name": name}, "data": {"a": "x".repeat(size)}});
    let body = Text::from(object.to_string());
    let request = request(served, &format!("POST {CONFIG_MAPS}"), body);
    assert_eq!(sender.send_request(request).await.unwrap().status(), 201);
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_not_kept() {
    let served = Served::patient(Patience {
        answer: Duration::from_secs(2),
        ..Patience::default()
    })
    .await;
    let mut sender = http2(&served).await;
    for number in 0..30 {
        create(&served, &mut sender, &format!("large-{number}"), 900_000).await;
    }
    let mut deaf = served.shake_hands().await;
    let head = head(&served, &format!("GET {CONFIG_MAPS}"), "");
    deaf.write_all(head.as_bytes()).await.unwrap();
    // Whoever does not read learns by writing that it is over.
    let talking = async {
        while deaf.write_all(b"?").await.is_ok() && deaf.flush().await.is_ok() {
            tokio::time::sleep(SHORT / 3).await;
        }
    };
    let given_up = timeout(PATIENCE, talking).await;
    given_up.expect("it is given up while nobody reads");
    is_well(&served).await;
}

#[tokio::test]
async fn more_idle_connections_than_there_are_places_keep_nobody_out() {
    let served = Served::start().await;
    let mut sender = http2(&served).await;
    let watch = request(
        &served,
        &format!("GET {CONFIG_MAPS}?watch=true"),
        Text::default(),
    );
    let mut watch = sender.send_request(watch).await.unwrap().into_body();
    let (mut strangers, mut guests) = (Vec::new(), Vec::new());
    for number in 0..1500 {
        strangers.push(TcpStream::connect(served.address).await.unwrap());
        if number % 10 == 0 {
            guests.push(served.shake_hands().await);
        }
    }
    is_well(&served).await;
    // Who is busy stays.
    create(&served, &mut sender, "news", 10).await;
    let line = timeout(PATIENCE, watch.frame())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(line.into_data().unwrap().starts_with(br#"{"type":"ADDED""#));
}

/// A body of which nothing ever comes.
fn never() -> impl hyper::body::Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static {
    StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>())
}

#[tokio::test]
async fn as_many_requests_as_may_be_are_answered_and_the_next_one_is_told_to_wait() {
    let served = Served::start().await;
    let mut slow = JoinSet::new();
    for _ in 0..3 {
        let mut sender = http2(&served).await;
        for _ in 0..220 {
            let line = format!("POST {CONFIG_MAPS}");
            let sending = sender.send_request(request(&served, &line, never()));
            slow.spawn(sending);
        }
    }
    let mut sender = http2::<Text>(&served).await;
    let ask = |sender: &mut http2::SendRequest<Text>, path: &str| {
        sender.send_request(request(&served, &format!("GET {path}"), Text::default()))
    };
    // No GET before: it might have the last place again and again, while all others are refused.
    let refused: Response<Incoming> = timeout(PATIENCE, slow.join_next())
        .await
        .expect("there is a limit")
        .expect("many were sent")
        .unwrap()
        .unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    let listed = ask(&mut sender, CONFIG_MAPS).await.unwrap();
    assert_eq!(listed.status(), 429);
    assert_eq!(ask(&mut sender, "/readyz").await.unwrap().status(), 200);
    slow.shutdown().await;
    timeout(PATIENCE, async {
        while ask(&mut sender, CONFIG_MAPS).await.unwrap().status() != 200 {}
    })
    .await
    .expect("there is room again");
}

/// An HTTP/2 frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
/// A setting: no answer may begin before the client makes room for it.
const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];
const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;

/// `GET CONFIG_MAPS` by the administrator, in HPACK.
fn get(served: &Served) -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = vec![u8::try_from(text.len()).unwrap()];
        bytes.extend(text.bytes());
        bytes
    };
    // GET and https of the static table; the names `:path` and `authorization` of it.
    let mut block = vec![0x82, 0x87, 0x04];
    block.extend(text(CONFIG_MAPS));
    block.extend([0x1f, 0x08]);
    block.extend(text(&format!("Bearer {}", served.token)));
    block
}

#[tokio::test]
async fn who_opens_and_resets_requests_rapidly_keeps_nobody_waiting() {
    let served = Served::start().await;
    let (mut reading, mut writing) = tokio::io::split(served.shake_hands().await);
    let block = get(&served);
    let attack = async {
        let mut first = PREFACE.to_vec();
        first.extend(frame(SETTINGS, 0, 0, &[]));
        writing.write_all(&first).await.unwrap();
        for number in (1..60_000).step_by(2) {
            let mut both = frame(HEADERS, END_HEADERS | END_STREAM, number, &block);
            both.extend(frame(RESET, 0, number, &8_u32.to_be_bytes()));
            if writing.write_all(&both).await.is_err() {
                return;
            }
        }
        writing.shutdown().await.ok();
    };
    let well = async {
        for _ in 0..10 {
            is_well(&served).await;
        }
    };
    let (closed, (), ()) = tokio::join!(timeout(PATIENCE, is_closed(&mut reading)), attack, well);
    closed.unwrap();
    is_well(&served).await;
}

#[tokio::test]
async fn who_never_opens_its_window_is_cut_off() {
    let served = Served::patient(Patience {
        answer: 2 * SHORT,
        ..Patience::default()
    })
    .await;
    create(&served, &mut http2(&served).await, "news", 10).await;
    let (mut reading, mut writing) = tokio::io::split(served.shake_hands().await);
    let mut first = PREFACE.to_vec();
    first.extend(frame(SETTINGS, 0, 0, &NO_WINDOW));
    for number in (1..200).step_by(2) {
        first.extend(frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            number,
            &get(&served),
        ));
    }
    writing.write_all(&first).await.unwrap();
    writing.flush().await.unwrap();
    is_well(&served).await;
    is_closed(&mut reading).await;
    is_well(&served).await;
}

#[tokio::test]
async fn ten_thousand_half_open_connections_keep_nobody_out() {
    let served = Served::start().await;
    // The head of a record of TLS, of which nothing more comes.
    let half = [22, 3, 1, 2, 0, 1];
    let mut held = VecDeque::new();
    for _ in 0..20 {
        for _ in 0..500 {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            stream.write_all(&half).await.unwrap();
            held.push_back(stream);
        }
        is_well(&served).await;
        // More than there are places stay, and not more than a process may have files.
        held.drain(..held.len().saturating_sub(2000));
    }
}

#[tokio::test]
async fn headers_that_go_on_and_on_are_cut_off() {
    let served = Served::start().await;
    let (mut reading, mut writing) = tokio::io::split(served.shake_hands().await);
    let attack = async {
        let mut first = PREFACE.to_vec();
        first.extend(frame(SETTINGS, 0, 0, &[]));
        first.extend(frame(HEADERS, 0, 1, &[0x82, 0x87]));
        writing.write_all(&first).await.unwrap();
        // A header named `a` with a value of 200 bytes, again and again.
        let mut header = vec![0x00, 1, b'a', 127, 73];
        header.extend([b'x'; 200]);
        let next = frame(CONTINUATION, 0, 1, &header.repeat(70));
        for _ in 0..10_000 {
            if writing.write_all(&next).await.is_err() {
                return;
            }
        }
        panic!("140 MB of headers were taken");
    };
    let (closed, ()) = tokio::join!(timeout(PATIENCE, is_closed(&mut reading)), attack);
    closed.unwrap();
    is_well(&served).await;
}
