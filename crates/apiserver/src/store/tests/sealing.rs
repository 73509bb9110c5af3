//! What is at rest: nothing readable of what is sealed, and nothing altered goes unnoticed.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rstest::rstest;
use rusqlite::Connection;
use std::fs;

const CANARY: &str = "canary-7d1f0c9be2";

fn secret(name: &str) -> ObjectKey {
    key(SECRETS, "a", name)
}

/// Why an object cannot be read, as a tree or as text.
async fn refused(store: &Store, key: &ObjectKey) -> Option<StoreError> {
    let shape = Shape {
        first: String::new(),
        kept: Kept::AllBut(&[]),
        unfolded: "",
    };
    let as_text = store.get_text(key, Arc::new(shape)).await.err();
    assert!(matches!(as_text, Some(StoreError::Corrupt { key: ref named, .. }) if named == key));
    store.get(key).await.err()
}

/// Every file of the directory that holds the canary, as it is or in base64.
fn files_with_the_canary(directory: &Path) -> Vec<String> {
    let forms = [
        CANARY.to_owned(),
        STANDARD.encode(CANARY).trim_end_matches('=').to_owned(),
    ];
    let holds = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        forms.iter().any(|form| {
            bytes
                .windows(form.len())
                .any(|window| window == form.as_bytes())
        })
    };
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| holds(path))
        .map(|path| path.display().to_string())
        .collect()
}

#[tokio::test]
async fn no_file_holds_a_sealed_value_at_any_time() {
    let (directory, store) = fresh();
    let _watch = store.watch(SECRETS, None, 0);
    let [kept, removed] = ["kept", "removed"].map(secret);
    let encoded = STANDARD.encode(CANARY);
    let mut writes = vec![create(&kept, CANARY), create(&removed, &encoded)];
    writes.extend([
        update(&kept, &encoded),
        update(&kept, CANARY),
        delete(&removed),
    ]);
    for write in writes {
        one(&store, write).await.unwrap();
    }
    assert_eq!(
        files_with_the_canary(directory.path()),
        Vec::<String>::new(),
        "while open"
    );
    drop((store, _watch));
    assert_eq!(
        files_with_the_canary(directory.path()),
        Vec::<String>::new(),
        "after closing"
    );
}

#[tokio::test]
async fn the_search_for_the_canary_finds_what_is_not_sealed() {
    let (directory, store) = fresh();
    one(&store, create(&config_map("a", "open"), CANARY))
        .await
        .unwrap();
    assert!(!files_with_the_canary(directory.path()).is_empty());
}

#[tokio::test]
async fn equal_values_are_sealed_differently_each_time() {
    let (directory, store) = fresh();
    let key = secret("one");
    store
        .write(vec![
            create(&key, "x"),
            update(&key, "x"),
            update(&key, "x"),
        ])
        .await
        .unwrap();
    drop(store);
    let stored = stored_texts(directory.path());
    let values: std::collections::HashSet<_> = stored
        .iter()
        .map(|text| sealed_field(text).to_string())
        .collect();
    assert_eq!(values.len(), 3);
}

#[rstest]
#[case::a_text(json!("plain"))]
#[case::null(json!(null))]
#[case::a_number(json!(1.50))]
#[case::a_text_that_looks_sealed(json!("sealed:0123456789abcdef:AAAA"))]
#[tokio::test]
async fn every_kind_of_sealed_value_comes_back(#[case] value: Value) {
    let (_directory, store) = fresh();
    let key = secret("one");
    let object = json!({ "metadata": { "name": "one" }, "data": { "a/b~c": value, "": value } });
    one(
        &store,
        Write::Create {
            key: key.clone(),
            value: object.clone(),
        },
    )
    .await
    .unwrap();
    assert_eq!(
        store.get(&key).await.unwrap().unwrap().value["data"],
        object["data"]
    );
}

#[tokio::test]
async fn a_map_that_is_not_a_map_is_sealed_whole() {
    let (directory, store) = fresh();
    let key = secret("one");
    let object = json!({ "metadata": {}, "data": [CANARY] });
    one(
        &store,
        Write::Create {
            key: key.clone(),
            value: object,
        },
    )
    .await
    .unwrap();
    assert_eq!(
        store.get(&key).await.unwrap().unwrap().value["data"],
        json!([CANARY])
    );
    assert_eq!(
        files_with_the_canary(directory.path()),
        Vec::<String>::new()
    );
}

