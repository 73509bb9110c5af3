//! What holds for every object and every patch.

use super::*;
use proptest::prelude::*;

/// Names and values from small sets, so that patches meet what they patch.
fn any_value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4).prop_map(Value::from),
        "[abx]".prop_map(Value::from),
        Just(Value::from("delete")),
        Just(Value::from("replace")),
    ];
    let name = prop_oneof![
        6 => prop_oneof!["[ab]", Just("name".to_owned()), Just("containers".to_owned())],
        1 => Just("metadata".to_owned()),
        2 => Just("finalizers".to_owned()),
        3 => Just("spec".to_owned()),
        1 => Just("$patch".to_owned()),
        1 => Just("$retainKeys".to_owned()),
        1 => Just("$setElementOrder/containers".to_owned()),
        1 => Just("$setElementOrder/finalizers".to_owned()),
        1 => Just("$deleteFromPrimitiveList/finalizers".to_owned()),
    ];
    plain.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => proptest::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let op = prop_oneof!["add", "remove", "replace", "move", "copy", "test"];
    let path = || "(/[ab0-]){0,3}";
    (op, path(), path(), any_value()).prop_map(
        |(op, path, from, value)| json!({ "op": op, "path": path, "from": from, "value": value }),
    )
}

fn without_nulls(value: &Value) -> Value {
    apply(PatchKind::Merge, &json!({}), value, &NoKeys).expect("the value is shallow")
}

proptest! {
    #[test]
    fn a_merge_patch_twice_is_a_merge_patch_once(target in any_value(), patch in any_value()) {
        let once = apply(PatchKind::Merge, &target, &patch, &NoKeys).unwrap();
        let twice = apply(PatchKind::Merge, &once, &patch, &NoKeys).unwrap();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn merging_an_object_into_nothing_or_itself_gives_the_object(value in any_value()) {
        let value = without_nulls(&value);
        prop_assume!(value.is_object());
        prop_assert_eq!(apply(PatchKind::Merge, &value, &value, &NoKeys), Ok(value));
    }

    #[test]
    fn an_empty_strategic_patch_changes_nothing(target in any_value()) {
        prop_assume!(target.is_object());
        let keys = built_in("", "Pod").unwrap();
        let patched = apply(PatchKind::StrategicMerge, &target, &json!({}), &keys);
        prop_assert_eq!(patched, Ok(target));
    }

    #[test]
    fn no_strategic_patch_panics(target in any_value(), patch in any_value()) {
        let keys = built_in("", "Pod").unwrap();
        let _ = apply(PatchKind::StrategicMerge, &target, &patch, &keys);
    }

    #[test]
    fn a_strategic_patch_without_directives_twice_is_it_once(
        names in proptest::collection::vec(0..6u8, 0..6),
        patched in proptest::collection::vec((0..6u8, any::<u8>()), 0..6),
    ) {
        let keys = built_in("", "Pod").unwrap();
        let containers = names.iter().map(|n| json!({ "name": n.to_string() })).collect();
        let target = json!({ "spec": { "containers": Value::Array(containers) } });
        let containers =
            patched.iter().map(|(n, image)| json!({ "name": n.to_string(), "image": image }));
        let patch = json!({ "spec": { "containers": containers.collect::<Value>() } });
        let once = apply(PatchKind::StrategicMerge, &target, &patch, &keys).unwrap();
        let twice = apply(PatchKind::StrategicMerge, &once, &patch, &keys).unwrap();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn no_json_patch_panics(
        target in any_value(),
        patch in proptest::collection::vec(operation(), 0..8),
    ) {
        let _ = apply(PatchKind::Json, &target, &Value::Array(patch), &NoKeys);
    }
}
