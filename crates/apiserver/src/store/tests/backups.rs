//! Copies of a store, looking whether one is sound, and putting one back.

use super::*;
use rstest::rstest;
use std::fs;

fn secret(name: &str) -> ObjectKey {
    key(SECRETS, "a", name)
}

/// A store with three Secrets, one of them replaced, one deleted.
async fn filled() -> (TempDir, Store) {
    let (directory, store) = fresh();
    let [one, two, three] = ["one", "two", "three"].map(secret);
    let map = config_map("a", "map");
    let writes = vec![
        create(&one, "1"),
        create(&two, "2"),
        create(&three, "3"),
        update(&two, "4"),
        delete(&three),
        create(&map, "5"),
    ];
    store.write(writes).await.unwrap();
    (directory, store)
}

fn findings(directory: &Path) -> Vec<String> {
    check(&options(directory)).unwrap().findings
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[tokio::test]
async fn a_backup_is_the_store_at_one_moment_while_it_is_written() {
    let (directory, store) = filled().await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..200 {
                let pair = [secret("left"), config_map("a", "right")];
                let write = |key: &ObjectKey| match n {
                    0 => create(key, "0"),
                    n => update(key, &n.to_string()),
                };
                store.write(pair.iter().map(write).collect()).await.unwrap();
            }
        })
    };
    let path = directory.path().to_owned();
    let backups = tokio::task::spawn_blocking(move || {
        let backups = (0..10).map(|n| {
            let to = path.join(format!("backup-{n}"));
            let done = backup(&path.join("store.db"), &to).unwrap();
            (to, done)
        });
        backups.collect::<Vec<_>>()
    });
    writer.await.unwrap();
    for (path, done) in backups.await.unwrap() {
        let options = Options {
            path: path.clone(),
            key: KeySource::File(directory.path().join("store.db.key")),
            ..options(directory.path())
        };
        let checked = check(&options).unwrap();
        assert_eq!(checked.findings, nothing());
        assert_eq!(
            (checked.version, checked.objects),
            (done.version, done.objects)
        );
        let copy = Store::open(options).unwrap();
        let left = copy.get(&secret("left")).await.unwrap();
        let right = copy.get(&config_map("a", "right")).await.unwrap();
        let content = |found: Option<Stored>| found.map(|found| found.value["data"].clone());
        assert_eq!(content(left), content(right));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_backup_is_private_and_sealed() {
    use std::os::unix::fs::PermissionsExt;
    const CANARY: &str = "canary-5b0fe37a91";
    let (directory, store) = filled().await;
    one(&store, create(&secret("canary"), CANARY))
        .await
        .unwrap();
    let to = directory.path().join("backup");
    backup(&directory.path().join("store.db"), &to).unwrap();
    let mode = fs::metadata(&to).unwrap().permissions().mode() & 0o777;
    let bytes = fs::read(&to).unwrap();
    let is_clear = bytes
        .windows(CANARY.len())
        .any(|window| window == CANARY.as_bytes());
    assert_eq!((mode, is_clear), (0o600, false));
    assert!(!directory.path().join("backup.unfinished").exists());
}

#[tokio::test]
async fn a_file_that_exists_is_not_overwritten_by_a_backup() {
    let (directory, _store) = filled().await;
    let to = directory.path().join("precious");
    fs::write(&to, "precious").unwrap();
    let refused = backup(&directory.path().join("store.db"), &to);
    assert!(matches!(refused, Err(StoreError::Exists { .. })));
    assert_eq!(fs::read_to_string(&to).unwrap(), "precious");
}

#[test]
fn there_is_no_backup_of_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("backup");
    let refused = backup(&directory.path().join("store.db"), &to);
    assert!(matches!(refused, Err(StoreError::Missing { .. })));
    assert!(!to.exists() && !directory.path().join("store.db").exists());
}

#[tokio::test]
async fn a_sound_store_has_no_findings_while_it_is_open_and_after() {
    let (directory, store) = filled().await;
    let open = check(&options(directory.path())).unwrap();
    drop(store);
    let closed = check(&options(directory.path())).unwrap();
    assert_eq!(open, closed);
    assert_eq!(
        (open.objects, open.past, open.version, open.findings),
        (3, 2, 6, nothing())
    );
}

