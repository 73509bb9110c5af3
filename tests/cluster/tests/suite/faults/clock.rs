//! The clock of a replica jumps by an hour: leases, certificates and statuses do not care.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Installation, Passed, Proxy, own, skipped, until};
use http::Method;
use k8s_openapi::jiff::Timestamp;
use tempfile::TempDir;

use super::scene::Scene;

/// Where Debian's `libfaketime` is, below a folder for the machine's architecture.
const LIBRARY: &str = "faketime/libfaketime.so.1";

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let mut found = folders.flatten().map(|folder| folder.path().join(LIBRARY));
    found.find(|library| library.is_file())
}

/// A clock that can be set while somebody reads it.
struct Clock(TempDir);

impl Clock {
    fn new() -> Result<Self> {
        let clock = Self(TempDir::new()?);
        clock.set("+0")?;
        Ok(clock)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("time")
    }

    /// Replaces the file at once, since it is read at any moment.
    fn set(&self, offset: &str) -> Result<()> {
        let next = self.0.path().join("next");
        std::fs::write(&next, offset)?;
        Ok(std::fs::rename(next, self.file())?)
    }

    fn given_to(&self, installation: Installation, library: &Path) -> Installation {
        installation
            .with("LD_PRELOAD", &library.display().to_string())
            .with(
                "FAKETIME_TIMESTAMP_FILE",
                &self.file().display().to_string(),
            )
            .with("FAKETIME_NO_CACHE", "1")
            // Steps of the clock do not move the time since the machine was started.
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .with("DONT_FAKE_MONOTONIC", "1")
    }
}

fn is_of_lease(asked: &Passed) -> bool {
    asked.method == Method::PUT && asked.path.ends_with("/leases/bowline")
}

fn is_of_certificate(asked: &Passed) -> bool {
    asked.method != Method::GET && asked.path.ends_with("/secrets/bowline-webhook-tls")
}

#[tokio::test]
async fn a_clock_that_jumps_by_an_hour_moves_no_lease_and_renews_nothing() -> Result<()> {
    let Some(library) = library() else {
        skipped("there is no libfaketime; the Debian package `faketime` has it");
        return Ok(());
    };
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "clock").await?;
    let proxy = Proxy::start(&cluster).await?;
    let clock = Clock::new()?;
    let jumping = Installation::new(&[])?.with_own_certificates();
    let jumping = clock.given_to(jumping, &library);
    let kubeconfig = cluster.kubeconfig_path().context("a cluster of our own")?;
    let leader = jumping.start(&proxy.kubeconfig()).await?;
    leader.until_leading().await?;
    let steady = Installation::new(&[])?.with_own_certificates();
    let other = steady.start(&kubeconfig).await?;
    scene.secret("models", "0").await?;
    scene.notebook("lab", "models").await?;
    scene.until("lab", "current").await?;
    let renewals =
        |of: fn(&Passed) -> bool| proxy.passed().iter().filter(|asked| of(asked)).count();
    let certificates = renewals(is_of_certificate);

    for (n, hours) in [1, -1, 0].into_iter().enumerate() {
        clock.set(&format!("{hours:+}h"))?;
        let (start, leases) = (Instant::now(), renewals(is_of_lease));
        until("the lease has been renewed by that clock", || async {
            let is_by_clock = (offset(&scene).await? - f64::from(hours)).abs() < 0.1;
            Ok(is_by_clock && renewals(is_of_lease) >= leases + 3)
        })
        .await?;
        let time = start.elapsed();
        ensure!(
            time > Duration::from_secs(3),
            "three renewals within {time:?}"
        );
        scene.secret("models", &(n + 1).to_string()).await?;
        scene.until("lab", "stale").await?;
        ensure!(
            leader.leads() && !other.leads(),
            "the lease moved at {hours} h"
        );
    }
    ensure!(
        renewals(is_of_certificate) == certificates,
        "the certificate was renewed"
    );
    Ok(())
}

/// By how many hours the clock of whoever renewed the lease is ahead.
async fn offset(scene: &Scene) -> Result<f64> {
    let path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/bowline";
    let lease = scene.admin.get(path).await?.granted()?;
    let time = lease["spec"]["renewTime"].as_str().context("no time")?;
    let time: Timestamp = time.parse()?;
    Ok(time.duration_since(Timestamp::now()).as_secs_f64() / 3600.0)
}