/// The texts of all states in the file, the history's first.
fn stored_texts(directory: &Path) -> Vec<Value> {
    let database = Connection::open(directory.join("store.db")).unwrap();
    let mut statement = database
        .prepare(
            "SELECT before AS text FROM history WHERE before NOT NULL \
             UNION ALL SELECT value FROM objects",
        )
        .unwrap();
    let texts = statement
        .query_map((), |row| row.get::<_, Vec<u8>>(0))
        .unwrap();
    texts
        .map(|text| serde_json::from_slice(&text.unwrap()).unwrap())
        .collect()
}

fn sealed_field(stored: &Value) -> &Value {
    &stored["data"]["content"]
}

/// Gives the stored text of an object by its name; `before` is what was replaced.
type Texts<'a> = &'a dyn Fn(&str) -> Value;

/// Rewrites the stored text of `name` from the texts of all objects by name.
fn tamper(directory: &Path, name: &str, change: impl Fn(Texts<'_>) -> Value) {
    let database = Connection::open(directory.join("store.db")).unwrap();
    let text_of = |name: &str| -> Value {
        let bytes: Vec<u8> = database
            .query_row(
                "SELECT value FROM objects WHERE name = ?1 \
                 UNION ALL SELECT before FROM history WHERE ?1 = 'before' AND before NOT NULL",
                [name],
                |row| row.get(0),
            )
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    let changed = change(&text_of).to_string().into_bytes();
    database
        .execute(
            "UPDATE objects SET value = ?2 WHERE name = ?1",
            rusqlite::params![name, changed],
        )
        .unwrap();
}

fn flipped(text: &Value) -> Value {
    let mut text = text.as_str().unwrap().to_owned();
    let last = text.trim_end_matches('=').len() - 4;
    let replacement = if &text[last..=last] == "A" { "B" } else { "A" };
    text.replace_range(last..=last, replacement);
    json!(text)
}

#[rstest]
#[case::a_flipped_bit(|text_of: Texts<'_>| {
    let mut stored = text_of("one");
    stored["data"]["content"] = flipped(&stored["data"]["content"]);
    stored
})]
#[case::the_value_of_another_object(|text_of: Texts<'_>| {
    let mut stored = text_of("one");
    stored["data"]["content"] = text_of("two")["data"]["content"].clone();
    stored
})]
#[case::the_value_of_another_field(|text_of: Texts<'_>| {
    let mut stored = text_of("one");
    stored["data"]["content"] = stored["metadata"]["annotations"][LAST_APPLIED].clone();
    stored
})]
#[case::a_renamed_field(|text_of: Texts<'_>| {
    let mut stored = text_of("one");
    let value = stored["data"]["content"].take();
    stored["data"] = json!({ "renamed": value });
    stored
})]
#[case::another_object_whole(|text_of: Texts<'_>| text_of("two"))]
#[case::another_uid(|text_of: Texts<'_>| {
    let mut stored = text_of("one");
    stored["metadata"]["uid"] = json!("uid-of-a-namesake");
    stored
})]
#[case::a_value_put_in_unsealed(|text_of: Texts<'_>| {
    let mut stored = text_of("one");
    stored["data"]["content"] = json!("planted");
    stored
})]
#[case::an_earlier_value(|text_of: Texts<'_>| {
    let mut stored = text_of("one");
    stored["data"]["content"] = text_of("before")["data"]["content"].clone();
    stored
})]
#[case::an_earlier_state_whole(|text_of: Texts<'_>| text_of("before"))]
#[tokio::test]
async fn an_altered_value_is_detected(#[case] change: fn(Texts<'_>) -> Value) {
    let (directory, store) = fresh();
    let keys = ["one", "two"].map(secret);
    store
        .write(keys.iter().map(|key| create(key, "x")).collect())
        .await
        .unwrap();
    one(&store, update(&keys[0], "y")).await.unwrap();
    drop(store);
    tamper(directory.path(), "one", change);
    let store = open_in(directory.path());
    let error = refused(&store, &keys[0]).await;
    assert!(matches!(error, Some(StoreError::Corrupt { key, .. }) if key == keys[0]));
    assert!(
        store.get(&keys[1]).await.is_ok(),
        "its neighbour is unharmed"
    );
}

