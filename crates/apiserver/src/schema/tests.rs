use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn schema() -> Schema {
    Schema::custom(json!({
        "type": "object",
        "required": ["spec"],
        "properties": {
            "spec": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "replicas": {"type": "integer", "default": 1, "minimum": 0},
                    "mode": {"type": "string", "enum": ["fast", "safe"]},
                    "port": {"x-kubernetes-int-or-string": true},
                    "note": {"type": "string", "nullable": true},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "template": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {}},
                    "list": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["key"],
                        "items": {"type": "object", "properties": {"key": {"type": "string"}, "on": {"type": "boolean", "default": true}}},
                    },
                },
            },
        },
    }))
}

fn pruned(spec: &Value) -> (Value, Vec<String>) {
    let mut object = json!({ "spec": spec });
    let unknown = schema().prune(&mut object);
    (object["spec"].clone(), unknown)
}

#[rstest]
#[case::known(json!({"name": "a", "replicas": 2}))]
#[case::free_form(json!({"free": {"a": {"b": [1, null]}}}))]
#[case::map(json!({"labels": {"a": "b"}}))]
#[case::nullable(json!({"note": null}))]
#[case::embedded(json!({"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}}))]
#[case::int_or_string(json!({"port": 80}))]
fn what_is_known_is_kept(#[case] spec: Value) {
    assert_eq!(pruned(&spec), (spec, vec![]));
}

#[rstest]
#[case::top(json!({"extra": 1}), "spec.extra")]
#[case::in_a_list(json!({"list": [{"key": "a", "extra": 1}]}), "spec.list[0].extra")]
#[case::embedded_metadata(json!({"template": {"metadata": {"extra": 1}}}), "spec.template.metadata.extra")]
fn what_is_unknown_goes_and_is_named(#[case] spec: Value, #[case] path: &str) {
    let (left, unknown) = pruned(&spec);
    assert_eq!(unknown, [path]);
    assert!(!left.to_string().contains("extra"), "{left}");
}

#[test]
fn a_null_that_stands_for_nothing_goes() {
    assert_eq!(
        pruned(&json!({"name": null, "replicas": 1})),
        (json!({"replicas": 1}), vec![])
    );
}

#[test]
fn defaults_fill_what_is_missing() {
    let mut object =
        json!({"spec": {"name": "a", "list": [{"key": "x"}, {"key": "y", "on": false}]}});
    schema().default(&mut object);
    let expected = json!({"name": "a", "list": [{"key": "x", "on": true}, {"key": "y", "on": false}], "replicas": 1});
    assert_eq!(object["spec"], expected);
}

#[rstest]
#[case::good(json!({"name": "a", "replicas": 0, "mode": "fast", "port": "http"}), &[])]
#[case::missing(json!({}), &["spec.name: Required value"])]
#[case::wrong_type(json!({"name": 5}), &["spec.name: Invalid value: \"integer\": spec.name in body must be of type string: \"integer\""])]
#[case::fraction(json!({"name": "a", "replicas": 1.5}), &["spec.replicas: Invalid value: \"number\": spec.replicas in body must be of type integer: \"number\""])]
#[case::too_small(json!({"name": "a", "replicas": -1}), &["spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0"])]
#[case::not_offered(json!({"name": "a", "mode": "slow"}), &["spec.mode: Unsupported value: \"slow\": supported values: \"fast\", \"safe\""])]
#[case::twice(json!({"name": "a", "list": [{"key": "x"}, {"key": "x"}]}), &["spec.list[1]: Duplicate value: {\"key\":\"x\"}"])]
#[case::map_value(json!({"name": "a", "labels": {"b": 1}}), &["spec.labels[b]: Invalid value: \"integer\": spec.labels[b] in body must be of type string: \"integer\""])]
#[case::all_at_once(json!({"replicas": "x", "mode": 1}), &[
    "spec.name: Required value",
    "spec.replicas: Invalid value: \"string\": spec.replicas in body must be of type integer: \"string\"",
    "spec.mode: Invalid value: \"integer\": spec.mode in body must be of type string: \"integer\"",
])]
fn what_contradicts_the_schema_is_found(#[case] spec: Value, #[case] expected: &[&str]) {
    let errors = schema().check(&json!({ "spec": spec }));
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
}

#[test]
fn an_amount_given_as_a_number_becomes_a_text() {
    let schema = Schema::built_in("io.k8s.api.core.v1.Pod");
    let mut pod =
        json!({"spec": {"containers": [{"resources": {"limits": {"cpu": 2, "memory": "1Gi"}}}]}});
    assert_eq!(schema.prune(&mut pod), Vec::<String>::new());
    assert_eq!(
        pod.pointer("/spec/containers/0/resources/limits"),
        Some(&json!({"cpu": "2", "memory": "1Gi"}))
    );
}

#[test]
fn findings_below_a_long_name_do_not_add_up() {
    let part = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let map = json!({"type": "object", "additionalProperties": part});
    let schema = Schema::custom(json!({"type": "object", "properties": {"parts": map}}));
    let members: Map<String, Value> = (0..1000).map(|n| (format!("b{n}"), json!(1))).collect();
    let name = "x".repeat(100_000);
    let mut object = json!({"parts": {name: members}});
    let unknown = schema.prune(&mut object);
    assert_eq!(unknown.len(), 100);
    assert!(unknown.iter().all(|path| path.len() < 1024));
}

/// Objects of the schema's own names, with values that often have another type.
fn any_spec() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1..3).prop_map(Value::from),
        "[ab]?".prop_map(Value::from),
    ];
    let names = [
        "name", "replicas", "mode", "port", "note", "labels", "free", "template", "list", "key",
        "on", "metadata", "kind", "other",
    ];
    plain.prop_recursive(5, 64, 5, move |inner| {
        let member = (prop::sample::select(names.to_vec()), inner.clone());
        prop_oneof![
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
            3 => prop::collection::btree_map(member.0, member.1, 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn pruning_and_defaulting_twice_is_once(spec in any_spec()) {
        let (mut object, schema) = (json!({ "spec": spec }), schema());
        schema.prune(&mut object);
        let pruned = object.clone();
        prop_assert_eq!(schema.prune(&mut object), Vec::<String>::new());
        prop_assert_eq!(&object, &pruned);
        schema.default(&mut object);
        let defaulted = object.clone();
        schema.default(&mut object);
        prop_assert_eq!(object, defaulted);
    }

    #[test]
    fn no_object_makes_checking_panic(spec in any_spec()) {
        let _ = schema().check(&json!({ "spec": spec }));
    }
}
