//! What the commands of `bowline` print, in every format, about manifests and about a cluster.

use rstest::rstest;

use super::{Scene, list, secrets};

#[rstest]
#[case("lint --output text")]
#[case("lint --output json")]
#[case("lint --output sarif")]
#[case("lint -A --output json")]
#[case("list --output text")]
#[case("list --output json")]
#[case("list -A --output name")]
#[case("list -A --output wide")]
#[case("list --output yaml --used")]
#[case("list --text Canary --sort usedBy")]
#[case("test")]
#[case("test -A --output json")]
#[case("test --output junit --record")]
#[case("usage")]
#[case("usage -A --output json")]
#[case("usage s3 --output yaml")]
#[case("delete s3 uri --yes")]
#[case("delete s3 --detach --yes")]
#[case("delete bad-uri legacy custom --detach < /dev/null")]
fn a_command_that_looks_at_a_cluster_shows_no_value(#[case] line: &str) {
    let scene = Scene::in_use();
    scene.try_run(&format!("RUST_LOG=trace bowline {line}"));
}

/// `show` masks what is secret and shows the rest, so Secrets are left out that have a canary where
/// a bucket, host or the like should be.
#[test]
fn showing_connections_shows_no_secret_value() {
    let scene = Scene::in_use();
    let names = scene
        .secrets
        .iter()
        .filter_map(|secret| secret["metadata"]["name"].as_str())
        .filter(|name| !secrets::NOT_SECRET.contains(name));
    let show: String = names
        .map(|name| format!("bowline show {name}; bowline show {name} --output json; "))
        .collect();
    scene.try_run(&show);
}

/// The manifests of workloads alone come back when Secrets are filtered out: `inject` prints all it
/// has read, Secrets included, so that its output can be applied.
#[rstest]
#[case::text("lint --output text -f")]
#[case::json("lint --output json -f")]
#[case::sarif("lint --output sarif -f")]
#[case::test("test -f")]
#[case::diff("inject --diff -f")]
fn a_command_that_looks_at_manifests_shows_no_value(#[case] line: &str) {
    let scene = Scene::new();
    let project = &scene.project;
    project.file("secrets.json", &list(&scene.secrets));
    project.file("workloads.json", &list(&scene.workloads()));
    let files = "secrets.json workloads.json -n $PROJECT";
    let files = if line.starts_with("lint") {
        "secrets.json workloads.json"
    } else {
        files
    };
    scene.try_run(&format!("RUST_LOG=trace bowline {line} {files}"));
}

#[test]
fn injected_workloads_hold_no_value() {
    let scene = Scene::new();
    scene.project.file("secrets.json", &list(&scene.secrets));
    scene
        .project
        .file("workloads.json", &list(&scene.workloads()));
    // Secrets come back as they went in, so only what follows them is looked at.
    let files = "-f secrets.json -f workloads.json";
    let inject = format!("bowline inject -n $PROJECT {files} > injected.yaml 2> errors || true");
    scene.project.run(&inject);
    scene.run("cat errors");
    scene.try_run("sed -n '/^kind: Notebook/,$p' injected.yaml");
}

#[test]
fn a_manifest_that_cannot_be_read_is_not_shown() {
    let scene = Scene::new();
    let manifest = list(&scene.secrets);
    scene
        .project
        .file("cut.json", &manifest[..manifest.len() - 40]);
    scene.project.file(
        "broken.yaml",
        &manifest.replace("\"stringData\":{", "\"stringData\":{{"),
    );
    scene.project.file(
        "doubled.json",
        &manifest.replace(
            "\"kind\":\"Secret\"",
            "\"kind\":\"Secret\",\"kind\":\"Secret\"",
        ),
    );
    for file in ["cut.json", "broken.yaml", "doubled.json"] {
        for command in ["lint", "inject", "inject --diff"] {
            let outcome = scene.project.fails(&format!("bowline {command} -f {file}"));
            scene.search(file, &outcome.stdout);
            scene.search(file, &outcome.stderr);
        }
    }
}

/// The names of those whose canaries are all secret.
fn secret_names(scene: &Scene) -> Vec<&str> {
    let names = scene
        .secrets
        .iter()
        .filter_map(|secret| secret["metadata"]["name"].as_str());
    names
        .filter(|name| !secrets::NOT_SECRET.contains(name))
        .collect()
}

/// What they are asked to print in clear goes into a file; all else that they say is searched.
#[test]
fn commands_that_hand_values_over_say_nothing_of_them_besides() {
    let scene = Scene::in_use();
    for name in secret_names(&scene) {
        let commands = [
            format!("env {name} > out"),
            format!("env {name} --format dotenv > out"),
            format!("env {name} --format fish > out"),
            format!("env {name} --format json > out"),
            format!("run {name} -- true"),
            format!("run {name} -- no-such-command"),
        ];
        for command in commands {
            let script = format!("RUST_LOG=trace bowline {command} || true; echo done");
            scene.run(&script);
        }
    }
}

#[test]
fn a_conversion_tells_what_it_loses_and_no_value() {
    let scene = Scene::new();
    scene.project.file("secrets.json", &list(&scene.secrets));
    for form in [
        "opendatahub",
        "alauda",
        "kserve",
        "odahu",
        "env",
        "aws",
        "rclone",
        "docker",
        "json",
    ] {
        let convert = format!("bowline convert -f secrets.json --to {form} > out");
        scene.run(&format!("RUST_LOG=trace {convert} || true; echo done"));
        scene.run("bowline convert -f out --to json > again || true; echo done");
    }
}

#[test]
fn an_export_holds_no_secret_value_in_clear() {
    let scene = Scene::in_use();
    let names = secret_names(&scene).join(" ");
    scene.try_run(&format!("RUST_LOG=trace bowline export {names}"));
    let recipient = age::x25519::Identity::generate().to_public();
    scene.try_run(&format!(
        "RUST_LOG=trace bowline export -A --with-values --recipient {recipient}"
    ));
}

#[test]
fn an_editor_is_shown_no_secret_value() {
    let scene = Scene::in_use();
    for name in secret_names(&scene) {
        scene.try_run(&format!("EDITOR=cat RUST_LOG=trace bowline edit {name}"));
    }
}

#[test]
fn a_change_says_nothing_of_values_whether_it_succeeds_or_not() {
    let scene = Scene::in_use();
    for name in secret_names(&scene) {
        scene.try_run(&format!(
            "RUST_LOG=trace bowline set {name} --description Depths -o yaml"
        ));
        scene.try_run(&format!("bowline set {name} NO_FIELD=1 URI=:// --dry-run"));
        scene.try_run(&format!("bowline unset {name} NO_FIELD"));
    }
}
