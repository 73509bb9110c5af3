//! `bowline pipelines check` on a real S3 server with access rules: what it finds with right policies,
//! and with each that is wrong. What the policies are is left to `bowline_pipelines`.

mod elsewhere;
mod scene;

use std::process::Output;

use serde_json::json;

use scene::{Checked, Scene};

const PASSED: [&str; 3] = ["passed"; 3];

#[test]
fn with_right_policies_everybody_gets_where_they_must_and_nowhere_else() {
    let Some(scene) = Scene::new("check-right") else {
        return;
    };
    let checked = scene.check();
    assert_eq!(checked.code, 0, "{:#}", checked.report);
    // The UI cannot be told the server's port for `s3://`.
    assert_eq!(
        checked.states(),
        ["passed", "warned"],
        "{:#}",
        checked.report
    );
    assert_eq!(checked.reader("API server", "pipelines/"), PASSED);
    assert_eq!(
        checked.reader("v2 launcher", "v2/artifacts/team-1/"),
        PASSED
    );
    assert_eq!(
        checked.reader("Argo in the profile", "artifacts/team-10/"),
        PASSED
    );
    assert_eq!(checked.standing("team-1", "team-10"), "refused");
    assert_eq!(checked.standing("team-10", "team-1"), "refused");
    assert_eq!(checked.root("team-1"), "refused");
    assert_eq!(checked.findings(), []);
    assert!(scene.is_empty(), "something is left in the bucket");
}

#[test]
fn a_key_that_lost_its_right_to_write_is_named() {
    let Some(scene) = Scene::new("check-put") else {
        return;
    };
    let document = scene.policies()["profiles"]["team-1"].to_string();
    let document = document.replace("\"s3:PutObject\",", "");
    assert!(!document.contains("PutObject"), "{document}");
    let document = serde_json::from_str(&document).expect("a policy");
    scene.give(&scene.users[1], &document);
    let checked = scene.check();
    assert_eq!(checked.code, 6, "{:#}", checked.report);
    let own = checked.reader("v2 launcher", "v2/artifacts/team-1/");
    assert_eq!(own, ["may-not-write", "unproved", "passed"]);
    assert_eq!(
        checked.reader("v2 launcher", "v2/artifacts/team-10/"),
        PASSED
    );
    // What cannot be put there cannot be tried to be read by others.
    assert_eq!(checked.standing("team-10", "team-1"), "unknown");
    assert_eq!(checked.standing("team-1", "team-10"), "refused");
    assert!(scene.is_empty(), "something is left in the bucket");
}

#[test]
fn a_policy_without_the_namespace_is_lost_isolation() {
    let Some(scene) = Scene::new("check-lost") else {
        return;
    };
    let document = scene.policies()["profiles"]["team-1"].to_string();
    let document = document.replace("artifacts/team-1/", "artifacts/");
    let document = serde_json::from_str(&document).expect("a policy");
    scene.give(&scene.users[1], &document);
    let checked = scene.check();
    assert_eq!(checked.code, 1, "{:#}", checked.report);
    assert_eq!(
        checked.states(),
        ["passed", "warned"],
        "readers are as they must be"
    );
    assert_eq!(checked.standing("team-1", "team-10"), "lost");
    assert_eq!(checked.standing("team-10", "team-1"), "refused");
    let findings = checked.findings();
    let lost = "isolation lost: profile `team-1` reads `artifacts/team-10/`, writes `artifacts/team-10/`, \
                lists `artifacts/team-10/`, reads `v2/artifacts/team-10/`, writes `v2/artifacts/team-10/`, \
                lists `v2/artifacts/team-10/` of profile `team-10`";
    assert_eq!(findings, [("isolation-lost", lost)]);
    assert!(scene.is_empty(), "something is left in the bucket");
}

