//! The footprint: the parts of a workload that a plan may read or write, read from JSON in one pass.
//!
//! A workload may be many kilobytes of containers, probes and managed fields, of which a plan looks
//! at a few. [`Skeleton`] keeps those and, where a plan takes away what is empty, a mark that there
//! is more, so that a plan made on the skeleton is the plan made on the whole object, and
//! [`crate::diff::diff`] of two skeletons is a patch for the whole. What the parts mean is left to
//! `plan`; whose a location is cannot be told from them, and then the whole is asked for
//! ([`crate::plan::needs_whole`]).

use std::fmt;

use memchr::{memchr, memmem};
use serde::de::{
    Deserialize as _, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::{Map, Number, Value};

use crate::names;

/// Which part of a JSON value is kept.
enum Part {
    /// All of it.
    Whole,
    /// A null in its place.
    Nothing,
    /// These members.
    Members(&'static [(&'static str, Part)]),
    /// These members, and [`MORE`] where there are others: a plan that made the object takes it away
    /// again once it is empty, so it must not look so.
    Parent(&'static [(&'static str, Part)]),
    /// This part of each list item.
    Items(&'static Part),
}

/// A workload reduced to its footprint.
#[derive(Debug, Clone, PartialEq)]
pub struct Skeleton(pub Value);

impl<'de> serde::Deserialize<'de> for Skeleton {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Seed(&WORKLOAD).deserialize(deserializer).map(Self)
    }
}

/// A workload that concerns no plan, as [`may_concern`] tells: nothing but whether it is an object
/// whose metadata and specification stand once.
#[derive(Debug)]
pub struct Outline(pub Value);

impl<'de> serde::Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Seed(&OUTLINE).deserialize(deserializer).map(Self)
    }
}

/// Whether a workload in this JSON text may concern a plan: the text names an annotation that can,
/// or is escaped in a way that hides names.
pub fn may_concern(text: &str) -> bool {
    let text = text.as_bytes();
    let finds = |part: &str| memmem::find(text, part.as_bytes()).is_some();
    names::REFERENCES_AND_RECORD.into_iter().any(finds)
        || (memchr(b'\\', text).is_some() && ["\\u", "\\/"].into_iter().any(finds))
}

const CONTAINER: Part = Part::Members(&[("name", Part::Whole), ("envFrom", Part::Whole)]);
const ANNOTATIONS: Part = Part::Parent(&[
    (names::CONNECTIONS, Part::Whole),
    (names::CONNECTION_PATH, Part::Whole),
    (names::ALAUDA_SOURCE, Part::Whole),
    (names::INJECTED, Part::Whole),
]);
/// The members of a pod specification.
const POD: &[(&str, Part)] = &[
    ("containers", Part::Items(&CONTAINER)),
    ("serviceAccountName", Part::Whole),
    ("imagePullSecrets", Part::Whole),
];
const TEMPLATE_METADATA: Part = Part::Members(&[("annotations", ANNOTATIONS)]);
/// A pod template; LLMInferenceServices put the pod specification where others have a template.
const TEMPLATE: Part = Part::Parent(&[
    ("metadata", TEMPLATE_METADATA),
    ("spec", Part::Parent(POD)),
    ("serviceAccountName", Part::Whole),
    ("imagePullSecrets", Part::Whole),
]);
const GROUP: Part = Part::Members(&[
    ("groupName", Part::Whole),
    ("name", Part::Whole),
    ("template", TEMPLATE),
]);
const HEAD_GROUP: Part = Part::Members(&[("template", TEMPLATE)]);
const WORKER_GROUPS: Part = Part::Items(&GROUP);
const STORAGE_MODEL: Part = Part::Parent(&[
    ("storageUri", Part::Whole),
    (
        "storage",
        Part::Parent(&[("key", Part::Whole), ("path", Part::Whole)]),
    ),
    ("uri", Part::Whole),
]);

