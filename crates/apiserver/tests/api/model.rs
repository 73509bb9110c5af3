//! Several clients at once against a plain model: what they do is random, and afterwards everything
//! that they were told must fit one order of changes, from which a map follows at each version.

use crate::client::{Client, Server};
use crate::watches::Lines;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const KINDS: [(&str, &str); 2] = [("secrets", "Secret"), ("configmaps", "ConfigMap")];
const NAMES: usize = 3;
/// Ends each watch: it is created last.
const END: &str = "m-end";

/// What a client does next, to one of few objects so that clients meet.
#[derive(Clone, Copy, Debug)]
struct Step {
    what: What,
    kind: usize,
    name: usize,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Create,
    /// For the version that the client saw last.
    Update,
    Patch,
    Delete,
    Get,
    List,
    /// Watches from where it is for so many changes, then cuts the watch and goes on from there.
    Watch {
        cut: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        4 => Just(What::Create),
        4 => Just(What::Update),
        3 => Just(What::Patch),
        3 => Just(What::Delete),
        3 => Just(What::Get),
        2 => Just(What::List),
        1 => (1..6usize).prop_map(|cut| What::Watch { cut }),
    ];
    (what, 0..KINDS.len(), 0..NAMES).prop_map(|(what, kind, name)| Step { what, kind, name })
}

/// What a client was told, and the latest version that it knew of when it asked.
struct Told {
    known: u64,
    kind: usize,
    name: String,
    what: Answer,
}

enum Answer {
    Created(Value),
    /// For which version, and what became of it.
    Updated(u64, Value),
    Patched(Value),
    Deleted,
    Got(Option<Value>),
    Listed(u64, Vec<Value>),
    /// From which version, and all events since until the end.
    Watched(u64, Vec<Value>),
}

fn collection(kind: usize) -> String {
    format!("/api/v1/namespaces/default/{}", KINDS[kind].0)
}

fn version(object: &Value) -> u64 {
    let text = object["metadata"]["resourceVersion"].as_str();
    text.and_then(|text| text.parse().ok()).expect("a version")
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().expect("a name")
}

/// One client, and what it remembers.
struct Person {
    client: Client,
    id: usize,
    known: u64,
    /// The last state that it saw of each object.
    seen: BTreeMap<(usize, String), Value>,
    told: Vec<Told>,
    watches: Vec<tokio::task::JoinHandle<Told>>,
}

impl Person {
    async fn run(mut self, steps: Vec<Step>) -> Self {
        for (number, step) in steps.into_iter().enumerate() {
            let name = format!("m-{}", step.name);
            let known = self.known;
            let content = format!("{}-{number}", self.id);
            if let Some(what) = self.take(step, &name, &content).await {
                self.told.push(Told {
                    known,
                    kind: step.kind,
                    name,
                    what,
                });
            }
        }
        self
    }

    /// Takes a step; none where it was refused as it may be.
    async fn take(&mut self, step: Step, name: &str, content: &str) -> Option<Answer> {
        let Step { what, kind, .. } = step;
        let path = format!("{}/{name}", collection(kind));
        let data = json!({ "content": content });
        match what {
            What::Create => {
                let object = json!({"metadata": {"name": name}, "apiVersion": "v1", "kind": KINDS[kind].1, "data": encoded(kind, &data)});
                let answer = self.client.post(&collection(kind), &object).await;
                let object = allowed(answer.code, &[409], || answer.ok())?;
                Some(Answer::Created(self.note(kind, object)))
            }
            What::Update => {
                let mut object = self.seen.get(&(kind, name.to_owned()))?.clone();
                let expected = version(&object);
                object["data"] = encoded(kind, &data);
                let answer = self.client.put(&path, &object).await;
                let object = allowed(answer.code, &[404, 409], || answer.ok())?;
                Some(Answer::Updated(expected, self.note(kind, object)))
            }
            What::Patch => {
                let patch = json!({ "data": encoded(kind, &data) });
                let answer = self.client.patch(&path, "merge", &patch).await;
                let object = allowed(answer.code, &[404, 409], || answer.ok())?;
                Some(Answer::Patched(self.note(kind, object)))
            }
            What::Delete => {
                let answer = self.client.delete(&path).await;
                allowed(answer.code, &[404, 409], || answer.ok()).map(|_| Answer::Deleted)
            }
            What::Get => {
                let answer = self.client.get(&path).await;
                let found = allowed(answer.code, &[404], || answer.ok());
                Some(Answer::Got(found.map(|object| self.note(kind, object))))
            }
            What::List => {
                let list = self.client.get(&collection(kind)).await.ok();
                self.known = self.known.max(version(&list));
                let items = list["items"].as_array().expect("items").clone();
                Some(Answer::Listed(version(&list), items))
            }
            What::Watch { cut } => {
                let watch = follow(self.client.clone(), kind, self.known, cut);
                self.watches.push(tokio::spawn(watch));
                None
            }
        }
    }

