//! What holds for all types and values: reading is the inverse of writing, no change writes nothing,
//! and what others wrote survives.

use bowline_catalog::edit::{Change, Subject, edit};
use bowline_catalog::types::rules::{check, cleaned};
use bowline_catalog::types::{
    ConnectionType, Entry, Field, FieldKind, Item, Section, TypeDialect, Variant, read, write,
};
use bowline_catalog::values::{Given, Input, decode, encode};
use bowline_core::{Secret, Sensitive};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Number, Value, json};

use crate::cases::with_fields;
use crate::values::texts;

/// Text with letters of many scripts, quotes, line ends, and something else than blanks.
fn words() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äß海🐚\"\\\\\n{}\\[\\]:,' -]{0,12}[a-z]"
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-1e12..1e12_f64).prop_map(|float| Number::from_f64(float).expect("a finite number")),
    ]
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = ("[a-z]{0,4}", "[a-z]{1,6}").prop_map(|(label, value)| Item { label, value });
    vec(item, 1..4)
}

fn kind() -> impl Strategy<Value = FieldKind> {
    let ends = vec(
        prop_oneof![Just(".json".to_owned()), Just(".tar.gz".to_owned())],
        0..2,
    );
    prop_oneof![
        Just(FieldKind::ShortText),
        Just(FieldKind::Text),
        Just(FieldKind::Hidden),
        Just(FieldKind::Uri),
        words().prop_map(|label| FieldKind::Boolean { label }),
        option::of("[a-z]{1,5}").prop_map(|unit| FieldKind::Numeric {
            unit,
            min: None,
            max: None
        }),
        (any::<bool>(), items()).prop_map(|(is_multi, items)| FieldKind::Dropdown {
            variant: if is_multi {
                Variant::Multi
            } else {
                Variant::Single
            },
            items,
        }),
        (ends, option::of(words())).prop_map(|(extensions, helper_text)| FieldKind::File {
            extensions,
            helper_text
        }),
    ]
}

/// A value that fits a kind of field.
fn value(kind: &FieldKind) -> BoxedStrategy<Given> {
    match kind {
        FieldKind::Boolean { .. } => any::<bool>().prop_map(Given::Boolean).boxed(),
        FieldKind::Numeric { .. } => number().prop_map(Given::Number).boxed(),
        FieldKind::Dropdown {
            variant: Variant::Single,
            items,
        } => {
            let values: Vec<_> = items.iter().map(|item| item.value.clone()).collect();
            proptest::sample::select(values)
                .prop_map(|value| Given::List(vec![Sensitive::new(value)]))
                .boxed()
        }
        FieldKind::Dropdown { items, .. } => {
            let values: Vec<_> = items.iter().map(|item| item.value.clone()).collect();
            let count = values.len();
            proptest::sample::subsequence(values, 0..=count)
                .prop_map(|values| Given::List(values.into_iter().map(Sensitive::new).collect()))
                .boxed()
        }
        FieldKind::File { .. } => vec(any::<u8>(), 1..40).prop_map(Given::file).boxed(),
        FieldKind::Uri => "[a-z]{1,8}"
            .prop_map(|path| Given::text(format!("https://reef.example.com/{path}")))
            .boxed(),
        _ => words().prop_map(Given::text).boxed(),
    }
}

fn field(index: usize) -> impl Strategy<Value = Field> {
    (kind(), words(), option::of(words()), any::<[bool; 3]>()).prop_flat_map(
        move |(kind, name, description, flags)| {
            let field = Field {
                description,
                is_required: flags[0],
                is_deferred: flags[1] || kind == FieldKind::Hidden,
                ..Field::new(name, format!("KEY_{index}"), kind)
            };
            let default = option::of(value(&field.kind).prop_map(|given| given.expose()));
            default.prop_map(move |default| {
                let default = default.filter(|default| !field.is_deferred && !default.is_object());
                Field {
                    is_read_only: flags[2] && default.is_some(),
                    default,
                    ..field.clone()
                }
            })
        },
    )
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let section = (words(), option::of(words()))
        .prop_map(|(name, description)| Section { name, description });
    let fields: Vec<_> = (0..5).map(field).collect();
    (fields, section, 0..6_usize, 0..6_usize).prop_map(|(fields, section, at, count)| {
        let mut entries: Vec<_> = fields.into_iter().take(count).map(Entry::from).collect();
        entries.insert(at.min(entries.len()), Entry::Section(section));
        entries
    })
}

fn any_type() -> impl Strategy<Value = ConnectionType> {
    (
        entries(),
        "[a-z]{1,9}( [a-zß]{1,4})?",
        vec("[A-Z][a-z]{1,5}", 1..3),
        any::<[bool; 3]>(),
    )
        .prop_map(|(fields, display_name, categories, flags)| ConnectionType {
            display_name,
            categories,
            is_enabled: flags[0],
            is_preinstalled: flags[1],
            dialect: if flags[2] {
                TypeDialect::Alauda
            } else {
                TypeDialect::OpenDataHub
            },
            ..with_fields(fields)
        })
}

/// A type, and values for all of its fields.
fn filled() -> impl Strategy<Value = (ConnectionType, Input)> {
    any_type().prop_flat_map(|type_| {
        let values: Vec<_> = type_
            .data_fields()
            .map(|field| {
                let (key, default) = (
                    field.env_var.clone(),
                    field.default.clone().filter(|_| field.is_fixed()),
                );
                let fixed = default.map(|default| Just(Given::from_value(&default)).boxed());
                let given = fixed.unwrap_or_else(|| value(&field.kind));
                given.prop_map(move |given| (key.clone(), given))
            })
            .collect();
        values.prop_map(move |values| (type_.clone(), values.into_iter().collect()))
    })
}

