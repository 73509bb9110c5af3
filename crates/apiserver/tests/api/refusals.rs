//! Refusals on a real socket: they reach clients that are still sending, and those that want no body.

use crate::client::PATIENCE;
use crate::hostile::{CONFIG_MAPS, http2, is_closed};
use crate::tls::{Served, server_name};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::Request;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::Frame;
use rstest::rstest;
use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

const LARGE: usize = 200_000;
/// Somebody who may do nothing.
const EVE: &str = "impersonate-user: eve\r\n";

/// The head of a request of the administrator with a body of so many bytes.
fn head(served: &Served, line: &str, headers: &str, length: usize) -> String {
    let token = &served.token;
    format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{headers}content-length: {length}\r\n\r\n"
    )
}

/// What a client is told that writes all of a request before it reads anything.
fn told(served: &Served, head: &str, body: &[u8]) -> std::io::Result<String> {
    let tls = rustls::ClientConnection::new(served.client_config(), server_name()).unwrap();
    let stream = TcpStream::connect(served.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = rustls::StreamOwned::new(tls, stream);
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()?;
    let mut first = [0; 12];
    stream.read_exact(&mut first)?;
    Ok(String::from_utf8_lossy(&first).into_owned())
}

#[rstest]
#[case::without_the_right("POST", CONFIG_MAPS, EVE, LARGE, 403)]
#[case::by_nobody_known("POST", CONFIG_MAPS, "authorization: Bearer no\r\n", LARGE, 401)]
#[case::to_nothing("POST", "/apis/none.example.com/v1/things", "", LARGE, 404)]
#[case::of_another_method("PATCH", CONFIG_MAPS, "", LARGE, 405)]
#[case::too_large("POST", CONFIG_MAPS, "", 4_000_000, 413)]
#[case::of_another_type("POST", CONFIG_MAPS, "content-type: text/plain\r\n", LARGE, 415)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_a_client_that_writes_all_of_its_body_first(
    #[case] method: &str,
    #[case] path: &str,
    #[case] headers: &str,
    #[case] body: usize,
    #[case] code: u16,
) {
    let served = Served::start().await;
    let mut head = head(&served, &format!("{method} {path}"), headers, body);
    if code == 401 {
        head = head.replacen(
            &format!("authorization: Bearer {}\r\n", served.token),
            "",
            1,
        );
    }
    let body = b"x".repeat(body);
    let asking = tokio::task::spawn_blocking(move || {
        for _ in 0..20 {
            let told = told(&served, &head, &body).unwrap();
            assert_eq!(told, format!("HTTP/1.1 {code}"));
        }
    });
    asking.await.unwrap();
}

#[tokio::test]
async fn whoever_never_finishes_the_body_is_refused_and_let_go() {
    let served = Served::start().await;
    let mut stream = served.shake_hands().await;
    let head = head(&served, &format!("POST {CONFIG_MAPS}"), EVE, LARGE);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"the beginning").await.unwrap();
    let mut first = [0; 12];
    let answer = timeout(PATIENCE, stream.read_exact(&mut first));
    answer.await.expect("an answer in time").unwrap();
    assert_eq!(&first, b"HTTP/1.1 403");
    is_closed(&mut stream).await;
}

#[tokio::test]
async fn a_body_over_http2_is_taken_to_its_end_before_its_refusal() {
    let served = Served::start().await;
    let is_sent = Arc::new(AtomicBool::new(false));
    let sent = Arc::clone(&is_sent);
    let pieces = stream::iter(0..25).map(|_| Bytes::from(b"x".repeat(100_000)));
    let end = stream::once(async move {
        sent.store(true, Ordering::SeqCst);
        Bytes::from_static(b"x")
    });
    let frames = pieces
        .chain(end)
        .map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
    let request = Request::post(format!("https://localhost{CONFIG_MAPS}"))
        .header("authorization", format!("Bearer {}", served.token))
        .header("impersonate-user", "eve")
        .body(StreamBody::new(Box::pin(frames)))
        .unwrap();
    let answer = http2(&served).await.send_request(request).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), is_sent.load(Ordering::SeqCst)),
        (403, true)
    );
}

#[tokio::test]
async fn whoever_asks_for_the_head_over_http2_gets_the_head_alone() {
    let served = Served::start().await;
    let request = Request::head("https://localhost/livez")
        .body(Empty::new())
        .unwrap();
    let answer = http2(&served).await.send_request(request).await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            &answer.headers()["content-length"]
        ),
        (200, &"2".parse().unwrap())
    );
    assert!(
        answer
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .is_empty()
    );
}
