//! Two replicas: one acts, and when it dies, freezes or is told to stop, the other does what is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Cluster, Fault, Installation, Operator, Passed, Proxy, own, until};
use http::Method;

use super::scene::Scene;

/// How many workloads use the connection.
const USERS: usize = 50;
/// How long the others may take to notice that the leader is gone.
const TAKEOVER: Duration = Duration::from_secs(15);

/// A leader behind a proxy, another replica, and the users of one connection.
struct Replicas {
    cluster: Cluster,
    scene: Scene,
    proxy: Proxy,
    installation: Installation,
    leader: Operator,
    other: Operator,
    names: Vec<String>,
}

impl Replicas {
    async fn start(namespace: &'static str) -> Result<Option<Self>> {
        let Some(cluster) = own().await? else {
            return Ok(None);
        };
        let scene = Scene::new(&cluster, namespace).await?;
        let proxy = Proxy::start(&cluster).await?;
        let installation = Installation::new(&[])?;
        let leader = installation.start(&proxy.kubeconfig()).await?;
        leader.until_leading().await?;
        let kubeconfig = cluster.kubeconfig_path().context("a cluster of our own")?;
        let other = installation.start(&kubeconfig).await?;
        scene.secret("models", "1").await?;
        let names: Vec<String> = (0..USERS).map(|n| format!("lab-{n}")).collect();
        for name in &names {
            scene.notebook(name, "models").await?;
        }
        scene.until_all(&names, "current").await?;
        Ok(Some(Self {
            cluster,
            scene,
            proxy,
            installation,
            leader,
            other,
            names,
        }))
    }

    /// Changes the connection, and holds the leader in the middle of telling so.
    async fn stop_in_the_middle(&self) -> Result<()> {
        let told = Arc::new(AtomicUsize::new(0));
        self.proxy.set(move |asked| {
            if is_told(asked) && told.fetch_add(1, Ordering::Relaxed) >= USERS / 2 {
                return Fault::Hold;
            }
            Fault::None
        });
        self.scene.secret("models", "2").await?;
        until("the leader is in the middle", || async {
            Ok(self.proxy.held() > 0)
        })
        .await
    }

    /// Lets what was held pass, then the frozen leader go on, until it has learned that it leads no
    /// more.
    async fn wake_the_frozen(&self) -> Result<()> {
        self.proxy.set(|_| Fault::None);
        until("what was held has arrived", || async {
            Ok(self.is_released())
        })
        .await?;
        self.leader.signal("CONT")?;
        until("it leads no more", || async { Ok(!self.leader.leads()) }).await
    }

    /// What the leader behind the proxy has written, but for its lease.
    fn writes(&self) -> Vec<Passed> {
        let passed = self.proxy.passed().into_iter();
        passed
            .filter(|asked| asked.method != Method::GET && !asked.path.contains("/leases/"))
            .collect()
    }

    /// Whether what was held has reached the API server.
    fn is_released(&self) -> bool {
        let passed = self.proxy.passed();
        let told = passed.iter().filter(|asked| is_told(asked));
        self.proxy.held() == 0 && told.count() > USERS + USERS / 2
    }
}

fn is_told(asked: &Passed) -> bool {
    asked.method == Method::PATCH && asked.path.contains("/notebooks/")
}

#[tokio::test]
async fn a_leader_killed_in_the_middle_leaves_the_rest_to_the_next_one() -> Result<()> {
    let Some(mut all) = Replicas::start("killed").await? else {
        return Ok(());
    };
    ensure!(!all.other.leads(), "both lead");
    let before = all.scene.statuses().await?;
    all.stop_in_the_middle().await?;
    all.leader.kill().await?;
    let start = Instant::now();
    all.other.until_leading().await?;
    let takeover = start.elapsed();
    all.scene.until_all(&all.names, "stale").await?;
    println!("takeover after {:.1} s", takeover.as_secs_f32());
    ensure!(takeover < TAKEOVER, "takeover after {takeover:?}");
    all.scene.ensure_changed_once(&all.names, &before).await?;

    // Told to stop, a leader need not be waited for.
    let kubeconfig = all.cluster.kubeconfig_path().context("of our own")?;
    let third = all.installation.start(&kubeconfig).await?;
    let start = Instant::now();
    all.other.signal("TERM")?;
    third.until_leading().await?;
    let handover = start.elapsed();
    println!("handover after {:.1} s", handover.as_secs_f32());
    ensure!(
        handover < Duration::from_secs(4),
        "handover after {handover:?}"
    );
    ensure!(all.other.ended(Duration::from_secs(10)).await? == 0);
    Ok(())
}

#[tokio::test]
async fn what_a_frozen_leader_writes_too_late_is_put_right_and_not_told() -> Result<()> {
    let Some(all) = Replicas::start("frozen").await? else {
        return Ok(());
    };
    all.stop_in_the_middle().await?;
    all.leader.signal("STOP")?;
    all.other.until_leading().await?;
    // What the frozen one is in the middle of writing is no longer true.
    all.scene.secret("models", "1").await?;
    all.scene.until_all(&all.names, "current").await?;
    let (held, before) = (all.proxy.held(), all.writes().len());
    all.wake_the_frozen().await?;
    all.scene.until_all(&all.names, "current").await?;
    ensure!(all.other.leads(), "the lease was taken back");
    // Only what had left before it froze, and nothing that follows from it, such as an Event.
    let late = all.writes().split_off(before);
    ensure!(late.len() == held && late.iter().all(is_told), "{late:?}");
    Ok(())
}

#[tokio::test]
async fn what_the_next_leader_wrote_is_not_undone_by_a_frozen_one() -> Result<()> {
    let Some(all) = Replicas::start("thawed").await? else {
        return Ok(());
    };
    let before = all.scene.statuses().await?;
    all.stop_in_the_middle().await?;
    all.leader.signal("STOP")?;
    all.other.until_leading().await?;
    all.scene.until_all(&all.names, "stale").await?;
    all.wake_the_frozen().await?;
    all.scene.ensure_changed_once(&all.names, &before).await
}
