use super::*;

fn definition(versions: &Value) -> Value {
    json!({
        "metadata": {"name": "knots.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "conversion": {"strategy": "None"},
            "names": {"plural": "knots", "singular": "knot", "kind": "Knot"},
            "versions": versions,
        },
    })
}

#[test]
fn findings_about_patterns_below_a_long_name_do_not_add_up() {
    let patterns = (0..1000).map(|n| (format!("a{n}"), json!({"pattern": "("})));
    let inner = json!({"properties": patterns.collect::<Map<_, _>>()});
    let root = json!({"type": "object", "properties": {"x".repeat(100_000): inner}});
    let version = json!({"name": "v1", "storage": true, "schema": {"openAPIV3Schema": root}});
    let errors = check(&definition(&json!([version])), None);
    assert_eq!(errors.len(), 100);
    assert!(errors.iter().all(|error| error.to_string().len() < 2048));
}

#[test]
fn a_version_that_is_there_twice_is_told() {
    let version = |is_stored: bool| json!({"name": "v1", "storage": is_stored, "schema": {"openAPIV3Schema": {"type": "object"}}});
    let errors = check(&definition(&json!([version(true), version(false)])), None);
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["spec.versions[1].name: Duplicate value: \"v1\""]);
}

#[test]
fn a_definition_of_an_earlier_program_may_change_in_other_ways() {
    let version = |schema: Value| json!([{"name": "v1", "storage": true, "schema": {"openAPIV3Schema": schema}}]);
    let lax = definition(&version(json!({"type": "object", "properties": {"a": {}}})));
    assert_eq!(check(&lax, None).len(), 1);
    let changed = version(json!({"type": "object", "properties": {"a": {}, "b": {}}}));
    assert_eq!(check(&definition(&changed), Some(&lax)), []);
    let good = definition(&version(json!({"type": "object"})));
    assert_eq!(check(&lax, Some(&good)).len(), 1);
}
