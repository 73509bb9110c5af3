//! Processes that are killed at any point, and logs that end anywhere: whatever was acknowledged is
//! there, nothing is torn, and watches go on where they were.

use super::process::{Other, role, tell};
use super::*;
use bowline_apiserver::store::{Change, ListQuery, check};
use futures::StreamExt as _;
use rstest::rstest;
use std::collections::BTreeMap;
use std::fs;

const WRITERS: usize = 8;
const KILLS: usize = 500;
const REKEY_KILLS: usize = 100;
/// For each seed, of which there are two.
const CUTS: u64 = 5000;
const PREFILLED: usize = 300;

/// Numbers without a pattern, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // The generator of Vigna's `splitmix64`.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// What an object of a writer holds after its `n`th request; none where that deleted it.
fn after(n: u64) -> Option<String> {
    (n > 0 && !n.is_multiple_of(10)).then(|| n.to_string())
}

/// The `n`th request of a writer: the same change to a Secret and to a ConfigMap.
fn request(writer: usize, n: u64) -> Vec<Write> {
    let name = format!("writer-{writer}");
    let write = |resource| match (after(n - 1), after(n)) {
        (None, Some(content)) => create(resource, &name, &content),
        (Some(_), Some(content)) => Write::Update {
            key: key(resource, &name),
            value: object(&name, &content),
            expected: None,
        },
        (_, None) => Write::Delete {
            key: key(resource, &name),
            expected: None,
        },
    };
    vec![write(SECRETS), write(CONFIG_MAPS)]
}

/// Writes until somebody ends it, and tells of each request that was acknowledged.
async fn write_for_ever(store: Store, done: Vec<u64>) {
    let writers = done.into_iter().enumerate().map(|(writer, mut n)| {
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                n += 1;
                store.write(request(writer, n)).await.unwrap();
                tell(&format!("{writer} {n}"));
            }
        })
    });
    futures::future::join_all(writers.collect::<Vec<_>>()).await;
}

fn parse(done: &str) -> Vec<u64> {
    done.split(',').map(|n| n.parse().unwrap()).collect()
}

fn joined(done: &[u64]) -> String {
    let texts: Vec<_> = done.iter().map(u64::to_string).collect();
    texts.join(",")
}

/// Takes note of what a process told before it was killed.
fn acknowledge(done: &mut [u64], told: &[String]) {
    for line in told {
        if let Some((writer, n)) = line.split_once(' ')
            && let (Ok(writer), Ok(n)) = (writer.parse::<usize>(), n.parse())
        {
            done[writer] = n;
        }
    }
}

/// What was acknowledged is there, or the request that was under way too; both of its objects.
async fn verify(store: &Store, done: &mut [u64]) {
    for (writer, done) in done.iter_mut().enumerate() {
        let name = format!("writer-{writer}");
        let [secret, map] = [SECRETS, CONFIG_MAPS].map(|resource| content(store, resource, &name));
        let (secret, map) = (secret.await, map.await);
        assert_eq!(secret, map, "{name} is torn");
        let is_there = |n: &u64| after(*n) == secret;
        let found = [*done, *done + 1].into_iter().find(is_there);
        *done = found.unwrap_or_else(|| panic!("{name} holds {secret:?} after request {done}"));
    }
    let requests: u64 = done.iter().sum();
    assert_eq!(store.version().await.unwrap(), 2 * requests);
}

/// A client that has seen every change up to some version, and asks for the next ones.
struct Watcher {
    version: u64,
    seen: Vec<u64>,
}

impl Watcher {
    async fn go_on(&mut self, store: &Store, done: &[u64]) {
        let latest = store.version().await.unwrap();
        let mut watch = store.watch(SECRETS, None, self.version);
        // Each request changes its Secret first.
        while self.version + 2 <= latest {
            let event = watch.next().await.unwrap().unwrap();
            assert_eq!(event.version, self.version + 1, "no gap and nothing twice");
            self.version += 2;
            let name = event.object["metadata"]["name"].as_str().unwrap();
            let writer: usize = name.strip_prefix("writer-").unwrap().parse().unwrap();
            self.seen[writer] += 1;
            let expected = after(self.seen[writer]);
            match event.change {
                Change::Deleted => assert_eq!(expected, None),
                _ => assert_eq!(
                    event.object["data"]["content"].as_str(),
                    expected.as_deref()
                ),
            }
        }
        assert_eq!(self.seen, done);
    }
}

#[test]
fn what_was_acknowledged_survives_500_kills_and_watches_go_on_without_a_gap() {
    if let Some((folder, state)) = role() {
        return runtime().block_on(async {
            let store = opened(&folder);
            tell("ready");
            write_for_ever(store, parse(&state)).await;
        });
    }
    let name = "crashes::what_was_acknowledged_survives_500_kills_and_watches_go_on_without_a_gap";
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(7);
    let mut done = vec![0; WRITERS];
    let mut watcher = Watcher {
        version: 0,
        seen: vec![0; WRITERS],
    };
    let runtime = runtime();
    for _ in 0..KILLS {
        let other = Other::start(&[], name, folder.path(), &joined(&done));
        assert_eq!(other.line().as_deref(), Some("ready"));
        std::thread::sleep(Duration::from_micros(dice.below(40_000)));
        acknowledge(&mut done, &other.kill());
        runtime.block_on(async {
            let store = opened(folder.path());
            verify(&store, &mut done).await;
            watcher.go_on(&store, &done).await;
        });
    }
    assert!(done.iter().all(|n| *n > 100), "{done:?}");
    let checked = check(&options(folder.path())).unwrap();
    assert_eq!(checked.findings, Vec::<String>::new());
}

