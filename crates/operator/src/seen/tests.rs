use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bowline_core::plan::{Operation, Request};
use bowline_core::{WorkloadKind, plan::Denial};
use serde_json::json;

use super::*;
use crate::admission::Admission;

/// One Secret, reads of which are counted, with a watch that tells what it is told to.
#[derive(Debug, Default)]
struct Counted {
    reads: AtomicUsize,
    is_gone: AtomicBool,
    is_forbidden: AtomicBool,
}

impl Cluster for Arc<Counted> {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, ClusterError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let mut object = json!({
            "metadata": {"namespace": namespace, "name": name}, "stringData": {"URI": "hf://a/b"},
        });
        if name == "large" {
            object["stringData"]["K".repeat(LARGEST)] = "".into();
        }
        let is_gone = self.is_gone.load(Ordering::SeqCst);
        Ok((!is_gone).then(|| Secret::from_value(&object).expect("a Secret")))
    }

    async fn sight(&self, namespace: &str, name: &str) -> Result<Option<Sighting>, ClusterError> {
        let secret = self.secret(namespace, name).await?;
        Ok(secret.map(|secret| Sighting::of(&secret, "1")))
    }

    async fn may_get_secret(&self, _: &User, _: &str, _: &str) -> Result<bool, ClusterError> {
        Ok(!self.is_forbidden.load(Ordering::SeqCst))
    }

    async fn may_record(&self, _: &User, _: &str, _: &str) -> Result<bool, ClusterError> {
        Ok(false)
    }

    async fn ensure_account(&self, _: &str, _: &Account) -> Result<(), ClusterError> {
        Ok(())
    }
}

/// What a watch has told last of each Secret.
struct Told(Mutex<Option<&'static str>>);

impl Versions for Told {
    fn is_current(&self, namespace: &str, secret: &str, version: &str) -> bool {
        namespace == "harbour" && !secret.is_empty() && *lock_told(self) == Some(version)
    }
}

fn lock_told(told: &Told) -> MutexGuard<'_, Option<&'static str>> {
    told.0.lock().expect("nobody panics with it")
}

struct World {
    cluster: Arc<Counted>,
    told: Arc<Told>,
    seen: Seen<Arc<Counted>, Told>,
}

impl World {
    fn new(version: Option<&'static str>) -> Self {
        let (cluster, told) = (
            Arc::<Counted>::default(),
            Arc::new(Told(Mutex::new(version))),
        );
        let seen = Seen::new(Arc::clone(&cluster), Arc::clone(&told));
        Self {
            cluster,
            told,
            seen,
        }
    }

    async fn look(&self, name: &str) -> Option<Sighting> {
        let sighting = self.seen.sight("harbour", name).await;
        sighting.expect("a cluster in memory answers")
    }

    fn reads(&self) -> usize {
        self.cluster.reads.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_secret_that_stays_as_it_is_is_read_once() {
    let world = World::new(Some("1"));
    let first = world.look("models").await.expect("it is there");
    let second = world.look("models").await.expect("it is there");
    assert_eq!(first.variables, second.variables);
    assert_eq!(world.reads(), 1);
}

#[tokio::test]
async fn a_secret_of_which_a_watch_tells_another_version_is_read_again() {
    let world = World::new(Some("1"));
    world.look("models").await;
    *lock_told(&world.told) = Some("2");
    world.look("models").await;
    assert_eq!(world.reads(), 2);
}

#[tokio::test]
async fn a_secret_of_which_no_watch_tells_is_read_each_time() {
    let world = World::new(None);
    world.look("models").await;
    world.look("models").await;
    assert_eq!(world.reads(), 2);
}

#[tokio::test]
async fn a_secret_that_is_deleted_is_not_remembered() {
    let world = World::new(Some("1"));
    world.look("models").await;
    world.cluster.is_gone.store(true, Ordering::SeqCst);
    *lock_told(&world.told) = None;
    assert!(world.look("models").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_has_gone_silent_is_not_believed_for_ever() {
    let world = World::new(Some("1"));
    world.look("models").await;
    tokio::time::advance(BELIEVED).await;
    world.look("models").await;
    assert_eq!(world.reads(), 2);
}

#[tokio::test]
async fn values_are_read_each_time() {
    let world = World::new(Some("1"));
    for _ in 0..2 {
        let secret = world.seen.secret("harbour", "models").await;
        assert!(secret.expect("it answers").is_some());
    }
    assert_eq!(world.reads(), 2);
}

#[tokio::test]
async fn the_oldest_go_where_there_is_no_more_room() {
    let world = World::new(Some("1"));
    for number in 0..=CAPACITY {
        world.look(&format!("models-{number}")).await;
    }
    assert_eq!(lock(&world.seen.known).sightings.len(), CAPACITY);
    let before = world.reads();
    world.look(&format!("models-{CAPACITY}")).await;
    assert_eq!(world.reads(), before, "the newest is kept");
    world.look("models-0").await;
    assert_eq!(world.reads(), before + 1, "the oldest is not");
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_takes_no_room() {
    let world = World::new(Some("1"));
    world.look("models").await;
    world.look("weights").await;
    tokio::time::advance(BELIEVED).await;
    world.look("images").await;
    assert_eq!(lock(&world.seen.known).sightings.len(), 1);
}

#[tokio::test]
async fn a_secret_with_very_many_keys_is_read_each_time() {
    let world = World::new(Some("1"));
    world.look("large").await;
    world.look("large").await;
    assert_eq!(world.reads(), 2);
}

#[tokio::test]
async fn who_may_use_a_secret_is_asked_although_it_is_remembered() {
    let world = World::new(Some("1"));
    world.look("models").await;
    world.cluster.is_forbidden.store(true, Ordering::SeqCst);
    let object = json!({
        "metadata": {"name": "wb", "annotations": {"opendatahub.io/connections": "harbour/models"}},
        "spec": {"template": {"spec": {"containers": [{"name": "wb"}]}}},
    });
    let request = Request {
        kind: WorkloadKind::Notebook,
        operation: Operation::Create,
        namespace: "harbour",
        object: &object,
        before: None,
    };
    let admission = Admission::new(world.seen);
    let denied = admission.decide(&request, &User::default()).await;
    assert!(matches!(denied, Err(Denial::Forbidden(_))), "{denied:?}");
    let reads = world.cluster.reads.load(Ordering::SeqCst);
    assert_eq!(reads, 1, "it was remembered");
}
