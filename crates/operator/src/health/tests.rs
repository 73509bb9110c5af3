use super::*;
use crate::certificates::tests::self_made;

fn healthy() -> Health {
    Health::new(self_made(&["localhost"]).0)
}

#[tokio::test(start_paused = true)]
async fn admission_alone_needs_a_certificate() {
    let without = Health::new(Serving::new(Arc::default()));
    assert_eq!(
        without.problems(),
        ["the serving certificate is not loaded"]
    );
    assert!(healthy().problems().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_inventory_that_is_not_complete_is_told() {
    let health = healthy();
    health.inventory(false);
    assert_eq!(
        health.problems(),
        ["the inventory has not seen all objects yet"]
    );
    health.inventory(true);
    assert!(health.problems().is_empty());
}

#[tokio::test(start_paused = true)]
async fn work_that_waits_without_progress_is_told() {
    let health = healthy();
    health.pending(3);
    tokio::time::advance(PATIENCE - Duration::from_secs(1)).await;
    assert!(health.problems().is_empty());
    health.pending(4);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(
        health.problems(),
        ["4 items are pending, and nothing got done for 60 s"]
    );
    health.advanced();
    assert!(health.problems().is_empty());
}

#[tokio::test(start_paused = true)]
async fn work_that_came_after_a_quiet_time_has_its_own_time() {
    let health = healthy();
    tokio::time::advance(PATIENCE * 10).await;
    health.pending(1);
    assert!(health.problems().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_work_is_no_lack_of_progress() {
    let health = healthy();
    health.pending(1);
    health.pending(0);
    tokio::time::advance(PATIENCE * 10).await;
    assert!(health.problems().is_empty());
}
