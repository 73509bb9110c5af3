//! Create, get, list, replace and delete, typed and dynamic.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, Namespace, PersistentVolumeClaim, Pod, Secret, ServiceAccount,
};
use k8s_openapi::{ByteString, NamespaceResourceScope};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, PropagationPolicy};
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Harbour, notebook, parsed, s3, status};

#[tokio::test]
async fn a_secret_is_created_read_replaced_and_deleted() {
    let harbour = Harbour::new().await;
    let secrets = harbour.api::<Secret>();
    let created = harbour.connect().await;
    assert!(created.uid().is_some() && created.resource_version().is_some());
    assert!(created.creation_timestamp().is_some());
    assert_eq!(created.type_.as_deref(), Some("Opaque"));

    let mut secret = secrets.get("soundings").await.expect("found");
    assert_eq!(secret, created);
    let bucket = ByteString(b"other-soundings".to_vec());
    secret
        .data
        .as_mut()
        .expect("values")
        .insert("AWS_S3_BUCKET".to_owned(), bucket.clone());
    let replaced = secrets
        .replace("soundings", &PostParams::default(), &secret)
        .await
        .expect("replaced");
    assert_eq!(replaced.data.expect("values")["AWS_S3_BUCKET"], bucket);
    assert_ne!(
        replaced.metadata.resource_version,
        created.metadata.resource_version
    );
    assert_eq!(replaced.metadata.uid, created.metadata.uid);

    secrets
        .delete("soundings", &DeleteParams::default())
        .await
        .expect("deleted");
    assert_eq!(secrets.get_opt("soundings").await.expect("an answer"), None);
}

#[tokio::test]
async fn an_object_that_exists_is_not_created_again() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let again = harbour
        .api()
        .create(&PostParams::default(), &s3("soundings", "key"))
        .await;
    let status = status(again.expect_err("refused"));
    assert_eq!(
        (status.code, status.reason.as_str()),
        (409, "AlreadyExists")
    );
    assert_eq!(status.message, "secrets \"soundings\" already exists");
}

#[tokio::test]
async fn a_dry_run_answers_and_stores_nothing() {
    let harbour = Harbour::new().await;
    let secrets = harbour.api::<Secret>();
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    secrets
        .create(&dry, &s3("soundings", "key"))
        .await
        .expect("an answer");
    assert_eq!(secrets.get_opt("soundings").await.expect("an answer"), None);
}

#[tokio::test]
async fn a_name_can_be_generated() {
    let harbour = Harbour::new().await;
    let mut secret = s3("", "key");
    secret.metadata.name = None;
    secret.metadata.generate_name = Some("soundings-".to_owned());
    let created = harbour
        .api::<Secret>()
        .create(&PostParams::default(), &secret)
        .await
        .expect("created");
    let name = created.name_any();
    assert!(
        name.starts_with("soundings-") && name.len() == "soundings-".len() + 5,
        "{name}"
    );
}

#[tokio::test]
async fn the_type_of_a_secret_cannot_be_changed() {
    let harbour = Harbour::new().await;
    let mut secret = harbour.connect().await;
    secret.type_ = Some("kubernetes.io/basic-auth".to_owned());
    let outcome = harbour
        .api::<Secret>()
        .replace("soundings", &PostParams::default(), &secret)
        .await;
    let status = status(outcome.expect_err("refused"));
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
    assert!(status.message.contains("type") && status.message.contains("field is immutable"));
}

#[tokio::test]
async fn a_list_is_selected_by_labels_and_fields() {
    let harbour = Harbour::new().await;
    let config_maps = harbour.api::<ConfigMap>();
    for (name, colour) in [("port", "red"), ("starboard", "green"), ("stern", "white")] {
        let map: ConfigMap =
            parsed(json!({"metadata": {"name": name, "labels": {"colour": colour}}}));
        config_maps
            .create(&PostParams::default(), &map)
            .await
            .expect("created");
    }
    let names = async |params: ListParams| -> BTreeSet<String> {
        let list = config_maps.list(&params).await.expect("a list");
        list.iter().map(ResourceExt::name_any).collect()
    };
    let labels = |text| ListParams::default().labels(text);
    assert_eq!(
        names(labels("colour=red")).await,
        BTreeSet::from(["port".to_owned()])
    );
    assert_eq!(names(labels("colour in (red, green)")).await.len(), 2);
    assert_eq!(names(labels("colour!=white,colour")).await.len(), 2);
    let by_name = ListParams::default().fields("metadata.name=stern");
    assert_eq!(names(by_name).await, BTreeSet::from(["stern".to_owned()]));
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let harbour = Harbour::new().await;
    let config_maps = harbour.api::<ConfigMap>();
    for number in 0..5 {
        let map: ConfigMap = parsed(json!({"metadata": {"name": format!("page-{number}")}}));
        config_maps
            .create(&PostParams::default(), &map)
            .await
            .expect("created");
    }
    let (mut names, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut params = ListParams::default().limit(2);
        params.continue_token = token;
        let page = config_maps.list(&params).await.expect("a page");
        assert!(page.items.len() <= 2);
        token = page
            .metadata
            .continue_
            .clone()
            .filter(|token| !token.is_empty());
        names.extend(page.items.iter().map(ResourceExt::name_any));
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["page-0", "page-1", "page-2", "page-3", "page-4"]);
}

