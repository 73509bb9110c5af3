//! One cluster with Bowline in it for all tests of a binary, and clusters of a test's own.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Result;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::admission::Bowline;
use crate::assets::{assets, skipped};
use crate::cluster::{Cluster, field_kinds, workload_kinds};

/// Names an existing cluster to test on; `KUBECONFIG` is not asked, as it may well be somebody's
/// production.
const EXISTING: &str = "BOWLINE_TEST_KUBECONFIG";

/// A cluster with the workload kinds, and Bowline's admission registered.
#[derive(Debug)]
pub struct Shared {
    /// The cluster.
    pub cluster: Cluster,
    /// Bowline.
    pub bowline: Bowline,
}

/// What outlives the runtime of a single test runs here.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("threads can be started"));
static SHARED: OnceCell<Shared> = OnceCell::const_new();

/// The cluster that all tests share; none, and a loud word about it, where it cannot be started.
///
/// # Errors
/// When it should start, but does not.
pub async fn shared() -> Result<Option<&'static Shared>> {
    let existing = std::env::var_os(EXISTING).map(PathBuf::from);
    let Some(place) = existing.clone().or_else(assets) else {
        return Ok(None);
    };
    let start = async move {
        let cluster = if existing.is_some() {
            Cluster::existing(&place)?
        } else {
            Cluster::start(&place).await?
        };
        cluster.install(&kinds()?).await?;
        let bowline = Bowline::start(&cluster).await?;
        anyhow::Ok(Shared { cluster, bowline })
    };
    let shared = SHARED
        .get_or_try_init(|| async { RUNTIME.spawn(start).await? })
        .await?;
    Ok(Some(shared))
}

/// The workload kinds with their whole schemas where there are any, and else our own.
fn kinds() -> Result<Vec<Value>> {
    match field_kinds()? {
        Some(kinds) => Ok(kinds),
        None => workload_kinds(),
    }
}

/// As [`own`], with the kinds' whole schemas where there are any. Those take an API server a while.
///
/// # Errors
/// As [`own`].
pub async fn own_with_schemas() -> Result<Option<Cluster>> {
    own_with(&kinds()?).await
}

/// A cluster of the test's own, to break; it has the workload kinds, but not Bowline.
///
/// # Errors
/// When it should start, but does not.
pub async fn own() -> Result<Option<Cluster>> {
    own_with(&workload_kinds()?).await
}

/// As [`own`], with these definitions of the workload kinds.
///
/// # Errors
/// As [`own`].
pub async fn own_with(kinds: &[Value]) -> Result<Option<Cluster>> {
    start_own(kinds, async |assets| Cluster::start(assets).await).await
}

/// As [`own`], with a log of who asks for what.
///
/// # Errors
/// As [`own`].
pub async fn own_audited() -> Result<Option<Cluster>> {
    let start = async |assets: &Path| Cluster::start_audited(assets).await;
    start_own(&kinds()?, start).await
}

async fn start_own(
    kinds: &[Value],
    start: impl AsyncFnOnce(&Path) -> Result<Cluster>,
) -> Result<Option<Cluster>> {
    if std::env::var_os(EXISTING).is_some() {
        skipped(&format!(
            "{EXISTING} is set, and this test needs a cluster of its own"
        ));
        return Ok(None);
    }
    let Some(assets) = assets() else {
        return Ok(None);
    };
    let cluster = start(&assets).await?;
    cluster.install(kinds).await?;
    Ok(Some(cluster))
}
