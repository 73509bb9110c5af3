//! The baseline of admission latency: the algorithm that the field has today. For each connection
//! a read, then an access review, one after another; then the whole object is written back.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::diff::diff;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

/// Answers the review of a new Notebook.
///
/// # Errors
/// When the review is not of a Notebook, or the API does not answer.
pub async fn answer(client: &kube::Client, body: &[u8]) -> Result<Vec<u8>> {
    let review: Value = serde_json::from_slice(body)?;
    let request = &review["request"];
    let namespace = request["namespace"].as_str().context("a namespace")?;
    let connections = request["object"]["metadata"]["annotations"]["opendatahub.io/connections"]
        .as_str()
        .unwrap_or_default();
    let mut names = Vec::new();
    for entry in connections.split(',') {
        let (place, name) = entry.trim().split_once('/').context("namespace/name")?;
        let secrets: Api<Secret> = Api::namespaced(client.clone(), place);
        let is_there = place == namespace && secrets.get_opt(name).await?.is_some();
        let is_allowed = may_get(client, request, place, name).await?;
        ensure!(is_there && is_allowed, "`{entry}` cannot be used");
        names.push(name);
    }
    let mut after = request["object"].clone();
    let container = &mut after["spec"]["template"]["spec"]["containers"][0];
    if !container["envFrom"].is_array() {
        container["envFrom"] = json!([]);
    }
    let sources = container["envFrom"].as_array_mut().context("a list")?;
    sources.extend(
        names
            .iter()
            .map(|name| json!({"secretRef": {"name": name}})),
    );
    let patch = serde_json::to_vec(&diff(&request["object"], &after))?;
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {
            "uid": request["uid"], "allowed": true,
            "patchType": "JSONPatch", "patch": STANDARD.encode(patch),
        },
    });
    Ok(serde_json::to_vec(&answer)?)
}

async fn may_get(client: &kube::Client, request: &Value, place: &str, name: &str) -> Result<bool> {
    let user = &request["userInfo"];
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: user["username"].as_str().map(str::to_owned),
            groups: serde_json::from_value(user["groups"].clone())?,
            resource_attributes: Some(ResourceAttributes {
                verb: Some("get".to_owned()),
                version: Some("v1".to_owned()),
                resource: Some("secrets".to_owned()),
                namespace: Some(place.to_owned()),
                name: Some(name.to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    let answer = reviews.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
