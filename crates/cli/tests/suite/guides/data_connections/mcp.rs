//! Chapter "Using with Kubernetes MCP Server". Such a server speaks to the API as a program does:
//! whole objects, values in base64, no patches. So do these tests, without one.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{ListParams, PostParams};
use kube::{Api, Error};
use serde_json::json;

use crate::project::Project;

async fn secrets(project: &Project) -> Api<Secret> {
    let client = project.shared.server.client().await.expect("a client");
    Api::namespaced(client, &project.name)
}

/// The connection of the chapter's manifest, values in base64 under `data`.
fn connection() -> Secret {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "mcp-soundings",
            "labels": {"opendatahub.io/dashboard": "true"},
            "annotations": {
                "opendatahub.io/connection-type": "s3",
                "openshift.io/display-name": "Soundings by MCP",
            },
        },
        "type": "Opaque",
        "data": {
            "AWS_ACCESS_KEY_ID": "aGFyYm91ci1rZXktaWQ=",
            "AWS_SECRET_ACCESS_KEY": "c2VjcmV0LW9mLW5vYm9keQ==",
            "AWS_S3_ENDPOINT": "aHR0cHM6Ly9zMy5hbWF6b25hd3MuY29t",
            "AWS_S3_BUCKET": "aGFyYm91ci1zb3VuZGluZ3M=",
            "AWS_DEFAULT_REGION": "ZXUtbm9ydGgtMQ==",
        },
    });
    serde_json::from_value(secret).expect("a Secret")
}

/// Page "Data Connections", heading "Creating Data Connections with MCP".
#[tokio::test]
async fn creating_data_connections_with_mcp() {
    let project = Project::new("harbour");
    let secrets = secrets(&project).await;
    secrets
        .create(&PostParams::default(), &connection())
        .await
        .expect("created");
    assert_eq!(
        project.value("mcp-soundings", "AWS_S3_BUCKET"),
        "harbour-soundings"
    );
}

/// Page "Data Connections", heading "MCP Limitations", item 1: it is the tool that wants base64. The
/// API takes `stringData` and stores it as `data`.
#[tokio::test]
async fn mcp_limitations_the_api_itself_takes_string_data() {
    let project = Project::new("harbour");
    let secrets = secrets(&project).await;
    let text = [("AWS_S3_BUCKET".to_owned(), "other-soundings".to_owned())];
    let secret = Secret {
        string_data: Some(text.into()),
        ..connection()
    };
    let stored = secrets
        .create(&PostParams::default(), &secret)
        .await
        .expect("created");
    assert_eq!(stored.string_data, None);
    assert_eq!(
        project.value("mcp-soundings", "AWS_S3_BUCKET"),
        "other-soundings"
    );
}

/// Page "Data Connections", heading "Listing Data Connections with MCP".
#[tokio::test]
async fn listing_data_connections_with_mcp() {
    let project = Project::new("harbour");
    let secrets = secrets(&project).await;
    secrets
        .create(&PostParams::default(), &connection())
        .await
        .expect("created");
    project.run("kubectl create secret generic unlabelled --from-literal=key=none");
    let labelled = ListParams::default().labels("opendatahub.io/dashboard=true");
    let list = secrets.list(&labelled).await.expect("a list");
    let names: Vec<_> = list
        .items
        .into_iter()
        .filter_map(|secret| secret.metadata.name)
        .collect();
    assert_eq!(names, ["mcp-soundings"]);
}

/// Page "Data Connections", heading "Getting a Specific Connection".
#[tokio::test]
async fn getting_a_specific_connection_with_mcp() {
    let project = Project::new("harbour");
    let secrets = secrets(&project).await;
    secrets
        .create(&PostParams::default(), &connection())
        .await
        .expect("created");
    let secret = secrets.get("mcp-soundings").await.expect("the Secret");
    assert_eq!(secret.data, connection().data);
}

/// Page "Data Connections", heading "Updating Connections with MCP": what the replacement leaves out
/// is gone.
#[tokio::test]
async fn updating_connections_with_mcp_replaces_the_whole_object() {
    let project = Project::new("harbour");
    let secrets = secrets(&project).await;
    secrets
        .create(&PostParams::default(), &connection())
        .await
        .expect("created");
    let mut secret = secrets.get("mcp-soundings").await.expect("the Secret");
    secret
        .data
        .as_mut()
        .and_then(|data| data.remove("AWS_DEFAULT_REGION"))
        .expect("a region");
    secret.metadata.annotations = Some([("team".to_owned(), "pilots".to_owned())].into());
    secrets
        .replace("mcp-soundings", &PostParams::default(), &secret)
        .await
        .expect("replaced");
    let stored = project.object("secret mcp-soundings");
    assert_eq!(stored["metadata"]["annotations"], json!({"team": "pilots"}));
    assert_eq!(stored["data"].get("AWS_DEFAULT_REGION"), None);
    assert_eq!(stored["data"]["AWS_S3_BUCKET"], "aGFyYm91ci1zb3VuZGluZ3M=");
}

/// Page "Data Connections", heading "Updating Connections with MCP": between steps 1 and 3 somebody
/// else may have written.
#[tokio::test]
async fn updating_connections_with_mcp_does_not_overwrite_the_change_of_another() {
    let project = Project::new("harbour");
    let secrets = secrets(&project).await;
    secrets
        .create(&PostParams::default(), &connection())
        .await
        .expect("created");
    let secret = secrets.get("mcp-soundings").await.expect("the Secret");
    project.run("kubectl label secret mcp-soundings team=pilots");
    let outcome = secrets
        .replace("mcp-soundings", &PostParams::default(), &secret)
        .await;
    let Err(Error::Api(status)) = outcome else {
        panic!("must be refused")
    };
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
}

/// Page "Data Connections", heading "Deleting Connections with MCP".
#[tokio::test]
async fn deleting_connections_with_mcp() {
    let project = Project::new("harbour");
    let secrets = secrets(&project).await;
    secrets
        .create(&PostParams::default(), &connection())
        .await
        .expect("created");
    secrets
        .delete("mcp-soundings", &Default::default())
        .await
        .expect("deleted");
    assert!(!project.has("secret mcp-soundings"));
}

/// Page "Data Connections", heading "Best Practices for MCP", item 1: the chapter's way to encode
/// gives what `stringData` would have given.
#[test]
fn best_practices_for_mcp_prepare_base64_values_externally() {
    let project = Project::new("harbour");
    let encoded = project.run("echo -n \"$CANARY\" | base64 -w0").stdout;
    project.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  KEY: {encoded}\n"
    ));
    assert_eq!(project.value("a", "KEY"), project.canary);
}
