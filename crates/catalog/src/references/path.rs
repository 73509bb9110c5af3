//! Where a field sits in an object: for people as Kubernetes writes field paths, for programs as
//! steps that can be followed. What stands there is left to `references`.

use std::fmt;

use serde_json::Value;

/// One step of a [`FieldPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A member of an object.
    Key(String),
    /// An item of a list.
    Index(usize),
}

/// Where a field sits, such as `spec.containers[0].envFrom[1].secretRef.name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldPath(pub(crate) Vec<Step>);

impl FieldPath {
    pub(crate) fn keys(keys: &[&str]) -> Self {
        Self(
            keys.iter()
                .map(|key| Step::Key((*key).to_owned()))
                .collect(),
        )
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The value here; `None` when a step leads nowhere.
    pub(crate) fn get<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    /// The path as a JSON Pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> String {
        let part = |step: &Step| match step {
            Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("/{index}"),
        };
        self.0.iter().map(part).collect()
    }

    /// The innermost list that the path leads through, and the item in it.
    pub(crate) fn innermost_item(&self) -> Option<(Self, usize)> {
        let at = self
            .0
            .iter()
            .rposition(|step| matches!(step, Step::Index(_)))?;
        match self.0[at] {
            Step::Index(index) => Some((Self(self.0[..at].to_vec()), index)),
            Step::Key(_) => None,
        }
    }

    /// The paths that a pattern stands for in an object; `*` is each item of a list.
    pub(crate) fn expand(pattern: &[&str], object: &Value) -> Vec<Self> {
        let start = vec![Self::default()];
        let paths = pattern.iter().fold(start, |paths, key| {
            let deeper = |path: Self| match *key {
                "*" => {
                    let items = path.get(object).and_then(Value::as_array);
                    let count = items.map_or(0, Vec::len);
                    (0..count).map(|index| path.index(index)).collect()
                }
                key => vec![path.key(key)],
            };
            paths.into_iter().flat_map(deeper).collect()
        });
        let is_there = |path: &Self| path.get(object).is_some_and(Value::is_object);
        paths.into_iter().filter(is_there).collect()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |key: &str| {
            let mut chars = key.chars();
            chars.next().is_some_and(char::is_alphabetic) && chars.all(char::is_alphanumeric)
        };
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if is_plain(key) && place == 0 => f.write_str(key)?,
                Step::Key(key) if is_plain(key) => write!(f, ".{key}")?,
                Step::Key(key) => write!(f, "[{key}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
