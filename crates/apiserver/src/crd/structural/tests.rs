//! Which schemas are structural, one by one. The scripts that are compared with kube-apiserver have
//! more of them.

use super::*;
use rstest::rstest;

/// What is wrong with a schema whose member `a` is this one, without the way there.
fn about(member: &Value) -> Vec<String> {
    let root = json!({"type": "object", "properties": {"a": member}});
    let found = check(&root, "root");
    let texts = found.iter().map(ToString::to_string);
    texts
        .map(|text| text.replace("root.properties[a].", ""))
        .collect()
}

fn keyed(keys: &Value, item: &Value) -> Value {
    json!({"type": "array", LIST_TYPE: "map", LIST_KEYS: keys, "items": item})
}

#[rstest]
#[case::no_type(json!({}), "type: Required value: must not be empty for specified object fields")]
#[case::no_items(json!({"type": "array"}), "items: Required value: must be specified")]
#[case::no_type_of_items(json!({"type": "array", "items": {}}), "items.type: Required value: must not be empty for specified array items")]
#[case::several_items(json!({"type": "array", "items": [{"type": "string"}]}), "items: Forbidden: items must be a schema object and not an array")]
#[case::unknown_type(json!({"type": "banana"}), "type: Unsupported value: \"banana\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"")]
#[case::no_keys(keyed(&json!([]), &json!({"type": "object"})), "x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map")]
#[case::optional_key(keyed(&json!(["k"]), &json!({"type": "object", "properties": {"k": {"type": "string"}}})), "items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property")]
#[case::unknown_key(keyed(&json!(["k"]), &json!({"type": "object"})), "x-kubernetes-list-map-keys: Invalid value: [\"k\"]: entries must all be names of item properties")]
#[case::object_as_key(keyed(&json!(["k"]), &json!({"type": "object", "required": ["k"], "properties": {"k": {"type": "object"}}})), "items.properties[k].type: Invalid value: \"object\": must be a scalar type if parent array's x-kubernetes-list-type is map")]
#[case::keys_of_texts(keyed(&json!(["k"]), &json!({"type": "string"})), "items.type: Invalid value: \"string\": must be object if parent array's x-kubernetes-list-type is map")]
#[case::set_of_objects(json!({"type": "array", LIST_TYPE: "set", "items": {"type": "object"}}), "items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set")]
#[case::list_type(json!({"type": "array", LIST_TYPE: "heap", "items": {"type": "string"}}), "x-kubernetes-list-type: Unsupported value: \"heap\": supported values: \"atomic\", \"set\", \"map\"")]
#[case::map_type(json!({"type": "object", MAP_TYPE: "heap"}), "x-kubernetes-map-type: Unsupported value: \"heap\": supported values: \"atomic\", \"granular\"")]
#[case::default_type(json!({"type": "integer", "default": "many"}), "default: Invalid value: \"string\":  in body must be of type integer: \"string\"")]
#[case::default_range(json!({"type": "integer", "default": 1, "minimum": 5}), "default: Invalid value: 1:  in body should be greater than or equal to 5")]
#[case::default_unknown(json!({"type": "object", "default": {"b": 1}, "properties": {"c": {"type": "string"}}}), "default: Invalid value: {\"b\":1}: must not have unknown fields")]
#[case::default_inside(json!({"type": "object", "default": {"b": 1}, "properties": {"b": {"type": "string"}}}), "default.b: Invalid value: \"integer\": b in body must be of type string: \"integer\"")]
#[case::two_kinds_of_members(json!({"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": {"type": "string"}}), "additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive")]
#[case::reference(json!({"type": "object", "$ref": "#/components/schemas/io.k8s.api.core.v1.Secret"}), "$ref: Forbidden: $ref is not supported")]
#[case::unique(json!({"type": "array", "uniqueItems": true, "items": {"type": "string"}}), "uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic")]
#[case::type_in_condition(json!({"type": "string", "anyOf": [{"type": "string"}]}), "anyOf[0].type: Forbidden: must be empty to be structural")]
#[case::default_in_condition(json!({"type": "object", "not": {"properties": {"b": {"default": 1}}}}), "not.properties[b].default: Forbidden: must be undefined to be structural")]
#[case::pattern_in_condition(json!({"type": "string", "allOf": [{"pattern": "("}]}), "allOf[0].pattern: Invalid value: \"(\": must be a valid regular expression")]
#[case::embedded(json!({"type": "object", EMBEDDED: true}), "properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields")]
#[case::preserve(json!({"type": "object", PRESERVE: false}), "x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined")]
fn a_member_that_is_not_structural_is_refused(#[case] member: Value, #[case] expected: &str) {
    assert_eq!(about(&member), [expected]);
}

#[rstest]
#[case::anything(json!({PRESERVE: true}))]
#[case::number_or_text(json!({INT_OR_STRING: true, "anyOf": [{"type": "integer"}, {"type": "string"}]}))]
#[case::number_or_text_and_more(json!({INT_OR_STRING: true, "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"pattern": "^a"}]}))]
#[case::map(json!({"type": "object", "additionalProperties": {"type": "string"}}))]
#[case::keyed(keyed(&json!(["k", "l"]), &json!({"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}, "l": {"type": "integer", "default": 1}}})))]
#[case::set_of_whole_objects(json!({"type": "array", LIST_TYPE: "set", "items": {"type": "object", MAP_TYPE: "atomic"}}))]
#[case::default(json!({"type": "object", "default": {}, "properties": {"b": {"type": "string", "default": "c"}}}))]
#[case::conditions(json!({"type": "object", "properties": {"b": {"type": "string"}}, "oneOf": [{"required": ["b"]}, {"properties": {"b": {"minLength": 2}}}]}))]
fn a_member_that_is_structural_is_taken(#[case] member: Value) {
    assert_eq!(about(&member), [""; 0]);
}

#[rstest]
#[case::type_(json!({"type": "array", "items": {"type": "string"}}), "root.type: Invalid value: \"array\": must be object at the root")]
#[case::others(json!({"type": "object", "additionalProperties": true}), "root.additionalProperties: Forbidden: must not be used at the root")]
#[case::nullable(json!({"type": "object", "nullable": true}), "root.nullable: Forbidden: nullable cannot be true at the root")]
#[case::labels(json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}}), "root.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified")]
#[case::name(json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": {"type": "string", "default": "a"}}}}}), "root.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata")]
#[case::kind(json!({"type": "object", "properties": {"kind": {"type": "integer"}}}), "root.properties[kind].type: Invalid value: \"integer\": must be string")]
#[case::untold(json!({"type": "object", "anyOf": [{"properties": {"a": {"minimum": 1}}}]}), "root.properties[a]: Required value: because it is defined in root.anyOf[0].properties[a]")]
fn the_root_keeps_its_own_rules(#[case] root: Value, #[case] expected: &str) {
    let found: Vec<String> = check(&root, "root")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, [expected]);
}
