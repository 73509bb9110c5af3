//! Servers with one fault each, that count who comes and keep what they hear.

pub(crate) mod certificates;
pub(crate) mod ssh;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What a stub does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Sends this and waits for the next request.
    Whole(String),
    /// Sends this, then the same again and again, as fast as it is taken.
    Endless(String, &'static [u8]),
    /// Sends this, then a byte every now and then.
    Drip(String),
    /// Says nothing.
    Hang,
    /// Closes the connection.
    Close,
    /// Sends this and closes the connection.
    Last(Vec<u8>),
}

/// An answer with a body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Reply {
    Reply::Whole(format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    ))
}

/// A server that lives as long as this.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    hits: Arc<AtomicUsize>,
    heard: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

type Decide = dyn Fn(&str) -> Reply + Send + Sync;

impl Stub {
    /// Answers each request by its head.
    pub(crate) async fn start(decide: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1:0", None, Arc::new(decide)).await
    }

    /// The same over TLS.
    pub(crate) async fn start_tls(
        tls: TlsAcceptor,
        decide: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen("127.0.0.1:0", Some(tls), Arc::new(decide)).await
    }

    /// Speaks first: sends this, then a piece again and again, whatever it hears.
    pub(crate) async fn talking(head: &'static [u8], piece: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut is_taken = stream.write_all(head).await.is_ok();
                    while is_taken {
                        is_taken = stream.write_all(piece).await.is_ok();
                    }
                });
            }
        });
        Self {
            address,
            hits: Arc::default(),
            heard: Arc::default(),
            task,
        }
    }

    /// Answers on all addresses of this machine.
    pub(crate) async fn everywhere() -> Self {
        Self::listen(
            "[::]:0",
            None,
            Arc::new(|_: &str| answer("200 OK", "", "here I am")),
        )
        .await
    }

    async fn listen(address: &str, tls: Option<TlsAcceptor>, decide: Arc<Decide>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (hits, heard) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(Mutex::new(String::new())),
        );
        let (counted, kept) = (Arc::clone(&hits), Arc::clone(&heard));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (decide, kept, tls) = (Arc::clone(&decide), Arc::clone(&kept), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &*decide, &kept).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &*decide, &kept).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            hits,
            heard,
            task,
        }
    }

    /// How many connections were made to it.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// All that it was told.
    pub(crate) fn heard(&self) -> String {
        self.heard.lock().expect("no panic").clone()
    }

    /// The verbs of all requests.
    pub(crate) fn verbs(&self) -> Vec<String> {
        let heard = self.heard();
        let first = |line: &str| {
            line.strip_suffix(" HTTP/1.1")
                .and_then(|line| line.split(' ').next())
                .map(str::to_owned)
        };
        heard.lines().filter_map(first).collect()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    decide: &Decide,
    kept: &Mutex<String>,
) {
    while let Some(head) = request(&mut stream).await {
        kept.lock().expect("no panic").push_str(&head);
        let mut said = decide(&head);
        if let Reply::Whole(text) = &mut said
            && head.starts_with("HEAD")
        {
            text.truncate(text.find("\r\n\r\n").map_or(text.len(), |end| end + 4));
        }
        if !reply(&mut stream, said).await {
            return;
        }
    }
}

/// One request with its body; `None` when there is no more.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut read = Vec::new();
    let end = loop {
        let mut piece = [0; 4096];
        let count = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        read.extend_from_slice(&piece[..count]);
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    while read.len() < end + length {
        let mut piece = [0; 4096];
        let count = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        read.extend_from_slice(&piece[..count]);
    }
    Some(String::from_utf8_lossy(&read).into_owned())
}

/// Whether the connection goes on.
async fn reply(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) -> bool {
    match reply {
        Reply::Whole(text) => stream.write_all(text.as_bytes()).await.is_ok(),
        Reply::Endless(head, piece) => {
            let mut is_taken = stream.write_all(head.as_bytes()).await.is_ok();
            while is_taken {
                is_taken = stream.write_all(piece).await.is_ok();
            }
            false
        }
        Reply::Drip(head) => {
            let mut is_taken = stream.write_all(head.as_bytes()).await.is_ok();
            while is_taken {
                tokio::time::sleep(Duration::from_millis(100)).await;
                is_taken = stream.write_all(b"x").await.is_ok();
            }
            false
        }
        Reply::Hang => std::future::pending().await,
        Reply::Close => false,
        Reply::Last(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            false
        }
    }
}