#[rstest]
#[case::name("name", SECRETS, "a", "moved")]
#[case::namespace("namespace", SECRETS, "moved", "one")]
#[case::resource("resource", "/moved", "a", "one")]
#[tokio::test]
async fn a_row_moved_to_another_place_is_detected(
    #[case] column: &str,
    #[case] resource: &str,
    #[case] namespace: &str,
    #[case] name: &str,
) {
    let directory = tempfile::tempdir().unwrap();
    let sealed_everywhere = || Options {
        sealed: |_| sealed(SECRETS),
        ..options(directory.path())
    };
    one(
        &Store::open(sealed_everywhere()).unwrap(),
        create(&secret("one"), "x"),
    )
    .await
    .unwrap();
    let database = Connection::open(directory.path().join("store.db")).unwrap();
    let moved = if column == "resource" {
        "/moved"
    } else {
        "moved"
    };
    database
        .execute(&format!("UPDATE objects SET {column} = ?1"), [moved])
        .unwrap();
    drop(database);
    let store = Store::open(sealed_everywhere()).unwrap();
    let error = refused(&store, &key(resource, namespace, name)).await;
    assert!(matches!(error, Some(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn an_error_about_a_damaged_object_does_not_quote_it() {
    let (directory, store) = fresh();
    let key = config_map("a", "one");
    one(&store, create(&key, "x")).await.unwrap();
    drop(store);
    let database = Connection::open(directory.path().join("store.db")).unwrap();
    database
        .execute(
            "UPDATE objects SET value = ?1",
            [format!("\"{CANARY}").into_bytes()],
        )
        .unwrap();
    drop(database);
    let error = open_in(directory.path()).get(&key).await.err().unwrap();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("configmaps `a/one`") && !text.contains(CANARY),
        "{text}"
    );
}

/// Bits of a sealed text that mean nothing: the last ones of base64 that ends in padding are refused
/// all the same, so that every bit counts.
#[tokio::test]
async fn every_flipped_bit_of_a_sealed_value_is_detected() {
    let (directory, store) = fresh();
    let key = secret("one");
    one(&store, create(&key, CANARY)).await.unwrap();
    drop(store);
    let stored = stored_texts(directory.path()).remove(0);
    let sealed = sealed_field(&stored).as_str().unwrap().to_owned();
    let keys = super::super::key::Keys::of(&KeySource::Beside, &directory.path().join("store.db"));
    let ring = keys.read().unwrap().unwrap();
    let sealer = super::super::seal::Sealer::new(ring[0].clone(), None, super::sealed);
    let decode = |text: &str| {
        let mut changed = stored.clone();
        changed["data"]["content"] = json!(text);
        let place = super::super::seal::Place {
            key: &key,
            version: 1,
        };
        sealer.decode(place, changed.to_string().as_bytes())
    };
    assert!(decode(&sealed).is_ok());
    for position in 0..sealed.len() {
        for bit in 0..7 {
            let mut bytes = sealed.clone().into_bytes();
            bytes[position] ^= 1 << bit;
            let flipped = String::from_utf8(bytes).unwrap();
            assert!(decode(&flipped).is_err(), "bit {bit} of byte {position}");
        }
    }
}

/// Nonces are random and 24 bytes long; this shows that the source is not stuck, the rest is
/// arithmetic. They differ already in their first eight bytes.
#[test]
fn ten_million_nonces_are_all_different() {
    const MANY: usize = 10_000_000;
    // A table with a place for each, and room: sorting takes several times as long.
    const PLACES: usize = 1 << 24;
    let mut seen = vec![0; PLACES];
    for _ in 0..MANY {
        let nonce = super::super::seal::nonce().unwrap();
        let beginning = u64::from_ne_bytes(nonce[..8].try_into().unwrap());
        let mut place = usize::try_from(beginning % PLACES as u64).unwrap();
        while seen[place] != 0 {
            assert_ne!(seen[place], beginning);
            place = (place + 1) % PLACES;
        }
        seen[place] = beginning;
    }
}

#[tokio::test]
async fn what_was_deleted_and_forgotten_is_not_in_the_file_any_more() {
    const MARK: &str = "a-text-that-is-not-sealed";
    let directory = tempfile::tempdir().unwrap();
    let nothing = HistoryLimit {
        changes: 0,
        bytes: 0,
    };
    let store = Store::open(Options {
        history: nothing,
        ..options(directory.path())
    })
    .unwrap();
    let long = config_map("a", "long");
    one(&store, create(&long, &MARK.repeat(1000)))
        .await
        .unwrap();
    one(&store, delete(&long)).await.unwrap();
    drop(store);
    let holds_it = |name| {
        let bytes = fs::read(directory.path().join(name)).unwrap_or_default();
        bytes
            .windows(MARK.len())
            .any(|window| window == MARK.as_bytes())
    };
    assert!(!holds_it("store.db") && !holds_it("store.db-wal"));
}
