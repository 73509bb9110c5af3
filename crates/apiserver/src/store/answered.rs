//! Lists that were read since the last change: until the next one they stay the same, so they are
//! read once. When something changes is told by the writer; how they are read is left to the reader.

use super::{Listed, ObjectText, Shape};
use std::collections::HashMap;
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

/// The state that something was read of; none while it is being changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State(Option<u64>);

/// The lists of one state.
pub(super) struct Answered(Mutex<Lists>);

struct Lists {
    /// Counts the changes.
    changes: u64,
    is_changing: bool,
    since: Instant,
    lists: HashMap<Question, Listed<ObjectText>>,
    bytes: usize,
}

impl Default for Answered {
    fn default() -> Self {
        Self(Mutex::new(Lists {
            changes: 0,
            is_changing: false,
            since: Instant::now(),
            lists: HashMap::new(),
            bytes: 0,
        }))
    }
}

impl Answered {
    /// Runs `change`, before whose end readers may see another state.
    pub(super) fn during<T>(&self, change: impl FnOnce() -> T) -> T {
        let mut lists = self.lists();
        lists.clear();
        lists.changes += 1;
        lists.is_changing = true;
        drop(lists);
        let outcome = change();
        self.lists().is_changing = false;
        outcome
    }

    /// The list, or else the state of which it may be read and kept.
    pub(super) fn find(&self, question: &Question) -> Result<Listed<ObjectText>, State> {
        let mut lists = self.lists();
        if lists.since.elapsed() > LATELY {
            lists.clear();
        }
        let found = lists.lists.get(question).cloned();
        found.ok_or_else(|| lists.state())
    }

    /// Keeps a list that was read of this state, where it is still the present one.
    pub(super) fn keep(&self, state: State, question: Question, listed: &Listed<ObjectText>) {
        let mut lists = self.lists();
        if state.0.is_none() || state != lists.state() {
            return;
        }
        let items: usize = listed.items.iter().map(|item| item.len()).sum();
        let bytes = lists.bytes + items + size_of::<(Question, Listed<ObjectText>)>();
        if items <= LONGEST && bytes <= BYTES {
            lists.bytes = bytes;
            lists.lists.insert(question, listed.clone());
        }
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        // Nothing that can panic happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lists {
    fn state(&self) -> State {
        State((!self.is_changing).then_some(self.changes))
    }

    fn clear(&mut self) {
        self.lists.clear();
        self.bytes = 0;
        self.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Kept;

    fn question(resource: &str) -> Question {
        Question {
            resource: resource.to_owned(),
            namespace: None,
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

    fn found(answered: &Answered, resource: &str) -> Option<String> {
        let listed = answered.find(&question(resource)).ok()?;
        String::from_utf8(listed.items[0].to_vec()).ok()
    }

    fn state(answered: &Answered) -> State {
        let found = answered.find(&question("nothing"));
        found.err().expect("nobody asked for this")
    }

    #[test]
    fn an_answer_is_kept_until_something_changes() {
        let answered = Answered::default();
        answered.keep(state(&answered), question("a"), &listed("one"));
        assert_eq!(found(&answered, "a").as_deref(), Some("one"));
        assert_eq!(found(&answered, "b"), None);
        answered.during(|| ());
        assert_eq!(found(&answered, "a"), None);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let answered = Answered::default();
        let before = state(&answered);
        answered.during(|| ());
        answered.keep(before, question("a"), &listed("one"));
        assert_eq!(found(&answered, "a"), None);
    }

    #[test]
    fn what_is_read_during_a_change_is_not_kept() {
        let answered = Answered::default();
        answered.during(|| {
            answered.keep(state(&answered), question("a"), &listed("one"));
            assert_eq!(found(&answered, "a"), None);
        });
        assert_eq!(found(&answered, "a"), None);
    }

    #[test]
    fn memory_is_bounded() {
        let answered = Answered::default();
        let long = "x".repeat(LONGEST);
        for number in 0..100 {
            let question = question(&number.to_string());
            answered.keep(state(&answered), question, &listed(&long));
        }
        let kept = answered.lists().lists.len();
        assert!((1..=BYTES / LONGEST).contains(&kept), "{kept}");
    }

    #[test]
    fn what_is_long_is_not_kept() {
        let answered = Answered::default();
        let long = "x".repeat(LONGEST + 1);
        answered.keep(state(&answered), question("a"), &listed(&long));
        assert_eq!(found(&answered, "a"), None);
    }
}
