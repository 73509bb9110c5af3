//! Takes out of an answer what can never be the same twice: uids, times, versions, generated names,
//! addresses. Each becomes a mark with a number, so that what was equal stays equal. What an answer
//! says otherwise is left as it is.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use super::send::Answer;

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the pattern is a constant"));
    };
}

pattern!(
    UID,
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
);
pattern!(MICRO_TIME, r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z");
pattern!(TIME, r"\b20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ");
pattern!(ADDRESS, r"127\.0\.0\.1:\d+");
pattern!(
    VERSION,
    r"(?i)((?:resource version|resourceVersion[a-z ]*|object meta)[: ]+\(?)(\d+)( \(\d+\))?"
);
pattern!(CLUSTER_IP, r"\b10\.0\.0\.\d+\b");
pattern!(CURRENT, r"current: \d+");
pattern!(AGE, r"^(<invalid>|(\d+[smhdy])+)$");
pattern!(
    TOKEN,
    r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
);
pattern!(
    ISSUER,
    r"https://kubernetes\.default\.svc(\.cluster\.local)?\b"
);
pattern!(SOURCE, r#" in scheme "[a-z/.]+:\d+""#);
pattern!(DEADLINE, r"\b\d+(\.\d+)?(ms|µs)\b");

/// What has been met so far in one script.
#[derive(Debug, Default)]
pub(super) struct Normal {
    uids: HashMap<String, usize>,
    versions: HashMap<String, usize>,
    generated: HashMap<String, String>,
}

impl Normal {
    /// Takes it out of an answer.
    pub(super) fn apply(&mut self, answer: &mut Answer) {
        self.value(&mut answer.body);
        for values in answer.headers.values_mut().flatten() {
            *values = self.text(values);
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.value(value)),
            Value::Object(map) => self.members(map),
            _ => {}
        }
    }

    fn members(&mut self, map: &mut Map<String, Value>) {
        self.remember_generated(map);
        let is_object = map.contains_key("uid");
        if let Some(Value::String(version)) = map.get_mut("resourceVersion")
            && version.parse::<u64>().is_ok_and(|number| number > 0)
        {
            *version = match is_object {
                true => numbered("version", &mut self.versions, version),
                false => "<list version>".to_owned(),
            };
        }
        if let Some(Value::String(token)) = map.get_mut("continue")
            && !token.is_empty()
        {
            "<continue>".clone_into(token);
        }
        // Descriptions are for people, and everybody's own words.
        if let Some(Value::String(words)) = map.get_mut("description")
            && !words.is_empty()
        {
            "<words>".clone_into(words);
        }
        if let Some(Value::Array(cells)) = map.get_mut("cells") {
            for cell in cells {
                if let Value::String(text) = cell
                    && AGE.is_match(text)
                {
                    "<age>".clone_into(text);
                }
            }
        }
        // Managers are listed by when they last wrote, to the second.
        if let Some(Value::Array(managers)) = map.get_mut("managedFields") {
            managers.sort_by_key(|entry| {
                let text = |member: &str| entry[member].as_str().unwrap_or_default().to_owned();
                ["manager", "operation", "subresource", "apiVersion"].map(text)
            });
        }
        // Owners are named by their uids there.
        if map.keys().any(|key| key.starts_with(r#"k:{"uid""#)) {
            let members = std::mem::take(map).into_iter();
            *map = members
                .map(|(key, value)| (self.text(&key), value))
                .collect();
        }
        map.values_mut().for_each(|value| self.value(value));
    }

    fn remember_generated(&mut self, map: &Map<String, Value>) {
        let text = |member: &str| map.get(member).and_then(Value::as_str);
        if let (Some(prefix), Some(name)) = (text("generateName"), text("name"))
            && name.starts_with(prefix)
            && name.len() == prefix.len() + 5
        {
            let mark = format!("{prefix}<generated>");
            self.generated.insert(name.to_owned(), mark);
        }
    }

    fn text(&mut self, text: &str) -> String {
        if let Some(mark) = self.generated.get(text) {
            return mark.clone();
        }
        let uids = &mut self.uids;
        let text = UID.replace_all(text, |found: &Captures<'_>| {
            numbered("uid", uids, &found[0])
        });
        let text = MICRO_TIME.replace_all(&text, "<micro time>");
        let text = TIME.replace_all(&text, "<time>");
        let text = ADDRESS.replace_all(&text, "<address>");
        let text = VERSION.replace_all(&text, "${1}<version>");
        let text = TOKEN.replace_all(&text, "<token>");
        let text = ISSUER.replace_all(&text, "<issuer>");
        let text = SOURCE.replace_all(&text, "");
        let text = CLUSTER_IP.replace_all(&text, "<cluster address>");
        let text = CURRENT.replace_all(&text, "current: <version>");
        let text = DEADLINE.replace_all(&text, "<duration>");
        text.into_owned()
    }
}

/// The mark of something that was met before, or now for the first time.
fn numbered(what: &str, met: &mut HashMap<String, usize>, text: &str) -> String {
    let next = met.len() + 1;
    let number = met.entry(text.to_owned()).or_insert(next);
    format!("<{what} {number}>")
}
