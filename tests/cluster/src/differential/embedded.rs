//! The embedded API on a socket of its own, without anything around it: no admission, no
//! controllers, no definitions.

use anyhow::Result;
use bowline_apiserver::kubeconfig::Access;
use bowline_apiserver::tls::Authority;
use bowline_apiserver::{ApiServer, Config, Token, UserInfo};
use kube::config::{KubeConfigOptions, Kubeconfig};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server; ends when stopped.
#[derive(Debug)]
pub struct Embedded {
    directory: TempDir,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Embedded {
    /// Serves on fresh state.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn start() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let token = Token::random(UserInfo::administrator("admin"))?;
        let mut config = Config::new(directory.path().join("store.sqlite"));
        config.tokens.push(token.clone());
        let server = ApiServer::open(config).await?;
        let authority = Authority::in_directory(directory.path().join("tls"))?;
        let serving = authority.serving(&["127.0.0.1"])?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Access {
            name: "embedded",
            server: &format!("https://{}", listener.local_addr()?),
            certificate_pem: authority.certificate_pem(),
            token: token.secret(),
            namespace: "default",
        }
        .write(&directory.path().join("kubeconfig"))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            drop(
                server
                    .serve(listener, serving.server_config(), shutdown)
                    .await,
            );
        });
        Ok(Self {
            directory,
            stop,
            running,
        })
    }

    /// How the administrator reaches it.
    ///
    /// # Errors
    /// When the kubeconfig is no good.
    pub async fn config(&self) -> Result<kube::Config> {
        let kubeconfig = Kubeconfig::read_from(self.directory.path().join("kubeconfig"))?;
        let options = KubeConfigOptions::default();
        Ok(kube::Config::from_custom_kubeconfig(kubeconfig, &options).await?)
    }

    /// Ends it.
    pub async fn stop(self) {
        drop(self.stop);
        drop(self.running.await);
    }
}
