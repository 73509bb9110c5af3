use bowline_apiserver::{ApiServer, Config, UserInfo};
use bowline_core::{Recognition, Secret};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::json;

use super::*;

const WANTED: Wanted<'static> = Wanted {
    image: "registry.example/bowline:v1",
    account: None,
    labels: &[],
    flags: &[],
};

fn connection() -> Connection {
    let secret = Secret::from_value(&json!({
        "metadata": {
            "name": "soundings", "namespace": "harbour",
            "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
        },
    }));
    match Connection::from_secret(secret.expect("a Secret")) {
        Recognition::Connection(connection) => *connection,
        _ => unreachable!("the annotation makes it a connection"),
    }
}

/// An API that keeps pods and has no node to run them.
async fn client(folder: &tempfile::TempDir) -> kube::Client {
    let config = Config::new(folder.path().join("store.sqlite"));
    let api = ApiServer::open(config).await.expect("an API");
    let client = kube::Client::new(api.in_process(UserInfo::administrator("ada")), "default");
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let harbour = json!({"metadata": {"name": "harbour"}});
    let harbour = serde_json::from_value(harbour).expect("a Namespace");
    namespaces
        .create(&PostParams::default(), &harbour)
        .await
        .expect("created");
    client
}

async fn pods(client: &kube::Client) -> Vec<Pod> {
    let api: Api<Pod> = Api::namespaced(client.clone(), "harbour");
    api.list(&ListParams::default())
        .await
        .expect("a list")
        .items
}

#[tokio::test]
async fn a_pod_that_no_node_takes_is_made_told_and_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (client, connection) = (client(&folder).await, connection());
    let patience = Duration::from_millis(400);
    let never = std::future::pending();
    let test = one(&client, &connection, &WANTED, patience, never);
    let look = async {
        loop {
            if let [pod] = pods(&client).await.as_slice() {
                return pod.metadata.generate_name.clone();
            }
        }
    };
    let (failed, seen) = tokio::join!(test, look);
    assert_eq!(seen.as_deref(), Some("bowline-test-"));
    let failure = format!("{:?}", failed.expect_err("nothing runs it"));
    assert!(failure.contains("does not start"), "{failure}");
    assert_eq!(pods(&client).await.len(), 0);
}

#[tokio::test]
async fn a_pod_whose_image_is_not_there_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (client, connection) = (client(&folder).await, connection());
    let test = one(
        &client,
        &connection,
        &WANTED,
        PATIENCE,
        std::future::pending(),
    );
    let waiting = json!({"status": {"containerStatuses": [{
        "name": "test", "image": "a", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ImagePullBackOff"}},
    }]}});
    let kubelet = async {
        loop {
            if let [pod] = pods(&client).await.as_slice() {
                let api: Api<Pod> = Api::namespaced(client.clone(), "harbour");
                let name = pod.metadata.name.clone().expect("a name");
                let patch = Patch::Merge(&waiting);
                let params = PatchParams::default();
                return api
                    .patch_status(&name, &params, &patch)
                    .await
                    .expect("patched");
            }
        }
    };
    let (failed, _) = tokio::join!(test, kubelet);
    let failure = format!("{:?}", failed.expect_err("it never starts"));
    assert!(failure.contains("ImagePullBackOff"), "{failure}");
    assert_eq!(pods(&client).await.len(), 0);
}

#[tokio::test]
async fn whoever_stops_leaves_no_pod_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let (client, connection) = (client(&folder).await, connection());
    let made = async {
        while pods(&client).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let stopped = one(&client, &connection, &WANTED, PATIENCE, made).await;
    assert!(stopped.expect("no failure").is_none());
    assert_eq!(pods(&client).await.len(), 0);
}

#[test]
fn what_a_pod_prints_is_read_as_the_report_that_it_is() {
    let report_of_pod = Report::new(
        vec![Step {
            name: StepName::SignIn,
            state: State::Failed,
            outcome: &bowline_probe::outcome::WRONG_SECRET_KEY,
            field: Some("AWS_SECRET_ACCESS_KEY".to_owned()),
            detail: None,
            took: Duration::from_millis(7),
        }],
        Duration::from_millis(9),
    );
    let log = json!({"connections": [report_of_pod]}).to_string();
    let read = report(&log).expect("a report");
    assert_eq!(json!(read), json!(report_of_pod));
    assert!(report("panicked").is_none());
    assert!(report("{\"connections\": [{\"steps\": [{}]}]}").is_none());
}

#[tokio::test]
async fn a_pod_that_is_ended_from_outside_is_told_with_its_reason_and_the_last_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let (client, connection) = (client(&folder).await, connection());
    let never = std::future::pending();
    let test = one(&client, &connection, &WANTED, PATIENCE, never);
    let kubelet = async {
        let name = loop {
            if let [pod] = pods(&client).await.as_slice() {
                break pod.metadata.name.clone().expect("a name");
            }
        };
        let events: Api<Event> = Api::namespaced(client.clone(), "harbour");
        let event = json!({
            "metadata": {"name": "sandbox"}, "type": "Warning", "lastTimestamp": "2026-01-01T00:00:00Z",
            "reason": "FailedMount", "message": "secret \"soundings\" not found",
            "involvedObject": {"kind": "Pod", "namespace": "harbour", "name": name},
        });
        let event = serde_json::from_value(event).expect("an Event");
        let params = PostParams::default();
        events.create(&params, &event).await.expect("created");
        let ended = json!({"status": {"phase": "Failed", "reason": "DeadlineExceeded"}});
        let pods: Api<Pod> = Api::namespaced(client.clone(), "harbour");
        let params = PatchParams::default();
        let patch = Patch::Merge(&ended);
        pods.patch_status(&name, &params, &patch)
            .await
            .expect("patched")
    };
    let (failed, _) = tokio::join!(test, kubelet);
    let failure = format!("{:?}", failed.expect_err("it never ran"));
    for told in ["DeadlineExceeded", "FailedMount: secret", "--image"] {
        assert!(failure.contains(told), "{failure}");
    }
    assert_eq!(pods(&client).await.len(), 0);
}
