//! Short lists of the present state: each is read once, and then answered again until something in
//! it changes. What changes is told by the writer; how lists are read is left to the reader.

use super::{Listed, ObjectKey, ObjectText, Shape};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many bytes of objects are kept.
const BYTES: usize = 1 << 20;
/// Lists of more bytes are not kept.
const LONGEST: usize = 64 << 10;
/// All of them are read again after so long, since what they hold is opened.
const LATELY: Duration = Duration::from_secs(30);

/// The start of a list of the present state.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) resource: String,
    pub(super) namespace: Option<String>,
    pub(super) limit: Option<usize>,
    pub(super) shape: Arc<Shape>,
}

impl Question {
    fn bytes(&self) -> usize {
        let namespace = self.namespace.as_ref().map_or(0, String::len);
        size_of::<(Self, Slot)>() + self.resource.len() + namespace
    }
}

/// The namespaces of each resource in which something changes.
#[derive(Default)]
pub(super) struct Touched(HashMap<String, HashSet<String>>);

impl Touched {
    fn has(&self, question: &Question) -> bool {
        let namespaces = self.0.get(&question.resource);
        namespaces.is_some_and(|touched| match &question.namespace {
            Some(namespace) => touched.contains(namespace),
            None => true,
        })
    }
}

impl<'a> FromIterator<&'a ObjectKey> for Touched {
    fn from_iter<I: IntoIterator<Item = &'a ObjectKey>>(keys: I) -> Self {
        let mut touched = Self::default();
        for key in keys {
            let namespaces = touched.0.entry(key.resource.clone()).or_default();
            namespaces.insert(key.namespace.clone());
        }
        touched
    }
}

/// The right to keep a list that is read from now on, where nothing changes it meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(Option<u64>);

/// The lists that are known.
pub(super) struct Answered {
    /// The newest version that anybody was told. Whatever is known has not changed since.
    version: AtomicU64,
    lists: Mutex<Lists>,
}

struct Lists {
    /// What the change that is under way may have done already.
    changing: Touched,
    tickets: u64,
    since: Instant,
    lists: HashMap<Question, Slot>,
    bytes: usize,
}

enum Slot {
    /// It is being read, by whoever has this ticket.
    Awaited(u64),
    Known(Listed<ObjectText>),
}

impl Answered {
    /// Knows nothing of a store at this version.
    pub(super) fn new(version: u64) -> Self {
        let lists = Lists {
            changing: Touched::default(),
            tickets: 0,
            since: Instant::now(),
            lists: HashMap::new(),
            bytes: 0,
        };
        Self {
            version: AtomicU64::new(version),
            lists: Mutex::new(lists),
        }
    }

    /// Runs `change`, before whose end readers may see another state of what it touches.
    pub(super) fn during<T>(&self, touched: Touched, change: impl FnOnce() -> T) -> T {
        let mut lists = self.lists();
        lists.forget(&touched);
        lists.changing = touched;
        drop(lists);
        let outcome = change();
        self.lists().changing = Touched::default();
        outcome
    }

    /// The list as the present state has it, or else the right to keep it once it is read.
    pub(super) fn find(&self, question: &Question) -> Result<Listed<ObjectText>, Ticket> {
        let mut lists = self.lists();
        if lists.since.elapsed() > LATELY {
            lists.clear();
        }
        match lists.lists.get(question) {
            // Read under the lock: a change of this list takes it away before anybody sees its version.
            Some(Slot::Known(listed)) => Ok(Listed {
                version: self.version.load(Ordering::Acquire),
                ..listed.clone()
            }),
            Some(Slot::Awaited(ticket)) => Err(Ticket(Some(*ticket))),
            None => Err(lists.await_one(question)),
        }
    }

    /// Keeps a list that was read, where nothing has changed it since the ticket was given.
    pub(super) fn keep(&self, ticket: Ticket, question: &Question, listed: &Listed<ObjectText>) {
        let mut lists = self.lists();
        let items: usize = listed.items.iter().map(|item| item.len()).sum();
        let bytes = lists.bytes + items;
        let Some(slot) = lists.lists.get_mut(question) else {
            return;
        };
        let is_awaited = matches!(slot, Slot::Awaited(of) if Ticket(Some(*of)) == ticket);
        if is_awaited && items <= LONGEST && bytes <= BYTES {
            *slot = Slot::Known(listed.clone());
            lists.bytes = bytes;
        }
    }

