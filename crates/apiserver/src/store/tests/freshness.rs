//! What is read is never older than what was read before it. A change can be read a moment before
//! its writer tells anybody, so the reader here is one that no writer tells of anything.

use super::*;
use crate::store::answered::Answered;
use crate::store::reader::Reader;
use crate::store::{Kept, Shape};
use rstest::rstest;

/// How the change is seen first.
#[derive(Clone, Copy)]
enum Seen {
    Object,
    Text,
    Page,
    PageOfTexts,
    Changes,
}

fn shape() -> Arc<Shape> {
    Arc::new(Shape {
        first: String::new(),
        kept: Kept::Metadata,
        unfolded: "",
    })
}

fn all(resource: &str) -> ListQuery {
    ListQuery {
        resource: resource.to_owned(),
        ..ListQuery::default()
    }
}

/// Reads the change that was made to Secrets after `before`, which is there.
async fn see(reader: &Reader, seen: Seen, key: ObjectKey, before: u64) {
    let after_nothing = ListQuery {
        after: Some((String::new(), String::new())),
        ..all(SECRETS)
    };
    let found = match seen {
        Seen::Object => reader
            .get(key)
            .await
            .expect("an object")
            .into_iter()
            .count(),
        Seen::Text => reader
            .get_text(key, shape())
            .await
            .expect("a text")
            .into_iter()
            .count(),
        Seen::Page => reader.list(all(SECRETS)).await.expect("a page").items.len(),
        Seen::PageOfTexts => {
            let page = reader.list_texts(after_nothing, shape()).await;
            page.expect("a page of texts").items.len()
        }
        Seen::Changes => {
            let changes = reader.changes(SECRETS.to_owned(), None, before).await;
            changes.expect("changes").events.len()
        }
    };
    assert_eq!(found, 1);
}

#[rstest]
#[tokio::test]
async fn a_list_is_not_older_than_what_was_read_before_it(
    #[values(Seen::Object, Seen::Text, Seen::Page, Seen::PageOfTexts, Seen::Changes)] seen: Seen,
) {
    let (directory, store) = fresh();
    one(&store, create(&config_map("a", "one"), "1"))
        .await
        .expect("it is stored");
    let answered = Arc::new(Answered::new(1));
    let reader = Reader::start(&directory.path().join("store.db"), &store.0.seal, answered);
    let reader = reader.expect("a reader starts");
    let listed = async || {
        let listed = reader.list_texts(all(CONFIG_MAPS), shape()).await;
        listed.expect("a list").version
    };
    let before = listed().await;
    let secret = key(SECRETS, "a", "one");
    let change = one(&store, create(&secret, "1"))
        .await
        .expect("it is stored");
    assert_eq!(
        listed().await,
        before,
        "the list was kept, and nobody told of the change"
    );
    see(&reader, seen, secret, before).await;
    assert_eq!(listed().await, change.version);
}
