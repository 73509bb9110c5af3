//! Building an `AdmissionReview` as an API server would.

use serde_json::{Value, json};

use super::{NAMESPACE, USER};

/// One request of a case.
pub(super) struct Request<'a> {
    pub(super) uid: &'a str,
    pub(super) operation: &'static str,
    pub(super) subresource: Option<&'a str>,
    /// The object as wanted; null on DELETE.
    pub(super) object: &'a Value,
    /// The object as stored; null on CREATE.
    pub(super) old: &'a Value,
    pub(super) dry_run: bool,
}

/// The API version that a kind has unless a case says otherwise.
pub(super) fn usual_api_version(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Notebook" => "kubeflow.org/v1",
        "InferenceService" => "serving.kserve.io/v1beta1",
        "LLMInferenceService" => "serving.kserve.io/v1alpha2",
        "Pod" => "v1",
        "Job" | "CronJob" => "batch/v1",
        "Deployment" | "StatefulSet" | "DaemonSet" => "apps/v1",
        "RayCluster" | "RayJob" => "ray.io/v1",
        _ => return None,
    })
}

impl Request<'_> {
    /// The review as JSON.
    pub(super) fn review(&self) -> Value {
        let workload = if self.old.is_null() {
            self.object
        } else {
            self.old
        };
        let main = if self.object.is_null() {
            self.old
        } else {
            self.object
        };
        let mut kind = text(workload, "kind").to_lowercase();
        kind.push('s');
        let (group, version) = split(text(workload, "apiVersion"));
        let resource = json!({"group": group, "version": version, "resource": kind});
        let (group, version) = split(text(main, "apiVersion"));
        let kind = json!({"group": group, "version": version, "kind": text(main, "kind")});
        let mut request = json!({
            "uid": self.uid,
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "name": workload.pointer("/metadata/name"),
            "namespace": NAMESPACE,
            "operation": self.operation,
            "userInfo": {"username": USER, "groups": ["system:authenticated"]},
            "object": self.object,
            "oldObject": self.old,
            "dryRun": self.dry_run,
            "options": null,
        });
        if let Some(subresource) = self.subresource {
            request["subResource"] = json!(subresource);
            request["requestSubResource"] = json!(subresource);
        }
        json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": request,
        })
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}