#[rstest]
#[case::a_swapped_value(
    "UPDATE objects SET value = replace(value, '\"one\"', '\"two\"') WHERE name = 'one'",
    "holds another object"
)]
#[case::a_swapped_row(
    "UPDATE objects SET value = (SELECT value FROM objects WHERE name = 'two') WHERE name = 'one'",
    "does not open"
)]
#[case::a_state_rolled_back(
    "UPDATE objects SET value = (SELECT before FROM history WHERE version = 4) WHERE name = 'two'",
    "does not open"
)]
#[case::a_row_rolled_back(
    "UPDATE objects SET version = 2, \
     value = (SELECT before FROM history WHERE version = 4) WHERE name = 'two'",
    "it was rolled back or altered"
)]
#[case::a_deletion_rolled_back(
    "INSERT INTO objects (resource, namespace, name, version, value) \
     SELECT resource, namespace, name, before_version, before FROM history WHERE version = 5",
    "it was rolled back or altered"
)]
#[case::an_object_taken_away("DELETE FROM objects WHERE name = 'one'", "nothing deleted it")]
#[case::a_change_taken_away("DELETE FROM history WHERE version = 4", "should hold every change")]
#[case::the_end_taken_away(
    "DELETE FROM history WHERE version = 6; UPDATE meta SET value = 5 WHERE name = 'version'; \
     DELETE FROM objects WHERE name = 'map'; DELETE FROM history WHERE version = 5",
    "should hold every change"
)]
#[case::the_past_altered(
    "UPDATE history SET before = (SELECT value FROM objects WHERE name = 'two') WHERE version = 4",
    "does not open"
)]
#[case::an_unsealed_object_of_another_version(
    "UPDATE objects SET value = replace(value, '\"6\"', '\"7\"') WHERE name = 'map'",
    "not the state of its version"
)]
#[tokio::test]
async fn what_was_altered_is_found(#[case] sql: &str, #[case] expected: &str) {
    let (directory, store) = filled().await;
    drop(store);
    let database = rusqlite::Connection::open(directory.path().join("store.db")).unwrap();
    database.execute_batch(sql).unwrap();
    drop(database);
    let findings = findings(directory.path());
    assert!(
        findings.iter().any(|finding| finding.contains(expected)),
        "{findings:#?}"
    );
}

/// The limit of what can be found, as the documentation says it.
#[rstest]
#[case::what_is_not_sealed(
    "UPDATE objects SET value = CAST(replace(value, '\"5\"', '\"50\"') AS BLOB) WHERE name = 'map'"
)]
#[case::a_value_taken_out(
    "UPDATE objects SET value = CAST(json_remove(CAST(value AS TEXT), '$.data') AS BLOB) WHERE name = 'one'"
)]
#[tokio::test]
async fn what_no_check_can_find_is_known(#[case] sql: &str) {
    let (directory, store) = filled().await;
    drop(store);
    let database = rusqlite::Connection::open(directory.path().join("store.db")).unwrap();
    assert_eq!(database.execute(sql, ()).unwrap(), 1);
    drop(database);
    assert_eq!(findings(directory.path()), nothing());
}

#[tokio::test]
async fn a_flipped_bit_anywhere_is_found_or_harmless() {
    let (directory, store) = filled().await;
    drop(store);
    let path = directory.path().join("store.db");
    let sound = fs::read(&path).unwrap();
    let open = || async {
        let query = ListQuery {
            resource: SECRETS.to_owned(),
            ..ListQuery::default()
        };
        let store = Store::open(options(directory.path())).ok()?;
        Some(store.list(query).await.ok()?.items)
    };
    let expected = open().await.unwrap();
    let mut found = 0;
    for step in 0..400 {
        let bit = (step * 7919 + 13) % (sound.len() * 8);
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        match check(&options(directory.path())) {
            Ok(checked) if checked.findings.is_empty() => {
                // A bit of what is not sealed, or of a page that is not used: no sealed value is
                // another one by it.
                let values = |items: &[Value]| -> Vec<Value> {
                    items.iter().map(|item| item["data"].clone()).collect()
                };
                let items = open().await.expect("a sound store opens");
                assert_eq!(values(&items), values(&expected), "bit {bit}");
            }
            _ => found += 1,
        }
        fs::remove_file(path.with_extension("db-wal")).ok();
        fs::remove_file(path.with_extension("db-shm")).ok();
    }
    assert!(found > 0);
}

#[tokio::test]
async fn a_restored_store_is_the_one_that_was_backed_up() {
    let (directory, store) = filled().await;
    let to = directory.path().join("backup");
    backup(&directory.path().join("store.db"), &to).unwrap();
    let expected = store.get(&secret("two")).await.unwrap().unwrap();
    one(&store, update(&secret("two"), "later")).await.unwrap();
    one(&store, create(&secret("later"), "x")).await.unwrap();
    drop(store);
    restore(&options(directory.path()), &to, true).unwrap();
    let store = open_in(directory.path());
    assert!(store.get(&secret("two")).await.unwrap() == Some(expected));
    assert!(store.get(&secret("later")).await.unwrap().is_none());
    assert_eq!(findings(directory.path()), nothing());
}