fn stored_as(type_: &ConnectionType, input: &Input) -> Secret {
    let annotations = [
        ("opendatahub.io/connection-type-ref", type_.name.as_str()),
        ("team", "reef"),
    ];
    Secret {
        namespace: "team-a".to_owned(),
        name: "tides".to_owned(),
        type_: "Opaque".to_owned(),
        labels: [("team".to_owned(), "reef".to_owned())].into(),
        annotations: annotations
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        mistyped: Vec::new(),
        data: encode(type_, input),
    }
}

fn subject<'a>(secret: &'a Secret, type_: &'a ConnectionType) -> Subject<'a> {
    Subject {
        secret,
        type_: Some(type_),
        other_type: None,
        editor: Some("ada"),
    }
}

/// RFC 7386.
fn merged(object: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut merged_object = object.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            merged_object.remove(key);
        } else {
            let old = merged_object.get(key).cloned().unwrap_or(Value::Null);
            merged_object.insert(key.clone(), merged(&old, value));
        }
    }
    Value::Object(merged_object)
}

proptest! {
    #[test]
    fn a_type_is_read_as_it_was_written(type_ in any_type()) {
        prop_assert_eq!(read(&write::config_map(&type_)), Ok(type_));
    }

    #[test]
    fn a_type_survives_its_json_form(fields in entries()) {
        let text = serde_json::to_string(&fields).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Vec<Entry>>(&text).expect("fields"), fields);
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(type_ in any_type()) {
        let once = cleaned(&type_);
        prop_assert_eq!(cleaned(&once), once);
    }

    #[test]
    fn judging_a_type_never_panics(type_ in any_type(), name in ".{0,300}") {
        check(&ConnectionType { name, ..type_ }, &[]);
    }

    #[test]
    fn a_type_becomes_any_other_by_a_patch_and_what_others_wrote_survives(before in any_type(), after in any_type()) {
        let mut object = write::config_map(&before);
        object["metadata"]["labels"]["team"] = json!("reef");
        object["metadata"]["annotations"]["note"] = json!("kept");
        object["data"]["extra"] = json!("kept");
        let wanted = ConnectionType {
            dialect: before.dialect,
            is_preinstalled: before.is_preinstalled,
            name: before.name.clone(),
            ..after
        };
        let patched = match write::merge(&object, &wanted) {
            Some(patch) => merged(&object, &patch),
            None => object,
        };
        prop_assert_eq!(read(&patched), Ok(wanted.clone()));
        prop_assert_eq!(write::merge(&patched, &wanted), None);
        prop_assert_eq!(&patched["metadata"]["labels"]["team"], &json!("reef"));
        prop_assert_eq!(&patched["metadata"]["annotations"]["note"], &json!("kept"));
        prop_assert_eq!(&patched["data"]["extra"], &json!("kept"));
    }

    #[test]
    fn values_are_read_back_as_they_were_given((type_, input) in filled()) {
        let stored = encode(&type_, &input);
        let read = decode(Some(&type_), &stored);
        prop_assert_eq!(texts(&encode(&type_, &read)), texts(&stored));
        for (key, value) in &stored {
            let again = encode(&type_, &read);
            prop_assert_eq!(again[key].expose(), value.expose());
        }
    }

    #[test]
    fn no_change_is_an_empty_patch((type_, input) in filled()) {
        let secret = stored_as(&type_, &input);
        let edited = edit(subject(&secret, &type_), &Change::default()).expect("nothing is wrong with no change");
        prop_assert!(edited.is_empty());
    }

    #[test]
    fn everything_sent_back_as_it_is_shown_is_an_empty_patch((type_, input) in filled()) {
        let secret = stored_as(&type_, &input);
        let change = Change {
            values: decode(Some(&type_), &secret.data),
            ..Change::default()
        };
        let edited = edit(subject(&secret, &type_), &change).expect("nothing is wrong with what is stored");
        prop_assert!(edited.is_empty());
    }

    #[test]
    fn a_patch_touches_what_is_named_and_nothing_of_others(
        (type_, input) in filled(),
        extra in btree_map("note_[bcd]{1,4}", "[a-z]{1,9}", 0..4),
        description in words(),
    ) {
        let mut secret = stored_as(&type_, &input);
        secret.data.extend(extra.iter().map(|(key, text)| (key.clone(), Sensitive::from(text.as_str()))));
        let named = extra.keys().next().cloned();
        let mut change = Change { description: Some(description), ..Change::default() };
        change.values.extend(named.iter().map(|key| (key.clone(), Given::Cleared)));
        let edited = edit(subject(&secret, &type_), &change).expect("nothing is wrong");
        prop_assert!(edited.labels.is_empty());
        prop_assert!(!edited.annotations.contains_key("team"));
        prop_assert_eq!(edited.data.keys().next(), named.as_ref());
        prop_assert!(edited.data.len() <= 1);
    }

    #[test]
    fn no_json_is_too_odd_for_a_value(text in r#"[\[\]{}",:0-9a-z. -]{0,40}"#) {
        if let Ok(json) = serde_json::from_str::<Value>(&text) {
            let given = Given::from_value(&json);
            let shown = format!("{given:?}");
            prop_assert!(shown.chars().all(char::is_alphabetic), "{}", shown);
        }
    }
}
