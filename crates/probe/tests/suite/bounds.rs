//! Time, bytes, headers, decompression and redirects have bounds.

use std::time::{Duration, Instant};

use bowline_probe::{Ask, Settings, Slots};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::kit::{self, connection, expect};
use crate::stub::certificates::Authority;
use crate::stub::{Reply, Stub, answer};

async fn outcome_of(reply: Reply, settings: &Settings) -> bowline_probe::Report {
    let stub = Stub::start(move |_| reply.clone()).await;
    let connection = connection("uri", &[("URI", &format!("{}/model", stub.url()))]);
    kit::run_with(
        &kit::request(&connection, &Ask::default()),
        &kit::at_home(),
        settings,
    )
    .await
}

/// Well before the end that is usual.
const LONG: Duration = Duration::from_secs(8);

fn quick() -> Settings {
    let short = Duration::from_millis(300);
    Settings {
        total: 3 * short,
        connect: short,
        answer: short,
        ..Settings::default()
    }
}

#[tokio::test]
async fn a_service_that_says_nothing_is_not_waited_for() {
    let began = Instant::now();
    expect(&outcome_of(Reply::Hang, &quick()).await, "answer-timeout");
    assert!(began.elapsed() < LONG);
}

#[tokio::test]
async fn an_answer_that_drips_ends_with_the_deadline() {
    let began = Instant::now();
    let head = "HTTP/1.1 200 OK\r\nX-Slow: ".to_owned();
    expect(
        &outcome_of(Reply::Drip(head), &quick()).await,
        "answer-timeout",
    );
    assert!(began.elapsed() < LONG);
}

#[tokio::test]
async fn a_body_that_drips_ends_with_the_deadline() {
    let stub = Stub::start(|head| match head.starts_with("HEAD") {
        true => answer("200 OK", "", ""),
        false => Reply::Drip("HTTP/1.1 200 OK\r\n\r\n".to_owned()),
    })
    .await;
    let connection = connection("s3", &kit_keys(&stub.url()));
    let began = Instant::now();
    let report = kit::run_with(
        &kit::request(&connection, &Ask::default()),
        &kit::at_home(),
        &quick(),
    )
    .await;
    expect(&report, "too-slow");
    assert!(began.elapsed() < LONG);
}

fn kit_keys(endpoint: &str) -> [(&'static str, &str); 4] {
    [
        ("AWS_ACCESS_KEY_ID", "some-key"),
        ("AWS_SECRET_ACCESS_KEY", "Canary/not-to-be-sent"),
        ("AWS_S3_ENDPOINT", endpoint),
        ("AWS_S3_BUCKET", "models"),
    ]
}

#[tokio::test]
async fn a_port_that_takes_no_more_connections_is_not_waited_for() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    // Nobody accepts; when its queue is full the system answers no more.
    let mut queued = Vec::new();
    while let Ok(connected) = tokio::time::timeout(
        Duration::from_millis(200),
        tokio::net::TcpStream::connect(address),
    )
    .await
    {
        queued.push(connected.expect("a connection"));
        assert!(queued.len() < 100, "the queue has no end");
    }
    let connection = connection("uri", &[("URI", &format!("http://{address}/"))]);
    let report = kit::run_with(
        &kit::request(&connection, &Ask::default()),
        &kit::at_home(),
        &quick(),
    )
    .await;
    expect(&report, "connect-timeout");
}

#[tokio::test]
async fn an_address_that_takes_no_connections_does_not_keep_the_next_one_from_being_tried() {
    let stub = Stub::start(|_| answer("206 Partial Content", "", "x")).await;
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    let full = ([127, 0, 0, 2], stub.port()).into();
    socket.bind(full).expect("the port");
    let _listener = socket.listen(1).expect("a listener");
    let mut queued = Vec::new();
    let patience = Duration::from_millis(200);
    while let Ok(connected) =
        tokio::time::timeout(patience, tokio::net::TcpStream::connect(full)).await
    {
        queued.push(connected.expect("a connection"));
        assert!(queued.len() < 100, "the queue has no end");
    }
    let url = format!("http://two.example:{}/", stub.port());
    let guard = kit::knowing(&[("two.example", &[&["127.0.0.2", "127.0.0.1"]])]);
    let report = kit::run(&connection("uri", &[("URI", &url)]), &guard).await;
    expect(&report, "passed");
}

/// A name server that never answers.
struct Silent;

impl bowline_probe::dial::Resolve for Silent {
    fn addresses<'a>(&'a self, _: &'a str) -> bowline_probe::dial::Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_name_server_that_does_not_answer_is_not_waited_for() {
    let guard = bowline_probe::Guard {
        resolver: std::sync::Arc::new(Silent),
        ..kit::at_home()
    };
    let connection = connection("uri", &[("URI", "http://somewhere.example/")]);
    let report = kit::run_with(
        &kit::request(&connection, &Ask::default()),
        &guard,
        &quick(),
    )
    .await;
    expect(&report, "name-unanswered");
}

#[tokio::test]
async fn an_endless_document_is_cut() {
    let stub = Stub::start(|_| {
        Reply::Endless("HTTP/1.1 200 OK\r\n\r\n<html>".to_owned(), &[b'x'; 65_536])
    })
    .await;
    let report = kit::run(&connection("s3", &kit_keys(&stub.url())), &kit::at_home()).await;
    expect(&report, "answer-too-large");
}

