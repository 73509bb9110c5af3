//! Another key for a whole store; what happens when a process ends meanwhile is in the test of
//! crashes.

use super::*;
use rstest::rstest;
use std::fs;

/// A store with objects now and in the past.
async fn filled(store: &Store) -> Vec<ObjectKey> {
    let keys: Vec<_> = (0..300)
        .map(|n| key(SECRETS, "a", &format!("{n:03}")))
        .collect();
    store
        .write(keys.iter().map(|key| create(key, "old")).collect())
        .await
        .unwrap();
    store
        .write(keys.iter().map(|key| update(key, "new")).collect())
        .await
        .unwrap();
    keys
}

fn bytes_of(directory: &Path) -> Vec<u8> {
    let names = ["store.db", "store.db-wal"];
    let files = names.iter().map(|name| fs::read(directory.join(name)));
    files.flat_map(Result::unwrap_or_default).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn everything_opens_with_the_new_key_and_nothing_is_left_of_the_old_one() {
    let (directory, store) = fresh();
    let key_path = directory.path().join("store.db.key");
    let old_key = fs::read(&key_path).unwrap();
    filled(&store).await;
    let before = check(&options(directory.path())).unwrap();
    assert!(holds(
        &bytes_of(directory.path()),
        &format!("sealed:{}:", before.key)
    ));
    let done = store.rekey().await.unwrap();
    assert_eq!(
        (done.resealed, done.retired),
        (600, Some(before.key.clone()))
    );
    let new_key = fs::read(&key_path).unwrap();
    assert_eq!(new_key.len(), 32, "one key is left");
    assert!(new_key != old_key);
    let sealed_with_old = format!("sealed:{}:", before.key);
    assert!(!holds(&bytes_of(directory.path()), &sealed_with_old));
    let after = check(&options(directory.path())).unwrap();
    assert_eq!(after.findings, Vec::<String>::new());
    assert_eq!(
        (after.objects, after.past, after.key),
        (before.objects, before.past, done.key)
    );
    drop(store);
    let store = open_in(directory.path());
    let last = key(SECRETS, "a", "299");
    assert_eq!(
        store.get(&last).await.unwrap().unwrap().value,
        at(600, &last, "new")
    );
}

#[tokio::test]
async fn reads_writes_and_watches_go_on_meanwhile() {
    use futures::StreamExt;
    let (directory, store) = fresh();
    let keys = filled(&store).await;
    let version = store.version().await.unwrap();
    let mut watch = store.watch(SECRETS, None, version);
    let rekeying = {
        let store = store.clone();
        tokio::spawn(async move { (store.rekey().await, store.rekey().await) })
    };
    let mut round = 0;
    while !rekeying.is_finished() || round < 20 {
        let key = &keys[round % keys.len()];
        one(&store, update(key, &round.to_string())).await.unwrap();
        let query = ListQuery {
            resource: SECRETS.to_owned(),
            at: Some(version),
            ..ListQuery::default()
        };
        let past = store.list(query).await.unwrap();
        assert!(
            past.items
                .iter()
                .all(|item| item["data"]["content"] == "new")
        );
        round += 1;
    }
    let (first, second) = rekeying.await.unwrap();
    assert_eq!(Some(first.unwrap().key), second.unwrap().retired);
    for n in 0..round {
        let event = watch.next().await.unwrap().unwrap();
        assert_eq!(event.version, version + n as u64 + 1);
        assert_eq!(event.object["data"]["content"], n.to_string());
    }
    let checked = check(&options(directory.path())).unwrap();
    assert_eq!(checked.findings, Vec::<String>::new());
}

#[tokio::test]
async fn a_program_must_print_the_new_key_first() {
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys");
    let [old, new] = ["07", "08"].map(|digits| format!("{}\n", digits.repeat(32)));
    fs::write(&keys, &old).unwrap();
    let words = ["cat".to_owned(), keys.display().to_string()];
    let options = || Options {
        key: KeySource::Command(words.to_vec()),
        ..options(directory.path())
    };
    let store = Store::open(options()).unwrap();
    filled(&store).await;
    assert!(matches!(
        store.rekey().await,
        Err(StoreError::NoNewKey { .. })
    ));
    fs::write(&keys, &new).unwrap();
    assert!(matches!(
        store.rekey().await,
        Err(StoreError::KeyGone { .. })
    ));
    fs::write(&keys, format!("{new}{old}")).unwrap();
    let done = store.rekey().await.unwrap();
    assert_eq!(done.resealed, 600);
    drop(store);
    fs::write(&keys, &new).unwrap();
    let store = Store::open(options()).unwrap();
    assert!(
        store
            .get(&key(SECRETS, "a", "000"))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_key_that_was_made_and_not_used_is_used_by_the_next_attempt() {
    let (directory, store) = fresh();
    filled(&store).await;
    drop(store);
    let path = directory.path().join("store.db.key");
    let both = [vec![7; 32], fs::read(&path).unwrap()].concat();
    fs::write(&path, both).unwrap();
    let store = open_in(directory.path());
    store.rekey().await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), [7; 32]);
}

#[tokio::test]
async fn a_value_that_does_not_open_keeps_the_old_key() {
    let (directory, store) = fresh();
    filled(&store).await;
    drop(store);
    let database = rusqlite::Connection::open(directory.path().join("store.db")).unwrap();
    database
        .execute("UPDATE objects SET version = 1 WHERE name = '299'", ())
        .unwrap();
    drop(database);
    let store = open_in(directory.path());
    assert!(matches!(
        store.rekey().await,
        Err(StoreError::Corrupt { .. })
    ));
    assert_eq!(
        fs::read(directory.path().join("store.db.key"))
            .unwrap()
            .len(),
        64
    );
    drop(store);
    let store = open_in(directory.path());
    let unharmed = key(SECRETS, "a", "000");
    assert!(store.get(&unharmed).await.unwrap().is_some());
}

#[rstest]
#[case::in_the_store(false)]
#[case::in_the_file_only(true)]
#[tokio::test]
async fn a_store_that_needs_two_keys_is_refused_with_one(#[case] keeps_old: bool) {
    let (directory, store) = fresh();
    filled(&store).await;
    drop(store);
    let path = directory.path().join("store.db.key");
    let old = fs::read(&path).unwrap();
    let database = rusqlite::Connection::open(directory.path().join("store.db")).unwrap();
    let id: String = database
        .query_row("SELECT value FROM meta WHERE name = 'key'", (), |row| {
            row.get(0)
        })
        .unwrap();
    database
        .execute_batch(&format!(
            "INSERT INTO meta VALUES ('retiring', '{id}'); \
             UPDATE meta SET value = '0000000000000000' WHERE name = 'key';"
        ))
        .unwrap();
    drop(database);
    let ring = if keeps_old { old } else { vec![7; 32] };
    fs::write(&path, ring).unwrap();
    let refused = Store::open(options(directory.path())).err();
    assert!(matches!(refused, Some(StoreError::WrongKey { .. })));
}
