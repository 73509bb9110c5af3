//! Earlier states: pages of one list while the store changes, and the bounds of what is kept.

use super::*;
use futures::StreamExt;

fn query(at: Option<u64>) -> ListQuery {
    ListQuery {
        resource: CONFIG_MAPS.to_owned(),
        at,
        ..ListQuery::default()
    }
}

#[tokio::test]
async fn a_list_at_a_version_shows_the_state_of_that_version() {
    let (_directory, store) = fresh();
    let [kept, changed, removed, added] =
        ["kept", "changed", "removed", "added"].map(|name| config_map("a", name));
    store
        .write(
            [&kept, &changed, &removed]
                .map(|key| create(key, "1"))
                .to_vec(),
        )
        .await
        .unwrap();
    let later = vec![
        update(&changed, "2"),
        delete(&removed),
        create(&added, "1"),
        update(&changed, "3"),
        create(&removed, "again"),
    ];
    store.write(later).await.unwrap();
    let listed = store.list(query(Some(3))).await.unwrap();
    let expected = [
        at(2, &changed, "1"),
        at(1, &kept, "1"),
        at(3, &removed, "1"),
    ];
    assert_eq!((listed.items, listed.version), (expected.to_vec(), 3));
}

#[tokio::test]
async fn pages_at_a_version_are_one_list_though_the_store_changes() {
    let (_directory, store) = fresh();
    let keys: Vec<_> = (0..5).map(|n| config_map("a", &format!("{n}"))).collect();
    store
        .write(keys.iter().map(|key| create(key, "1")).collect())
        .await
        .unwrap();
    let page = |after, at| ListQuery {
        after,
        limit: Some(2),
        ..query(at)
    };
    let first = store.list(page(None, None)).await.unwrap();
    store
        .write(vec![delete(&keys[2]), update(&keys[4], "2")])
        .await
        .unwrap();
    let second = store
        .list(page(first.next, Some(first.version)))
        .await
        .unwrap();
    assert_eq!(second.items, [at(3, &keys[2], "1"), at(4, &keys[3], "1")]);
    assert_eq!(second.remaining, Some(1));
}

fn store_keeping(history: HistoryLimit) -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Options {
        history,
        ..options(directory.path())
    })
    .unwrap();
    (directory, store)
}

async fn store_with_ten_changes(history: HistoryLimit) -> (TempDir, Store) {
    let (directory, store) = store_keeping(history);
    let key = config_map("a", "one");
    store.write(vec![create(&key, "0")]).await.unwrap();
    for n in 1..10 {
        one(&store, update(&key, &n.to_string())).await.unwrap();
    }
    (directory, store)
}

#[tokio::test]
async fn history_is_bounded_by_its_number_of_changes() {
    let limit = HistoryLimit {
        changes: 3,
        bytes: u64::MAX,
    };
    let (_directory, store) = store_with_ten_changes(limit).await;
    let gone = store.list(query(Some(6))).await.err();
    assert!(matches!(
        gone,
        Some(StoreError::Gone {
            asked: 6,
            oldest: 7,
            newest: 10
        })
    ));
    assert_eq!(
        store.list(query(Some(7))).await.unwrap().items[0]["data"]["content"],
        "6"
    );
}

#[tokio::test]
async fn history_is_bounded_by_its_bytes() {
    let limit = HistoryLimit {
        changes: usize::MAX,
        bytes: 1000,
    };
    let (directory, store) = store_with_ten_changes(limit).await;
    drop(store);
    let database = rusqlite::Connection::open(directory.path().join("store.db")).unwrap();
    let (count, bytes): (u64, u64) = database
        .query_row(
            "SELECT count(*), sum(length(before)) FROM history",
            (),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert!(
        (1..10).contains(&count) && bytes <= 1000,
        "{count} changes of {bytes} bytes"
    );
}

#[tokio::test]
async fn a_watch_from_before_the_history_is_told_so_and_ends() {
    let limit = HistoryLimit {
        changes: 3,
        bytes: u64::MAX,
    };
    let (_directory, store) = store_with_ten_changes(limit).await;
    let seen: Vec<_> = store.watch(CONFIG_MAPS, None, 6).collect().await;
    assert!(matches!(
        seen.as_slice(),
        [Err(StoreError::Gone { oldest: 7, .. })]
    ));
}

#[tokio::test]
async fn a_watch_from_the_future_is_told_so_and_ends() {
    let (_directory, store) = fresh();
    let seen: Vec<_> = store.watch(CONFIG_MAPS, None, 1).collect().await;
    assert!(matches!(
        seen.as_slice(),
        [Err(StoreError::Gone {
            asked: 1,
            newest: 0,
            ..
        })]
    ));
}

#[tokio::test]
async fn the_bound_holds_across_a_restart() {
    let limit = HistoryLimit {
        changes: 3,
        bytes: u64::MAX,
    };
    let (directory, store) = store_with_ten_changes(limit).await;
    drop(store);
    let store = Store::open(Options {
        history: limit,
        ..options(directory.path())
    })
    .unwrap();
    one(&store, update(&config_map("a", "one"), "more"))
        .await
        .unwrap();
    assert!(matches!(
        store.list(query(Some(7))).await.err(),
        Some(StoreError::Gone {
            oldest: 8,
            newest: 11,
            ..
        })
    ));
}
