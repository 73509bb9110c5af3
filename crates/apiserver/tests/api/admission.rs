//! The embedder's look at objects before they are stored.

use crate::client::{Client, SECRETS, Server, config_map, secret, without_owners};
use bowline_apiserver::{Admission, AdmissionRequest, Denial, Operation, UserInfo, Verdict};
use futures::future::BoxFuture;
use http::Request;
use http_body_util::Full;
use serde_json::json;
use std::sync::{Arc, Mutex, OnceLock};
use tower::ServiceExt as _;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Denies what is named `denied`, changes and comments on the rest, and remembers what it saw.
#[derive(Default)]
struct Watchful {
    seen: Arc<Mutex<Vec<AdmissionRequest>>>,
    api: OnceLock<bowline_apiserver::InProcess>,
}

impl Admission for Watchful {
    fn admit(&self, request: AdmissionRequest) -> BoxFuture<'_, Verdict> {
        Box::pin(async move {
            self.seen.lock().unwrap().push(request.clone());
            if request.name == "denied" {
                return Verdict::Deny(Denial {
                    code: 403,
                    reason: "Forbidden".into(),
                    message: "not this one".into(),
                });
            }
            let mut object = request.object;
            if object["metadata"]["annotations"]["ask"] == "api" {
                let uri = "/api/v1/namespaces/default/serviceaccounts/default";
                let call = Request::get(uri)
                    .body(Full::<bytes::Bytes>::default())
                    .unwrap();
                let answer = self.api.get().unwrap().clone().oneshot(call).await.unwrap();
                object["metadata"]["annotations"]["answer"] =
                    answer.status().as_u16().to_string().into();
            }
            object["metadata"]["annotations"]["looked-at"] = "yes".into();
            object["metadata"]["name"] = "renamed".into();
            let seen = Arc::clone(&self.seen);
            let afterwards: BoxFuture<'static, Vec<String>> = Box::pin(async move {
                let count = seen.lock().unwrap().len();
                vec![format!("afterwards {count}")]
            });
            Verdict::Allow {
                object: Some(object),
                warnings: vec!["say \"hello\"".into()],
                afterwards: Some(afterwards),
            }
        })
    }
}

async fn watched() -> (Server, Client, Arc<Watchful>) {
    let server = Server::start().await;
    let watchful = Arc::new(Watchful::default());
    let _ = watchful.api.set(
        server
            .api
            .in_process(UserInfo::administrator("system:admission")),
    );
    assert!(
        server
            .api
            .set_admission(Arc::clone(&watchful) as Arc<dyn Admission>)
    );
    let admin = server.admin();
    (server, admin, watchful)
}

#[tokio::test]
async fn admission_changes_and_warns() {
    let (_server, admin, watchful) = watched().await;
    let answer = admin.post(MAPS, &config_map("a")).await;
    assert_eq!(answer.ok()["metadata"]["annotations"]["looked-at"], "yes");
    assert_eq!(
        answer.json()["metadata"]["name"],
        "a",
        "what the server sets stays"
    );
    assert_eq!(
        answer.warnings(),
        ["299 - \"say \\\"hello\\\"\"", "299 - \"afterwards 1\""]
    );
    let seen = watchful.seen.lock().unwrap()[0].clone();
    assert_eq!(
        (seen.operation, seen.name.as_str(), seen.namespace.as_str()),
        (Operation::Create, "a", "default")
    );
    assert_eq!(
        (
            seen.kind.kind.as_str(),
            seen.resource.plural.as_str(),
            seen.user.name.as_str()
        ),
        ("ConfigMap", "configmaps", "admin")
    );
}

#[tokio::test]
async fn an_update_shows_the_state_before() {
    let (_server, admin, watchful) = watched().await;
    let created = admin.post(MAPS, &config_map("a")).await.ok();
    admin
        .patch(
            &format!("{MAPS}/a"),
            "merge",
            &json!({"data": {"key": "new"}}),
        )
        .await
        .ok();
    let seen = watchful.seen.lock().unwrap()[1].clone();
    assert_eq!(
        (seen.operation, seen.old_object),
        (Operation::Update, Some(without_owners(created)))
    );
    assert_eq!(seen.object["data"]["key"], "new");
}

#[tokio::test]
async fn a_denial_stores_nothing() {
    let (_server, admin, _) = watched().await;
    let answer = admin.post(MAPS, &config_map("denied")).await;
    assert_eq!(answer.refused(403, "Forbidden"), "not this one");
    admin
        .get(&format!("{MAPS}/denied"))
        .await
        .refused(404, "NotFound");
}

#[tokio::test]
async fn a_dry_run_is_admitted_and_has_no_afterwards() {
    let (_server, admin, watchful) = watched().await;
    let answer = admin
        .post(&format!("{MAPS}?dryRun=All"), &config_map("a"))
        .await;
    assert_eq!(answer.warnings().len(), 1, "{:?}", answer.warnings());
    assert!(watchful.seen.lock().unwrap()[0].dry_run);
    admin.post(MAPS, &config_map("a")).await.ok();
    let answer = admin.post(MAPS, &config_map("a")).await;
    answer.refused(409, "AlreadyExists");
    assert_eq!(answer.warnings().len(), 1, "{:?}", answer.warnings());
}

#[tokio::test]
async fn admission_may_use_the_api() {
    let (_server, admin, _) = watched().await;
    let mut object = config_map("a");
    object["metadata"]["annotations"] = json!({"ask": "api"});
    assert_eq!(
        admin.post(MAPS, &object).await.ok()["metadata"]["annotations"]["answer"],
        "200"
    );
}

#[tokio::test]
async fn admission_sees_secrets_as_they_are_stored() {
    let (_server, admin, watchful) = watched().await;
    admin.post(SECRETS, &secret("a")).await.ok();
    let seen = watchful.seen.lock().unwrap()[0].clone();
    assert_eq!(
        (&seen.object["data"], &seen.object["type"]),
        (&json!({"KEY": "dmFsdWU="}), &json!("Opaque"))
    );
    assert!(!format!("{seen:?}").contains("dmFsdWU="));
}

#[tokio::test]
async fn questions_are_not_admitted() {
    let (_server, admin, watchful) = watched().await;
    let review = json!({"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}});
    admin
        .post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            &review,
        )
        .await
        .ok();
    assert!(watchful.seen.lock().unwrap().is_empty());
}

/// Changes the object in a way that is not valid.
struct Careless;

impl Admission for Careless {
    fn admit(&self, mut request: AdmissionRequest) -> BoxFuture<'_, Verdict> {
        request.object["metadata"]["labels"] = json!({"a b": "c"});
        Box::pin(async {
            Verdict::Allow {
                object: Some(request.object),
                warnings: vec![],
                afterwards: None,
            }
        })
    }
}

#[tokio::test]
async fn what_admission_changes_is_validated() {
    let server = Server::start().await;
    server.api.set_admission(Arc::new(Careless));
    server
        .admin()
        .post(MAPS, &config_map("a"))
        .await
        .refused(422, "Invalid");
}
