use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    PutRow(Box<Row>),
    RemoveRow(String, String),
    PutObject(Object),
    RemoveObject(ObjectRef),
    KeepRows(Vec<(String, String)>),
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("harbour".to_owned()), Just("inland".to_owned())]
}

fn name() -> impl Strategy<Value = String> {
    "[a-e]"
}

fn any_row() -> impl Strategy<Value = Row> {
    let protocol = prop_oneof![Just("s3"), Just("uri"), Just("no")];
    (namespace(), name(), protocol, "[xyz]", any::<bool>()).prop_map(
        |(namespace, name, protocol, display, vital)| {
            let annotations = json!({
                "openshift.io/display-name": display, "bowline.dev/vital": vital.to_string(),
            });
            row(&namespace, &name, protocol, &annotations)
        },
    )
}

fn any_object() -> impl Strategy<Value = Object> {
    let kind = prop_oneof![
        Just(("v1", "Pod")),
        Just(("apps/v1", "ReplicaSet")),
        Just(("apps/v1", "Deployment")),
    ];
    let secrets = proptest::collection::vec(name(), 0..3);
    let owner = proptest::option::of("[a-c]");
    (kind, "[a-c]", secrets, owner).prop_map(|((version, kind), name, secrets, owner)| {
        let secrets: Vec<_> = secrets.iter().map(String::as_str).collect();
        let mut object = puller(version, kind, &name, &secrets, None);
        // Pods are owned by sets, sets by Deployments: each identifier stands for one object.
        object.uid = format!("{kind}-{name}");
        let of = match kind {
            "Pod" => "ReplicaSet",
            "ReplicaSet" => "Deployment",
            _ => return object,
        };
        object.owner = owner.map(|name| Owner {
            uid: format!("{of}-{name}"),
            kind: of.to_owned(),
            name,
        });
        object
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => any_row().prop_map(|row| Step::PutRow(Box::new(row))),
        1 => (namespace(), name()).prop_map(|(namespace, name)| Step::RemoveRow(namespace, name)),
        4 => any_object().prop_map(Step::PutObject),
        1 => any_object().prop_map(|object| Step::RemoveObject(object.reference)),
        1 => proptest::collection::vec((namespace(), name()), 0..8).prop_map(Step::KeepRows),
    ];
    proptest::collection::vec(step, 0..60)
}

/// The index after all steps, and one that was built from what plain maps hold in the end.
fn both(steps: &[Step]) -> (Index, Index) {
    let mut index = Index::counting();
    let mut rows = BTreeMap::new();
    let mut objects = HashMap::new();
    for step in steps.iter().cloned() {
        match step {
            Step::PutRow(row) => {
                rows.insert((row.namespace.clone(), row.name.clone()), *row.clone());
                index.upsert_row(*row);
            }
            Step::RemoveRow(namespace, name) => {
                index.remove_row(&namespace, &name);
                rows.remove(&(namespace, name));
            }
            Step::PutObject(object) => {
                objects.insert(object.reference.clone(), object.clone());
                index.upsert_object(object);
            }
            Step::RemoveObject(reference) => {
                index.remove_object(&reference);
                objects.remove(&reference);
            }
            Step::KeepRows(kept) => {
                let kept = kept.into_iter().collect();
                index.keep_rows(&kept);
                rows.retain(|name, _| kept.contains(name));
            }
        }
    }
    let mut rebuilt = Index::counting();
    rows.into_values().for_each(|row| rebuilt.upsert_row(row));
    objects
        .into_values()
        .for_each(|object| rebuilt.upsert_object(object));
    (index, rebuilt)
}

fn any_query() -> impl Strategy<Value = Query> {
    let sort = proptest::sample::select(Sort::NAMES).prop_map(|name| name.parse().unwrap());
    let order = prop_oneof![Just(Order::Ascending), Just(Order::Descending)];
    let used = proptest::option::of(any::<bool>());
    let text = proptest::option::of("[a-z]");
    (sort, order, used, text).prop_map(|(sort, order, used, text)| Query {
        filter: Filter {
            used,
            text,
            ..Filter::default()
        },
        sort,
        order,
        limit: MAX_PAGE,
        cursor: None,
    })
}

proptest! {
    #[test]
    fn an_index_after_any_changes_is_the_one_rebuilt_from_what_is_left(
        steps in steps(),
        query in any_query(),
    ) {
        let (index, rebuilt) = both(&steps);
        prop_assert_eq!(index.query(&query), rebuilt.query(&query));
        prop_assert_eq!(index.used(), rebuilt.used());
        prop_assert_eq!(index.sizes(), rebuilt.sizes());
    }

    #[test]
    fn users_are_those_that_a_look_at_every_object_finds(steps in steps()) {
        let (index, _) = both(&steps);
        for ((namespace, name), listed) in &index.rows {
            let says = |object: &&Object| {
                let is_here = object.reference.namespace == *namespace;
                is_here && object.uses.iter().any(|used| used.secret == *name)
            };
            let tops: BTreeSet<_> = index
                .objects
                .values()
                .filter(says)
                .map(|object| &index.top(object).reference)
                .collect();
            let users = index.users_of(namespace, name);
            let users: BTreeSet<_> = users.iter().map(|user| &user.object).collect();
            prop_assert_eq!(&users, &tops);
            prop_assert_eq!(index.is_used(&listed.row), !tops.is_empty());
        }
    }

    #[test]
    fn pages_joined_are_the_whole_query(
        steps in steps(),
        query in any_query(),
        limit in 1_usize..6,
    ) {
        let (index, _) = both(&steps);
        let whole = index.query(&query).unwrap();
        let mut joined = Vec::new();
        let mut next = Query { limit, ..query };
        loop {
            let page = index.query(&next).unwrap();
            prop_assert_eq!(page.total, whole.total);
            joined.extend(page.items);
            match page.next {
                Some(cursor) => next.cursor = Some(cursor),
                None => break,
            }
        }
        prop_assert_eq!(joined, whole.items);
    }

    #[test]
    fn an_index_for_each_namespace_answers_as_one_for_all(
        steps in steps(),
        query in any_query(),
        limit in 1_usize..6,
    ) {
        let (index, _) = both(&steps);
        let mut parts: BTreeMap<&str, Index> = BTreeMap::new();
        for ((namespace, _), listed) in &index.rows {
            let part = parts.entry(namespace).or_insert_with(Index::counting);
            part.upsert_row(listed.row.clone());
        }
        for object in index.objects.values() {
            let part = parts.entry(&object.reference.namespace);
            part.or_insert_with(Index::counting).upsert_object(object.clone());
        }
        // In whichever order they come.
        let parts: Vec<_> = parts.values().rev().collect();
        let mut next = Query { limit, ..query };
        loop {
            let page = Index::query_all(&parts, &next).unwrap();
            prop_assert_eq!(&page, &index.query(&next).unwrap());
            match page.next {
                Some(cursor) => next.cursor = Some(cursor),
                None => break,
            }
        }
    }

    #[test]
    fn no_cursor_makes_a_query_panic(text in ".{0,80}") {
        let query = Query { cursor: Some(text), ..Query::default() };
        prop_assert!(harbour().query(&query).is_err());
    }
}
