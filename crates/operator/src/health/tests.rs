use super::*;
use crate::certificates::tests::self_made;

fn healthy() -> Health {
    Health::new(self_made(&["localhost"]).0)
}

#[test]
fn admission_alone_needs_a_certificate() {
    let without = Health::new(Serving::new(Arc::default()));
    assert_eq!(
        without.problems(),
        ["the serving certificate is not loaded"]
    );
    assert!(healthy().problems().is_empty());
}

#[test]
fn an_inventory_that_is_not_complete_is_told() {
    let health = healthy();
    health.inventory(false);
    assert_eq!(
        health.problems(),
        ["the inventory has not seen all objects yet"]
    );
    health.inventory(true);
    assert!(health.problems().is_empty());
}

#[test]
fn work_that_waits_without_progress_is_told() {
    let health = healthy();
    health.progress(4, PATIENCE - Duration::from_secs(1));
    assert!(health.problems().is_empty());
    health.progress(4, PATIENCE);
    assert_eq!(
        health.problems(),
        ["4 items are pending, and nothing got done for 60 s"]
    );
    health.progress(4, Duration::ZERO);
    assert!(health.problems().is_empty());
}
