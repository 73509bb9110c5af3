//! Access: reviews, impersonation, and callers without a token.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SubjectAccessReview,
    SubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use super::{Harbour, inference_service, parsed, status};

fn reading_secrets(namespace: &str) -> ResourceAttributes {
    ResourceAttributes {
        namespace: Some(namespace.to_owned()),
        verb: Some("get".to_owned()),
        resource: Some("secrets".to_owned()),
        name: Some("soundings".to_owned()),
        ..ResourceAttributes::default()
    }
}

/// Whether a user may read the Secret `soundings`, as the API sees it.
async fn may_read(harbour: &Harbour, user: &str, groups: &[&str]) -> bool {
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(user.to_owned()),
            groups: Some(groups.iter().map(|group| (*group).to_owned()).collect()),
            resource_attributes: Some(reading_secrets(&harbour.project.name)),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let reviews = Api::all(harbour.client.clone());
    let answer = reviews
        .create(&PostParams::default(), &review)
        .await
        .expect("an answer");
    answer.status.expect("a status").allowed
}

/// Lets a subject `get` the Secret `soundings`.
async fn allow(harbour: &Harbour, kind: &str, name: &str) {
    let role: Role = parsed(json!({
        "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["soundings"], "verbs": ["get"]}],
    }));
    let binding: RoleBinding = parsed(json!({
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}],
    }));
    harbour
        .api()
        .create(&PostParams::default(), &role)
        .await
        .expect("created");
    harbour
        .api()
        .create(&PostParams::default(), &binding)
        .await
        .expect("created");
}

/// The client of another user, by impersonation.
async fn client_of(harbour: &Harbour, user: &str) -> Client {
    let mut config = harbour
        .project
        .shared
        .server
        .config()
        .await
        .expect("a configuration");
    config.auth_info.impersonate = Some(user.to_owned());
    Client::try_from(config).expect("a client")
}

#[tokio::test]
async fn the_administrator_may_do_everything() {
    let harbour = Harbour::new().await;
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(reading_secrets(&harbour.project.name)),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews = Api::all(harbour.client.clone());
    let answer = reviews
        .create(&PostParams::default(), &review)
        .await
        .expect("an answer");
    assert!(answer.status.expect("a status").allowed);
}

#[tokio::test]
async fn a_user_may_read_after_being_bound() {
    let harbour = Harbour::new().await;
    assert!(!may_read(&harbour, "mate", &[]).await);
    allow(&harbour, "User", "mate").await;
    assert!(may_read(&harbour, "mate", &[]).await);
    assert!(!may_read(&harbour, "cook", &[]).await);
}

#[tokio::test]
async fn a_group_may_read_after_being_bound() {
    let harbour = Harbour::new().await;
    allow(&harbour, "Group", "pilots").await;
    assert!(may_read(&harbour, "mate", &["pilots"]).await);
    assert!(!may_read(&harbour, "mate", &["cooks"]).await);
}

#[tokio::test]
async fn an_impersonated_user_has_that_users_rights_only() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    allow(&harbour, "User", "mate").await;
    let secrets =
        Api::<Secret>::namespaced(client_of(&harbour, "mate").await, &harbour.project.name);
    secrets.get("soundings").await.expect("allowed");
    let outcome = secrets.list(&ListParams::default()).await;
    let status = status(outcome.expect_err("forbidden"));
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    assert!(
        status
            .message
            .contains("User \"mate\" cannot list resource \"secrets\"")
    );
}

#[tokio::test]
async fn a_service_of_a_user_without_the_right_to_its_connection_is_denied() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let role: Role = parsed(json!({
        "metadata": {"name": "deployer"},
        "rules": [{"apiGroups": ["serving.kserve.io"], "resources": ["*"], "verbs": ["*"]}],
    }));
    harbour
        .api()
        .create(&PostParams::default(), &role)
        .await
        .expect("created");
    let binding: RoleBinding = parsed(json!({
        "metadata": {"name": "deployer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "mate"}],
    }));
    harbour
        .api()
        .create(&PostParams::default(), &binding)
        .await
        .expect("created");
    let resource = kube::discovery::ApiResource::from_gvk(&kube::core::GroupVersionKind::gvk(
        "serving.kserve.io",
        "v1beta1",
        "InferenceService",
    ));
    let client = client_of(&harbour, "mate").await;
    let services = Api::namespaced_with(client, &harbour.project.name, &resource);
    let service = inference_service("soundings", "models/tide");
    let outcome = services.create(&PostParams::default(), &service).await;
    let denied = status(outcome.expect_err("denied"));
    assert_eq!((denied.code, denied.reason.as_str()), (403, "Forbidden"));
    assert!(
        denied
            .message
            .contains("names Secret `soundings`, which you cannot use")
    );
    allow(&harbour, "User", "mate").await;
    services
        .create(&PostParams::default(), &service)
        .await
        .expect("allowed");
}

#[tokio::test]
async fn a_caller_with_a_wrong_token_is_turned_away() {
    let harbour = Harbour::new().await;
    let mut config = harbour
        .project
        .shared
        .server
        .config()
        .await
        .expect("a configuration");
    config.auth_info.token = Some("not-the-token".to_owned().into());
    let secrets = Api::<Secret>::default_namespaced(Client::try_from(config).expect("a client"));
    let outcome = secrets.list(&ListParams::default()).await;
    assert_eq!(status(outcome.expect_err("turned away")).code, 401);
}
