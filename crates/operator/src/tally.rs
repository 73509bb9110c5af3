//! What is counted of a review: which kind and operation it was about, read off its head, and how
//! it was answered. Answering is left to `server`, counting to `metrics`, telling to `spans`.

use std::borrow::Cow;
use std::fmt;

use bowline_core::WorkloadKind;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use tracing::Span;

use crate::metrics::Verdict;
use crate::review::{Kind, Response};
use crate::spans;

/// Everything that stands in the label `kind`.
const KINDS: [&str; 12] = [
    "Notebook",
    "InferenceService",
    "LLMInferenceService",
    "Pod",
    "Job",
    "CronJob",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "RayCluster",
    "RayJob",
    "Secret",
];
/// Everything that stands in the label `operation`.
const OPERATIONS: [&str; 3] = ["CREATE", "UPDATE", "DELETE"];
/// The label of everything else.
const OTHER: &str = "other";

/// What a review is about, as far as it stands before the objects.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    /// The label `kind`.
    pub(crate) kind: &'static str,
    /// The label `operation`.
    pub(crate) operation: &'static str,
    /// Of kind `Secret`, a subresource included.
    is_of_secret: bool,
    is_main: bool,
    namespace: Cow<'a, str>,
    name: Cow<'a, str>,
}

impl<'a> Head<'a> {
    /// Reads as far as is needed. Of what is no review nothing is known.
    pub(crate) fn of(body: &'a [u8]) -> Self {
        let mut members = Members::default();
        let mut text = serde_json::Deserializer::from_slice(body);
        // Stopping early is an error to the parser, and what is wrong is told by who answers.
        let _ = Review(&mut members).deserialize(&mut text);
        members.into()
    }

    /// The span in which the review is answered.
    pub(crate) fn span(&self) -> Span {
        spans::review(self.kind, self.operation, &self.namespace, &self.name)
    }

    /// Whether a mutation is about a workload that is created or changed.
    pub(crate) fn is_workload(&self) -> bool {
        self.kind != OTHER
            && !self.is_of_secret
            && matches!(self.operation, "CREATE" | "UPDATE")
            && self.is_main
    }

    /// Whether a validation is about a Secret.
    pub(crate) const fn is_secret(&self) -> bool {
        self.is_of_secret && self.is_main
    }
}

impl<'a> From<Members<'a>> for Head<'a> {
    fn from(members: Members<'a>) -> Self {
        let sub_resource = members.sub_resource.unwrap_or_default();
        let operation = members.operation.unwrap_or_default();
        let kind = members.kind.unwrap_or_default();
        let is_of_secret = kind.group.is_empty() && kind.kind == "Secret";
        let is_known =
            is_of_secret || WorkloadKind::of(&kind.group, &kind.version, &kind.kind).is_some();
        Self {
            kind: label(if is_known { &kind.kind } else { OTHER }, &KINDS),
            operation: label(&operation, &OPERATIONS),
            is_of_secret,
            is_main: sub_resource.is_empty(),
            namespace: members.namespace.unwrap_or_default(),
            name: members.name.unwrap_or_default(),
        }
    }
}

