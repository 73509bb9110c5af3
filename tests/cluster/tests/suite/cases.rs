//! The admission cases that every API server accepts, played through the real one: its users, its
//! defaults, its patches, its dry runs, its way to the webhook. What must come of them is in testkit.

mod defaults;
mod world;

use std::path::Path;

use anyhow::{Result, ensure};
use bowline_cluster_tests::{Bowline, Shared, field_kinds, own_with, shared, skipped};
use bowline_testkit::cases::{load, run};
use futures::StreamExt as _;
use rstest::rstest;

use world::{Form, Real};

/// How many files of cases are played at the same time.
const AT_ONCE: usize = 8;

#[rstest]
#[case::replaced(Form::Replace)]
#[case::merge_patched(Form::MergePatch)]
#[case::json_patched(Form::JsonPatch)]
#[case::applied_by_the_server(Form::Apply)]
#[tokio::test]
async fn every_admission_case_holds_when_objects_are(#[case] form: Form) -> Result<()> {
    match shared().await? {
        Some(shared) => play(shared, form).await,
        None => Ok(()),
    }
}

#[tokio::test]
async fn every_admission_case_holds_for_kinds_with_their_whole_schemas() -> Result<()> {
    let Some(kinds) = field_kinds()? else {
        skipped("nobody has put the kinds' own definitions beside the project");
        return Ok(());
    };
    let Some(cluster) = own_with(&kinds).await? else {
        return Ok(());
    };
    let bowline = Bowline::start(&cluster).await?;
    let shared = Shared { cluster, bowline };
    for form in [Form::Replace, Form::Apply] {
        play(&shared, form).await?;
    }
    Ok(())
}

async fn play(shared: &Shared, form: Form) -> Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/testkit/cases");
    let reports: Vec<_> = futures::stream::iter(load(&directory)?)
        .map(|file| async move {
            let mut world = Real::new(shared, form).await?;
            anyhow::Ok(run(&mut world, &file).await)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let (mut played, mut failures) = (0, Vec::new());
    for report in reports {
        let report = report?;
        played += report.played;
        failures.extend(report.failures);
    }
    ensure!(
        failures.is_empty(),
        "{} of {played} cases failed\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    ensure!(played >= 350, "only {played} cases were played");
    Ok(())
}
