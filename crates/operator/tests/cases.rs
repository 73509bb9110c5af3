//! The admission cases, played on the handler over a cluster in memory.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bowline_testkit::cases::{File, InMemory, load, run};

fn files() -> Vec<File> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testkit/cases");
    load(&directory).expect("the case files are well-formed")
}

async fn play(theme: &str) {
    let files = files();
    let file = files
        .iter()
        .find(|file| file.theme == theme)
        .expect("the file is there");
    let report = run(&mut InMemory::default(), file).await;
    assert!(
        report.failures.is_empty() && report.skipped == 0,
        "\n{report}"
    );
}

/// One test for each file, so that a failure names its theme.
macro_rules! themes {
    ($($test:ident = $theme:literal;)*) => {
        const THEMES: &[&str] = &[$($theme),*];

        $(#[tokio::test]
        async fn $test() {
            play($theme).await;
        })*
    };
}

themes! {
    alauda = "alauda";
    dry_run = "dry-run";
    freeze = "freeze";
    grammar = "grammar";
    isvc_oci = "isvc-oci";
    isvc_peers = "isvc-peers";
    isvc_s3 = "isvc-s3";
    isvc_update = "isvc-update";
    isvc_uri = "isvc-uri";
    llm_create = "llm-create";
    llm_update = "llm-update";
    notebook_create = "notebook-create";
    notebook_peers = "notebook-peers";
    notebook_update = "notebook-update";
    owned = "owned";
    passes = "passes";
    pod_templates = "pod-templates";
    record = "record";
    rights = "rights";
    types = "types";
    warnings = "warnings";
}

#[test]
fn every_file_is_played() {
    let there: BTreeSet<String> = files().into_iter().map(|file| file.theme).collect();
    assert_eq!(
        there,
        THEMES.iter().map(|theme| (*theme).to_owned()).collect()
    );
}

#[test]
fn there_are_at_least_150_cases() {
    let count: usize = files().iter().map(|file| file.cases.len()).sum();
    assert!(count >= 150, "{count}");
}

#[test]
fn every_kind_is_created_and_updated() {
    let files = files();
    let mut seen = BTreeSet::new();
    for case in files.iter().flat_map(|file| &file.cases) {
        for step in &case.steps {
            let is_update = step.edit.is_some() || step.replace.is_some();
            let version = case.api_version.as_deref().unwrap_or_default();
            if step.create.is_some() {
                seen.insert((case.kind.as_str(), version, "CREATE", step.dry_run));
            } else if is_update {
                seen.insert((case.kind.as_str(), version, "UPDATE", step.dry_run));
            }
        }
    }
    let kinds = [
        ("Notebook", ""),
        ("InferenceService", ""),
        ("LLMInferenceService", ""),
        ("LLMInferenceService", "serving.kserve.io/v1alpha1"),
        ("Deployment", ""),
        ("StatefulSet", ""),
        ("DaemonSet", ""),
        ("Job", ""),
        ("CronJob", ""),
        ("Pod", ""),
        ("RayCluster", ""),
        ("RayJob", ""),
    ];
    for (kind, version) in kinds {
        for operation in ["CREATE", "UPDATE"] {
            assert!(
                seen.contains(&(kind, version, operation, false)),
                "{operation} {kind} {version}"
            );
        }
        let is_dry = |operation| seen.contains(&(kind, version, operation, true));
        assert!(
            is_dry("CREATE") || is_dry("UPDATE"),
            "dry run of {kind} {version}"
        );
    }
}