/// The one of some labels that a text is.
fn label(text: &str, known: &[&'static str]) -> &'static str {
    let found = known.iter().find(|label| **label == text);
    found.copied().unwrap_or(OTHER)
}

/// The members of a request that are looked at.
#[derive(Debug, Default)]
struct Members<'a> {
    kind: Option<Kind<'a>>,
    sub_resource: Option<Cow<'a, str>>,
    operation: Option<Cow<'a, str>>,
    namespace: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
}

/// How an answer of ours reads.
pub(crate) const fn verdict(answer: &Response<'_>, is_ours: bool) -> Verdict {
    if !answer.is_allowed() {
        Verdict::Denied
    } else if answer.is_patched() {
        Verdict::Patched
    } else if is_ours {
        Verdict::Allowed
    } else {
        Verdict::NotOurs
    }
}

/// Reads the member `request`.
struct Review<'h, 'a>(&'h mut Members<'a>);

/// Reads the members before the objects.
struct Request<'h, 'a>(&'h mut Members<'a>);

/// Text where it stands: a bare [`Cow`] would be copied each time.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> DeserializeSeed<'a> for Review<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Review<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AdmissionReview")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = map.next_key()? {
            if key == "request" {
                map.next_value_seed(Request(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Request<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Request<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request of an AdmissionReview")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(members) = self;
        let text = |text: Option<Text<'a>>| text.map(|Text(text)| text);
        while let Some(Text(key)) = map.next_key()? {
            match key.as_ref() {
                "kind" => members.kind = Some(map.next_value()?),
                "subResource" => members.sub_resource = text(map.next_value()?),
                "namespace" => members.namespace = text(map.next_value()?),
                "name" => members.name = text(map.next_value()?),
                "operation" => members.operation = text(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            // API servers write a subresource and names before the operation.
            if members.kind.is_some() && members.operation.is_some() {
                return Err(de::Error::custom("enough is known"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bowline_core::diff::diff;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn review(kind: &Value, operation: &str) -> Vec<u8> {
        let request = json!({"uid": "1", "kind": kind, "operation": operation, "object": {"a": 1}});
        json!({"apiVersion": "admission.k8s.io/v1", "request": request})
            .to_string()
            .into_bytes()
    }

    #[rstest]
    #[case::notebook("kubeflow.org", "v1", "Notebook", "Notebook")]
    #[case::secret("", "v1", "Secret", "Secret")]
    #[case::a_secret_of_others("vault.example", "v1", "Secret", "other")]
    #[case::a_notebook_of_others("example.com", "v1", "Notebook", "other")]
    #[case::unknown("", "v1", "ConfigMap", "other")]
    fn only_known_kinds_are_labels(
        #[case] group: &str,
        #[case] version: &str,
        #[case] kind: &str,
        #[case] label: &str,
    ) {
        let kind = json!({"group": group, "version": version, "kind": kind});
        assert_eq!(Head::of(&review(&kind, "CREATE")).kind, label);
    }

    #[rstest]
    #[case("CREATE", "CREATE")]
    #[case("DELETE", "DELETE")]
    #[case("CONNECT", "other")]
    #[case("nonsense", "other")]
    fn only_known_operations_are_labels(#[case] operation: &str, #[case] label: &str) {
        let kind = json!({"group": "", "version": "v1", "kind": "Secret"});
        assert_eq!(Head::of(&review(&kind, operation)).operation, label);
    }

    #[test]
    fn what_is_behind_the_operation_is_not_read() {
        let body =
            br#"{"request":{"kind":{"kind":"Secret"},"operation":"DELETE","object":### no JSON"#;
        assert!(Head::of(body).is_secret());
    }

    #[rstest]
    #[case::nothing(b"")]
    #[case::no_json(b"{{{{")]
    #[case::no_object(b"[1]")]
    #[case::other_types(br#"{"request":{"kind":7,"operation":[]}}"#)]
    fn what_is_no_review_has_no_labels(#[case] body: &[u8]) {
        let head = Head::of(body);
        assert_eq!((head.kind, head.operation), (OTHER, OTHER));
    }

    #[rstest]
    #[case::allowed(Response::allow("1".into(), &[], &[]), true, Verdict::Allowed)]
    #[case::not_ours(Response::allow("1".into(), &[], &[]), false, Verdict::NotOurs)]
    #[case::patched(
        Response::allow("1".into(), &diff(&json!({}), &json!({"a": 1})), &[]),
        true,
        Verdict::Patched
    )]
    #[case::denied(
        Response::deny("1".into(), 403, "Forbidden", String::new()),
        true,
        Verdict::Denied
    )]
    fn an_answer_has_a_verdict(
        #[case] answer: Response<'_>,
        #[case] is_ours: bool,
        #[case] wanted: Verdict,
    ) {
        assert_eq!(verdict(&answer, is_ours), wanted);
    }
}
