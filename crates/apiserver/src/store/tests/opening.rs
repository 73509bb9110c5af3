//! Opening: what is created, what survives, what is refused.

use super::*;
use rstest::rstest;
use std::fs;

async fn directory_with_one_secret() -> TempDir {
    let (directory, store) = fresh();
    one(&store, create(&key(SECRETS, "a", "one"), "x"))
        .await
        .unwrap();
    directory
}

fn refusal(directory: &Path) -> StoreError {
    Store::open(options(directory))
        .err()
        .expect("the store is refused")
}

#[cfg(unix)]
#[test]
fn all_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("some/where");
    let _store = open_in(&inner);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    for entry in fs::read_dir(&inner).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn state_survives_a_restart() {
    let directory = directory_with_one_secret().await;
    let store = open_in(directory.path());
    let secret = key(SECRETS, "a", "one");
    assert_eq!(
        store.get(&secret).await.unwrap().unwrap().value,
        at(1, &secret, "x")
    );
    assert_eq!(one(&store, update(&secret, "y")).await.unwrap().version, 2);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_crash() {
    let (directory, store) = fresh();
    let keys: Vec<_> = (0..100).map(|n| config_map("a", &n.to_string())).collect();
    for key in &keys {
        one(&store, create(key, "x")).await.unwrap();
    }
    // The files as a crash at this moment leaves them: nothing has been closed or tidied up.
    let crashed = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), crashed.path().join(entry.file_name())).unwrap();
    }
    let survivor = open_in(crashed.path());
    assert_eq!(survivor.version().await.unwrap(), 100);
    let query = ListQuery {
        resource: CONFIG_MAPS.to_owned(),
        ..ListQuery::default()
    };
    assert_eq!(survivor.list(query).await.unwrap().items.len(), 100);
}

#[test]
fn a_store_is_open_only_once() {
    let (directory, _store) = fresh();
    assert!(matches!(
        refusal(directory.path()),
        StoreError::InUse { .. }
    ));
}

#[test]
fn a_store_that_is_let_go_of_just_now_is_waited_for() {
    let (directory, store) = fresh();
    let holder = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(40));
        drop(store);
    });
    open_in(directory.path());
    holder.join().expect("it ends");
}

#[test]
fn a_dropped_store_can_be_opened_at_once() {
    let (directory, store) = fresh();
    drop(store);
    open_in(directory.path());
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_touches_nothing() {
    let directory = directory_with_one_secret().await;
    let other = tempfile::tempdir().unwrap();
    drop(open_in(other.path()));
    fs::copy(
        other.path().join("store.db.key"),
        directory.path().join("store.db.key"),
    )
    .unwrap();
    let before = fs::read(directory.path().join("store.db")).unwrap();
    assert!(matches!(
        refusal(directory.path()),
        StoreError::WrongKey { .. }
    ));
    assert!(fs::read(directory.path().join("store.db")).unwrap() == before);
}

#[tokio::test]
async fn a_missing_key_is_refused_and_not_replaced() {
    let directory = directory_with_one_secret().await;
    let key_path = directory.path().join("store.db.key");
    fs::remove_file(&key_path).unwrap();
    assert!(matches!(
        refusal(directory.path()),
        StoreError::KeyMissing { .. }
    ));
    assert!(!key_path.exists());
}

#[cfg(unix)]
#[rstest]
#[case::group(0o640)]
#[case::others(0o604)]
fn a_key_that_others_can_read_is_refused(#[case] mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let (directory, store) = fresh();
    drop(store);
    let path = directory.path().join("store.db.key");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, StoreError::KeyFileReadable { mode: found, .. } if found == mode));
}

#[rstest]
#[case::too_short(31)]
#[case::too_long(33)]
fn a_key_of_another_length_is_refused(#[case] length: usize) {
    let (directory, store) = fresh();
    drop(store);
    fs::write(directory.path().join("store.db.key"), vec![7; length]).unwrap();
    assert!(matches!(
        refusal(directory.path()),
        StoreError::KeyMalformed { .. }
    ));
}

#[tokio::test]
async fn a_key_file_of_its_own_place_is_made_and_used() {
    let directory = tempfile::tempdir().unwrap();
    let key_path = directory.path().join("my-key");
    let options = || Options {
        key: KeySource::File(key_path.clone()),
        ..options(directory.path())
    };
    let secret = key(SECRETS, "a", "one");
    one(&Store::open(options()).unwrap(), create(&secret, "x"))
        .await
        .unwrap();
    assert!(!directory.path().join("store.db.key").exists());
    let store = Store::open(options()).unwrap();
    assert!(store.get(&secret).await.unwrap().is_some());
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("store.db"), vec![b'x'; 8192]).unwrap();
    assert!(matches!(
        refusal(directory.path()),
        StoreError::Foreign { .. }
    ));
}

#[test]
fn a_database_of_another_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(directory.path().join("store.db")).unwrap();
    database.execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(
        refusal(directory.path()),
        StoreError::Foreign { .. }
    ));
}

#[test]
fn a_store_of_a_later_layout_is_refused() {
    let (directory, store) = fresh();
    drop(store);
    let database = rusqlite::Connection::open(directory.path().join("store.db")).unwrap();
    database.execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(
        refusal(directory.path()),
        StoreError::Layout { found: 99, .. }
    ));
}

/// What the release before wrote: three Secrets, one of them replaced once.
fn store_of_the_first_layout() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        use std::io::Write;
        let path = directory.path().join(name);
        super::super::key::private_file(&path)
            .and_then(|mut file| file.write_all(bytes))
            .unwrap();
    };
    write("store.db", include_bytes!("first-layout/store.db"));
    write("store.db.key", include_bytes!("first-layout/store.db.key"));
    directory
}

#[tokio::test]
async fn a_store_of_the_first_layout_is_brought_up_to_date() {
    let directory = store_of_the_first_layout();
    let before = check(&options(directory.path())).unwrap();
    let store = open_in(directory.path());
    let after = check(&options(directory.path())).unwrap();
    assert_eq!((&before, before.objects), (&after, 6));
    assert_eq!(after.findings, Vec::<String>::new());
    let past = ListQuery {
        resource: SECRETS.to_owned(),
        at: Some(3),
        ..ListQuery::default()
    };
    let names: Vec<_> = store.list(past).await.unwrap().items;
    assert_eq!(names.len(), 1, "its past is readable too");
}

#[test]
fn a_store_of_the_first_layout_with_a_wrong_key_is_refused_and_not_touched() {
    let directory = store_of_the_first_layout();
    fs::write(directory.path().join("store.db.key"), [7; 32]).unwrap();
    assert!(matches!(
        refusal(directory.path()),
        StoreError::WrongKey { .. }
    ));
    let now = fs::read(directory.path().join("store.db")).unwrap();
    assert!(now == include_bytes!("first-layout/store.db"));
}