#[test]
fn a_change_of_the_key_survives_100_kills_at_any_point() {
    if let Some((folder, state)) = role() {
        return runtime().block_on(async {
            let store = opened(&folder);
            tell("ready");
            tokio::spawn(write_for_ever(store.clone(), parse(&state)));
            loop {
                store.rekey().await.unwrap();
            }
        });
    }
    let name = "crashes::a_change_of_the_key_survives_100_kills_at_any_point";
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let filled = |n: usize| create(SECRETS, &format!("filled-{n}"), "filled");
    runtime.block_on(async {
        let store = opened(folder.path());
        let writes = (0..PREFILLED).map(filled).collect();
        store.write(writes).await.unwrap();
    });
    let mut dice = Dice(11);
    let mut done = vec![0; WRITERS];
    let mut cut = 0;
    for round in 0..REKEY_KILLS {
        let other = Other::start(&[], name, folder.path(), &joined(&done));
        assert_eq!(other.line().as_deref(), Some("ready"));
        std::thread::sleep(Duration::from_micros(dice.below(150_000)));
        acknowledge(&mut done, &other.kill());
        let keys = fs::read(folder.path().join("store.db.key")).unwrap().len() / 32;
        cut += usize::from(keys == 2);
        assert!((1..=2).contains(&keys), "{keys} keys");
        let checked = check(&options(folder.path())).unwrap();
        assert_eq!(checked.findings, Vec::<String>::new());
        runtime.block_on(async {
            let store = opened(folder.path());
            for (writer, done) in done.iter_mut().enumerate() {
                let found = content(&store, SECRETS, &format!("writer-{writer}")).await;
                assert!(found == after(*done) || found == after(*done + 1));
                *done += u64::from(found != after(*done));
            }
            // Now and then the next process finds a change that nobody has finished.
            if round % 10 == 0 {
                store.rekey().await.unwrap();
            }
        });
    }
    assert!(cut > 10, "only {cut} changes of the key were cut short");
    runtime.block_on(async {
        let store = opened(folder.path());
        store.rekey().await.unwrap();
        let listed = store
            .list(ListQuery {
                resource: SECRETS.to_owned(),
                ..ListQuery::default()
            })
            .await
            .unwrap();
        let filled = listed.items.iter();
        let filled = filled.filter(|item| item["data"]["content"] == "filled");
        assert_eq!(filled.count(), PREFILLED);
    });
    let keys = fs::read(folder.path().join("store.db.key")).unwrap().len() / 32;
    assert_eq!(keys, 1, "no key is left behind");
}

/// What a loss of power leaves: the log is there up to some byte, or has garbage from there on.
#[rstest]
#[case(13)]
#[case(29)]
fn a_log_that_ends_anywhere_gives_a_state_that_once_was(#[case] seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let store = opened(folder.path());
    runtime.block_on(async {
        for n in 1..=60 {
            store.write(request(0, n)).await.unwrap();
        }
    });
    let files: BTreeMap<_, _> = ["store.db", "store.db-wal", "store.db.key"]
        .map(|name| (name, fs::read(folder.path().join(name)).unwrap()))
        .into();
    drop(store);
    let log = &files["store.db-wal"];
    let mut dice = Dice(seed);
    let mut reached = Vec::new();
    for round in 0..CUTS {
        let cut = usize::try_from(dice.below(log.len() as u64)).unwrap();
        let mut log = log.clone();
        if round % 2 == 0 {
            log.truncate(cut);
        } else {
            log[cut..].iter_mut().for_each(|byte| *byte = !*byte);
        }
        let crashed = in_memory();
        fs::write(crashed.path().join("store.db"), &files["store.db"]).unwrap();
        fs::write(crashed.path().join("store.db-wal"), log).unwrap();
        private(&crashed.path().join("store.db.key"), &files["store.db.key"]);
        runtime.block_on(async {
            // Before the first commit there is no store yet, and a new one is made.
            let store = opened(crashed.path());
            let version = store.version().await.unwrap();
            assert_eq!(version % 2, 0, "both halves of a request, or none");
            for resource in [SECRETS, CONFIG_MAPS] {
                let found = content(&store, resource, "writer-0").await;
                assert_eq!(found, after(version / 2), "at version {version}");
            }
            reached.push(version / 2);
        });
        if round % 10 == 0 {
            let checked = check(&options(crashed.path())).unwrap();
            assert_eq!(checked.findings, Vec::<String>::new());
        }
    }
    reached.sort_unstable();
    reached.dedup();
    assert!(reached.len() > 50, "only {reached:?} were reached");
}

/// A folder that no disk slows down, where there are such: what is lost is played on the bytes.
fn in_memory() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    let folder = match shared.is_dir() {
        true => tempfile::tempdir_in(shared),
        false => tempfile::tempdir(),
    };
    folder.unwrap()
}

fn private(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(bytes).unwrap();
}
