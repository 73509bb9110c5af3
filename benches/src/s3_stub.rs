//! An S3 service over TLS on a thread of its own, whose buckets each have one fault, and which takes its
//! time before every answer. Signatures are not looked at.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use bowline_apiserver::tls::Authority;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A running service; it ends with the process.
pub struct S3Stub {
    /// Where it is, with TLS.
    pub address: SocketAddr,
    /// Where it is without.
    pub plain: SocketAddr,
    /// The certificate of the authority by which it is trusted.
    pub authority: String,
    delay: Arc<AtomicU64>,
    _state: TempDir,
}

impl S3Stub {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start() -> Result<Self> {
        let state = TempDir::new()?;
        let authority = Authority::in_directory(state.path())?;
        let serving = authority.serving(&["localhost", "127.0.0.1"])?;
        let mut config = (*serving.server_config()).clone();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = TlsAcceptor::from(Arc::new(config));
        let delay = Arc::new(AtomicU64::new(0));
        let (tell, told) = std::sync::mpsc::channel();
        let waits = Arc::clone(&delay);
        std::thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let secure = TcpListener::bind("127.0.0.1:0").await?;
                let plain = TcpListener::bind("127.0.0.1:0").await?;
                tell.send((secure.local_addr()?, plain.local_addr()?))?;
                loop {
                    let waits = Arc::clone(&waits);
                    tokio::select! {
                        stream = secure.accept() => {
                            let (tls, stream) = (tls.clone(), stream?.0);
                            stream.set_nodelay(true)?;
                            tokio::spawn(async move {
                                let stream = tls.accept(stream).await?;
                                serve(stream, &waits).await
                            });
                        }
                        stream = plain.accept() => {
                            let stream = stream?.0;
                            stream.set_nodelay(true)?;
                            tokio::spawn(async move { serve(stream, &waits).await });
                        }
                    }
                }
            })
        });
        let (address, plain) = told.recv().context("the stub did not start")?;
        Ok(Self {
            address,
            plain,
            authority: authority.certificate_pem().to_owned(),
            delay,
            _state: state,
        })
    }

    /// Takes so many milliseconds before every answer from now on.
    pub fn wait(&self, milliseconds: u64) {
        self.delay.store(milliseconds, Ordering::SeqCst);
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, delay: &AtomicU64) -> Result<()> {
    let mut heard = Vec::new();
    while stream.read_buf(&mut heard).await? > 0 {
        if !heard.ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8_lossy(&heard);
        let line = head.lines().next().unwrap_or_default();
        match delay.load(Ordering::SeqCst) {
            0 => {}
            wait => tokio::time::sleep(Duration::from_millis(wait)).await,
        }
        if line.contains("/tarpit") {
            std::future::pending::<()>().await;
        }
        if line.contains("/endless") {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'x'; 16_384]).await?;
            }
        }
        let (status, body) = answer(line);
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nx-amz-request-id: 1\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).await?;
        heard.clear();
    }
    Ok(())
}

fn answer(line: &str) -> (&'static str, &'static str) {
    let is_list = line.contains("list-type");
    match line {
        _ if line.contains("/wrong-key") => (
            "403 Forbidden",
            "<Error><Code>SignatureDoesNotMatch</Code></Error>",
        ),
        _ if line.contains("/no-bucket") => {
            ("404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>")
        }
        _ if line.contains("/no-right") => {
            ("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>")
        }
        _ if line.contains("/no-object") && is_list => ("200 OK", "<ListBucketResult/>"),
        _ if line.contains("/no-object") => {
            ("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>")
        }
        _ if is_list => (
            "200 OK",
            "<ListBucketResult><Contents><Key>a.bin</Key></Contents></ListBucketResult>",
        ),
        _ => ("206 Partial Content", "bytes"),
    }
}
