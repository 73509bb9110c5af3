//! Certificates and authorities are replaced all the time, under load of reviews through the API
//! server and on new connections: no request fails.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Authority, Cluster, configurations_of};
use bowline_operator::certificates::files::Files;
use bowline_operator::certificates::{Lives, Serving, own, system_clock};
use bowline_operator::listen::listen;
use bowline_operator::server::{Reviews, routes};
use bowline_operator::{Admission, Kubernetes, Metrics};
use futures::future::{join_all, try_join};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::Api;
use tempfile::TempDir;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::scene::{Reviewer, Scene, common};

/// How long the load lasts.
const LOAD: Duration = Duration::from_secs(15);
const USERS: usize = 4;

/// Admission that serves with whatever certificate is current; ends when dropped.
struct Server {
    address: SocketAddr,
    serving: Serving,
    task: AbortHandle,
}

impl Server {
    async fn start(cluster: &Cluster) -> Result<Self> {
        let metrics = Arc::<Metrics>::default();
        let reviews = Reviews {
            admission: Arc::new(Admission::new(Kubernetes::new(cluster.client().await?))),
            users: Arc::new(()),
            metrics: Arc::clone(&metrics),
        };
        let serving = Serving::new(metrics);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let never = std::future::pending();
        let server = listen(listener, serving.server_config(), routes(reviews), never);
        Ok(Self {
            address,
            serving,
            task: tokio::spawn(server).abort_handle(),
        })
    }

    /// Load for a while, and how many certificates were served with in that time.
    async fn certificates_under_load<F: Future<Output = Result<Vec<u8>>>>(
        &self,
        scene: &Scene,
        authorities: impl Fn() -> F,
    ) -> Result<usize> {
        let end = Instant::now() + LOAD;
        let through_api_server = join_all((0..USERS).map(|_| async move {
            while Instant::now() < end {
                scene.try_notebook("lab", "models").await?.granted()?;
            }
            anyhow::Ok(())
        }));
        let plain = scene.notebook_object("plain", None);
        let on_new_connections = async {
            let mut seen: BTreeSet<Option<Timestamp>> = BTreeSet::new();
            while Instant::now() < end {
                // Whoever trusts what was published a moment ago is answered.
                let trusted = authorities().await?;
                Reviewer::new(self.address, &trusted)?.ask(&plain).await?;
                seen.insert(self.serving.ends());
                sleep(Duration::from_millis(20)).await;
            }
            anyhow::Ok(seen.len())
        };
        let through_api_server = async {
            let all: Result<Vec<()>> = through_api_server.await.into_iter().collect();
            all.context("through the API server")
        };
        let (_, count) = try_join(through_api_server, on_new_connections).await?;
        Ok(count)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn register(cluster: &Cluster, scene: &Scene, server: &Server, trusted: &str) -> Result<()> {
    let url = format!("https://{}", server.address);
    let configurations = configurations_of(scene.namespace, &url, trusted)?;
    cluster.apply(&configurations).await?;
    scene.until_asked().await?;
    scene.secret("models", "1").await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_replaced_every_second_cost_no_request() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let scene = Scene::new(cluster, "rotated-files").await?;
    let (authority, folder) = (Authority::new("admission authority")?, TempDir::new()?);
    write_pair(&authority, folder.path(), 2100)?;
    let server = Server::start(cluster).await?;
    let files = Files::new(folder.path().to_owned(), server.serving.clone());
    let files = files.run(Duration::from_millis(100));
    let replaced = async {
        for year in 2101.. {
            sleep(Duration::from_secs(1)).await;
            write_pair(&authority, folder.path(), year)?;
        }
        Ok(())
    };
    let load = async {
        register(cluster, &scene, &server, authority.pem()).await?;
        let trusted = || async { Ok(authority.pem().as_bytes().to_vec()) };
        let count = server.certificates_under_load(&scene, trusted).await?;
        ensure!(count >= 10, "served with {count} certificates only");
        Ok(())
    };
    tokio::select! {
        () = files => Ok(()),
        ended = replaced => ended,
        done = load => done,
    }
}

/// Pairs are told from each other by their end.
fn write_pair(authority: &Authority, folder: &Path, ends: i32) -> Result<()> {
    let pair = authority.server_until(&["127.0.0.1"], ends)?;
    std::fs::write(folder.join("tls.crt"), pair.certificate)?;
    std::fs::write(folder.join("tls.key"), pair.key)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_authorities_of_our_own_are_renewed_without_a_lost_request() -> Result<()>
{
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let scene = Scene::new(cluster, "rotated-own").await?;
    let server = Server::start(cluster).await?;
    let settings = own::Settings {
        more_names: vec!["127.0.0.1".to_owned()],
        lives: Lives {
            authority: SignedDuration::from_secs(9),
            serving: SignedDuration::from_secs(6),
        },
        every: Duration::from_millis(200),
        ..own::Settings::new(scene.namespace, scene.namespace)
    };
    let client = cluster.client().await?;
    let keeper = own::Keeper::new(&client, settings, server.serving.clone(), system_clock());
    let secrets: Api<Secret> = Api::namespaced(client.clone(), scene.namespace);
    let authorities = || async {
        let name = format!("{}-webhook-tls", scene.namespace);
        let data = secrets.get(&name).await?.data.context("no data")?;
        Ok(data.get("ca.crt").context("no `ca.crt`")?.0.clone())
    };
    let load = async {
        register(cluster, &scene, &server, "").await?;
        let count = server.certificates_under_load(&scene, authorities).await?;
        ensure!(count >= 4, "served with {count} certificates only");
        Ok(())
    };
    let all = async {
        tokio::select! {
            () = keeper.run() => Ok(()),
            done = load => done,
        }
    };
    timeout(LOAD * 4, all).await?
}