const SPEC: Part = Part::Parent(&[
    // Pod
    ("containers", Part::Items(&CONTAINER)),
    ("serviceAccountName", Part::Whole),
    ("imagePullSecrets", Part::Whole),
    // Notebook, Deployment, StatefulSet, DaemonSet, Job, LLMInferenceService
    ("template", TEMPLATE),
    // CronJob
    (
        "jobTemplate",
        Part::Members(&[("spec", Part::Parent(&[("template", TEMPLATE)]))]),
    ),
    // RayCluster, RayJob
    ("headGroupSpec", HEAD_GROUP),
    ("workerGroupSpecs", WORKER_GROUPS),
    (
        "rayClusterSpec",
        Part::Members(&[
            ("headGroupSpec", HEAD_GROUP),
            ("workerGroupSpecs", WORKER_GROUPS),
        ]),
    ),
    // InferenceService
    (
        "predictor",
        Part::Parent(&[
            ("model", STORAGE_MODEL),
            ("serviceAccountName", Part::Whole),
            ("imagePullSecrets", Part::Whole),
        ]),
    ),
    // LLMInferenceService
    ("model", STORAGE_MODEL),
    ("worker", Part::Members(POD)),
    (
        "prefill",
        Part::Members(&[("template", TEMPLATE), ("worker", Part::Members(POD))]),
    ),
    (
        "router",
        Part::Members(&[("scheduler", Part::Members(&[("template", TEMPLATE)]))]),
    ),
]);

const OUTLINE: Part = Part::Members(&[("metadata", Part::Nothing), ("spec", Part::Nothing)]);

const WORKLOAD: Part = Part::Members(&[
    (
        "metadata",
        Part::Members(&[
            ("name", Part::Whole),
            ("deletionTimestamp", Part::Whole),
            ("ownerReferences", Part::Whole),
            ("annotations", ANNOTATIONS),
        ]),
    ),
    ("spec", SPEC),
]);

/// Reads one part.
struct Seed(&'static Part);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Part::Whole => serde::Deserialize::deserialize(deserializer),
            Part::Nothing => IgnoredAny::deserialize(deserializer).map(|_| Value::Null),
            _ => deserializer.deserialize_any(self),
        }
    }
}

/// The member that stands for all that were left out.
const MORE: &str = "";

/// A member name: the known one, with the part to keep of its value, or none.
struct Name(&'static [(&'static str, Part)]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static (&'static str, Part)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static (&'static str, Part)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(name, _)| *name == text))
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let (Part::Members(known) | Part::Parent(known)) = self.0 else {
            while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::Object(Map::new()));
        };
        let mut map = Map::new();
        let mut has_more = false;
        while let Some(member) = access.next_key_seed(Name(known))? {
            let Some((name, part)) = member else {
                access.next_value::<IgnoredAny>()?;
                has_more = true;
                continue;
            };
            let value = access.next_value_seed(Seed(part))?;
            if map.insert((*name).to_owned(), value).is_some() {
                return Err(Error::custom("a member is repeated"));
            }
        }
        if has_more && matches!(self.0, Part::Parent(_)) {
            map.insert(MORE.to_owned(), Value::Null);
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let Part::Items(item) = self.0 else {
            while access.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Array(Vec::new()));
        };
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(Seed(item))? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::reference(r#"{"opendatahub.io/connections": "a/b"}"#, true)]
    #[case::record(r#"{"bowline.dev/injected": "{}"}"#, true)]
    #[case::alauda(r#"{"aml-model-source-connection": "a"}"#, true)]
    #[case::escaped_slash(r#"{"opendatahub.io\/connections": "a/b"}"#, true)]
    #[case::escaped_letter(r#"{"\u006fpendatahub.io/connections": "a/b"}"#, true)]
    #[case::nothing_of_ours(r#"{"note": "a \"quoted\" word"}"#, false)]
    fn a_text_that_names_one_of_our_annotations_may_concern_us(
        #[case] text: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(may_concern(text), expected);
    }

    #[rstest]
    #[case::once(r#"{"metadata": {}, "spec": {"a": 1}, "status": 1}"#, true)]
    #[case::twice(r#"{"metadata": {}, "metadata": {}}"#, false)]
    fn an_outline_holds_each_member_once(#[case] text: &str, #[case] is_good: bool) {
        assert_eq!(serde_json::from_str::<Outline>(text).is_ok(), is_good);
    }
}
