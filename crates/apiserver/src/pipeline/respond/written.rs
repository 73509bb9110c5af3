//! Answers as they are written down: what objects carry folded (`metadata.managedFields`) is put out
//! as the JSON that it is, without being read.

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// An answer, or a part of one.
pub(super) struct Written<'a> {
    value: &'a Value,
    part: Part,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// An object, a list or table of objects, or a line of a watch.
    Answer,
    /// The metadata of an object.
    Metadata,
    /// Anything else.
    Plain,
}

impl<'a> Written<'a> {
    pub(super) fn answer(value: &'a Value) -> Self {
        Self {
            value,
            part: Part::Answer,
        }
    }

    fn member(&self, name: &str, value: &'a Value) -> Self {
        let part = match (self.part, name) {
            (Part::Answer, "metadata") => Part::Metadata,
            (Part::Answer, "items" | "rows" | "object") => Part::Answer,
            _ => Part::Plain,
        };
        Self { value, part }
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.part, self.value) {
            (Part::Plain, value) => value.serialize(serializer),
            (part, Value::Object(members)) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    match value {
                        Value::String(folded)
                            if part == Part::Metadata && name == "managedFields" =>
                        {
                            let entries: Option<&RawValue> = serde_json::from_str(folded).ok();
                            map.serialize_entry(name, &entries)?;
                        }
                        value => map.serialize_entry(name, &self.member(name, value))?,
                    }
                }
                map.end()
            }
            (Part::Answer, Value::Array(entries)) => {
                let mut list = serializer.serialize_seq(Some(entries.len()))?;
                for value in entries {
                    list.serialize_element(&Written::answer(value))?;
                }
                list.end()
            }
            (_, value) => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn object(entries: &Value) -> Value {
        json!({"kind": "Secret", "metadata": {"name": "a", "managedFields": entries}, "data": {"k": "v"}})
    }

    #[rstest]
    #[case::object(|object| object)]
    #[case::list(|object| json!({"kind": "List", "metadata": {"resourceVersion": "1"}, "items": [object]}))]
    #[case::table(|object| json!({"kind": "Table", "rows": [{"cells": ["a"], "object": object}]}))]
    #[case::line(|object| json!({"type": "ADDED", "object": object}))]
    fn folded_entries_are_put_out_as_a_list(#[case] within: fn(Value) -> Value) {
        let entries = json!([{"manager": "one", "fieldsV1": {"f:data": {"f:k": {}}}}]);
        let answer = within(object(&entries.to_string().into()));
        let written = serde_json::to_string(&Written::answer(&answer)).expect("JSON");
        assert_eq!(written, within(object(&entries)).to_string());
        assert_eq!(
            serde_json::to_value(Written::answer(&answer)).expect("a value"),
            within(object(&entries))
        );
    }

    #[test]
    fn a_member_of_that_name_elsewhere_stays_a_text() {
        let answer = json!({"spec": {"metadata": {"managedFields": "[]"}}, "metadata": {"labels": {"managedFields": "[]"}}});
        let written = serde_json::to_string(&Written::answer(&answer)).expect("JSON");
        assert_eq!(written, answer.to_string());
    }
}
