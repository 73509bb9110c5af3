use std::time::Duration;

use futures::FutureExt as _;

use super::Priority::{Refresh, Urgent};
use super::{End, LONGEST_PAUSE, Queue};

fn stalled(queue: &Queue<&'static str>) -> Duration {
    queue.due(|_| "all").stalled
}

fn next(queue: &Queue<&'static str>) -> Option<&'static str> {
    queue.take().now_or_never()
}

#[tokio::test]
async fn a_key_that_is_asked_for_twice_comes_once() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    queue.add("a", Urgent);
    assert_eq!((next(&queue), next(&queue)), (Some("a"), None));
}

#[tokio::test]
async fn what_has_changed_overtakes_refreshes() {
    let queue = Queue::default();
    queue.add("a", Refresh);
    queue.add("b", Refresh);
    queue.add("c", Urgent);
    assert_eq!(next(&queue), Some("c"));
}

#[tokio::test]
async fn a_waiting_refresh_moves_up_and_comes_once() {
    let queue = Queue::default();
    queue.add("a", Refresh);
    queue.add("b", Refresh);
    queue.add("b", Urgent);
    let order = [next(&queue), next(&queue), next(&queue)];
    assert_eq!(order, [Some("b"), Some("a"), None]);
}

#[tokio::test]
async fn a_key_that_changes_while_it_is_worked_on_comes_again() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    assert_eq!(next(&queue), Some("a"));
    queue.add("a", Urgent);
    assert_eq!(next(&queue), None, "not while it is worked on");
    queue.finish(&"a", End::Done);
    assert_eq!(next(&queue), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_comes_again_later_and_does_not_hold_up_others() {
    let queue = Queue::default();
    queue.add("bad", Urgent);
    assert_eq!(next(&queue), Some("bad"));
    queue.finish(&"bad", End::Failed);
    assert_eq!(next(&queue), None);
    queue.add("good", Refresh);
    assert_eq!(queue.take().await, "good");
    queue.finish(&"good", End::Done);
    assert_eq!(queue.take().await, "bad");
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_up_to_a_minute_and_end_with_a_success() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    let mut pauses = Vec::new();
    for _ in 0..12 {
        let start = tokio::time::Instant::now();
        assert_eq!(queue.take().await, "a");
        pauses.push(start.elapsed());
        queue.finish(&"a", End::Failed);
    }
    assert!(pauses[1] < Duration::from_secs(1), "{pauses:?}");
    assert!(pauses[2..7].is_sorted(), "{pauses:?}");
    assert!(
        pauses
            .iter()
            .all(|pause| *pause <= LONGEST_PAUSE + Duration::from_millis(2))
    );
    assert!(pauses[11] > Duration::from_secs(40), "{pauses:?}");
    assert_eq!(queue.take().await, "a");
    queue.finish(&"a", End::Done);
    assert!(queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn news_of_what_failed_are_tried_at_once() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    assert_eq!(next(&queue), Some("a"));
    queue.finish(&"a", End::Failed);
    queue.add("a", Refresh);
    assert_eq!(next(&queue), None, "a refresh is no news");
    queue.add("a", Urgent);
    assert_eq!(next(&queue), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_stall_shows_while_work_is_pending_only() {
    let queue = Queue::default();
    tokio::time::advance(Duration::from_secs(100)).await;
    assert_eq!(stalled(&queue), Duration::ZERO);
    queue.add("a", Urgent);
    queue.add("b", Urgent);
    tokio::time::advance(Duration::from_secs(70)).await;
    assert_eq!(stalled(&queue), Duration::from_secs(70));
    assert_eq!(next(&queue), Some("a"));
    assert_eq!(stalled(&queue), Duration::from_secs(70), "it is not done");
    queue.finish(&"a", End::Done);
    assert_eq!(stalled(&queue), Duration::ZERO);
    assert_eq!(next(&queue), Some("b"));
    queue.finish(&"b", End::Done);
    assert_eq!(queue.due(|_| "all").oldest, Duration::ZERO);
}

/// Tries all that is due for so long; these keys fail, and others get done.
async fn work(queue: &Queue<&'static str>, time: Duration, failing: &[&str]) {
    let end = tokio::time::Instant::now() + time;
    while let Ok(key) = tokio::time::timeout_at(end, queue.take()).await {
        let fails = failing.contains(&key);
        queue.finish(&key, if fails { End::Failed } else { End::Done });
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_again_and_again_is_a_stall_until_something_gets_done() {
    let queue = Queue::default();
    for key in ["a", "b", "c"] {
        queue.add(key, Urgent);
    }
    work(&queue, Duration::from_secs(70), &["a", "b", "c"]).await;
    assert_eq!(stalled(&queue).as_secs(), 70);
    queue.add("new", Refresh);
    assert_eq!(stalled(&queue).as_secs(), 70, "nor is that done");
    work(&queue, Duration::from_secs(70), &["a", "b"]).await;
    assert!(stalled(&queue).as_secs() <= 70, "`new` got done");
}

#[tokio::test(start_paused = true)]
async fn one_key_that_always_fails_is_no_stall_and_its_age_shows() {
    let queue = Queue::default();
    queue.add("bad", Urgent);
    queue.add("good", Urgent);
    work(&queue, Duration::from_secs(300), &["bad"]).await;
    let due = queue.due(|_| "all");
    assert_eq!(due.stalled, Duration::ZERO);
    assert_eq!(due.failing.as_secs(), 300);
    assert_eq!(due.oldest, Duration::ZERO, "it is not for want of trying");
    assert_eq!(due.items.get("all"), Some(&1));
    work(&queue, LONGEST_PAUSE + Duration::from_secs(1), &[]).await;
    assert_eq!(queue.due(|_| "all").failing, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn how_late_a_key_is_counts_from_when_it_was_asked_for() {
    let queue = Queue::default();
    let seconds = Duration::from_secs;
    queue.add("a", Urgent);
    tokio::time::advance(seconds(3)).await;
    assert_eq!(next(&queue), Some("a"));
    tokio::time::advance(seconds(2)).await;
    queue.add("a", Urgent);
    tokio::time::advance(seconds(1)).await;
    assert_eq!(queue.finish(&"a", End::Done), Some(seconds(6)));
    assert_eq!(next(&queue), Some("a"));
    assert_eq!(queue.finish(&"a", End::Failed), None);
    tokio::time::advance(seconds(4)).await;
    assert_eq!(queue.take().await, "a");
    assert_eq!(
        queue.finish(&"a", End::Done),
        Some(seconds(5)),
        "failures included"
    );
}

#[tokio::test(start_paused = true)]
async fn what_waited_for_somebody_else_is_not_late() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    queue.add("b", Urgent);
    tokio::time::advance(Duration::from_secs(3600)).await;
    queue.reset_ages();
    let due = queue.due(|_| "all");
    assert_eq!((due.oldest, due.stalled), (Duration::ZERO, Duration::ZERO));
}

#[tokio::test]
async fn several_takers_get_all_keys() {
    let queue = std::sync::Arc::new(Queue::default());
    let takers: Vec<_> = (0..4)
        .map(|_| {
            let queue = std::sync::Arc::clone(&queue);
            tokio::spawn(async move {
                let key: u32 = queue.take().await;
                queue.finish(&key, End::Done);
                key
            })
        })
        .collect();
    (0..4).for_each(|key| queue.add(key, Urgent));
    let mut taken = Vec::new();
    for taker in takers {
        taken.push(taker.await.expect("a taker ends well"));
    }
    taken.sort_unstable();
    assert_eq!(taken, [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_put_off_comes_at_its_time_and_is_not_pending_until_then() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    assert_eq!(next(&queue), Some("a"));
    queue.finish(&"a", End::Later(Duration::from_secs(90)));
    tokio::time::advance(Duration::from_secs(80)).await;
    assert_eq!((next(&queue), stalled(&queue)), (None, Duration::ZERO));
    let start = tokio::time::Instant::now();
    assert_eq!(queue.take().await, "a");
    assert!(start.elapsed() >= Duration::from_secs(10));
}

/// What is put off for hours may have changed while its watch was cut.
#[tokio::test(start_paused = true)]
async fn a_refresh_brings_forward_what_was_put_off() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    assert_eq!(next(&queue), Some("a"));
    queue.finish(&"a", End::Later(Duration::from_secs(6 * 3600)));
    queue.add("a", Refresh);
    assert_eq!(next(&queue), Some("a"));
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(start_paused = true)]
async fn what_fails_for_long_is_tried_again_after_its_time() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    assert_eq!(next(&queue), Some("a"));
    queue.add("a", Refresh);
    queue.finish(&"a", End::FailedFor(LONG));
    queue.add("a", Refresh);
    assert_eq!(next(&queue), None, "a refresh is no news");
    let start = tokio::time::Instant::now();
    assert_eq!(queue.take().await, "a");
    assert!(start.elapsed() >= LONG);
}

#[tokio::test(start_paused = true)]
async fn news_of_what_fails_for_long_are_tried_at_once() {
    let queue = Queue::default();
    queue.add("a", Urgent);
    assert_eq!(next(&queue), Some("a"));
    queue.add("a", Urgent);
    queue.finish(&"a", End::FailedFor(LONG));
    assert_eq!(next(&queue), Some("a"), "it changed while it was tried");
    queue.finish(&"a", End::FailedFor(LONG));
    queue.add("a", Urgent);
    assert_eq!(next(&queue), Some("a"));
}
