//! The baseline of what a review costs: the same decision on a generic tree of the whole review,
//! as handlers do that read JSON into maps.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::WorkloadKind;
use bowline_core::diff::diff;
use bowline_core::plan::{Operation, Request};
use bowline_operator::{Admission, Cluster, User};
use serde_json::{Value, json};

/// Answers the review of a workload that is created or updated.
///
/// # Errors
/// When the body is not such a review, or the request is denied.
pub async fn answer<C: Cluster>(admission: &Admission<C>, body: &[u8]) -> Result<Vec<u8>> {
    let review: Value = serde_json::from_slice(body)?;
    let asked = &review["request"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = &asked["kind"];
    let kind = WorkloadKind::of(
        &text(&kind["group"]),
        &text(&kind["version"]),
        &text(&kind["kind"]),
    );
    let request = Request {
        kind: kind.context("a workload")?,
        operation: match asked["operation"].as_str() {
            Some("CREATE") => Operation::Create,
            _ => Operation::Update,
        },
        namespace: asked["namespace"].as_str().context("a namespace")?,
        object: &asked["object"],
        before: Some(&asked["oldObject"]).filter(|old| !old.is_null()),
    };
    let user = &asked["userInfo"];
    let user = User {
        name: text(&user["username"]),
        groups: serde_json::from_value(user["groups"].clone())?,
        ..User::default()
    };
    let plan = admission.decide(&request, &user).await?;
    let mut response = json!({"uid": asked["uid"], "allowed": true});
    if let Some(after) = plan.object {
        let patch = serde_json::to_vec(&diff(request.object, &after))?;
        response["patchType"] = json!("JSONPatch");
        response["patch"] = json!(STANDARD.encode(patch));
    }
    if !plan.warnings.is_empty() {
        let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
        response["warnings"] = json!(warnings);
    }
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response,
    });
    Ok(serde_json::to_vec(&answer)?)
}
