//! The chart allows the operator what it needs and nothing else: each setting of the chart is
//! installed, everything is made to happen, and the API server's audit log tells what was used.

mod audit;
mod copies;
mod rules;
mod scenario;
mod web;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::chart::snapshot;
use bowline_cluster_tests::own_audited;
use rstest::rstest;

use crate::installed::Installed;
use audit::requests;
use rules::{Grant, grants};

/// How long after the last event the operator may still be at work; accounts of nobody stay a minute.
const PATIENCE: Duration = Duration::from_secs(90);

#[rstest]
#[case::default("default")]
#[case::everything_on("most-on")]
#[case::everything_off("most-off")]
#[case::storage_off("storage-off")]
#[tokio::test]
async fn every_right_is_used_and_none_is_missing(#[case] name: &str) -> Result<()> {
    let Some(mut cluster) = own_audited().await? else {
        return Ok(());
    };
    let log = cluster.control_plane().and_then(|plane| plane.audit_log());
    let log = log.context("no audit log")?;
    let installed = Installed::new(cluster, name).await?;
    scenario::play(&installed).await?;
    let grants = grants(&installed.objects)?;
    ensure_all_used(grants, &log, &installed.user).await
}

/// Fails unless this user used all of its rights, and asked for nothing else.
async fn ensure_all_used(grants: Vec<Grant>, log: &Path, user: &str) -> Result<()> {
    let unused = unused(grants, log, user).await?;
    let requests = requests(log, user)?;
    let forbidden: Vec<String> = requests
        .iter()
        .filter(|request| !request.is_allowed)
        .map(ToString::to_string)
        .collect();
    ensure!(
        forbidden.is_empty() && unused.is_empty(),
        "not allowed but asked for:\n  {}\nallowed but never used:\n  {}",
        forbidden.join("\n  "),
        unused
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n  ")
    );
    Ok(())
}

/// What is still unused when the operator has had its time.
async fn unused(mut unused: Vec<Grant>, log: &Path, user: &str) -> Result<Vec<Grant>> {
    let start = Instant::now();
    loop {
        let requests = requests(log, user)?;
        unused.retain(|grant| {
            !requests
                .iter()
                .any(|request| request.is_allowed && grant.allows(request))
        });
        if unused.is_empty() || start.elapsed() > PATIENCE {
            return Ok(unused);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// So that those which are played speak for all.
#[rstest]
#[case::alauda("alauda")]
#[case::kserve("kserve")]
#[case::kubeflow("kubeflow")]
#[case::openshift_ai_beside("openshift-ai-beside")]
#[case::openshift_ai_replace("openshift-ai-replace")]
fn other_settings_allow_nothing_that_is_not_played(#[case] name: &str) -> Result<()> {
    let mut played = grants(&snapshot("default")?)?;
    played.extend(grants(&snapshot("most-on")?)?);
    let unplayed: Vec<String> = grants(&snapshot(name)?)?
        .iter()
        .filter(|grant| !played.iter().any(|other| grant.is_like(other)))
        .map(ToString::to_string)
        .collect();
    ensure!(unplayed.is_empty(), "{}", unplayed.join("\n"));
    Ok(())
}