#[test]
fn a_right_to_list_the_whole_bucket_is_lost_isolation() {
    let Some(scene) = Scene::new("check-root") else {
        return;
    };
    let mut document = scene.policies()["profiles"]["team-10"].clone();
    let list = json!({"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [format!("arn:aws:s3:::{}", scene.bucket)]});
    document["Statement"]
        .as_array_mut()
        .expect("statements")
        .push(list);
    scene.give(&scene.users[2], &document);
    let checked = scene.check();
    assert_eq!(checked.code, 1);
    assert_eq!(
        (checked.root("team-10"), checked.root("team-1")),
        ("lost", "refused")
    );
    let message = "isolation lost: profile `team-10` lists the whole bucket";
    assert!(
        checked.findings().contains(&("isolation-lost", message)),
        "{:?}",
        checked.findings()
    );
}

#[test]
fn one_key_for_all_is_said_once() {
    let Some(scene) = Scene::new("check-shared") else {
        return;
    };
    scene.describe(|documents| documents[0]["spec"]["auth"] = json!({"type": "SharedKey"}));
    let checked = scene.check();
    assert_eq!(checked.code, 0, "{:#}", checked.report);
    let message = "profiles `team-1`, `team-10` share one key, so no policy can keep them apart";
    let findings = checked.findings();
    assert_eq!(
        findings
            .iter()
            .filter(|it| it.0 == "shared-key")
            .collect::<Vec<_>>(),
        [&("shared-key", message)]
    );
    assert_eq!(checked.standing("team-1", "team-10"), "sameKey");
}

#[test]
fn one_key_under_two_names_is_a_mistake() {
    let Some(scene) = Scene::new("check-same") else {
        return;
    };
    scene.describe(|documents| {
        documents[3]["stringData"] = documents[2]["stringData"].clone();
    });
    let checked = scene.check();
    assert!(checked.code > 0);
    assert!(
        checked.findings().iter().any(|it| it.0 == "same-key"),
        "{:?}",
        checked.findings()
    );
}

#[test]
fn a_wrong_style_fails_where_it_is_used() {
    let Some(scene) = Scene::new("check-style") else {
        return;
    };
    scene.describe(|documents| documents[0]["spec"]["addressing"] = json!("virtual"));
    let checked = scene.check();
    assert_eq!(checked.code, 1, "{:#}", checked.report);
    assert_eq!(
        checked.reader("v2 launcher", "v2/artifacts/team-1/"),
        ["not-reached", "not-reached", "wrong-style"]
    );
    // This release knows one style only.
    assert_eq!(checked.reader("API server", "pipelines/"), PASSED);
    assert!(scene.is_empty(), "something is left in the bucket");
}

#[test]
fn a_wrong_key_makes_what_it_could_reach_unknown() {
    let Some(scene) = Scene::new("check-key") else {
        return;
    };
    scene.describe(|documents| {
        documents[3]["stringData"]["AWS_SECRET_ACCESS_KEY"] = json!("not-the-key-of-anybody");
    });
    let checked = scene.check();
    assert_eq!(checked.code, 5, "{:#}", checked.report);
    assert_eq!(
        checked.reader("v2 launcher", "v2/artifacts/team-10/"),
        ["not-reached", "not-reached", "wrong-secret-key"]
    );
    assert_eq!(checked.standing("team-10", "team-1"), "unknown");
    // Whether a profile reads what could not be put there is not known either.
    assert_eq!(checked.standing("team-1", "team-10"), "unknown");
    assert_eq!(checked.root("team-10"), "unknown");
}

#[test]
fn a_missing_bucket_is_missing_for_everybody() {
    let Some(scene) = Scene::new("check-bucket") else {
        return;
    };
    scene.describe(|documents| {
        documents[1]["stringData"]["AWS_S3_BUCKET"] = json!("check-no-such-bucket");
    });
    let checked = scene.check();
    assert_eq!(checked.code, 3, "{:#}", checked.report);
    assert_eq!(
        checked.reader("API server", "pipelines/"),
        ["not-reached", "not-reached", "no-such-bucket"]
    );
    assert_eq!(checked.standing("team-1", "team-10"), "unknown");
}

#[test]
fn a_secret_that_is_not_there_is_named() {
    let Some(scene) = Scene::new("check-secret") else {
        return;
    };
    scene.describe(|documents| drop(documents.remove(3)));
    let checked = scene.check();
    assert_eq!(checked.code, 3, "{:#}", checked.report);
    let rows = checked.report["readers"].as_array().expect("rows");
    let row = rows
        .iter()
        .find(|row| row["namespace"] == "team-10")
        .expect("a row");
    let why = row["why"]["message"].as_str();
    let expected =
        "Secret `team-10/pipelines-object-store`, which it takes its keys from, is not there";
    assert_eq!(why, Some(expected));
    assert_eq!(
        checked.reader("v2 launcher", "v2/artifacts/team-1/"),
        PASSED
    );
}

#[test]
fn only_the_chosen_profiles_are_tried() {
    let Some(scene) = Scene::new("check-chosen") else {
        return;
    };
    let line = "pipelines check --store store.yaml --profile team-10 -o json";
    let checked = Checked::of(&scene.bowline(line));
    assert_eq!(checked.code, 0, "{:#}", checked.report);
    assert!(
        !checked.report.to_string().contains("team-1/"),
        "{:#}",
        checked.report
    );
    assert_eq!(checked.root("team-10"), "refused");
    let unknown = scene.bowline("pipelines check --store store.yaml --profile team-2");
    assert_eq!(unknown.status.code(), Some(2));
}

fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let code = output.status.code().expect("a code");
    format!(
        "{}--- stderr\n{}--- exit code {code}",
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// Without what differs from run to run.
macro_rules! assert_shown {
    ($shown:expr) => {
        insta::with_settings!({filters => [(r"127\.0\.0\.1:\d+", "[address]"), (r#""milliseconds": \d+"#, "\"milliseconds\": [time]"),
            (r#" time="[0-9.]+""#, " time=\"[time]\"")]}, {
            insta::assert_snapshot!($shown);
        });
    };
}

#[test]
fn people_see_a_table_a_matrix_and_what_to_do() {
    let Some(scene) = Scene::new("check-text") else {
        return;
    };
    let document = scene.policies()["profiles"]["team-1"].to_string();
    let document = document.replace("\"s3:PutObject\",", "");
    let document = document.replace("v2/artifacts/team-1/", "v2/artifacts/");
    let document = serde_json::from_str(&document).expect("a policy");
    scene.give(&scene.users[1], &document);
    assert_shown!(shown(&scene.bowline("pipelines check --store store.yaml")));
}

#[test]
fn programs_get_rows_pairs_and_findings() {
    let Some(scene) = Scene::new("check-json") else {
        return;
    };
    let line = "pipelines check --store store.yaml --profile team-1 -o json";
    assert_shown!(shown(&scene.bowline(line)));
}

#[test]
fn build_servers_get_a_case_for_each_reader_and_pair() {
    let Some(scene) = Scene::new("check-junit") else {
        return;
    };
    let document = scene.policies()["profiles"]["team-1"].to_string();
    let document = document.replace("artifacts/team-1/", "artifacts/");
    let document = serde_json::from_str(&document).expect("a policy");
    scene.give(&scene.users[1], &document);
    let line = "pipelines check --store store.yaml -o junit";
    assert_shown!(shown(&scene.bowline(line)));
}
