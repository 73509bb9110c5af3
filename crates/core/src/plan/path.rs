//! Paths into a workload that stay true when lists are reordered: items are named, not numbered,
//! where they have a name. What is written at a path is left to `tie`.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A member of an object.
    Key(Cow<'static, str>),
    /// The list item with this `name` or `groupName`.
    Named(String),
    /// The list item at this position, for items without a name.
    Index(usize),
}

/// Where a value sits in a workload.
///
/// Written like a JSON Pointer (RFC 6901) in which `=wb` picks the list item named `wb` and `#0`
/// the item at position 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Path(pub(crate) Vec<Step>);

const NAMES: [&str; 2] = ["name", "groupName"];

impl Path {
    pub(crate) fn keys(keys: &[&'static str]) -> Self {
        Self(
            keys.iter()
                .map(|key| Step::Key(Cow::Borrowed(key)))
                .collect(),
        )
    }

    pub(crate) fn child(&self, key: &'static str) -> Self {
        self.step(Step::Key(Cow::Borrowed(key)))
    }

    pub(crate) fn into_child(mut self, key: &'static str) -> Self {
        self.0.push(Step::Key(Cow::Borrowed(key)));
        self
    }

    /// The path to the item at `index` of the list here, by its name where that is unique.
    pub(crate) fn item(&self, list: &[Value], index: usize) -> Self {
        let name = list.get(index).and_then(item_name);
        match name.filter(|name| list.iter().filter(|i| item_name(i) == Some(name)).count() == 1) {
            Some(name) => self.step(Step::Named(name.to_owned())),
            None => self.step(Step::Index(index)),
        }
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    pub(crate) fn last_key(&self) -> Option<&str> {
        match self.0.last() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The value here; `None` when a step leads nowhere.
    pub(crate) fn get<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => member(value, key),
            Step::Named(name) => value
                .as_array()?
                .iter()
                .find(|item| item_name(item) == Some(name)),
            Step::Index(index) => value.get(index),
        })
    }

    /// The value here, for writing; `None` when a step leads nowhere.
    pub(crate) fn get_mut<'a>(&self, root: &'a mut Value) -> Option<&'a mut Value> {
        walk_mut(&self.0, root)
    }

    /// The path of the value that holds this one; `None` at the root.
    pub(crate) fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, parent)| Self(parent.to_vec()))
    }

    /// The object that holds this path's last key, for writing.
    pub(crate) fn holder_mut<'a>(&self, root: &'a mut Value) -> Option<&'a mut Map<String, Value>> {
        let (_, parent) = self.0.split_last()?;
        walk_mut(parent, root)?.as_object_mut()
    }

    /// The written form.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(64);
        for step in &self.0 {
            let (mark, step) = match step {
                Step::Key(key) => ("/", escape(key)),
                Step::Named(name) => ("/=", escape(name)),
                Step::Index(index) => ("/#", Cow::Owned(index.to_string())),
            };
            text.push_str(mark);
            text.push_str(&step);
        }
        text
    }

    /// Reads the written form; `None` when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        rest.split('/')
            .map(parse_step)
            .collect::<Option<Vec<_>>>()
            .map(Self)
    }
}

fn walk_mut<'a>(steps: &[Step], root: &'a mut Value) -> Option<&'a mut Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => member_mut(value, key),
        Step::Named(name) => value
            .as_array_mut()?
            .iter_mut()
            .find(|item| item_name(item) == Some(name)),
        Step::Index(index) => value.get_mut(index),
    })
}

fn item_name(item: &Value) -> Option<&str> {
    NAMES
        .iter()
        .find_map(|key| member(item, key))
        .and_then(Value::as_str)
}

/// Of so few members one is found sooner by looking through them than by hashing its name.
const FEW: usize = 8;

/// The member of an object by this name.
pub(crate) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?;
    if members.len() > FEW {
        return members.get(name);
    }
    let found = members.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value)
}

/// The member of an object by this name, for writing.
pub(crate) fn member_mut<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let members = value.as_object_mut()?;
    if members.len() > FEW {
        return members.get_mut(name);
    }
    let found = members.iter_mut().find(|(key, _)| *key == name);
    found.map(|(_, value)| value)
}

fn parse_step(text: &str) -> Option<Step> {
    if let Some(name) = text.strip_prefix('=') {
        return Some(Step::Named(unescape(name)));
    }
    match text.strip_prefix('#') {
        Some(index) => index.parse().ok().map(Step::Index),
        None => Some(Step::Key(Cow::Owned(unescape(text)))),
    }
}

fn escape(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        Cow::Owned(text.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(text)
    }
}

fn unescape(text: &str) -> String {
    text.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_written_form_reads_back() {
        let path = Path::keys(&["spec", "containers"]).step(Step::Named("a/b~".into()));
        let path = path.step(Step::Index(3)).child("envFrom");
        assert_eq!(path.text(), "/spec/containers/=a~1b~0/#3/envFrom");
        assert_eq!(Path::parse(&path.text()), Some(path));
    }

    #[test]
    fn an_item_is_found_by_name_after_reordering() {
        let before = json!([{"name": "a"}, {"name": "b", "v": 1}]);
        let after = json!([{"name": "b", "v": 1}, {"name": "a"}]);
        let path = Path(Vec::new())
            .item(before.as_array().expect("a list"), 1)
            .child("v");
        assert_eq!(path.get(&after), Some(&json!(1)));
    }

    #[test]
    fn items_that_share_a_name_are_numbered() {
        let list = json!([{"name": "a"}, {"name": "a"}]);
        let path = Path(Vec::new()).item(list.as_array().expect("a list"), 1);
        assert_eq!(path.text(), "/#1");
    }
}
