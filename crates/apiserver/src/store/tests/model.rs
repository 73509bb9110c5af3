//! The law of the store: whatever is done, by whoever watches, it behaves like a plain map with
//! a log, also across restarts.

use super::*;
use futures::StreamExt;
use proptest::prelude::*;
use std::collections::BTreeMap;

const RESOURCES: [&str; 2] = [SECRETS, CONFIG_MAPS];
const NAMESPACES: [&str; 2] = ["a", "b"];

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<Op>),
    Watch {
        resource: usize,
        namespace: Option<usize>,
        back: u64,
    },
    Restart,
}

#[derive(Clone, Debug)]
struct Op {
    kind: Kind,
    resource: usize,
    namespace: usize,
    name: u8,
    content: u8,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Create,
    Update { is_stale: bool },
    Delete,
}

fn op() -> impl Strategy<Value = Op> {
    let kind = prop_oneof![
        3 => Just(Kind::Create),
        3 => any::<bool>().prop_map(|is_stale| Kind::Update { is_stale }),
        2 => Just(Kind::Delete),
    ];
    (kind, 0..2usize, 0..2usize, 0..3u8, any::<u8>()).prop_map(
        |(kind, resource, namespace, name, content)| Op {
            kind,
            resource,
            namespace,
            name,
            content,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let watch = (0..2usize, proptest::option::of(0..2usize), 0..8u64);
    prop_oneof![
        8 => proptest::collection::vec(op(), 1..4).prop_map(Step::Write),
        3 => watch.prop_map(|(resource, namespace, back)| Step::Watch { resource, namespace, back }),
        1 => Just(Step::Restart),
    ]
}

/// A map with a log.
#[derive(Clone, Default)]
struct Model {
    objects: BTreeMap<ObjectKey, Value>,
    log: Vec<(ObjectKey, Event)>,
}

impl Model {
    fn version(&self) -> u64 {
        self.log.len() as u64
    }

    /// The write that the operation stands for in this state.
    fn write_of(&self, op: &Op) -> Write {
        let name = op.name.to_string();
        let key = key(RESOURCES[op.resource], NAMESPACES[op.namespace], &name);
        let content = op.content.to_string();
        let current = self.objects.get(&key).map(version_of);
        match op.kind {
            Kind::Create => create(&key, &content),
            Kind::Delete => Write::Delete {
                key,
                expected: current,
            },
            Kind::Update { is_stale } => {
                let expected = if is_stale { Some(u64::MAX) } else { current };
                Write::Update {
                    value: object(&key, &content),
                    key,
                    expected,
                }
            }
        }
    }

    /// All writes or, where one is refused, none.
    fn write(&mut self, writes: &[Write]) -> Option<Vec<Stored>> {
        let mut next = self.clone();
        let stored = writes
            .iter()
            .map(|write| next.apply(write))
            .collect::<Option<_>>()?;
        *self = next;
        Some(stored)
    }

    fn apply(&mut self, write: &Write) -> Option<Stored> {
        let version = self.version() + 1;
        let (key, change, value, expected) = match write {
            Write::Create { key, value } => (key, Change::Added, Some(value), None),
            Write::Update {
                key,
                value,
                expected,
            } => (key, Change::Modified, Some(value), *expected),
            Write::Delete { key, expected } => (key, Change::Deleted, None, *expected),
        };
        let before = self.objects.get(key).cloned();
        if before.is_none() != (change == Change::Added) {
            return None;
        }
        if let (Some(expected), Some(before)) = (expected, &before)
            && expected != version_of(before)
        {
            return None;
        }
        let mut after = value.or(before.as_ref())?.clone();
        after["metadata"]["resourceVersion"] = json!(version.to_string());
        match change {
            Change::Deleted => self.objects.remove(key),
            Change::Added | Change::Modified => self.objects.insert(key.clone(), after.clone()),
        };
        let object = Arc::new(after.clone());
        let event = Event {
            version,
            change,
            object,
            before: before.map(Arc::new),
        };
        self.log.push((key.clone(), event));
        Some(Stored {
            value: after,
            version,
        })
    }
}

fn version_of(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// A client that watches, and watches again after each restart from where it stood.
struct Client {
    resource: &'static str,
    namespace: Option<&'static str>,
    from: u64,
    seen: Vec<Event>,
    watch: Option<Watch>,
}

impl Client {
    /// Reads what is there at once, however much that is; the rest comes later.
    fn look(&mut self, store: &Store) {
        let reached = self.seen.last().map_or(self.from, |event| event.version);
        let watch = self
            .watch
            .get_or_insert_with(|| store.watch(self.resource, self.namespace, reached));
        while let Some(Some(event)) = futures::FutureExt::now_or_never(watch.next()) {
            self.seen.push(event.unwrap());
        }
    }

    fn wants(&self, key: &ObjectKey, event: &Event) -> bool {
        event.version > self.from
            && key.resource == self.resource
            && self
                .namespace
                .is_none_or(|namespace| namespace == key.namespace)
    }

    async fn finish(mut self, store: &Store, model: &Model) {
        self.look(store);
        let wanted = model
            .log
            .iter()
            .filter(|(key, event)| self.wants(key, event));
        let expected: Vec<_> = wanted.map(|(_, event)| event.clone()).collect();
        let watch = self
            .watch
            .as_mut()
            .expect("a client that looked has a watch");
        // The last change is for every client: whoever has seen it has seen all.
        while self.seen.last().map(|event| event.version) != expected.last().map(|e| e.version) {
            self.seen.push(watch.next().await.unwrap().unwrap());
        }
        assert_eq!(self.seen, expected);
    }
}

async fn run(steps: Vec<Step>) {
    let (directory, mut store) = fresh();
    let mut model = Model::default();
    let mut clients: Vec<Client> = Vec::new();
    for step in steps {
        match step {
            Step::Write(ops) => {
                let writes: Vec<_> = ops.iter().map(|op| model.write_of(op)).collect();
                let expected = model.write(&writes);
                assert!(store.write(writes).await.ok() == expected);
            }
            Step::Watch {
                resource,
                namespace,
                back,
            } => clients.push(Client {
                resource: RESOURCES[resource],
                namespace: namespace.map(|index| NAMESPACES[index]),
                from: model.version().saturating_sub(back),
                seen: Vec::new(),
                watch: None,
            }),
            Step::Restart => {
                clients.iter_mut().for_each(|client| client.watch = None);
                drop(store);
                store = open_in(directory.path());
            }
        }
        clients.iter_mut().for_each(|client| client.look(&store));
        assert_eq!(store.version().await.unwrap(), model.version());
    }
    check_lists(&store, &model).await;
    let end = |resource, namespace| create(&key(resource, namespace, "end"), "");
    let ends: Vec<_> = RESOURCES
        .iter()
        .flat_map(|resource| NAMESPACES.iter().map(|namespace| end(resource, namespace)))
        .collect();
    model.write(&ends).expect("the ends are new");
    store.write(ends).await.unwrap();
    for client in clients {
        client.finish(&store, &model).await;
    }
}

async fn check_lists(store: &Store, model: &Model) {
    for resource in RESOURCES {
        let query = ListQuery {
            resource: resource.to_owned(),
            ..ListQuery::default()
        };
        let listed = store.list(query).await.unwrap();
        let mine = model
            .objects
            .iter()
            .filter(|(key, _)| key.resource == resource);
        assert_eq!(
            listed.items,
            mine.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        );
        for past in 0..=model.version() {
            let query = ListQuery {
                resource: resource.to_owned(),
                at: Some(past),
                ..ListQuery::default()
            };
            let mut state = BTreeMap::new();
            for (key, event) in model.log.iter().take(past as usize) {
                match event.change {
                    Change::Deleted => state.remove(key),
                    _ => state.insert(key.clone(), event.object.as_ref().clone()),
                };
            }
            state.retain(|key, _| key.resource == resource);
            let listed = store.list(query).await.unwrap();
            assert_eq!(
                listed.items,
                state.into_values().collect::<Vec<_>>(),
                "at {past}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_store_behaves_like_a_map_with_a_log(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
