//! Clients that mean harm, or have gone.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bowline_operator::listen::Limits;
use bowline_operator::review::{MAX_BODY, ReviewError, parse_whole};
use bowline_operator::server::BODY_DEADLINE;
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::client::{PATIENCE, head, read};
use crate::world::World;

const SHORT: Duration = Duration::from_millis(300);

async fn world(limits: Limits) -> World {
    World::start(limits, Arc::new(())).await
}

/// Waits until the server closes the connection, which it must.
async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) {
    let mut rest = Vec::new();
    // A connection that is cut without farewell is closed as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("the server closes the connection");
}

/// Somebody else is still answered, and soon.
async fn is_well(world: &World) {
    let nonsense = json!({});
    let ask = world.trust.post(world.address, "/mutate", &nonsense);
    let answer = timeout(Duration::from_secs(5), ask).await.unwrap();
    assert_eq!(answer.unwrap().code, 400);
}

#[tokio::test]
async fn who_never_shakes_hands_is_cut_off() {
    let world = world(Limits {
        handshake: SHORT,
        ..Limits::default()
    })
    .await;
    is_closed(&mut TcpStream::connect(world.address).await.unwrap()).await;
    is_well(&world).await;
}

#[rstest]
#[case::nothing("")]
#[case::half_a_head("POST /mutate HTTP/1.1\r\nhost: x\r\n")]
#[case::http2("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
#[tokio::test]
async fn who_goes_silent_is_cut_off(#[case] first: &str) {
    let world = world(Limits {
        idle: SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = world
        .trust
        .connect(world.address, "localhost")
        .await
        .unwrap();
    stream.write_all(first.as_bytes()).await.unwrap();
    is_closed(&mut stream).await;
    is_well(&world).await;
}

#[tokio::test]
async fn who_sends_headers_without_end_is_cut_off() {
    let world = world(Limits {
        headers: SHORT,
        ..Limits::default()
    })
    .await;
    let stream = world
        .trust
        .connect(world.address, "localhost")
        .await
        .unwrap();
    let (mut reading, mut writing) = tokio::io::split(stream);
    writing
        .write_all(b"POST /mutate HTTP/1.1\r\n")
        .await
        .unwrap();
    let dripping = async {
        while writing.write_all(b"a: b\r\n").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    };
    tokio::select! {
        () = is_closed(&mut reading) => {}
        () = dripping => {}
        () = tokio::time::sleep(PATIENCE) => panic!("the server went on listening"),
    }
    is_well(&world).await;
}

#[tokio::test]
async fn a_slow_body_is_cut() {
    let world = world(Limits::default()).await;
    let mut stream = world
        .trust
        .connect(world.address, "localhost")
        .await
        .unwrap();
    let started = Instant::now();
    stream
        .write_all(head("/mutate", 1000).as_bytes())
        .await
        .unwrap();
    stream.write_all(b"{").await.unwrap();
    let answer = timeout(PATIENCE, read(&mut stream)).await.unwrap();
    assert_eq!(answer.unwrap().code, 408);
    assert!(started.elapsed() >= BODY_DEADLINE);
    is_well(&world).await;
}

#[rstest]
#[case::as_announced(format!("content-length: {}\r\n\r\n", MAX_BODY + 1))]
#[case::in_chunks(format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", MAX_BODY + 1))]
#[tokio::test]
async fn a_body_that_is_too_large_is_cut(#[case] rest: String) {
    let world = world(Limits::default()).await;
    let stream = world
        .trust
        .connect(world.address, "localhost")
        .await
        .unwrap();
    let head = format!(
        "POST /validate HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{rest}"
    );
    let (mut reading, mut writing) = tokio::io::split(stream);
    let sending = async {
        writing.write_all(head.as_bytes()).await.unwrap();
        // The server may hang up before all is sent.
        let _ = writing.write_all(&vec![b' '; MAX_BODY + 1]).await;
        let _ = writing.flush().await;
    };
    let mut first = [0; 12];
    let (answer, ()) = tokio::join!(timeout(PATIENCE, reading.read_exact(&mut first)), sending);
    answer.unwrap().unwrap();
    assert_eq!(&first, b"HTTP/1.1 413");
    is_well(&world).await;
}

/// How many files this process may have open.
fn most_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3));
    soft.and_then(|soft| soft.parse().ok()).unwrap_or(1024)
}

#[tokio::test]
async fn ten_thousand_idle_connections_are_survived() {
    let world = world(Limits {
        handshake: Duration::from_secs(15),
        ..Limits::default()
    })
    .await;
    // Each takes two files, as both its ends are in this process.
    let count = (most_files().saturating_sub(1500) / 2).min(10_000);
    let mut idle = Vec::with_capacity(count);
    for _ in 0..count {
        idle.push(TcpStream::connect(world.address).await.unwrap());
    }
    is_well(&world).await;
    println!("{count} idle connections, and a review was still answered");
    for stream in &mut idle {
        is_closed(stream).await;
    }
    is_well(&world).await;
}

/// An HTTP/2 frame of a length below 256.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let mut frame = vec![0, 0, length, kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn who_opens_and_resets_streams_rapidly_is_cut_off() {
    const HEADERS: u8 = 1;
    const RESET: u8 = 3;
    const SETTINGS: u8 = 4;
    const END_HEADERS: u8 = 4;
    let world = world(Limits::default()).await;
    let stream = world
        .trust
        .connect(world.address, "localhost")
        .await
        .unwrap();
    let (mut reading, mut writing) = tokio::io::split(stream);
    let attack = async {
        let mut first = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        first.extend(frame(SETTINGS, 0, 0, &[]));
        writing.write_all(&first).await.unwrap();
        for number in (1..200_000).step_by(2) {
            // POST, https and / of the static table.
            let mut both = frame(HEADERS, END_HEADERS, number, &[0x83, 0x87, 0x84]);
            both.extend(frame(RESET, 0, number, &8_u32.to_be_bytes()));
            if writing.write_all(&both).await.is_err() {
                return;
            }
        }
    };
    let (closed, ()) = tokio::join!(timeout(PATIENCE, is_closed(&mut reading)), attack);
    closed.unwrap();
    is_well(&world).await;
}

#[rstest]
#[case::at_the_start(400, 0)]
#[case::before_a_block(400, 63)]
#[case::in_a_block(400, 64)]
#[case::further_on(400, 300)]
#[case::cut_off(400, 399)]
#[case::short(8, 7)]
fn a_body_that_is_no_text_is_refused_with_its_place(#[case] length: usize, #[case] place: usize) {
    let mut body = vec![b' '; length];
    // The first byte of a character of two.
    body[place] = 0xc3;
    let error = parse_whole(&body).err();
    assert_eq!(error, Some(ReviewError::Encoding(place)));
}
