//! Who may use a connection in a workload: the API server's own access rules, asked by Bowline on
//! behalf of whoever makes the request.

use std::time::{Duration, Instant};

use anyhow::Result;
use bowline_cluster_tests::until;
use serde_json::json;

use crate::scene::{AUTHORS, CONNECTION, KINDS, Scene, binding};
use crate::wire::MERGE_PATCH;

#[tokio::test]
async fn whoever_may_not_read_the_secret_cannot_use_it_in_any_kind() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let stranger = scene.admin.acting_as("stranger", &[AUTHORS]);
    for (api_version, kind) in KINDS {
        let object = scene.tied(api_version, kind);
        let reply = stranger.post(&scene.all(&object)?, &object).await?;
        assert_eq!(reply.code, 403, "{kind}: {}", reply.message());
        let message = reply.message();
        assert!(message.contains("denied the request"), "{kind}: {message}");
        assert!(message.contains(CONNECTION), "{kind}: {message}");
    }
    assert_eq!(scene.accounts().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_missing_secret_and_a_forbidden_one_are_refused_alike() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let stranger = scene.admin.acting_as("stranger", &[AUTHORS]);
    for (api_version, kind) in KINDS {
        let mut object = scene.tied(api_version, kind);
        let path = scene.all(&object)?;
        let forbidden = stranger.post(&path, &object).await?;
        let reference = &mut object["metadata"]["annotations"]["opendatahub.io/connections"];
        *reference = json!(
            reference
                .as_str()
                .unwrap_or_default()
                .replace(CONNECTION, "phantoms9")
        );
        let missing = stranger.post(&path, &object).await?;
        assert_eq!(forbidden.code, missing.code, "{kind}");
        let alike = missing.message().replace("phantoms9", CONNECTION);
        assert_eq!(forbidden.message(), alike, "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_right_that_comes_from_a_group_suffices() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let member = scene.admin.acting_as("member", &[AUTHORS, "harbour"]);
    scene.let_read("Group", "harbour", &member).await?;
    for (api_version, kind) in KINDS {
        let object = scene.tied(api_version, kind);
        let reply = member.post(&scene.all(&object)?, &object).await?;
        assert!(reply.is_ok(), "{kind}: {}", reply.message());
    }
    Ok(())
}

#[tokio::test]
async fn a_service_account_is_asked_for_as_itself() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let name = format!("system:serviceaccount:{}:pipeline", scene.namespace);
    let own_group = format!("system:serviceaccounts:{}", scene.namespace);
    let groups = ["system:serviceaccounts", &own_group, AUTHORS];
    let pipeline = scene.admin.acting_as(&name, &groups);
    let object = scene.tied("kubeflow.org/v1", "Notebook");
    let path = scene.all(&object)?;
    assert_eq!(pipeline.post(&path, &object).await?.code, 403);
    scene.let_read("User", &name, &pipeline).await?;
    // An answer given a moment ago may still hold for at most ten seconds.
    until("the account may use the connection", || async {
        Ok(pipeline.post(&path, &object).await?.is_ok())
    })
    .await
}

#[tokio::test]
async fn a_right_that_was_taken_away_is_gone_within_twelve_seconds() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let object = scene.tied("kubeflow.org/v1", "Notebook");
    let path = format!("{}?dryRun=All", scene.all(&object)?);
    scene.author.post(&path, &object).await?.granted()?;
    let user = format!("author-of-{}", scene.namespace);
    let mut right = binding("Role", &user, "User", &user);
    right["metadata"]["namespace"] = json!(scene.namespace);
    let start = Instant::now();
    scene.cluster().delete(&[right]).await?;
    until("the author is refused", || async {
        Ok(scene.author.post(&path, &object).await?.code == 403)
    })
    .await?;
    let time = start.elapsed();
    assert!(time < Duration::from_secs(12), "after {time:?}");
    // And it stays so.
    assert_eq!(scene.author.post(&path, &object).await?.code, 403);
    Ok(())
}

#[tokio::test]
async fn whoever_changes_something_else_needs_no_right_to_the_connection() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let stranger = scene.admin.acting_as("stranger", &[AUTHORS]);
    for (api_version, kind) in KINDS {
        let object = scene.tied(api_version, kind);
        let made = scene
            .author
            .post(&scene.all(&object)?, &object)
            .await?
            .granted()?;
        let label = json!({"metadata": {"labels": {"tier": "lab"}}});
        let path = scene.path(&object)?;
        let after = stranger
            .patch(&path, MERGE_PATCH, &label)
            .await?
            .granted()?;
        assert_eq!(after["spec"], made["spec"], "{kind}");
    }
    Ok(())
}
