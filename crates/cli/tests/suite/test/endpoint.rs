//! An S3 service as `bowline test` meets it, with one habit, on a thread of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What it does with every request.
#[derive(Clone, Copy)]
pub(crate) enum Habit {
    Good,
    /// Good, after a while.
    Slow(Duration),
    WrongSecretKey,
    NoBucket,
    NoRight,
    /// Every request is signed for another region than the bucket's.
    OtherRegion,
    Failing,
    /// No S3 service at all.
    SomethingElse,
    /// Says nothing.
    Silent,
}

/// A running service; it ends with the process.
pub(crate) struct Endpoint {
    address: SocketAddr,
    heard: Arc<Mutex<String>>,
}

impl Endpoint {
    pub(crate) fn start(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let heard = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream, habit, &kept));
            }
        });
        Self { address, heard }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All heads of requests.
    pub(crate) fn heard(&self) -> String {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Answers until the other side has enough.
fn serve(stream: TcpStream, habit: Habit, kept: &Mutex<String>) -> Option<()> {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    loop {
        let head = head(&mut reader)?;
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&head);
        let answer = answer(habit, &head)?;
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

fn head(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader
            .read_line(&mut head)
            .ok()
            .filter(|count| *count > 0)?;
    }
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    std::io::copy(
        &mut std::io::Read::take(reader, length),
        &mut std::io::sink(),
    )
    .ok()?;
    Some(head)
}

fn answer(habit: Habit, head: &str) -> Option<String> {
    Some(match habit {
        Habit::Good => good(head),
        Habit::Slow(time) => {
            std::thread::sleep(time);
            good(head)
        }
        Habit::WrongSecretKey => error("403 Forbidden", "SignatureDoesNotMatch"),
        Habit::NoBucket => error("404 Not Found", "NoSuchBucket"),
        Habit::NoRight => error("403 Forbidden", "AccessDenied"),
        Habit::OtherRegion => text(
            "400 Bad Request",
            "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
        ),
        Habit::Failing => error("500 Internal Server Error", "InternalError"),
        Habit::SomethingElse => text("200 OK", "<html>welcome</html>"),
        Habit::Silent => loop {
            std::thread::park();
        },
    })
}

fn good(head: &str) -> String {
    let line = head.lines().next().unwrap_or_default();
    match line.split(' ').next().unwrap_or_default() {
        "GET" if line.contains("nothing-there") && line.contains("list-type") => {
            text("200 OK", "<ListBucketResult></ListBucketResult>")
        }
        "GET" if line.contains("nothing-there") => {
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
        }
        "GET" if line.contains("list-type=2") => text(
            "200 OK",
            "<ListBucketResult><Key>weights.bin</Key></ListBucketResult>",
        ),
        "GET" => text("206 Partial Content", "bytes"),
        "DELETE" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        _ => text("200 OK", ""),
    }
}

fn error(status: &str, code: &str) -> String {
    text(status, &format!("<Error><Code>{code}</Code></Error>"))
}

fn text(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
