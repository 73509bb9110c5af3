//! SSH servers that begin well and then do not go on as they should.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// One unencrypted packet.
pub(crate) fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 16 - (payload.len() + 5) % 8;
    let length = u32::try_from(payload.len() + padding + 1).expect("short");
    let size = [u8::try_from(padding).expect("short")];
    [&length.to_be_bytes()[..], &size, payload, &vec![0; padding]].concat()
}

/// A text as packets have it.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).expect("short").to_be_bytes();
    [&length[..], text.as_bytes()].concat()
}

/// Begins somehow, and then sends one packet after another that means nothing. Lives as long as this.
pub(crate) struct Dripping {
    pub(crate) address: SocketAddr,
    gone: mpsc::UnboundedReceiver<()>,
    task: JoinHandle<()>,
}

impl Dripping {
    /// One that says properly who it is.
    pub(crate) async fn start() -> Self {
        Self::after(b"SSH-2.0-drip\r\n".to_vec()).await
    }

    /// One that begins with this.
    pub(crate) async fn after(head: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, gone) = mpsc::unbounded_channel();
        let ignore = packet(&[&[2][..], &text("x")].concat());
        let task = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a connection");
            let (mut heard, mut said) = stream.into_split();
            let drip = async {
                let _ = said.write_all(&head).await;
                loop {
                    let _ = said.write_all(&ignore).await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            let end = async {
                let mut piece = [0; 4096];
                while heard.read(&mut piece).await.is_ok_and(|count| count > 0) {}
            };
            tokio::select! {
                () = drip => {}
                () = end => {}
            }
            let _ = tell.send(());
        });
        Self {
            address,
            gone,
            task,
        }
    }

    /// Whether the other side has gone, now or within a second.
    pub(crate) async fn is_left(&mut self) -> bool {
        let gone = tokio::time::timeout(Duration::from_secs(1), self.gone.recv());
        gone.await.is_ok_and(|gone| gone.is_some())
    }
}

impl Drop for Dripping {
    fn drop(&mut self) {
        self.task.abort();
    }
}
