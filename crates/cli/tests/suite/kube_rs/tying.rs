//! Connections tied into workloads that a program makes, with warnings and denials as it sees them.

use http::Request;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::ResourceExt as _;
use kube::api::{DynamicObject, PostParams};
use kube::client::Body;
use serde_json::{Value, json};

use super::{Harbour, inference_service, notebook, parsed, status};

#[tokio::test]
async fn a_notebook_gets_its_connections() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let reference = format!("{}/soundings", harbour.project.name);
    let created = harbour
        .notebooks()
        .create(&PostParams::default(), &notebook(&reference))
        .await;
    let container = &created.expect("created").data["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["envFrom"],
        json!([{"secretRef": {"name": "soundings"}}])
    );
}

#[tokio::test]
async fn a_deployment_gets_its_connections() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let deployment: Deployment = parsed(json!({
        "metadata": {"name": "crane", "annotations": {"opendatahub.io/connections": "soundings"}},
        "spec": {
            "selector": {"matchLabels": {"app": "crane"}},
            "template": {
                "metadata": {"labels": {"app": "crane"}},
                "spec": {"containers": [{"name": "hook", "image": "registry.harbour.example/a:1"}]},
            },
        },
    }));
    let created = harbour
        .api::<Deployment>()
        .create(&PostParams::default(), &deployment)
        .await;
    let pod = created.expect("created").spec.template.spec.expect("a pod");
    let source = pod.containers[0]
        .env_from
        .as_ref()
        .and_then(|entries| entries[0].secret_ref.as_ref());
    assert_eq!(source.expect("a Secret").name, "soundings");
}

#[tokio::test]
async fn a_service_gets_its_connection_and_an_account_that_links_it() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let service = inference_service("soundings", "models/tide");
    let created = harbour
        .inference_services()
        .create(&PostParams::default(), &service)
        .await;
    let predictor = &created.expect("created").data["spec"]["predictor"];
    assert_eq!(predictor["serviceAccountName"], "soundings-sa");
    assert_eq!(
        predictor["model"]["storage"],
        json!({"key": "soundings", "path": "models/tide"})
    );
    let account = harbour
        .api::<ServiceAccount>()
        .get("soundings-sa")
        .await
        .expect("found");
    let links = account.secrets.expect("links");
    assert_eq!(links[0].name.as_deref(), Some("soundings"));
}

#[tokio::test]
async fn an_account_that_exists_is_linked_and_keeps_its_other_links() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let account: ServiceAccount =
        parsed(json!({"metadata": {"name": "soundings-sa"}, "secrets": [{"name": "other"}]}));
    let accounts = harbour.api::<ServiceAccount>();
    accounts
        .create(&PostParams::default(), &account)
        .await
        .expect("created");
    let service = inference_service("soundings", "models/tide");
    harbour
        .inference_services()
        .create(&PostParams::default(), &service)
        .await
        .expect("created");
    let links = accounts
        .get("soundings-sa")
        .await
        .expect("found")
        .secrets
        .expect("links");
    let names: Vec<_> = links
        .iter()
        .filter_map(|link| link.name.as_deref())
        .collect();
    assert_eq!(names, ["other", "soundings"]);
}

#[tokio::test]
async fn a_service_that_is_replaced_as_a_whole_gets_its_connection_back() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let services = harbour.inference_services();
    let mut service = inference_service("soundings", "models/tide");
    let created = services
        .create(&PostParams::default(), &service)
        .await
        .expect("created");
    service.metadata.resource_version = created.resource_version();
    let replaced = services
        .replace("tide-forecast", &PostParams::default(), &service)
        .await;
    assert_eq!(
        replaced.expect("replaced").data["spec"],
        created.data["spec"]
    );
}

#[tokio::test]
async fn a_denial_is_a_status_that_names_annotation_and_secret() {
    let harbour = Harbour::new().await;
    let service = inference_service("lost", "models/tide");
    let outcome = harbour
        .inference_services()
        .create(&PostParams::default(), &service)
        .await;
    let status = status(outcome.expect_err("denied"));
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    for part in [
        "opendatahub.io/connections",
        "`lost`",
        "bowline denied the request",
    ] {
        assert!(
            status.message.contains(part),
            "no {part} in: {}",
            status.message
        );
    }
}

/// Creates an object and returns the answer's `Warning` headers.
async fn warnings(harbour: &Harbour, path: &str, body: &impl serde::Serialize) -> Vec<String> {
    let body = serde_json::to_vec(body).expect("JSON");
    let request = Request::post(path).header("content-type", "application/json");
    let request = request.body(Body::from(body)).expect("a request");
    let response = harbour.client.send(request).await.expect("an answer");
    assert_eq!(response.status(), 201);
    let values = response.headers().get_all("warning").iter();
    values
        .map(|value| value.to_str().expect("text").to_owned())
        .collect()
}

#[tokio::test]
async fn a_warning_about_a_secret_comes_as_a_header() {
    let harbour = Harbour::new().await;
    let mut secret: Value = serde_json::to_value(super::s3("soundings", "key")).expect("JSON");
    secret["stringData"]["AWS_S3_BUCKET"] = "".into();
    let path = format!("/api/v1/namespaces/{}/secrets", harbour.project.name);
    let warnings = warnings(&harbour, &path, &secret).await;
    assert!(
        warnings
            .iter()
            .all(|warning| warning.starts_with("299 - \"")),
        "{warnings:?}"
    );
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("AWS_S3_BUCKET")),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_warning_about_a_workload_comes_as_a_header() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let service: DynamicObject = inference_service("soundings", "");
    let namespace = &harbour.project.name;
    let path = format!("/apis/serving.kserve.io/v1beta1/namespaces/{namespace}/inferenceservices");
    let warnings = warnings(&harbour, &path, &service).await;
    assert!(
        warnings
            .iter()
            .any(|text| text.contains("nothing would be downloaded")),
        "{warnings:?}"
    );
}
