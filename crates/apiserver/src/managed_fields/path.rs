//! Paths as people read them: `.spec.containers[name="main"].image`.

use crate::validate::name_shown;
use serde_json::{Map, Value};
use std::fmt;

/// A path, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Box<str>>);

impl Path {
    pub(super) fn of(steps: &[&str]) -> Self {
        Self(steps.iter().map(|step| (*step).into()).collect())
    }

    pub(super) fn inside<T>(&mut self, step: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(step.into());
        let result = work(self);
        self.0.pop();
        result
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps = self.0.iter();
        steps.try_for_each(|step| f.write_str(&name_shown(&shown(step))))
    }
}

fn shown(step: &str) -> String {
    match step.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("v:", value)) => format!("[={value}]"),
        Some(("i:", index)) => format!("[{index}]"),
        Some(("k:", keys)) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let texts: Vec<String> = keys
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("[{}]", texts.join(","))
        }
        _ => step.to_owned(),
    }
}
