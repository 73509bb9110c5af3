//! What an object asks of Bowline that nobody hears: a reference in a kind that gets nothing, an
//! annotation whose key is almost one of ours. What is heard is left to `bowline_core::plan`.

use std::fmt;

use bowline_core::{WorkloadKind, names};
use serde_json::{Map, Value};

/// The keys that people write into workloads and Secrets.
const KEYS: [&str; 8] = [
    names::CONNECTIONS,
    names::CONNECTION_PATH,
    names::ALAUDA_SOURCE,
    names::PROTOCOL,
    names::TYPE_REF,
    names::LEGACY_TYPE,
    names::ALAUDA_PROTOCOL,
    names::ALAUDA_TYPE_REF,
];
/// How many letters may be wrong: more, and it is a word of its own.
const MOST_WRONG: usize = 2;
/// How deep a pod template may sit.
const DEPTH: usize = 8;

/// One thing that nobody hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlooked {
    /// A reference in an object of this kind.
    Kind(String),
    /// An annotation, and the key that was probably meant.
    Key(String, &'static str),
}

impl fmt::Display for Overlooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(
                f,
                "nothing is injected into this kind, `{kind}`, so `{}` is without effect",
                names::CONNECTIONS
            ),
            Self::Key(key, meant) => write!(
                f,
                "nobody reads annotation `{key}`; did you mean `{meant}`?"
            ),
        }
    }
}

impl Overlooked {
    /// All that an object has of it.
    pub fn of(object: &Value) -> Vec<Self> {
        let mut annotations = Vec::new();
        collect(object, DEPTH, &mut annotations);
        let is_known = WorkloadKind::of_object(object).is_some();
        let is_named = || {
            annotations
                .iter()
                .any(|map| map.contains_key(names::CONNECTIONS))
        };
        let kind = (!is_known && is_named()).then(|| Self::Kind(title(object)));
        let mut found: Vec<Self> = kind.into_iter().collect();
        for key in annotations.iter().flat_map(|map| map.keys()) {
            let slip = meant(key).map(|meant| Self::Key(key.clone(), meant));
            found.extend(slip.filter(|slip| !found.contains(slip)));
        }
        found
    }
}

/// The annotations of an object and of the pod templates in it.
fn collect<'a>(object: &'a Value, depth: usize, found: &mut Vec<&'a Map<String, Value>>) {
    let annotations = object.pointer("/metadata/annotations");
    found.extend(annotations.and_then(Value::as_object));
    templates(object, depth, found);
}

fn templates<'a>(value: &'a Value, depth: usize, found: &mut Vec<&'a Map<String, Value>>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match key.as_str() {
                    "template" => collect(member, depth, found),
                    "metadata" | "status" => {}
                    _ => templates(member, depth, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| templates(item, depth, found)),
        _ => {}
    }
}

fn meant(key: &str) -> Option<&'static str> {
    if KEYS.contains(&key) {
        return None;
    }
    let wrong = |known: &&str| strsim::damerau_levenshtein(key, known);
    let nearest = KEYS.into_iter().min_by_key(wrong)?;
    (wrong(&nearest) <= MOST_WRONG).then_some(nearest)
}

/// The kind with its API version, since some kinds are known in another one.
fn title(object: &Value) -> String {
    let text = |key| object.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("apiVersion"), text("kind"))
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn told(object: &Value) -> Vec<String> {
        Overlooked::of(object)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn named() -> Value {
        json!({"annotations": {names::CONNECTIONS: "harbour/soundings"}})
    }

    #[rstest]
    #[case::on_the_object(json!({"metadata": named()}))]
    #[case::on_a_template(json!({"spec": {"template": {"metadata": named()}}}))]
    #[case::deep_inside(json!({"spec": {"pytorchReplicaSpecs": {"Worker": {"template": {"metadata": named()}}}}}))]
    #[case::in_a_list(json!({"spec": {"groups": [{}, {"template": {"metadata": named()}}]}}))]
    fn a_reference_in_an_unknown_kind_is_told(#[case] mut object: Value) {
        object["apiVersion"] = json!("kubeflow.org/v1");
        object["kind"] = json!("PyTorchJob");
        assert_eq!(told(&object).len(), 1);
        assert!(told(&object)[0].contains("into this kind, `kubeflow.org/v1 PyTorchJob`"));
    }

    #[test]
    fn what_is_heard_or_not_ours_is_not_told() {
        let others = json!({
            "opendatahub.io/image-display-name": "a",
            "opendatahub.io/connection-test-status": "a",
            "kubectl.kubernetes.io/restartedAt": "a",
            "connections": "a",
        });
        for object in [
            json!({"apiVersion": "kubeflow.org/v1", "kind": "Notebook", "metadata": named()}),
            json!({"apiVersion": "v1", "kind": "Buoy", "metadata": {}}),
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": others}}),
        ] {
            assert_eq!(told(&object), [""; 0], "{object}");
        }
    }

    #[rstest]
    #[case("opendatahub.io/connection", names::CONNECTIONS)]
    #[case("opendatahub.io/conections", names::CONNECTIONS)]
    #[case("opendatahub.io/connection_path", names::CONNECTION_PATH)]
    #[case("aml-model-source-conection", names::ALAUDA_SOURCE)]
    #[case("opendatahub.io/connection-type-protocl", names::PROTOCOL)]
    fn a_slip_in_a_key_is_told(#[case] key: &str, #[case] meant: &str) {
        let object =
            json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"annotations": {key: "a"}}});
        assert_eq!(
            told(&object),
            [format!(
                "nobody reads annotation `{key}`; did you mean `{meant}`?"
            )]
        );
    }
}
