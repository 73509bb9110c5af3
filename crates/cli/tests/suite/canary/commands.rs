//! What the commands of `bowline` print, in every format, about manifests and about a cluster.

use rstest::rstest;

use super::{Scene, list};

const BOWLINE: &str = env!("CARGO_BIN_EXE_bowline");

#[rstest]
#[case("lint --output text")]
#[case("lint --output json")]
#[case("lint --output sarif")]
#[case("lint -A --output json")]
#[case("list --output text")]
#[case("list --output json")]
#[case("list -A --output name")]
fn a_command_that_looks_at_a_cluster_shows_no_value(#[case] line: &str) {
    let scene = Scene::in_use();
    scene.try_run(&format!("RUST_LOG=trace {BOWLINE} {line}"));
}

#[test]
fn showing_a_connection_shows_no_value() {
    let scene = Scene::in_use();
    for secret in &scene.secrets {
        let name = secret["metadata"]["name"].as_str().expect("a name");
        for format in ["text", "json"] {
            scene.try_run(&format!("RUST_LOG=trace {BOWLINE} show {name} --output {format}"));
        }
    }
}

/// The manifests of workloads alone come back when Secrets are filtered out: `inject` prints all it
/// has read, Secrets included, so that its output can be applied.
#[rstest]
#[case::text("lint --output text -f")]
#[case::json("lint --output json -f")]
#[case::sarif("lint --output sarif -f")]
#[case::diff("inject --diff -f")]
fn a_command_that_looks_at_manifests_shows_no_value(#[case] line: &str) {
    let scene = Scene::new();
    let project = &scene.project;
    project.file("secrets.json", &list(&scene.secrets));
    project.file("workloads.json", &list(&scene.workloads()));
    let files = "secrets.json workloads.json -n $PROJECT";
    let files = if line.starts_with("lint") { "secrets.json workloads.json" } else { files };
    scene.try_run(&format!("RUST_LOG=trace {BOWLINE} {line} {files}"));
}

#[test]
fn injected_workloads_hold_no_value() {
    let scene = Scene::new();
    scene.project.file("secrets.json", &list(&scene.secrets));
    scene.project.file("workloads.json", &list(&scene.workloads()));
    // Secrets come back as they went in, so only what follows them is looked at.
    let inject = format!("{BOWLINE} inject -n $PROJECT -f secrets.json -f workloads.json 2> errors");
    scene.project.run(&format!("{inject} > injected.yaml || true"));
    scene.run("cat errors");
    scene.run("sed -n '/^kind: Notebook/,$p' injected.yaml");
}

#[test]
fn a_manifest_that_cannot_be_read_is_not_shown() {
    let scene = Scene::new();
    let manifest = list(&scene.secrets);
    scene.project.file("cut.json", &manifest[..manifest.len() - 40]);
    scene.project.file("broken.yaml", &manifest.replace("\"stringData\":{", "\"stringData\":{{"));
    scene.project.file("doubled.json", &manifest.replace("\"kind\":\"Secret\"", "\"kind\":\"Secret\",\"kind\":\"Secret\""));
    for file in ["cut.json", "broken.yaml", "doubled.json"] {
        for command in ["lint", "inject", "inject --diff"] {
            let outcome = scene.project.fails(&format!("{BOWLINE} {command} -f {file}"));
            scene.search(file, &outcome.stdout);
            scene.search(file, &outcome.stderr);
        }
    }
}