#[tokio::test]
async fn of_an_endless_object_the_first_bytes_are_read() {
    let stub = Stub::start(|head| match head.starts_with("HEAD") {
        true => answer("200 OK", "", ""),
        false => Reply::Endless("HTTP/1.1 200 OK\r\n\r\n".to_owned(), &[b'x'; 65_536]),
    })
    .await;
    let report = kit::run(&connection("uri", &[("URI", &stub.url())]), &kit::at_home()).await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
}

#[rstest]
#[case(Reply::Endless("HTTP/1.1 200 OK\r\nX: ".to_owned(), &[b'x'; 65_536]))]
#[case(Reply::Endless("HTTP/1.1 200 OK\r\n".to_owned(), b"A: b\r\n"))]
#[tokio::test]
async fn endless_headers_are_refused(#[case] reply: Reply) {
    expect(
        &outcome_of(reply, &Settings::default()).await,
        "answer-too-large",
    );
}

/// A frame of HTTP/2 on the first stream, or on the connection itself.
fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, 0, 0, 0, 0, stream], payload].concat()
}

/// Headers over HTTP/2 that go on and on, each in a frame that says that there are more.
#[tokio::test]
async fn endless_headers_over_http_2_are_refused() {
    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const CONTINUATION: u8 = 9;
    let authority = Authority::new();
    let tls = authority.server("127.0.0.1", |_| {});
    let mut config = (**tls.config()).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tls = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    // `x: yyy…`, spelled out, a hundred times.
    let header = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat().repeat(100);
    let most = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let sent = std::sync::Arc::clone(&most);
    let endless = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = tls.accept(stream).await else {
                continue;
            };
            let first = [frame(SETTINGS, 0, &[]), frame(HEADERS, 1, &[0x88])].concat();
            // The request comes first: a preface, settings, and headers.
            let mut heard = Vec::new();
            while heard.len() < 100
                && stream
                    .read_buf(&mut heard)
                    .await
                    .is_ok_and(|count| count > 0)
            {}
            let mut is_taken = stream.write_all(&first).await.is_ok();
            for count in 1..=10_000 {
                is_taken = is_taken
                    && stream
                        .write_all(&frame(CONTINUATION, 1, &header))
                        .await
                        .is_ok();
                if is_taken {
                    sent.fetch_max(count, std::sync::atomic::Ordering::SeqCst);
                }
            }
        }
    });
    let connection = connection("uri", &[("URI", &format!("https://{address}/"))]);
    let ask = Ask::default();
    let request = bowline_probe::Request {
        authorities: Some(&authority.pem),
        ..kit::request(&connection, &ask)
    };
    let report = kit::run_with(&request, &kit::at_home(), &Settings::default()).await;
    expect(&report, "closed-early");
    endless.abort();
    let most = most.load(std::sync::atomic::Ordering::SeqCst);
    assert!(
        (1..10_000).contains(&most),
        "{most} of 10,000 frames were taken"
    );
}

#[tokio::test]
async fn what_is_packed_is_never_unpacked() {
    let stub = Stub::start(|head| match head.contains("accept-encoding: identity") {
        true => answer(
            "200 OK",
            "Content-Encoding: gzip\r\n",
            "\u{1f}not gzip at all",
        ),
        false => answer("400 Bad Request", "", ""),
    })
    .await;
    let report = kit::run(&connection("uri", &[("URI", &stub.url())]), &kit::at_home()).await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
}

#[tokio::test]
async fn a_probe_ends_when_nobody_waits_for_it_any_more() {
    let stub = Stub::start(|_| Reply::Hang).await;
    let connection = connection("uri", &[("URI", &stub.url())]);
    let short = Duration::from_millis(100);
    let dropped = tokio::time::timeout(short, kit::run(&connection, &kit::at_home())).await;
    assert!(dropped.is_err() && stub.hits() == 1);
}

/// A hundred probes of one project hang; those of another end in time.
#[tokio::test]
async fn a_hundred_hanging_probes_of_one_project_leave_the_other_its_own() {
    let hanging = Stub::start(|_| Reply::Hang).await;
    let good = Stub::start(|_| answer("200 OK", "", "x")).await;
    let slots = std::sync::Arc::new(Slots::new(4, 10, Duration::from_secs(5)));
    let tarpit = connection("uri", &[("URI", &hanging.url())]);
    let greedy: Vec<_> = (0..100)
        .map(|_| {
            let (slots, tarpit) = (std::sync::Arc::clone(&slots), tarpit.clone());
            tokio::spawn(async move {
                let _slot = slots.take("greedy").await;
                kit::run(&tarpit, &kit::at_home()).await
            })
        })
        .collect();
    while hanging.hits() == 0 {
        tokio::task::yield_now().await;
    }
    let began = Instant::now();
    let _slot = slots.take("modest").await.expect("a slot");
    let report = kit::run(&connection("uri", &[("URI", &good.url())]), &kit::at_home()).await;
    assert!(
        report.kind().is_none() && began.elapsed() < Duration::from_secs(2),
        "{}",
        kit::lines(&report)
    );
    assert!(hanging.hits() <= 4, "{}", hanging.hits());
    greedy.iter().for_each(tokio::task::JoinHandle::abort);
}
