//! Objects read as text say what they say as trees.

use super::*;
use crate::store::{Kept, ObjectText, Shape};
use proptest::prelude::*;
use std::sync::Mutex;

const WHOLE: Shape = Shape {
    first: String::new(),
    kept: Kept::AllBut(&[]),
    unfolded: "folded",
};

fn as_text(store: &Store, key: &ObjectKey, shape: Shape) -> impl Future<Output = Value> {
    let (store, key) = (store.clone(), key.clone());
    async move {
        let text = store.get_text(&key, Arc::new(shape)).await;
        let text = text.expect("it can be read").expect("it is there");
        serde_json::from_slice(&text).expect("it is JSON")
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            members(inner),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let name = "[a-z/~\"\\\\é\n.]{0,6}";
    prop::collection::btree_map(name, value, 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn objects() -> impl Strategy<Value = Value> {
    let data = prop_oneof![members(json()), json()];
    let annotations = prop_oneof![members(json()), json()];
    let parts = (data, annotations, json(), members(json()), any::<bool>());
    parts.prop_map(|(data, annotations, applied, others, is_applied)| {
        let mut object = json!({"metadata": {"name": "one", "namespace": "a", "uid": "é\"1"}});
        object["data"] = data;
        object["metadata"]["annotations"] = annotations;
        if let (true, Some(members)) = (
            is_applied,
            object["metadata"]["annotations"].as_object_mut(),
        ) {
            members.insert(LAST_APPLIED.to_owned(), applied);
        }
        object["others"] = others;
        object
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_text_says_what_the_tree_says(values in prop::collection::vec(objects(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (_directory, store) = fresh();
            for resource in [SECRETS, CONFIG_MAPS] {
                for (number, value) in values.iter().enumerate() {
                    let key = key(resource, "a", &format!("n{number}"));
                    one(&store, Write::Create { key: key.clone(), value: value.clone() }).await.expect("it is stored");
                    let tree = store.get(&key).await.expect("it can be read").expect("it is there").value;
                    prop_assert_eq!(as_text(&store, &key, WHOLE).await, tree);
                }
                let query = ListQuery { resource: resource.to_owned(), ..ListQuery::default() };
                let trees = store.list(query.clone()).await.expect("trees");
                let texts = store.list_texts(query, Arc::new(WHOLE)).await.expect("texts");
                let texts: Vec<Value> = texts.items.iter().map(|text| serde_json::from_slice(text).expect("JSON")).collect();
                prop_assert_eq!(texts, trees.items);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_shape_puts_members_first_leaves_some_out_and_unfolds_one() {
    let (_directory, store) = fresh();
    let key = key(SECRETS, "a", "one");
    let value = json!({
        "kind": "Old", "metadata": {"name": "one", "folded": "[{\"by\":\"me\"}]"}, "data": {"k": "v"},
    });
    let write = Write::Create {
        key: key.clone(),
        value,
    };
    one(&store, write).await.expect("it is stored");
    let metadata = json!({"name": "one", "folded": [{"by": "me"}], "resourceVersion": "1"});
    let shape = Shape {
        first: "\"kind\":\"New\",".to_owned(),
        kept: Kept::AllBut(&["kind"]),
        ..WHOLE
    };
    let read = as_text(&store, &key, shape).await;
    assert_eq!(
        read,
        json!({"kind": "New", "metadata": metadata, "data": {"k": "v"}})
    );
    let shape = Shape {
        kept: Kept::Metadata,
        ..WHOLE
    };
    let read = as_text(&store, &key, shape).await;
    assert_eq!(read, json!({"metadata": metadata}));
}

#[tokio::test]
async fn a_filter_chooses_texts_by_what_it_looks_at_and_is_shown_nothing_else() {
    let (_directory, store) = fresh();
    for (name, kind) in [("a", "x"), ("b", "y"), ("c", "x")] {
        let key = key(SECRETS, "n", name);
        let value = json!({
            "metadata": {"name": name, "namespace": "n", "uid": name, "labels": {"l": name},
                "annotations": {"note": "of no interest"}},
            "type": kind, "data": {"k": "dg=="}, "immutable": true,
        });
        let created = one(&store, Write::Create { key, value }).await;
        created.expect("it is stored");
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seeing = Arc::clone(&seen);
    let accepts = move |object: &Value| {
        seeing.lock().expect("nobody panics").push(object.clone());
        object["type"] == "x"
    };
    let query = ListQuery {
        resource: SECRETS.to_owned(),
        limit: Some(1),
        filter: Some(Filter {
            members: ["type".to_owned()].into(),
            accepts: Arc::new(accepts),
        }),
        ..ListQuery::default()
    };
    let first = store.list_texts(query.clone(), Arc::new(WHOLE)).await;
    let first = first.expect("a page");
    let second = ListQuery {
        after: first.next.clone(),
        ..query
    };
    let second = store.list_texts(second, Arc::new(WHOLE)).await;
    let name = |page: &Listed<ObjectText>| {
        let object: Value = serde_json::from_slice(&page.items[0]).expect("JSON");
        (object["metadata"]["name"].clone(), object["data"].clone())
    };
    assert_eq!(name(&first), (json!("a"), json!({"k": "dg=="})));
    assert_eq!(first.remaining, None);
    assert_eq!(
        name(&second.expect("a page")),
        (json!("c"), json!({"k": "dg=="}))
    );
    let seen = seen.lock().expect("nobody panics");
    assert_eq!(
        seen[0],
        json!({"metadata": {"name": "a", "namespace": "n", "labels": {"l": "a"}}, "type": "x"})
    );
}

/// The names in a list of texts, and the version that it is of.
async fn names(store: &Store, namespace: Option<&str>) -> (Vec<String>, u64) {
    let query = ListQuery {
        resource: CONFIG_MAPS.to_owned(),
        namespace: namespace.map(str::to_owned),
        ..ListQuery::default()
    };
    let listed = store.list_texts(query, Arc::new(WHOLE)).await;
    let listed = listed.expect("a list");
    let name = |text: &ObjectText| {
        let object: Value = serde_json::from_slice(text).expect("JSON");
        object["metadata"]["name"]
            .as_str()
            .expect("a name")
            .to_owned()
    };
    (listed.items.iter().map(name).collect(), listed.version)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_of_texts_shows_every_change_that_is_done_and_never_goes_back() {
    let (_directory, store) = fresh();
    let tasks = (0..4).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            let own = ["a", "b"][task % 2];
            let places = [None, Some(own), Some("c")];
            let mut before = 0;
            for number in 0..30 {
                let key = config_map(own, &format!("{task}-{number}"));
                let done = one(&store, create(&key, "x")).await.expect("it is stored");
                for place in places.repeat(2) {
                    let (names, version) = names(&store, place).await;
                    let is_listed = names.contains(&key.name);
                    assert_eq!(is_listed, place != Some("c"), "{} of {version}", key.name);
                    assert!(version >= done.version.max(before));
                    before = version;
                }
                let delete = Write::Delete {
                    key: key.clone(),
                    expected: None,
                };
                one(&store, delete).await.expect("it is deleted");
                for place in places {
                    let (names, _) = names(&store, place).await;
                    assert!(!names.contains(&key.name), "{}", key.name);
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("every change is seen");
    }
}
