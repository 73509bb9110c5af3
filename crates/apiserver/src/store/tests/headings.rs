//! What a server looks through when it starts.

use super::*;

/// More than one page of them.
const MANY: usize = 1100;

fn with(name: &str, member: &str, value: Value) -> Write {
    let mut write = create(&key(SECRETS, "a", name), "long");
    let Write::Create { value: object, .. } = &mut write else {
        unreachable!("a creation");
    };
    object["metadata"][member] = value;
    write
}

/// The names of all that is found, page by page.
async fn names<F>(read: impl Fn(i64) -> F) -> Vec<String>
where
    F: Future<Output = Result<Headings, StoreError>>,
{
    let (mut names, mut from) = (Vec::new(), Some(0));
    while let Some(after) = from {
        let found = read(after).await.expect("it can be read");
        names.extend(found.items.into_iter().map(|(key, metadata)| {
            assert_eq!(metadata["name"], key.name);
            key.name
        }));
        from = found.next;
    }
    names
}

#[tokio::test]
async fn what_is_owned_or_going_is_found_among_all_others() {
    let (_directory, store) = fresh();
    let owners = json!([{"uid": "1"}]);
    let writes = (0..MANY).map(|number| match number % 2 {
        0 => with(
            &format!("owned-{number}"),
            "ownerReferences",
            owners.clone(),
        ),
        _ => create(
            &key(SECRETS, "a", &format!("other-{number}")),
            "ownerReferences",
        ),
    });
    store.write(writes.collect()).await.expect("written");
    let going = with("going", "deletionTimestamp", "2026-01-01T00:00:00Z".into());
    one(&store, going).await.expect("written");
    let found = names(|after| store.tied(after)).await;
    assert_eq!(found.len(), MANY / 2 + 1);
    assert!(found.iter().all(|name| !name.starts_with("other")));
}

#[tokio::test]
async fn what_was_deleted_is_found_for_as_long_as_it_is_kept() {
    let (_directory, store) = fresh();
    let key = |number: usize| key(SECRETS, "a", &format!("gone-{number}"));
    let writes = (0..MANY).map(|number| create(&key(number), "x"));
    store.write(writes.collect()).await.expect("written");
    let writes = (1..MANY).map(|number| delete(&key(number)));
    store.write(writes.collect()).await.expect("written");
    let found = names(|after| store.gone(after)).await;
    assert_eq!(found.len(), MANY - 1);
    assert!(!found.contains(&"gone-0".to_owned()));
}
