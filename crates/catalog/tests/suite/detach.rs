//! Deleting connections: refused where it must be, complete where it is done, undone where it
//! fails.

use anyhow::Result;
use bowline_catalog::Error;
use bowline_catalog::detach::{Deletion, Detach, Terms, delete};
use bowline_core::Kind;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{TestApi, connection, deployment, notebook};

const ROBOT: &str = "/api/v1/namespaces/harbour/serviceaccounts/robot";
/// Its first deletion is a dry run, which deletions say in their body.
const TIDES: &str = "/api/v1/namespaces/harbour/secrets/tides";

async fn delete_tides(client: &kube::Client, detach: Detach) -> Result<Deletion, Error> {
    let terms = Terms {
        detach,
        ..Terms::default()
    };
    delete(client, "harbour", "tides", terms).await
}

fn account(secrets: &[&str]) -> Value {
    let names: Vec<_> = secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"namespace": "harbour", "name": "robot"},
        "secrets": names, "imagePullSecrets": names,
    })
}

/// A connection in use by a Notebook, a Deployment and an account.
async fn in_use() -> Result<TestApi> {
    let api = TestApi::start().await?;
    api.create(connection("tides")).await?;
    api.create(notebook("forecast", &["tides", "charts"]))
        .await?;
    let pull = json!({"imagePullSecrets": [{"name": "tides"}, {"name": "charts"}]});
    api.create(deployment("web", &pull)).await?;
    api.create(account(&["charts", "tides"])).await?;
    Ok(api)
}

/// The objects of [`in_use`] without what the API itself counts and dates.
async fn contents(api: &TestApi) -> Result<Vec<Value>> {
    let mut contents = Vec::new();
    for object in [
        notebook("forecast", &[]),
        deployment("web", &json!({})),
        account(&[]),
    ] {
        let mut object = api.get(&object).await?.unwrap_or_default();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            for key in ["resourceVersion", "managedFields", "generation"] {
                metadata.shift_remove(key);
            }
        }
        contents.push(object);
    }
    Ok(contents)
}

/// Which of some objects name a connection.
fn naming(contents: &[Value], connection: &str) -> Vec<bool> {
    let objects = contents.iter().map(Value::to_string);
    objects.map(|text| text.contains(connection)).collect()
}

