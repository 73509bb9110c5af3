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

/// What comes before the objects in a review of an API server.
#[derive(Debug, Default)]
pub(crate) struct Head<'a> {
    kind: Option<Kind<'a>>,
    sub_resource: Option<Cow<'a, str>>,
    operation: Option<Cow<'a, str>>,
    namespace: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
}

impl<'a> Head<'a> {
    /// Reads as far as is needed. Of what is no review the head is empty.
    pub(crate) fn of(body: &'a [u8]) -> Self {
        let mut head = Self::default();
        let mut text = serde_json::Deserializer::from_slice(body);
        // Stopping early is an error to the parser, and what is wrong is told by who answers.
        let _ = Review(&mut head).deserialize(&mut text);
        head
    }

    /// The label `kind`.
    pub(crate) fn kind(&self) -> &'static str {
        let name = self.kind.as_ref().map(|kind| kind.kind.as_ref());
        let known = KINDS.into_iter().find(|known| Some(*known) == name);
        known.filter(|_| self.is_known()).unwrap_or(OTHER)
    }

    /// The label `operation`.
    pub(crate) fn operation(&self) -> &'static str {
        let own = self.operation.as_deref();
        let known = OPERATIONS.into_iter().find(|known| Some(*known) == own);
        known.unwrap_or(OTHER)
    }

    /// The span in which the review is answered.
    pub(crate) fn span(&self) -> Span {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let name = self.name.as_deref().unwrap_or_default();
        spans::review(self.kind(), self.operation(), namespace, name)
    }

    /// Whether a mutation is about a workload that is created or changed.
    pub(crate) fn is_workload(&self) -> bool {
        self.kind() != OTHER
            && !self.is_secret()
            && matches!(self.operation(), "CREATE" | "UPDATE")
            && self.is_main()
    }

    /// Whether a validation is about a Secret.
    pub(crate) fn is_secret(&self) -> bool {
        let is_core = |kind: &Kind<'_>| kind.group.is_empty() && kind.kind == "Secret";
        self.kind.as_ref().is_some_and(is_core) && self.is_main()
    }

    fn is_known(&self) -> bool {
        let is_workload = |kind: &Kind<'_>| {
            WorkloadKind::of(&kind.group, &kind.version, &kind.kind).is_some()
                || (kind.group.is_empty() && kind.kind == "Secret")
        };
        self.kind.as_ref().is_some_and(is_workload)
    }

    fn is_main(&self) -> bool {
        self.sub_resource.as_deref().unwrap_or_default().is_empty()
    }
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
struct Review<'h, 'a>(&'h mut Head<'a>);

/// Reads the members before the objects.
struct Request<'h, 'a>(&'h mut Head<'a>);

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
        let Self(head) = self;
        let text = |text: Option<Text<'a>>| text.map(|Text(text)| text);
        while let Some(Text(key)) = map.next_key()? {
            match key.as_ref() {
                "kind" => head.kind = Some(map.next_value()?),
                "subResource" => head.sub_resource = text(map.next_value()?),
                "namespace" => head.namespace = text(map.next_value()?),
                "name" => head.name = text(map.next_value()?),
                "operation" => head.operation = text(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            // API servers write a subresource and names before the operation.
            if head.kind.is_some() && head.operation.is_some() {
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
        assert_eq!(Head::of(&review(&kind, "CREATE")).kind(), label);
    }

    #[rstest]
    #[case("CREATE", "CREATE")]
    #[case("DELETE", "DELETE")]
    #[case("CONNECT", "other")]
    #[case("nonsense", "other")]
    fn only_known_operations_are_labels(#[case] operation: &str, #[case] label: &str) {
        let kind = json!({"group": "", "version": "v1", "kind": "Secret"});
        assert_eq!(Head::of(&review(&kind, operation)).operation(), label);
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
        assert_eq!((head.kind(), head.operation()), (OTHER, OTHER));
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