    fn note(&mut self, kind: usize, object: Value) -> Value {
        self.known = self.known.max(version(&object));
        let key = (kind, name_of(&object).to_owned());
        self.seen.insert(key, object.clone());
        object
    }
}

/// Secrets hold base64; the tests' contents are digits and a dash, told apart in any encoding.
fn encoded(kind: usize, data: &Value) -> Value {
    use base64::Engine as _;
    let text = data["content"].as_str().expect("a text");
    match KINDS[kind].0 {
        "secrets" => json!({ "content": base64::engine::general_purpose::STANDARD.encode(text) }),
        _ => data.clone(),
    }
}

fn allowed(code: u16, refusals: &[u16], object: impl FnOnce() -> Value) -> Option<Value> {
    (!refusals.contains(&code)).then(object)
}

/// Follows a collection until the end, cutting the watch every few events.
async fn follow(client: Client, kind: usize, from: u64, cut: usize) -> Told {
    let (mut events, mut at) = (Vec::new(), from);
    'again: loop {
        let path = format!("{}?watch=true&resourceVersion={at}", collection(kind));
        let mut lines = Lines::open(&client, &path, "application/json").await;
        for _ in 0..cut {
            let event = lines.next().await.expect("a watch goes on");
            at = version(&event["object"]);
            let is_end = name_of(&event["object"]) == END;
            events.push(event);
            if is_end {
                break 'again;
            }
        }
    }
    Told {
        known: from,
        kind,
        name: String::new(),
        what: Answer::Watched(from, events),
    }
}

/// The order of all changes, as one watch of each kind saw them that was never cut.
struct Model {
    logs: Vec<Vec<Value>>,
}

impl Model {
    /// The state of an object at a version.
    fn at(&self, kind: usize, name: &str, version_: u64) -> Option<&Value> {
        let log = self.logs[kind]
            .iter()
            .take_while(|event| version(&event["object"]) <= version_);
        let last = log
            .filter(|event| name_of(&event["object"]) == name)
            .last()?;
        (last["type"] != "DELETED").then_some(&last["object"])
    }

    /// The change that made a version.
    fn change(&self, kind: usize, made: u64) -> Option<&Value> {
        let log = &self.logs[kind];
        log.iter().find(|event| version(&event["object"]) == made)
    }

    /// Versions rise, and each object is added, then modified, then deleted.
    fn is_in_order(&self) {
        for log in &self.logs {
            let versions: Vec<u64> = log.iter().map(|event| version(&event["object"])).collect();
            assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
            let mut there = BTreeMap::new();
            for event in log {
                let is_there = there.entry(name_of(&event["object"])).or_insert(false);
                let expected = if *is_there {
                    &["MODIFIED", "DELETED"][..]
                } else {
                    &["ADDED"]
                };
                let kind = event["type"].as_str().expect("a type");
                assert!(expected.contains(&kind), "{event}");
                *is_there = kind != "DELETED";
            }
        }
    }

