//! Watches, one rule at a time; their general law is in `model`.

use super::*;
use futures::{FutureExt, StreamExt};

async fn next(watch: &mut Watch) -> Event {
    watch
        .next()
        .await
        .expect("a watch goes on")
        .expect("no error is expected")
}

#[tokio::test]
async fn a_watch_tells_what_was_before_and_what_is_after() {
    let (_directory, store) = fresh();
    let key = config_map("a", "one");
    let mut watch = store.watch(CONFIG_MAPS, None, 0);
    store
        .write(vec![create(&key, "x"), update(&key, "y"), delete(&key)])
        .await
        .unwrap();
    let event = |version, change, content, before: Option<(u64, &str)>| Event {
        version,
        change,
        object: Arc::new(at(version, &key, content)),
        before: before.map(|(version, content)| Arc::new(at(version, &key, content))),
    };
    assert_eq!(next(&mut watch).await, event(1, Change::Added, "x", None));
    assert_eq!(
        next(&mut watch).await,
        event(2, Change::Modified, "y", Some((1, "x")))
    );
    assert_eq!(
        next(&mut watch).await,
        event(3, Change::Deleted, "y", Some((2, "y")))
    );
}

#[tokio::test]
async fn a_watch_from_the_past_reads_the_same_events_from_disk() {
    let (_directory, store) = fresh();
    let key = key(SECRETS, "a", "one");
    let mut live = store.watch(SECRETS, None, 0);
    let writes = [
        create(&key, "x"),
        update(&key, "y"),
        delete(&key),
        create(&key, "z"),
    ];
    store.write(writes.to_vec()).await.unwrap();
    let mut live_events = Vec::new();
    for _ in 0..4 {
        live_events.push(next(&mut live).await);
    }
    drop(live);
    // Without a watch nothing is kept in memory: this change makes the next one read the disk.
    one(&store, update(&key, "last")).await.unwrap();
    let late: Vec<_> = store
        .watch(SECRETS, None, 0)
        .take(4)
        .map(Result::unwrap)
        .collect()
        .await;
    assert_eq!(late, live_events);
}

#[tokio::test]
async fn a_watch_sees_only_its_resource_and_namespace() {
    let (_directory, store) = fresh();
    let mut watch = store.watch(CONFIG_MAPS, Some("a"), 0);
    let keys = [
        key(SECRETS, "a", "1"),
        config_map("b", "2"),
        config_map("a", "3"),
    ];
    store
        .write(keys.iter().map(|key| create(key, "x")).collect())
        .await
        .unwrap();
    assert_eq!(next(&mut watch).await.version, 3);
}

#[tokio::test]
async fn a_watch_goes_on_from_the_version_of_a_list() {
    let (_directory, store) = fresh();
    one(&store, create(&config_map("a", "before"), "x"))
        .await
        .unwrap();
    let query = ListQuery {
        resource: CONFIG_MAPS.to_owned(),
        ..ListQuery::default()
    };
    let listed = store.list(query).await.unwrap();
    one(&store, create(&config_map("a", "after"), "x"))
        .await
        .unwrap();
    let mut watch = store.watch(CONFIG_MAPS, None, listed.version);
    assert_eq!(next(&mut watch).await.version, 2);
}

#[tokio::test]
async fn progress_passes_changes_that_are_not_for_this_watch() {
    let (_directory, store) = fresh();
    let mut watch = store.watch(CONFIG_MAPS, None, 0);
    one(&store, create(&config_map("a", "one"), "x"))
        .await
        .unwrap();
    one(&store, create(&key(SECRETS, "a", "one"), "x"))
        .await
        .unwrap();
    assert_eq!(next(&mut watch).await.version, 1);
    assert!(watch.next().now_or_never().is_none());
    assert_eq!(watch.progress(), 2);
}

#[tokio::test]
async fn progress_stays_behind_events_that_wait() {
    let (_directory, store) = fresh();
    let mut watch = store.watch(CONFIG_MAPS, None, 0);
    let keys = ["1", "2"].map(|name| config_map("a", name));
    store
        .write(keys.iter().map(|key| create(key, "x")).collect())
        .await
        .unwrap();
    next(&mut watch).await;
    assert_eq!(watch.progress(), 1);
}

#[tokio::test]
async fn a_watch_that_falls_behind_memory_catches_up_from_disk() {
    let (_directory, store) = fresh();
    let mut watch = store.watch(CONFIG_MAPS, None, 0);
    let many = 3_000;
    for start in (0..many).step_by(500) {
        let keys = (start..start + 500).map(|n| config_map("a", &n.to_string()));
        store
            .write(keys.map(|key| create(&key, "x")).collect())
            .await
            .unwrap();
    }
    for version in 1..=many {
        assert_eq!(next(&mut watch).await.version, version);
    }
}

#[tokio::test]
async fn every_one_of_many_watches_sees_every_change() {
    let (_directory, store) = fresh();
    let watches = (0..50).map(|_| {
        let watch = store.watch(CONFIG_MAPS, None, 0);
        tokio::spawn(
            watch
                .take(20)
                .map(|event| event.unwrap().version)
                .collect::<Vec<_>>(),
        )
    });
    let watches: Vec<_> = watches.collect();
    for n in 0..20 {
        one(&store, create(&config_map("a", &n.to_string()), "x"))
            .await
            .unwrap();
    }
    for seen in futures::future::join_all(watches).await {
        assert_eq!(seen.unwrap(), (1..=20).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn watches_that_nobody_reads_keep_nobody_waiting() {
    let (_directory, store) = fresh();
    let key = config_map("a", "one");
    one(&store, create(&key, "x")).await.unwrap();
    // Each starts to read the history, and then its client does not ask again.
    let mut stalled: Vec<_> = (0..20).map(|_| store.watch(CONFIG_MAPS, None, 0)).collect();
    let begun: Vec<_> = stalled
        .iter_mut()
        .map(|watch| watch.next().now_or_never())
        .collect();
    for _ in 0..20 {
        assert!(store.get(&key).await.unwrap().is_some());
    }
    for (watch, begun) in stalled.iter_mut().zip(begun) {
        let event = match begun {
            Some(event) => event.unwrap().unwrap(),
            None => next(watch).await,
        };
        assert_eq!(event.version, 1);
    }
}