#[tokio::test]
async fn a_watch_from_before_a_restore_is_told_to_list_again() {
    use futures::StreamExt;
    let (directory, store) = filled().await;
    let to = directory.path().join("backup");
    backup(&directory.path().join("store.db"), &to).unwrap();
    let seen = one(&store, create(&secret("later"), "x")).await.unwrap();
    drop(store);
    restore(&options(directory.path()), &to, true).unwrap();
    let store = open_in(directory.path());
    let other = one(&store, create(&secret("other"), "x")).await.unwrap();
    assert!(
        other.version > seen.version,
        "no version is given out twice"
    );
    let events: Vec<_> = store.watch(SECRETS, None, seen.version).collect().await;
    assert!(matches!(events.as_slice(), [Err(StoreError::Gone { .. })]));
}

#[tokio::test]
async fn a_backup_is_restored_where_there_is_only_the_key() {
    let (directory, store) = filled().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let to = elsewhere.path().join("backup");
    backup(&directory.path().join("store.db"), &to).unwrap();
    drop(store);
    let fresh = elsewhere.path().join("new");
    let options = Options {
        path: fresh.join("store.db"),
        key: KeySource::File(directory.path().join("store.db.key")),
        ..options(directory.path())
    };
    restore(&options, &to, false).unwrap();
    let store = Store::open(options).unwrap();
    assert!(store.get(&secret("one")).await.unwrap().is_some());
}

/// What keeps a backup from being restored.
type Prepare = fn(directory: &Path, backup: &Path);

#[rstest]
#[case::a_store_that_exists(|_: &Path, _: &Path| {}, false, "exists already")]
#[case::another_key(|directory: &Path, _: &Path| fs::write(directory.join("store.db.key"), [7; 32]).unwrap(), true, "sealed with key")]
#[case::no_key(|directory: &Path, _: &Path| fs::remove_file(directory.join("store.db.key")).unwrap(), true, "is missing")]
#[case::a_damaged_backup(|_: &Path, backup: &Path| {
    let database = rusqlite::Connection::open(backup).unwrap();
    database.execute_batch("DELETE FROM history WHERE version = 4").unwrap();
}, true, "damaged in")]
#[case::no_backup(|_: &Path, backup: &Path| fs::remove_file(backup).unwrap(), true, "there is no store")]
#[case::something_else(|_: &Path, backup: &Path| fs::write(backup, vec![7; 8192]).unwrap(), true, "is not a store")]
#[tokio::test]
async fn what_cannot_be_restored_changes_nothing(
    #[case] prepare: Prepare,
    #[case] overwrite: bool,
    #[case] expected: &str,
) {
    let (directory, store) = filled().await;
    let to = directory.path().join("backup");
    backup(&directory.path().join("store.db"), &to).unwrap();
    drop(store);
    prepare(directory.path(), &to);
    let path = directory.path().join("store.db");
    let before = fs::read(&path).unwrap();
    let refused = restore(&options(directory.path()), &to, overwrite).unwrap_err();
    assert!(refused.to_string().contains(expected), "{refused}");
    assert!(fs::read(&path).unwrap() == before);
}

#[tokio::test]
async fn a_store_in_use_is_not_restored() {
    let (directory, _store) = filled().await;
    let to = directory.path().join("backup");
    backup(&directory.path().join("store.db"), &to).unwrap();
    let refused = restore(&options(directory.path()), &to, true);
    assert!(matches!(refused, Err(StoreError::InUse { .. })));
}

#[tokio::test]
async fn a_restore_that_was_cut_short_after_its_moment_is_finished_by_the_next_opener() {
    let (directory, store) = filled().await;
    let path = directory.path().join("store.db");
    let to = directory.path().join("backup");
    backup(&path, &to).unwrap();
    one(&store, create(&secret("later"), "x")).await.unwrap();
    // As a crash leaves them: the new store ready, the old one with a log that is not its own.
    let log = fs::read(path.with_extension("db-wal")).unwrap();
    drop(store);
    fs::write(path.with_extension("db-wal"), log).unwrap();
    fs::rename(&to, directory.path().join("store.db.restored")).unwrap();
    let store = open_in(directory.path());
    assert!(store.get(&secret("later")).await.unwrap().is_none());
    assert_eq!(findings(directory.path()), nothing());
}
