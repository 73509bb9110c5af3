//! What the targets share: inputs of several parts, and a Secret value that no answer may show.

/// Stands in seeds where a secret value does.
pub const SECRET: &str = "hunter2hunter2";

/// The parts of an input, which a byte that UTF-8 never has stands between; those that are missing
/// are empty.
pub fn parts<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut parts = input.splitn(N, |byte| *byte == 0xff);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The same, of text.
pub fn texts<const N: usize>(input: &[u8]) -> Option<[&str; N]> {
    let mut texts = [""; N];
    for (text, part) in texts.iter_mut().zip(parts::<N>(input)) {
        *text = std::str::from_utf8(part).ok()?;
    }
    Some(texts)
}

/// The same, of JSON.
pub fn values<const N: usize>(input: &[u8]) -> Option<[serde_json::Value; N]> {
    let mut values = [const { serde_json::Value::Null }; N];
    for (value, part) in values.iter_mut().zip(parts::<N>(input)) {
        *value = serde_json::from_slice(part).ok()?;
    }
    Some(values)
}

/// Panics where a text shows the secret value.
pub fn tells_no_secret(text: &str) {
    assert!(!text.contains(SECRET), "a text shows a value");
}

/// A definition with every way of owning: a number, a set, a list told apart by a member, a map, a
/// map owned whole, and what is kept though nobody knows it; some of it with defaults.
pub fn custom() -> serde_json::Value {
    let text = serde_json::json!({"type": "string"});
    let schema = serde_json::json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "size": {"type": "integer", "minimum": 0, "default": 1},
            "tags": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
            "parts": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {
                    "name": text, "value": {"type": "string", "pattern": "^[a-z]*$", "default": "a"},
                    "port": {"x-kubernetes-int-or-string": true},
                    "more": {"type": "object", "additionalProperties": text},
                }},
            },
            "labels": {"type": "object", "additionalProperties": text},
            "selector": {
                "type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic",
            },
            "command": {"type": "array", "items": text, "maxItems": 3},
            "maybe": {"type": "object", "nullable": true, "properties": {"a": text}},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "one": {"type": "string", "oneOf": [{"maxLength": 2}, {"pattern": "^k"}]},
            "port": {
                "x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}],
            },
        }},
        "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
    }});
    serde_json::json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "knots.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "knots", "kind": "Knot"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
            }],
        },
    })
}