    /// One answer fits the order: a write made its change, on the state it was made for; what was
    /// read was the state at a time when nothing newer was known.
    fn explains(&self, told: &Told) {
        let Told {
            known, kind, name, ..
        } = told;
        let made = |object: &Value, change: &str| {
            let event = self
                .change(*kind, version(object))
                .expect("the change is in the log");
            assert_eq!((&event["type"], &event["object"]), (&json!(change), object));
            assert!(
                version(object) > *known,
                "a write comes after what its author knew"
            );
        };
        match &told.what {
            Answer::Created(object) => made(object, "ADDED"),
            Answer::Patched(object) => made(object, "MODIFIED"),
            Answer::Updated(expected, object) => {
                made(object, "MODIFIED");
                let before = self.at(*kind, name, version(object) - 1);
                assert_eq!(
                    before.map(version),
                    Some(*expected),
                    "nobody else's change is lost"
                );
            }
            // A deletion's answer has no version; they are counted.
            Answer::Deleted => {}
            Answer::Got(Some(object)) => {
                assert_eq!(self.at(*kind, name, version(object)), Some(object));
                let later = self.at(*kind, name, *known);
                assert!(
                    later.is_none_or(|later| version(later) <= version(object)),
                    "stale"
                );
            }
            Answer::Got(None) => {
                let mut versions = self.logs[*kind]
                    .iter()
                    .map(|event| version(&event["object"]));
                let was_absent = |at| self.at(*kind, name, at).is_none();
                assert!(was_absent(*known) || versions.any(|at| at > *known && was_absent(at)));
            }
            Answer::Listed(at, items) => {
                assert!(at >= known, "a list is not older than what its reader knew");
                let found: Vec<&Value> = items
                    .iter()
                    .filter(|item| name_of(item).starts_with("m-"))
                    .collect();
                let names = (0..NAMES)
                    .map(|name| format!("m-{name}"))
                    .chain([END.to_owned()]);
                let expected: Vec<&Value> = names
                    .filter_map(|name| self.at(*kind, &name, *at))
                    .collect();
                let bare = |objects: &[&Value]| -> Vec<Value> {
                    objects
                        .iter()
                        .map(|object| json!([object["metadata"], object["data"]]))
                        .collect()
                };
                assert_eq!(bare(&found), bare(&expected), "at {at}");
            }
            Answer::Watched(from, events) => {
                let since = self.logs[*kind]
                    .iter()
                    .filter(|event| version(&event["object"]) > *from);
                assert_eq!(events.iter().collect::<Vec<_>>(), since.collect::<Vec<_>>());
            }
        }
    }

    /// Every change was somebody's who was told so, and the other way round.
    fn counts(&self, told: &[Told]) {
        for (kind, log) in self.logs.iter().enumerate() {
            let changes = |what: &str| log.iter().filter(|event| event["type"] == what).count();
            let answers = |is: fn(&Answer) -> bool| {
                told.iter()
                    .filter(|told| told.kind == kind && is(&told.what))
                    .count()
            };
            let created = answers(|what| matches!(what, Answer::Created(_)));
            let modified = answers(|what| matches!(what, Answer::Updated(..) | Answer::Patched(_)));
            let deleted = answers(|what| matches!(what, Answer::Deleted));
            // The last one is the end.
            assert_eq!(
                (
                    changes("ADDED") - 1,
                    changes("MODIFIED"),
                    changes("DELETED")
                ),
                (created, modified, deleted)
            );
        }
    }
}

async fn play(scripts: Vec<Vec<Step>>) {
    let server = Server::start().await;
    let admin = server.admin();
    let start = version(&admin.get(&collection(0)).await.ok());
    let logs: Vec<_> = (0..KINDS.len())
        .map(|kind| tokio::spawn(follow(server.admin(), kind, start, usize::MAX)))
        .collect();
    let people = scripts.into_iter().enumerate().map(|(id, steps)| {
        let person = Person {
            client: server.admin(),
            id,
            known: start,
            seen: BTreeMap::new(),
            told: Vec::new(),
            watches: Vec::new(),
        };
        tokio::spawn(person.run(steps))
    });
    let mut told = Vec::new();
    let mut watches = Vec::new();
    for person in people.collect::<Vec<_>>() {
        let person = person.await.unwrap();
        told.extend(person.told);
        watches.extend(person.watches);
    }
    for (kind, (_, name)) in KINDS.iter().enumerate() {
        let end = json!({"apiVersion": "v1", "kind": name, "metadata": {"name": END}});
        admin.post(&collection(kind), &end).await.ok();
    }
    for watch in watches {
        told.push(watch.await.unwrap());
    }
    let mut model = Model { logs: Vec::new() };
    for log in logs {
        match log.await.unwrap().what {
            Answer::Watched(_, events) => model.logs.push(events),
            _ => unreachable!("a watch was asked for"),
        }
    }
    model.is_in_order();
    model.counts(&told);
    told.iter().for_each(|told| model.explains(told));
}

/// What is random is the scripts; how they interleave is up to the machine.
#[test]
fn what_several_clients_are_told_fits_one_order_of_changes() {
    let mut runner = TestRunner::new(Config {
        cases: 60,
        max_shrink_iters: 64,
        ..Config::default()
    });
    let scripts = proptest::collection::vec(proptest::collection::vec(step(), 20..60), 2..7);
    let played = runner.run(&scripts, |scripts| -> TestCaseResult {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(play(scripts));
        Ok(())
    });
    played.unwrap();
}