#[tokio::test]
async fn a_collection_is_deleted_by_its_labels() {
    let harbour = Harbour::new().await;
    let secrets = harbour.api::<Secret>();
    for (name, stage) in [("a", "dev"), ("b", "dev"), ("c", "prod")] {
        let mut secret = s3(name, "key");
        secret
            .labels_mut()
            .insert("stage".to_owned(), stage.to_owned());
        secrets
            .create(&PostParams::default(), &secret)
            .await
            .expect("created");
    }
    let dev = ListParams::default().labels("stage=dev");
    secrets
        .delete_collection(&DeleteParams::default(), &dev)
        .await
        .expect("deleted");
    let rest = secrets.list(&ListParams::default()).await.expect("a list");
    assert_eq!(
        rest.iter().map(ResourceExt::name_any).collect::<Vec<_>>(),
        ["c"]
    );
}

#[tokio::test]
async fn a_deletion_with_a_wrong_uid_is_refused() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let other = "00000000-0000-0000-0000-000000000000".to_owned();
    let preconditions = kube::api::Preconditions {
        uid: Some(other),
        resource_version: None,
    };
    let params = DeleteParams {
        preconditions: Some(preconditions),
        ..DeleteParams::default()
    };
    let outcome = harbour.api::<Secret>().delete("soundings", &params).await;
    assert_eq!(status(outcome.expect_err("refused")).code, 409);
}

#[tokio::test]
async fn a_custom_object_is_created_read_and_deleted() {
    let harbour = Harbour::new().await;
    let notebooks = harbour.notebooks();
    notebooks
        .create(&PostParams::default(), &notebook(""))
        .await
        .expect("created");
    let stored = notebooks.get("chart-room").await.expect("found");
    assert_eq!(stored.data["spec"], notebook("").data["spec"]);
    assert_eq!(
        stored.types.as_ref().map(|types| types.kind.as_str()),
        Some("Notebook")
    );
    let deletion = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        ..DeleteParams::default()
    };
    notebooks
        .delete("chart-room", &deletion)
        .await
        .expect("deleted");
    assert!(
        notebooks
            .get_opt("chart-room")
            .await
            .expect("an answer")
            .is_none()
    );
}

/// Creates an object of a kind and reads it back.
async fn round_trip<K>(harbour: &Harbour, body: serde_json::Value)
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned,
{
    let api: Api<K> = harbour.api();
    let mut body = body;
    body["metadata"] = json!({"name": "buoy"});
    let created = api.create(&PostParams::default(), &parsed(body)).await;
    let created = created.unwrap_or_else(|error| panic!("{}: {error}", K::kind(&())));
    let stored = api.get("buoy").await.expect("found");
    assert_eq!(stored.meta().uid, created.meta().uid);
    assert_eq!(
        api.list(&ListParams::default())
            .await
            .expect("a list")
            .items
            .len(),
        1
    );
}

#[tokio::test]
async fn every_kind_that_the_guides_need_is_stored() {
    let harbour = Harbour::new().await;
    let pod = json!({"containers": [{"name": "a", "image": "a"}]});
    let labels = json!({"app": "buoy"});
    let template = json!({"metadata": {"labels": labels}, "spec": pod});
    let selector = json!({"matchLabels": labels});
    let job =
        json!({"template": {"spec": {"containers": pod["containers"], "restartPolicy": "Never"}}});
    let involved = json!({"kind": "Secret", "name": "a", "namespace": harbour.project.name});
    round_trip::<ConfigMap>(&harbour, json!({"data": {"a": "b"}})).await;
    round_trip::<Pod>(&harbour, json!({"spec": pod})).await;
    round_trip::<Event>(
        &harbour,
        json!({"involvedObject": involved, "reason": "Tied"}),
    )
    .await;
    round_trip::<Job>(&harbour, json!({"spec": job})).await;
    round_trip::<CronJob>(
        &harbour,
        json!({"spec": {"schedule": "0 4 * * *", "jobTemplate": {"spec": job}}}),
    )
    .await;
    round_trip::<Deployment>(
        &harbour,
        json!({"spec": {"selector": selector, "template": template}}),
    )
    .await;
    let set = json!({"selector": selector, "template": template, "serviceName": "buoy"});
    round_trip::<StatefulSet>(&harbour, json!({"spec": set})).await;
    let claim =
        json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
    round_trip::<PersistentVolumeClaim>(&harbour, json!({"spec": claim})).await;
    let accounts = harbour.api::<ServiceAccount>();
    accounts
        .create(
            &PostParams::default(),
            &parsed(json!({"metadata": {"name": "buoy"}})),
        )
        .await
        .expect("created");
}

#[tokio::test]
async fn deleting_a_namespace_deletes_what_is_in_it() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let namespaces = Api::<Namespace>::all(harbour.client.clone());
    namespaces
        .delete(&harbour.project.name, &DeleteParams::default())
        .await
        .expect("deleted");
    let left = namespaces
        .get_opt(&harbour.project.name)
        .await
        .expect("an answer");
    assert!(left.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()));
    let outcome = harbour
        .api()
        .create(&PostParams::default(), &s3("late", "key"))
        .await;
    assert!(matches!(
        status(outcome.expect_err("refused")).code,
        403 | 404
    ));
}

#[tokio::test]
async fn a_vital_secret_stays_until_its_annotation_goes() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let secrets = harbour.api::<Secret>();
    let vital = async |value: Option<&str>| {
        let patch = json!({"metadata": {"annotations": {"bowline.dev/vital": value}}});
        let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
        secrets.patch("soundings", &params, &patch).await
    };
    vital(Some("true")).await.expect("annotated");
    let params = DeleteParams::default();
    let denied = secrets.delete("soundings", &params).await;
    assert_eq!(status(denied.expect_err("denied")).code, 403);
    vital(None).await.expect("no longer annotated");
    secrets.delete("soundings", &params).await.expect("deleted");
}
