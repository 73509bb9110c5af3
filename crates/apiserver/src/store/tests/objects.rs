//! Create, read, replace, remove, list.

use super::*;
use rstest::rstest;

#[tokio::test]
async fn a_created_object_is_read_back_with_its_version() {
    let (_directory, store) = fresh();
    let key = config_map("team-a", "one");
    let stored = one(&store, create(&key, "x")).await.unwrap();
    assert_eq!((stored.version, &stored.value), (1, &at(1, &key, "x")));
    assert!(store.get(&key).await.unwrap() == Some(stored));
}

#[tokio::test]
async fn an_object_that_does_not_exist_reads_as_none() {
    let (_directory, store) = fresh();
    assert!(
        store
            .get(&config_map("team-a", "one"))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn members_keep_their_order_and_numbers_their_form() {
    let (_directory, store) = fresh();
    let key = config_map("team-a", "one");
    let text = r#"{"z":1.0,"a":10000000000000000001,"metadata":{"name":"one"},"m":[1e3]}"#;
    let value = serde_json::from_str(text).unwrap();
    one(
        &store,
        Write::Create {
            key: key.clone(),
            value,
        },
    )
    .await
    .unwrap();
    let read = store.get(&key).await.unwrap().unwrap().value.to_string();
    let expected = r#"{"z":1.0,"a":10000000000000000001,"metadata":{"name":"one","resourceVersion":"1"},"m":[1000.0]}"#;
    assert_eq!(read, expected);
}

#[tokio::test]
async fn every_write_gets_the_next_version() {
    let (_directory, store) = fresh();
    let (a, b) = (config_map("team-a", "a"), key("/namespaces", "", "b"));
    let writes = vec![
        create(&a, "1"),
        create(&b, "1"),
        update(&a, "2"),
        delete(&b),
    ];
    let stored = store.write(writes).await.unwrap();
    assert_eq!(
        stored.iter().map(|s| s.version).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(store.version().await.unwrap(), 4);
}

#[tokio::test]
async fn a_deletion_returns_the_last_state_at_the_version_of_its_end() {
    let (_directory, store) = fresh();
    let key = config_map("team-a", "one");
    store.write(vec![create(&key, "x")]).await.unwrap();
    let deleted = one(&store, delete(&key)).await.unwrap();
    assert_eq!((deleted.version, deleted.value), (2, at(2, &key, "x")));
    assert!(store.get(&key).await.unwrap().is_none());
}

#[tokio::test]
async fn a_second_creation_is_refused() {
    let (_directory, store) = fresh();
    let key = config_map("team-a", "one");
    store.write(vec![create(&key, "x")]).await.unwrap();
    let error = one(&store, create(&key, "y")).await.err();
    assert!(matches!(error, Some(StoreError::AlreadyExists { key: found }) if found == key));
}

#[rstest]
#[case::update(|key: &ObjectKey| update(key, "x"))]
#[case::delete(|key: &ObjectKey| delete(key))]
#[tokio::test]
async fn what_does_not_exist_cannot_be_changed(#[case] write: fn(&ObjectKey) -> Write) {
    let (_directory, store) = fresh();
    let error = one(&store, write(&config_map("team-a", "one"))).await.err();
    assert!(matches!(error, Some(StoreError::NotFound { .. })));
}

#[rstest]
#[case::update(|key, expected| Write::Update { value: object(&key, "z"), key, expected })]
#[case::delete(|key, expected| Write::Delete { key, expected })]
#[tokio::test]
async fn a_change_made_for_an_older_version_is_refused(
    #[case] write: fn(ObjectKey, Option<u64>) -> Write,
) {
    let (_directory, store) = fresh();
    let key = config_map("team-a", "one");
    store
        .write(vec![create(&key, "x"), update(&key, "y")])
        .await
        .unwrap();
    let error = one(&store, write(key.clone(), Some(1))).await.err();
    assert!(matches!(
        error,
        Some(StoreError::Conflict {
            expected: 1,
            found: 2,
            ..
        })
    ));
    one(&store, write(key, Some(2)))
        .await
        .expect("the present version is accepted");
}

#[tokio::test]
async fn one_refused_write_undoes_those_beside_it() {
    let (_directory, store) = fresh();
    let (a, b) = (config_map("team-a", "a"), config_map("team-a", "b"));
    store.write(vec![create(&b, "1")]).await.unwrap();
    let writes = vec![create(&a, "1"), update(&b, "2"), create(&b, "3")];
    assert!(matches!(
        store.write(writes).await,
        Err(StoreError::AlreadyExists { .. })
    ));
    assert!(store.get(&a).await.unwrap().is_none());
    assert_eq!(store.get(&b).await.unwrap().unwrap().value, at(1, &b, "1"));
    assert_eq!(store.version().await.unwrap(), 1);
}

#[tokio::test]
async fn writers_at_the_same_time_do_not_disturb_each_other() {
    let (_directory, store) = fresh();
    let taken = config_map("team-a", "taken");
    store.write(vec![create(&taken, "x")]).await.unwrap();
    let own = |n: usize| config_map("team-a", &n.to_string());
    let writes = (0..64).map(|n| {
        let (store, own) = (store.clone(), own(n));
        // Every second one is refused after its first write, in a transaction with others.
        let second = if n % 2 == 0 {
            update(&own, "z")
        } else {
            create(&taken, "y")
        };
        async move { store.write(vec![create(&own, "y"), second]).await.is_ok() }
    });
    let accepted = futures::future::join_all(writes).await;
    for (n, is_accepted) in accepted.into_iter().enumerate() {
        let is_there = store.get(&own(n)).await.unwrap().is_some();
        assert_eq!(
            (is_accepted, is_there),
            (n % 2 == 0, n % 2 == 0),
            "writer {n}"
        );
    }
    assert_eq!(store.version().await.unwrap(), 65);
}

#[rstest]
#[case::no_object(json!("text"))]
#[case::no_metadata_object(json!({ "metadata": [] }))]
#[case::too_deep((0..127).fold(json!({}), |inner, _| json!({ "metadata": {}, "deeper": inner })))]
#[tokio::test]
async fn what_could_not_be_given_back_is_refused(#[case] value: Value) {
    let (_directory, store) = fresh();
    let key = config_map("team-a", "one");
    let error = one(&store, Write::Create { key, value }).await.err();
    assert!(matches!(error, Some(StoreError::Unfit { .. })));
}

#[tokio::test]
async fn the_deepest_object_accepted_is_read_back() {
    let (_directory, store) = fresh();
    let key = config_map("team-a", "one");
    let value = (0..125).fold(
        json!({ "metadata": {} }),
        |inner, _| json!({ "deeper": inner }),
    );
    one(
        &store,
        Write::Create {
            key: key.clone(),
            value,
        },
    )
    .await
    .unwrap();
    assert!(store.get(&key).await.unwrap().is_some());
}

/// Namespaces and names of a list's items.
fn names(listed: &Listed) -> Vec<String> {
    let name = |item: &Value| {
        let metadata = &item["metadata"];
        format!(
            "{}/{}",
            metadata["namespace"].as_str().unwrap(),
            metadata["name"].as_str().unwrap()
        )
    };
    listed.items.iter().map(name).collect()
}

async fn store_with_five() -> (TempDir, Store) {
    let (directory, store) = fresh();
    let keys = [("b", "1"), ("a", "2"), ("a", "1"), ("c", "1"), ("b", "0")];
    let mut writes: Vec<_> = keys
        .iter()
        .map(|(namespace, name)| create(&config_map(namespace, name), "x"))
        .collect();
    writes.push(create(&key(SECRETS, "a", "other"), "x"));
    store.write(writes).await.unwrap();
    (directory, store)
}

fn query(namespace: Option<&str>) -> ListQuery {
    ListQuery {
        resource: CONFIG_MAPS.to_owned(),
        namespace: namespace.map(str::to_owned),
        ..ListQuery::default()
    }
}

#[rstest]
#[case::everywhere(None, &["a/1", "a/2", "b/0", "b/1", "c/1"])]
#[case::one_namespace(Some("b"), &["b/0", "b/1"])]
#[case::no_such_namespace(Some("d"), &[])]
#[tokio::test]
async fn a_list_is_ordered_by_namespace_and_name(
    #[case] namespace: Option<&str>,
    #[case] expected: &[&str],
) {
    let (_directory, store) = store_with_five().await;
    let listed = store.list(query(namespace)).await.unwrap();
    assert_eq!(names(&listed), expected);
    assert_eq!(
        (listed.version, listed.next, listed.remaining),
        (6, None, Some(0))
    );
}

#[rstest]
#[case::everywhere(None, &["a/1 a/2 and 3 more", "b/0 b/1 and 1 more", "c/1 and 0 more"])]
#[case::one_namespace(Some("b"), &["b/0 b/1 and 0 more"])]
#[tokio::test]
async fn pages_follow_each_other_and_count_what_remains(
    #[case] namespace: Option<&str>,
    #[case] expected: &[&str],
) {
    let (_directory, store) = store_with_five().await;
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let query = ListQuery {
            after,
            limit: Some(2),
            ..query(namespace)
        };
        let listed = store.list(query).await.unwrap();
        let remaining = listed.remaining.unwrap();
        pages.push(format!("{} and {remaining} more", names(&listed).join(" ")));
        after = listed.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, expected);
}

fn filter(accepts: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Filter {
    Filter {
        members: Arc::default(),
        accepts: Arc::new(accepts),
    }
}

#[tokio::test]
async fn a_filter_chooses_before_the_limit_counts() {
    let (_directory, store) = store_with_five().await;
    let filter = filter(|item| item["metadata"]["name"] == "1");
    let first = ListQuery {
        filter: Some(filter.clone()),
        limit: Some(2),
        ..query(None)
    };
    let listed = store.list(first).await.unwrap();
    assert_eq!(
        (names(&listed), listed.remaining),
        (vec!["a/1".into(), "b/1".into()], None)
    );
    let second = ListQuery {
        filter: Some(filter),
        after: listed.next,
        ..query(None)
    };
    assert_eq!(names(&store.list(second).await.unwrap()), ["c/1"]);
}

#[tokio::test]
async fn a_filter_that_panics_fails_only_its_own_list() {
    let (_directory, store) = store_with_five().await;
    let filter = filter(|_| panic!("as a faulty caller might"));
    for _ in 0..20 {
        let query = ListQuery {
            filter: Some(filter.clone()),
            ..query(None)
        };
        assert!(matches!(store.list(query).await, Err(StoreError::Closed)));
    }
    assert_eq!(store.list(query(None)).await.unwrap().items.len(), 5);
}

/// How many transactions the log holds: each ends with a frame that says how large the file is then.
fn commits(log: &std::path::Path) -> usize {
    let bytes = std::fs::read(log).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let (page, salt) = (number(8) as usize, &bytes[16..24]);
    let frames = (32..bytes.len()).step_by(24 + page);
    let current = frames.filter(|at| bytes[at + 8..at + 16] == *salt);
    current.filter(|at| number(at + 4) != 0).count()
}

#[tokio::test]
async fn writers_that_wait_together_share_a_sync_of_the_disk() {
    let (directory, store) = fresh();
    let log = directory.path().join("store.db-wal");
    let before = commits(&log);
    let writes = (0..200).map(|n| {
        let (store, key) = (store.clone(), config_map("team-a", &n.to_string()));
        async move { one(&store, create(&key, "x")).await.unwrap().version }
    });
    let mut versions = futures::future::join_all(writes).await;
    let shared = commits(&log) - before;
    assert!(shared < 100, "{shared} transactions for 200 writes");
    versions.sort_unstable();
    assert_eq!(versions, (1..=200).collect::<Vec<_>>());
}
