//! A way to a server that stays the same while the server is another one, or none.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bowline_testkit::server::Server;
use kube::Client;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where connections are handed on to, while it is open; they are cut when that changes.
pub(super) struct Gate {
    address: SocketAddr,
    target: Arc<watch::Sender<Option<SocketAddr>>>,
}

impl Gate {
    pub(super) async fn new() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let target = Arc::new(watch::Sender::new(None));
        let targets = Arc::clone(&target);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(hand_on(stream, targets.subscribe()));
            }
        });
        Ok(Self { address, target })
    }

    pub(super) fn open(&self, server: &Server) -> Result<()> {
        let url = server.ready.kubernetes.strip_prefix("https://");
        let address = url.context("a URL")?.trim_end_matches('/').parse()?;
        self.target.send_replace(Some(address));
        Ok(())
    }

    pub(super) fn close(&self) {
        self.target.send_replace(None);
    }

    /// A client that goes through it.
    pub(super) async fn client(&self, server: &Server) -> Result<Client> {
        let mut config = server.config().await?;
        config.cluster_url = format!("https://{}", self.address).parse()?;
        Ok(Client::try_from(config)?)
    }
}

async fn hand_on(mut client: TcpStream, mut target: watch::Receiver<Option<SocketAddr>>) {
    let Some(address) = *target.borrow_and_update() else {
        return;
    };
    let Ok(mut server) = TcpStream::connect(address).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = target.changed() => {}
    }
}
