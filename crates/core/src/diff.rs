//! The JSON Patch (RFC 6902) that turns one object into another: smallest sensible operations, and
//! lists are added to or taken from, never written over. Applying patches is left to others.

use serde::Serialize;
use serde_json::Value;

/// One operation of a JSON Patch, on values of the objects that were compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation<'a> {
    /// Fails the patch unless the value at the path equals this one.
    Test {
        /// JSON Pointer.
        path: String,
        /// The expected value.
        value: &'a Value,
    },
    /// Adds a member or inserts an item.
    Add {
        /// JSON Pointer.
        path: String,
        /// The new value.
        value: &'a Value,
    },
    /// Replaces the value at the path.
    Replace {
        /// JSON Pointer.
        path: String,
        /// The new value.
        value: &'a Value,
    },
    /// Removes the value at the path.
    Remove {
        /// JSON Pointer.
        path: String,
    },
}

/// The operations that turn `before` into `after`.
///
/// Every replacement and removal of a leaf or list item is preceded by a test of the old value, so
/// that a patch for an object that has moved on fails instead of damaging it.
pub fn diff<'a>(before: &'a Value, after: &'a Value) -> Vec<Operation<'a>> {
    let mut operations = Vec::new();
    compare(&mut Vec::new(), before, after, &mut operations);
    operations
}

/// A step to a value; most steps lead to nothing that differs, so pointers are put together late.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize),
    /// Behind the last item.
    End,
}

fn pointer(path: &[Step<'_>]) -> String {
    let is_special = |byte| matches!(byte, b'~' | b'/');
    let start = String::with_capacity(64);
    path.iter().fold(start, |mut text, step| {
        text.push('/');
        match step {
            Step::Key(key) if key.bytes().any(is_special) => {
                text.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Step::Key(key) => text.push_str(key),
            Step::Item(index) => text.push_str(&index.to_string()),
            Step::End => text.push('-'),
        }
        text
    })
}

fn compare<'a>(
    path: &mut Vec<Step<'a>>,
    before: &'a Value,
    after: &'a Value,
    out: &mut Vec<Operation<'a>>,
) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            // Members mostly stand in the same order, so the next one needs no look-up.
            let mut following = new.iter();
            let mut kept = 0;
            for (key, value) in old {
                let next = following.next().filter(|(other, _)| *other == key);
                let new = next.map(|(_, new)| new).or_else(|| new.get(key));
                kept += usize::from(new.is_some());
                at(path, Step::Key(key), |path| match new {
                    Some(new) => compare(path, value, new, out),
                    None => remove(path, value, out),
                });
            }
            if kept == new.len() {
                return;
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                at(path, Step::Key(key), |path| out.push(add(path, value)));
            }
        }
        (Value::Array(old), Value::Array(new)) => compare_lists(path, old, new, out),
        (old, new) if old == new => {}
        (old, new) => {
            out.push(Operation::Test {
                path: pointer(path),
                value: old,
            });
            out.push(Operation::Replace {
                path: pointer(path),
                value: new,
            });
        }
    }
}

/// Lists of one length are compared item by item. Otherwise both are walked in step: an old item
/// that is not next in the new list was removed, or the new ones before it were inserted; what is
/// left over was appended.
fn compare_lists<'a>(
    path: &mut Vec<Step<'a>>,
    old: &'a [Value],
    new: &'a [Value],
    out: &mut Vec<Operation<'a>>,
) {
    if old.len() == new.len() {
        for (index, (old, new)) in old.iter().zip(new).enumerate() {
            at(path, Step::Item(index), |path| compare(path, old, new, out));
        }
        return;
    }
    let (mut position, mut next) = (0, 0);
    for item in old {
        let distance = new[next..].iter().position(|candidate| candidate == item);
        let is_old = |candidate: &Value| old.contains(candidate);
        match distance {
            Some(distance) if !new[next..next + distance].iter().any(is_old) => {
                for inserted in &new[next..next + distance] {
                    at(path, Step::Item(position), |path| {
                        out.push(add(path, inserted))
                    });
                    position += 1;
                }
                (position, next) = (position + 1, next + distance + 1);
            }
            _ => match new.get(next) {
                Some(candidate) if is_same_item(item, candidate) => {
                    at(path, Step::Item(position), |path| {
                        compare(path, item, candidate, out)
                    });
                    (position, next) = (position + 1, next + 1);
                }
                _ => at(path, Step::Item(position), |path| remove(path, item, out)),
            },
        }
    }
    for item in &new[next..] {
        at(path, Step::End, |path| out.push(add(path, item)));
    }
}

fn is_same_item(old: &Value, new: &Value) -> bool {
    old.get("name").is_some() && old.get("name") == new.get("name")
}

fn add<'a>(path: &[Step<'_>], value: &'a Value) -> Operation<'a> {
    Operation::Add {
        path: pointer(path),
        value,
    }
}

fn remove<'a>(path: &[Step<'_>], value: &'a Value, out: &mut Vec<Operation<'a>>) {
    out.push(Operation::Test {
        path: pointer(path),
        value,
    });
    out.push(Operation::Remove {
        path: pointer(path),
    });
}

fn at<'a>(path: &mut Vec<Step<'a>>, step: Step<'a>, work: impl FnOnce(&mut Vec<Step<'a>>)) {
    path.push(step);
    work(path);
    path.pop();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn json_patch(before: &Value, after: &Value) -> Value {
        serde_json::to_value(diff(before, after)).expect("operations serialise")
    }

    #[test]
    fn an_appended_item_is_added_at_the_end() {
        let (before, after) = (json!({"l": [1, 2]}), json!({"l": [1, 2, 3]}));
        assert_eq!(
            json_patch(&before, &after),
            json!([{"op": "add", "path": "/l/-", "value": 3}])
        );
    }

    #[test]
    fn a_removed_item_is_tested_and_removed_by_position() {
        let (before, after) = (
            json!([{"a": 1}, {"b": 2}, {"c": 3}]),
            json!([{"a": 1}, {"c": 3}]),
        );
        assert_eq!(
            json_patch(&before, &after),
            json!([
                {"op": "test", "path": "/1", "value": {"b": 2}},
                {"op": "remove", "path": "/1"},
            ])
        );
    }

    #[test]
    fn a_change_inside_a_named_item_stays_inside_of_it() {
        let before = json!([{"name": "a", "x": 1}, {"name": "b"}]);
        let after = json!([{"name": "a", "x": 1, "y": 2}, {"name": "b"}]);
        assert_eq!(
            json_patch(&before, &after),
            json!([{"op": "add", "path": "/0/y", "value": 2}])
        );
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c/~]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c/~]{1,2}|name", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn applying_the_patch_gives_the_wanted_object(before in values(), after in values()) {
            let patch: json_patch::Patch =
                serde_json::from_value(json_patch(&before, &after)).expect("a patch");
            let mut patched = before;
            json_patch::patch(&mut patched, &patch).expect("the patch applies");
            prop_assert_eq!(patched, after);
        }
    }
}
