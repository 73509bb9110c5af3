//! Disks that are full, limited or read-only, and a second process. Where this machine does not let
//! a test make such a disk, the test says so.

use super::process::{Other, role, tell};
use super::*;
use bowline_apiserver::store::{ListQuery, StoreError, check, restore};
use std::fs;
use std::process::Command;

/// More than the small disk holds.
const MANY: usize = 4000;

async fn count(store: &Store) -> usize {
    let query = ListQuery {
        resource: SECRETS.to_owned(),
        ..ListQuery::default()
    };
    store.list(query).await.unwrap().items.len()
}

/// Creates Secrets until that is refused; returns how many were acknowledged.
async fn write_until_refused(store: &Store) -> usize {
    for n in 0..MANY {
        let write = create(SECRETS, &format!("filler-{n}"), &"x".repeat(2000));
        match store.write(vec![write]).await {
            Ok(_) => {}
            Err(StoreError::Database { .. }) => return n,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the disk took everything");
}

/// What must hold while nothing can be written: what was acknowledged is there, all requests are
/// answered, and what is refused leaves no trace.
async fn reads_go_on(store: &Store, acknowledged: usize) {
    assert_eq!(count(store).await, acknowledged);
    assert!(
        content(store, SECRETS, &format!("filler-{}", acknowledged - 1))
            .await
            .is_some()
    );
    let refused = store
        .write(vec![create(SECRETS, "refused", &"x".repeat(200_000))])
        .await;
    assert!(matches!(refused, Err(StoreError::Database { .. })));
    assert_eq!(count(store).await, acknowledged);
}

async fn it_recovers(store: &Store, folder: &Path) {
    store
        .write(vec![create(SECRETS, "afterwards", "written")])
        .await
        .unwrap();
    assert!(content(store, SECRETS, "afterwards").await.is_some());
    assert!(content(store, SECRETS, "refused").await.is_none());
    let checked = check(&options(folder)).unwrap();
    assert_eq!(checked.findings, Vec::<String>::new());
}

/// In a namespace of its own, which takes the disk along when it ends.
const SMALL_DISK: [&str; 7] = [
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    "mount -t tmpfs -o size=3m,mode=0700 tmpfs \"$BOWLINE_STORE_TEST_FOLDER\" && exec \"$0\" \"$@\"",
];

/// Whether such disks can be made here.
fn can_make_disks() -> bool {
    let folder = tempfile::tempdir().unwrap();
    Command::new(SMALL_DISK[0])
        .args(&SMALL_DISK[1..])
        .arg("true")
        .env("BOWLINE_STORE_TEST_FOLDER", folder.path())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a test in its other role on a small disk.
fn on_a_small_disk(test: &str) {
    if !can_make_disks() {
        use std::io::Write as _;
        let why = "this machine lets nobody mount a disk";
        let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {why}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (is_well, told) = Other::start(&SMALL_DISK, test, folder.path(), "").finish();
    assert!(is_well && told == ["done"], "{told:?}");
}

#[test]
fn a_full_disk_refuses_writes_and_reads_go_on() {
    let Some((folder, _)) = role() else {
        return on_a_small_disk("faults::a_full_disk_refuses_writes_and_reads_go_on");
    };
    runtime().block_on(async {
        let ballast = folder.join("ballast");
        fs::write(&ballast, vec![7; 512 << 10]).unwrap();
        let store = Store::open(options(&folder)).unwrap();
        let acknowledged = write_until_refused(&store).await;
        assert!(acknowledged > 10);
        reads_go_on(&store, acknowledged).await;
        fs::remove_file(ballast).unwrap();
        it_recovers(&store, &folder).await;
    });
    tell("done");
}

#[test]
fn a_full_disk_does_not_lose_a_change_of_the_key() {
    let Some((folder, _)) = role() else {
        return on_a_small_disk("faults::a_full_disk_does_not_lose_a_change_of_the_key");
    };
    runtime().block_on(async {
        let ballast = folder.join("ballast");
        fs::write(&ballast, vec![7; 1 << 20]).unwrap();
        let store = Store::open(options(&folder)).unwrap();
        let acknowledged = write_until_refused(&store).await;
        assert!(store.rekey().await.is_err());
        assert_eq!(count(&store).await, acknowledged);
        drop(store);
        fs::remove_file(ballast).unwrap();
        let store = Store::open(options(&folder)).unwrap();
        store.rekey().await.unwrap();
        assert_eq!(count(&store).await, acknowledged);
        it_recovers(&store, &folder).await;
    });
    tell("done");
}

/// Waits for the readers of a store, which end a moment after it.
fn remount(folder: &Path, how: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let is_done = || {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{how}")]).arg(folder);
        mount.status().unwrap().success()
    };
    while !is_done() {
        assert!(Instant::now() < deadline, "the disk stays busy");
    }
}

#[test]
fn a_disk_that_becomes_read_only_refuses_writes_and_reads_go_on() {
    let Some((folder, _)) = role() else {
        return on_a_small_disk(
            "faults::a_disk_that_becomes_read_only_refuses_writes_and_reads_go_on",
        );
    };
    // A store that is open keeps its disk from becoming read-only, so this one is opened again.
    runtime().block_on(async {
        let store = Store::open(options(&folder)).unwrap();
        store
            .write(vec![create(SECRETS, "filler-0", "x")])
            .await
            .unwrap();
        drop(store);
        let before = fs::read(folder.join("store.db")).unwrap();
        remount(&folder, "ro");
        let refused = Store::open(options(&folder)).err().unwrap();
        assert!(
            refused.to_string().contains("store.db.lock"),
            "the refusal names a file: {refused}"
        );
        let checked = check(&options(&folder)).unwrap();
        assert_eq!((checked.objects, checked.findings), (1, Vec::new()));
        assert!(restore(&options(&folder), &folder.join("store.db"), true).is_err());
        remount(&folder, "rw");
        assert!(fs::read(folder.join("store.db")).unwrap() == before);
        let store = Store::open(options(&folder)).unwrap();
        it_recovers(&store, &folder).await;
    });
    tell("done");
}

/// A limit for the size of files, as quotas have it; its signal is ignored, so that writes fail.
const LIMITED: [&str; 3] = [
    "sh",
    "-c",
    "trap '' XFSZ; ulimit -S -f 4096 && exec \"$0\" \"$@\"",
];

#[test]
fn a_quota_refuses_writes_and_reads_go_on() {
    let Some((folder, _)) = role() else {
        let name = "faults::a_quota_refuses_writes_and_reads_go_on";
        let folder = tempfile::tempdir().unwrap();
        let (is_well, told) = Other::start(&LIMITED, name, folder.path(), "").finish();
        assert!(is_well && told == ["done"], "{told:?}");
        return;
    };
    runtime().block_on(async {
        let store = Store::open(options(&folder)).unwrap();
        let acknowledged = write_until_refused(&store).await;
        assert!(acknowledged > 10);
        reads_go_on(&store, acknowledged).await;
        let lifted = Command::new("prlimit")
            .args(["--fsize=unlimited:", "--pid"])
            .arg(std::process::id().to_string())
            .status();
        assert!(lifted.unwrap().success());
        it_recovers(&store, &folder).await;
    });
    tell("done");
}

#[test]
fn a_second_process_is_refused_while_the_first_goes_on() {
    if let Some((folder, _)) = role() {
        match Store::open(options(&folder)) {
            Err(StoreError::InUse { .. }) => tell("in use"),
            Err(other) => tell(&other.to_string()),
            Ok(_) => tell("opened"),
        }
        return;
    }
    let name = "faults::a_second_process_is_refused_while_the_first_goes_on";
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let store = Store::open(options(folder.path())).unwrap();
    let told = || Other::start(&[], name, folder.path(), "").finish().1;
    assert_eq!(told(), ["in use"]);
    runtime.block_on(async {
        store
            .write(vec![create(SECRETS, "one", "x")])
            .await
            .unwrap();
    });
    drop(store);
    assert_eq!(told(), ["opened"]);
}