    /// Somebody is told this version, so nobody is told an older one from now on.
    pub(super) fn tells(&self, version: u64) {
        self.version.fetch_max(version, Ordering::AcqRel);
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        // Nothing that can panic happens under this lock.
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lists {
    fn await_one(&mut self, question: &Question) -> Ticket {
        let bytes = self.bytes + question.bytes();
        if self.changing.has(question) || bytes > BYTES {
            return Ticket(None);
        }
        self.bytes = bytes;
        self.tickets += 1;
        let slot = Slot::Awaited(self.tickets);
        self.lists.insert(question.clone(), slot);
        Ticket(Some(self.tickets))
    }

    fn forget(&mut self, touched: &Touched) {
        let bytes = &mut self.bytes;
        self.lists.retain(|question, slot| {
            let stays = !touched.has(question);
            if !stays {
                *bytes -= question.bytes() + slot.bytes();
            }
            stays
        });
    }

    fn clear(&mut self) {
        self.lists.clear();
        self.bytes = 0;
        self.since = Instant::now();
    }
}

impl Slot {
    fn bytes(&self) -> usize {
        match self {
            Self::Awaited(_) => 0,
            Self::Known(listed) => listed.items.iter().map(|item| item.len()).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Kept;
    use rstest::rstest;

    fn question(resource: &str, namespace: Option<&str>) -> Question {
        Question {
            resource: resource.to_owned(),
            namespace: namespace.map(str::to_owned),
            limit: None,
            shape: Arc::new(Shape {
                first: String::new(),
                kept: Kept::Metadata,
                unfolded: "",
            }),
        }
    }

    fn listed(text: &str) -> Listed<ObjectText> {
        Listed {
            items: vec![ObjectText::from(text.as_bytes().to_vec())],
            version: 1,
            next: None,
            remaining: None,
        }
    }

    fn touching(resource: &str, namespace: &str) -> Touched {
        let key = ObjectKey {
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: "n".to_owned(),
        };
        Touched::from_iter([&key])
    }

    /// Asks as a reader does who reads `text` where nothing is known.
    fn read(answered: &Answered, question: &Question, text: &str) -> String {
        let listed = answered.find(question).unwrap_or_else(|ticket| {
            answered.keep(ticket, question, &listed(text));
            listed(text)
        });
        String::from_utf8(listed.items[0].to_vec()).expect("text")
    }

    #[rstest]
    #[case::itself("a", Some("x"), true)]
    #[case::all_namespaces("a", None, true)]
    #[case::another_namespace("a", Some("y"), false)]
    #[case::another_resource("b", Some("x"), false)]
    #[case::all_of_another_resource("b", None, false)]
    fn an_answer_is_kept_until_something_in_it_changes(
        #[case] resource: &str,
        #[case] namespace: Option<&str>,
        #[case] is_read_again: bool,
    ) {
        let answered = Answered::new(1);
        let question = question(resource, namespace);
        assert_eq!(read(&answered, &question, "one"), "one");
        assert_eq!(read(&answered, &question, "two"), "one");
        answered.during(touching("a", "x"), || ());
        let expected = if is_read_again { "three" } else { "one" };
        assert_eq!(read(&answered, &question, "three"), expected);
    }

    #[test]
    fn an_answer_has_the_newest_version_that_anybody_was_told() {
        let answered = Answered::new(1);
        let question = question("a", None);
        read(&answered, &question, "one");
        answered.tells(7);
        answered.tells(5);
        let listed = answered.find(&question).ok().expect("it is known");
        assert_eq!(listed.version, 7);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let answered = Answered::new(1);
        let question = question("a", None);
        let before = answered.find(&question).err().expect("a ticket");
        answered.during(touching("a", "x"), || ());
        answered.keep(before, &question, &listed("before"));
        let after = answered.find(&question).err().expect("nothing is known");
        answered.keep(before, &question, &listed("before"));
        assert!(answered.find(&question).is_err());
        answered.keep(after, &question, &listed("after"));
        assert_eq!(read(&answered, &question, "again"), "after");
    }

    #[test]
    fn what_is_being_changed_is_not_kept_and_anything_else_is() {
        let answered = Answered::new(1);
        let (touched, other) = (question("a", Some("x")), question("a", Some("y")));
        answered.during(touching("a", "x"), || {
            read(&answered, &touched, "one");
            read(&answered, &other, "one");
        });
        assert_eq!(read(&answered, &touched, "two"), "two");
        assert_eq!(read(&answered, &other, "two"), "one");
    }

    #[rstest]
    #[case::of_lists(&"x".repeat(LONGEST), BYTES / LONGEST)]
    #[case::of_questions("", BYTES / size_of::<Question>())]
    fn memory_is_bounded(#[case] text: &str, #[case] most: usize) {
        let answered = Answered::new(1);
        for number in 0..20_000 {
            read(&answered, &question(&number.to_string(), None), text);
        }
        let known = |slot: &&Slot| matches!(slot, Slot::Known(_));
        let known = answered.lists().lists.values().filter(known).count();
        assert!((1..=most).contains(&known), "{known}");
        answered.during(touching("0", ""), || ());
        let lists = answered.lists();
        let counted = lists.lists.iter();
        let counted: usize = counted
            .map(|(question, slot)| question.bytes() + slot.bytes())
            .sum();
        assert_eq!(counted, lists.bytes);
        assert!(counted <= BYTES, "{counted}");
    }

    #[test]
    fn what_is_long_is_not_kept() {
        let answered = Answered::new(1);
        let question = question("a", None);
        read(&answered, &question, &"x".repeat(LONGEST + 1));
        assert_eq!(read(&answered, &question, "short"), "short");
    }
}