#[tokio::test]
async fn an_unused_connection_is_deleted() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(connection("tides")).await?;
    let deletion = delete_tides(&api.client, Detach::No).await?;
    assert!(deletion.existed && deletion.detached.is_empty());
    assert_eq!(api.get(&connection("tides")).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_used_connection_is_not_deleted_and_its_users_are_named() -> Result<()> {
    let api = in_use().await?;
    let error = delete_tides(&api.client, Detach::No).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    let text = error.to_string();
    assert!(
        text.contains("Notebook `forecast`") && text.contains("Deployment `web`"),
        "{text}"
    );
    assert!(api.get(&connection("tides")).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn detaching_takes_a_connection_out_everywhere_before_it_goes() -> Result<()> {
    let api = in_use().await?;
    let deletion = delete_tides(&api.client, Detach::Yes).await?;
    assert_eq!(deletion.detached.len(), 3);
    assert_eq!(api.get(&connection("tides")).await?, None);
    let contents = contents(&api).await?;
    assert!(!naming(&contents, "tides").contains(&true), "{contents:?}");
    assert!(
        !naming(&contents, "charts").contains(&false),
        "{contents:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_annotation_that_another_dashboard_left_behind_is_taken_out() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(notebook("forecast", &["tides"])).await?;
    let deletion = delete_tides(&api.client, Detach::Yes).await?;
    assert!(!deletion.existed && deletion.detached.len() == 1);
    let found = api
        .get(&notebook("forecast", &[]))
        .await?
        .unwrap_or_default();
    assert!(!found.to_string().contains("tides"), "{found}");
    Ok(())
}

#[tokio::test]
async fn deleting_what_is_gone_is_no_error() -> Result<()> {
    let api = TestApi::start().await?;
    for detach in [Detach::No, Detach::Yes] {
        assert!(!delete_tides(&api.client, detach).await?.existed);
    }
    Ok(())
}

#[tokio::test]
async fn a_vital_connection_is_not_deleted_and_it_says_how_to_lift_that() -> Result<()> {
    let api = TestApi::start().await?;
    let mut vital = connection("tides");
    vital["metadata"]["annotations"]["bowline.dev/vital"] = "true".into();
    api.create(vital).await?;
    let error = delete_tides(&api.client, Detach::Yes).await.unwrap_err();
    let Error::Protected { help, .. } = &error else {
        panic!("{error}");
    };
    assert!(
        help.contains("bowline set tides -n harbour --vital=false"),
        "{help}"
    );
    assert!(api.get(&connection("tides")).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_no_connection_is_not_deleted() -> Result<()> {
    let api = TestApi::start().await?;
    let mut other = connection("tides");
    other["metadata"]["annotations"] = json!({});
    api.create(other).await?;
    let error = delete_tides(&api.client, Detach::No).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(api.get(&connection("tides")).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_version_that_was_not_seen_is_not_deleted() -> Result<()> {
    let api = TestApi::start().await?;
    let created = api.create(connection("tides")).await?;
    let seen = created.metadata.resource_version;
    api.patch(
        &connection("tides"),
        json!({"metadata": {"labels": {"a": "b"}}}),
    )
    .await?;
    let terms = Terms {
        resource_version: seen.as_deref(),
        ..Terms::default()
    };
    let deletion = delete(&api.client, "harbour", "tides", terms).await;
    assert_eq!(deletion.unwrap_err().kind(), Kind::Conflict);
    assert!(api.get(&connection("tides")).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_volume_stops_everything_and_is_named() -> Result<()> {
    let api = in_use().await?;
    let mount = json!({"volumes": [{"name": "v", "secret": {"secretName": "tides"}}]});
    api.create(deployment("mounting", &mount)).await?;
    let before = contents(&api).await?;
    let error = delete_tides(&api.client, Detach::Yes).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Deployment `mounting` mounts it as a volume"),
        "{error}"
    );
    assert_eq!(contents(&api).await?, before);
    assert!(api.get(&connection("tides")).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_change_that_would_be_refused_stops_everything() -> Result<()> {
    let api = in_use().await?;
    let all = ["get", "list", "delete"];
    api.allow("ada", &all, &["*"]).await?;
    let before = contents(&api).await?;
    let error = delete_tides(&api.client_of("ada"), Detach::Yes)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Forbidden);
    assert_eq!(contents(&api).await?, before);
    Ok(())
}

/// The Notebook is there, but not for somebody who may list Secrets and Deployments only.
async fn by_somebody_with_closed_eyes(
    terms: Terms<'_>,
) -> Result<(TestApi, Result<Deletion, Error>)> {
    let api = TestApi::start().await?;
    api.create(connection("tides")).await?;
    api.create(notebook("forecast", &["tides"])).await?;
    let kinds = ["secrets", "deployments", "pods", "serviceaccounts"];
    api.allow("ada", &["*"], &kinds).await?;
    let done = delete(&api.client_of("ada"), "harbour", "tides", terms).await;
    Ok((api, done))
}

#[rstest]
#[case(Detach::No)]
#[case(Detach::Yes)]
#[tokio::test]
async fn what_may_be_in_use_unseen_is_not_deleted_and_the_kinds_are_named(
    #[case] detach: Detach,
) -> Result<()> {
    let terms = Terms {
        detach,
        ..Terms::default()
    };
    let (api, done) = by_somebody_with_closed_eyes(terms).await?;
    let error = done.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    let text = error.to_string();
    assert!(
        text.contains("Notebook (you may not list it)")
            && !text.contains("Deployment")
            && !text.contains("DataSciencePipelinesApplication"),
        "{text}"
    );
    assert!(api.get(&connection("tides")).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn what_may_be_in_use_unseen_is_deleted_where_that_is_accepted() -> Result<()> {
    let terms = Terms {
        is_unseen_allowed: true,
        ..Terms::default()
    };
    let (api, done) = by_somebody_with_closed_eyes(terms).await?;
    assert!(done?.existed);
    assert_eq!(api.get(&connection("tides")).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_failure_in_the_middle_is_put_back() -> Result<()> {
    let api = in_use().await?;
    let before = contents(&api).await?;
    let client = api.failing_client("PATCH", ROBOT, 0);
    delete_tides(&client, Detach::Yes).await.unwrap_err();
    assert_eq!(contents(&api).await?, before);
    assert!(api.get(&connection("tides")).await?.is_some());
    Ok(())
}

#[rstest]
#[case::before_it_is_tried(0)]
#[case::before_it_is_done(1)]
#[tokio::test]
async fn a_user_that_others_change_meanwhile_is_looked_at_again(
    #[case] allowed: usize,
) -> Result<()> {
    let api = in_use().await?;
    let change = json!({"metadata": {"labels": {"by": "another"}}, "secrets": [{"name": "tides"}]});
    let client = api.overtaken_client(ROBOT, allowed, change);
    let deletion = delete_tides(&client, Detach::Yes).await?;
    assert_eq!(deletion.detached.len(), 3);
    let robot = api.get(&account(&[])).await?.unwrap_or_default();
    assert_eq!(robot["metadata"]["labels"]["by"], "another");
    let contents = contents(&api).await?;
    assert!(!naming(&contents, "tides").contains(&true), "{contents:?}");
    Ok(())
}

#[tokio::test]
async fn a_deletion_that_fails_is_put_back() -> Result<()> {
    let api = in_use().await?;
    let before = contents(&api).await?;
    let client = api.failing_client("DELETE", TIDES, 1);
    delete_tides(&client, Detach::Yes).await.unwrap_err();
    assert_eq!(contents(&api).await?, before);
    assert!(api.get(&connection("tides")).await?.is_some());
    Ok(())
}

#[rstest]
#[case::notebook("/apis/kubeflow.org/v1/namespaces/harbour/notebooks/forecast")]
#[case::deployment("/apis/apps/v1/namespaces/harbour/deployments/web")]
#[case::account(ROBOT)]
#[tokio::test]
async fn a_change_whose_answer_was_lost_is_put_back_with_the_others(
    #[case] path: &'static str,
) -> Result<()> {
    let api = in_use().await?;
    let before = contents(&api).await?;
    let client = api
        .losing_client("PATCH", path, 0, async { Ok(()) })
        .await?;
    delete_tides(&client, Detach::Yes).await.unwrap_err();
    assert_eq!(contents(&api).await?, before);
    Ok(())
}

#[tokio::test]
async fn what_others_did_after_a_change_whose_answer_was_lost_is_kept() -> Result<()> {
    let api = in_use().await?;
    let (robots, name) = (api.api(&account(&[])), "robot");
    let client = api
        .losing_client("PATCH", ROBOT, 0, async move {
            let change = json!({"metadata": {"annotations": {"by": "another"}}});
            robots
                .patch(name, &PatchParams::default(), &Patch::Merge(change))
                .await?;
            Ok(())
        })
        .await?;
    delete_tides(&client, Detach::Yes).await.unwrap_err();
    let robot = api.get(&account(&[])).await?.unwrap_or_default();
    assert_eq!(
        (&robot["metadata"]["annotations"]["by"], &robot["secrets"]),
        (
            &json!("another"),
            &json!([{"name": "charts"}, {"name": "tides"}])
        )
    );
    Ok(())
}

#[tokio::test]
async fn another_object_of_the_name_is_not_changed_after_a_lost_answer() -> Result<()> {
    let api = in_use().await?;
    let robots = api.api(&account(&[]));
    let another = serde_json::from_value(account(&["charts"]))?;
    let client = api
        .losing_client("PATCH", ROBOT, 0, async move {
            robots.delete("robot", &DeleteParams::default()).await?;
            robots.create(&PostParams::default(), &another).await?;
            Ok(())
        })
        .await?;
    delete_tides(&client, Detach::Yes).await.unwrap_err();
    let robot = api.get(&account(&[])).await?.unwrap_or_default();
    assert_eq!(robot["secrets"], json!([{"name": "charts"}]));
    Ok(())
}

#[tokio::test]
async fn a_change_whose_outcome_stays_unknown_is_named() -> Result<()> {
    let api = in_use().await?;
    // Whoever made the change may do nothing any more.
    let bindings = api.api(&json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"namespace": "harbour"},
    }));
    let client = api
        .losing_client("PATCH", ROBOT, 0, async move {
            bindings.delete("of-ada", &DeleteParams::default()).await?;
            Ok(())
        })
        .await?;
    let error = delete_tides(&client, Detach::Yes).await.unwrap_err();
    let text = error.to_string();
    let (_, named) = text.split_once("may stay taken out of").unwrap_or_default();
    assert!(named.contains("ServiceAccount `robot`"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done() -> Result<()> {
    let api = in_use().await?;
    let client = api
        .losing_client("DELETE", TIDES, 1, async { Ok(()) })
        .await?;
    let deletion = delete_tides(&client, Detach::Yes).await?;
    assert!(deletion.existed && deletion.detached.len() == 3);
    let contents = contents(&api).await?;
    assert!(!naming(&contents, "tides").contains(&true), "{contents:?}");
    Ok(())
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done_also_where_another_has_the_name() -> Result<()> {
    let api = in_use().await?;
    let secrets = api.api(&connection("tides"));
    let another = serde_json::from_value(connection("tides"))?;
    let client = api
        .losing_client("DELETE", TIDES, 1, async move {
            secrets.create(&PostParams::default(), &another).await?;
            Ok(())
        })
        .await?;
    assert!(delete_tides(&client, Detach::Yes).await?.existed);
    Ok(())
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done_also_where_a_finalizer_holds_it() -> Result<()> {
    let api = in_use().await?;
    let held = json!({"metadata": {"finalizers": ["harbour.example/log"]}});
    api.patch(&connection("tides"), held).await?;
    let client = api
        .losing_client("DELETE", TIDES, 1, async { Ok(()) })
        .await?;
    assert!(delete_tides(&client, Detach::Yes).await?.existed);
    Ok(())
}

#[tokio::test]
async fn what_an_owner_made_is_left_to_the_owner() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(connection("tides")).await?;
    let pull = json!({"imagePullSecrets": [{"name": "tides"}]});
    let owner = api.create(deployment("web", &pull)).await?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "harbour", "name": "web-1", "ownerReferences": [{
            "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": true,
            "uid": owner.metadata.uid,
        }]},
        "spec": {"containers": [{"name": "a", "image": "a"}], "imagePullSecrets": [{"name": "tides"}]},
    });
    api.create(pod).await?;
    let deletion = delete_tides(&api.client, Detach::Yes).await?;
    let detached: Vec<_> = deletion.detached.iter().map(ToString::to_string).collect();
    assert_eq!(detached, ["Deployment `web`"]);
    Ok(())
}
