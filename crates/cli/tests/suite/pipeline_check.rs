//! `bowline pipelines check` on a real S3 server with access rules: what it finds with right policies,
//! and with each that is wrong. What the policies are is left to `bowline_pipelines`.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use bowline_testkit::s3::{Call, S3, User};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::project::Project;
use crate::test::endpoint::{Endpoint, Habit};

const LAYOUT: &str = "artifacts/{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}";
const SUBJECTS: [&str; 3] = ["backend", "team-1", "team-10"];

/// A bucket, three users with the policies of an installation, and the installation's documents.
struct Scene {
    server: &'static S3,
    bucket: String,
    users: Vec<User>,
    folder: TempDir,
}

impl Scene {
    /// One with the right policies; `None` where there is no server.
    fn new(bucket: &str) -> Option<Self> {
        let server = S3::shared()?;
        server.make_bucket(bucket).expect("a bucket");
        server.let_owner_give_policies().expect("policies");
        let make = |subject: &str| server.make_user(&format!("{subject}.{bucket}"));
        let users = SUBJECTS.map(|subject| make(subject).expect("a user"));
        let scene = Self {
            server,
            bucket: bucket.to_owned(),
            users: users.into(),
            folder: TempDir::new().expect("a folder"),
        };
        scene.describe(|_| {});
        let policies = scene.policies();
        for (user, subject) in scene.users.iter().zip(SUBJECTS) {
            let document = match subject {
                "backend" => &policies["backend"],
                profile => &policies["profiles"][profile],
            };
            scene.give(user, document);
        }
        Some(scene)
    }

    fn policies(&self) -> Value {
        let made = self.bowline("pipelines policies --store store.yaml --for aws -o json");
        serde_json::from_slice(&made.stdout).expect("policies")
    }

    fn give(&self, user: &User, document: &Value) {
        let given = self.server.give_policy(user, &document.to_string());
        given.expect("a policy");
    }

    /// Writes `store.yaml`, with something changed.
    fn describe(&self, change: impl FnOnce(&mut Vec<Value>)) {
        let endpoint = &self.server.ready.endpoint;
        let mut documents = vec![json!({
            "apiVersion": "bowline.dev/v1alpha1", "kind": "PipelineStore",
            "metadata": {"name": "kfp", "namespace": "kubeflow"},
            "spec": {
                "connection": "keys-backend", "vendor": "ceph", "addressing": "path",
                "layout": {"artifactsKeyFormat": LAYOUT}, "releases": {"kfp": "2.17"},
                "auth": {"type": "KeyPerProfile", "secretTemplate": "keys-{profile_name}"},
                "profiles": [{"name": "team-1"}, {"name": "team-10"}],
            },
        })];
        for (user, subject) in self.users.iter().zip(SUBJECTS) {
            documents.push(json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": format!("keys-{subject}"), "namespace": "kubeflow"},
                "stringData": {
                    "AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret_key,
                    "AWS_S3_ENDPOINT": endpoint, "AWS_S3_BUCKET": self.bucket, "AWS_DEFAULT_REGION": "us-east-1",
                },
            }));
        }
        change(&mut documents);
        let texts: Vec<_> = documents.iter().map(Value::to_string).collect();
        let file = self.folder.path().join("store.yaml");
        std::fs::write(file, texts.join("\n---\n")).expect("a file");
    }

    fn bowline(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
        command.env_clear().current_dir(&self.folder);
        command.args(line.split_whitespace());
        let output = command.output().expect("it runs");
        for shown in [&output.stdout, &output.stderr] {
            let shown = String::from_utf8_lossy(shown);
            let leaked = self
                .users
                .iter()
                .find(|user| shown.contains(&user.secret_key));
            assert!(leaked.is_none(), "a secret key is in: {shown}");
        }
        output
    }

    fn check(&self) -> Checked {
        Checked::of(&self.bowline("pipelines check --store store.yaml -o json"))
    }

    /// How many objects there are in the bucket.
    fn is_empty(&self) -> bool {
        let call = |method, path| Call {
            method,
            path,
            query: &[],
            body: "",
        };
        // A bucket goes only when there is nothing in it.
        let calls = [call("DELETE", self.bucket.as_str())];
        let status = self
            .server
            .calls(&self.server.owner(), &calls)
            .expect("an answer");
        status == [204]
    }
}

/// What a check said to programs.
struct Checked {
    code: i32,
    report: Value,
}

impl Checked {
    fn of(output: &Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr);
        Self {
            code: output.status.code().expect("a code"),
            report: serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|_| panic!("no JSON: {stderr}")),
        }
    }

    /// The outcomes of a reader at a prefix: put, get, list.
    fn reader(&self, reader: &str, prefix: &str) -> Vec<&str> {
        let rows = self.report["readers"].as_array().expect("rows");
        let row = rows
            .iter()
            .find(|row| row["reader"] == reader && row["prefix"] == prefix);
        let row = row.unwrap_or_else(|| panic!("{reader} at {prefix} in {rows:#?}"));
        ["put", "get", "list"]
            .map(|verb| row[verb]["outcome"].as_str().unwrap_or("none"))
            .to_vec()
    }

    fn states(&self) -> Vec<&str> {
        let rows = self.report["readers"].as_array().expect("rows");
        let mut states: Vec<_> = rows
            .iter()
            .filter_map(|row| row["state"].as_str())
            .collect();
        states.sort_unstable();
        states.dedup();
        states
    }

    /// How one profile stands to another.
    fn standing(&self, one: &str, other: &str) -> &str {
        let pairs = self.report["isolation"].as_array().expect("pairs");
        let pair = pairs
            .iter()
            .find(|pair| pair["profile"] == one && pair["other"] == other);
        pair.and_then(|pair| pair["standing"].as_str())
            .expect("the pair")
    }

    fn root(&self, profile: &str) -> &str {
        let roots = self.report["roots"].as_array().expect("roots");
        let root = roots.iter().find(|root| root["profile"] == profile);
        root.and_then(|root| root["list"]["standing"].as_str())
            .expect("the root")
    }

    fn findings(&self) -> Vec<(&str, &str)> {
        let findings = self.report["findings"].as_array().expect("findings").iter();
        findings
            .map(|it| {
                let of = |name: &str| it[name].as_str().unwrap_or_default();
                (of("rule"), of("message"))
            })
            .collect()
    }
}

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

/// deployKF's values with keys typed in, for an endpoint.
fn values(endpoint: &str) -> String {
    let (host, port) = endpoint
        .trim_start_matches("http://")
        .split_once(':')
        .expect("a port");
    format!(
        "deploykf_core: {{deploykf_profiles_generator: {{profiles: [{{name: team-1}}]}}}}\n\
         kubeflow_tools:\n  pipelines:\n    bucket: {{name: soundings, region: us-east-1}}\n    \
         objectStore: {{useExternal: true, host: {host}, port: {port}, useSSL: false, auth: {{accessKey: AKIDEXAMPLE, secretKey: not-a-real-key}}}}\n"
    )
}

/// A command on deployKF's values, with the backend's keys alone, and its folder.
fn of_values(endpoint: &Endpoint, flags: &str) -> (TempDir, Command) {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("values.yaml", &values(&endpoint.url())).expect("a file");
    write("secrets.yaml", "").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    let line = "pipelines check -f values.yaml --layout native --kfp 2.16 --secrets secrets.yaml";
    let words = line.split_whitespace().chain(flags.split_whitespace());
    command.env_clear().current_dir(&folder).args(words);
    (folder, command)
}

#[rstest]
#[case::wrong_region(Habit::OtherRegion, "", "wrong-region")]
#[case::failing(Habit::Failing, "", "service-failed")]
#[case::something_else(Habit::SomethingElse, "", "answer-unknown")]
#[case::denied(Habit::Good, "--deny 127.0.0.0/8", "address-denied")]
fn whatever_the_service_does_is_said(
    #[case] habit: Habit,
    #[case] flags: &str,
    #[case] outcome: &str,
) {
    let endpoint = Endpoint::start(habit);
    let (_folder, mut command) = of_values(&endpoint, &format!("-o json {flags}"));
    let checked = Checked::of(&command.output().expect("it runs"));
    assert_eq!(
        checked.reader("API server", "pipelines/"),
        ["not-reached", "not-reached", outcome]
    );
    assert_ne!(checked.code, 0);
    assert!(
        !endpoint.heard().contains("PUT "),
        "nothing is written where listing fails otherwise"
    );
}

#[test]
fn ctrl_c_ends_it_and_what_was_written_is_removed() {
    let endpoint = Endpoint::start(Habit::Slow(Duration::from_millis(200)));
    let (_folder, mut command) = of_values(&endpoint, "");
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("it starts");
    let until = Instant::now() + Duration::from_secs(20);
    while !endpoint.heard().contains("PUT ") {
        assert!(Instant::now() < until, "nothing is written");
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("kill").success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    let heard = endpoint.heard();
    let count = |method: &str| {
        heard
            .lines()
            .filter(|line| line.starts_with(method))
            .count()
    };
    assert_eq!(count("PUT "), count("DELETE "), "{heard}");
}

#[test]
fn a_pipeline_server_is_checked_with_its_own_secret() {
    let endpoint = Endpoint::start(Habit::Good);
    let url = endpoint.url();
    let port = url.rsplit(':').next().expect("a port");
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    let application = format!(
        "apiVersion: datasciencepipelinesapplications.opendatahub.io/v1\nkind: DataSciencePipelinesApplication\n\
         metadata: {{name: own, namespace: team-a}}\nspec:\n  objectStorage:\n    externalStorage:\n      \
         {{host: 127.0.0.1, port: '{port}', scheme: http, bucket: soundings, region: us-east-1,\n       \
         s3CredentialsSecret: {{secretName: keys, accessKey: a, secretKey: s}}}}\n"
    );
    write("dspa.yaml", &application).expect("a file");
    let secret = "kind: Secret\nmetadata: {name: keys, namespace: team-a}\nstringData: {a: AKIDEXAMPLE, s: not-a-real-key}\n";
    write("secrets.yaml", secret).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    let line = "pipelines check --dspa dspa.yaml --secrets secrets.yaml -o json";
    command
        .env_clear()
        .current_dir(&folder)
        .args(line.split_whitespace());
    let checked = Checked::of(&command.output().expect("it runs"));
    assert_eq!(checked.code, 0, "{:#}", checked.report);
    assert_eq!(checked.reader("API server", "pipelines/"), PASSED);
    assert_eq!(checked.reader("v2 launcher", ""), PASSED);
    assert_eq!(checked.report["isolation"], json!([]));
}

#[test]
fn keys_are_read_from_the_cluster_where_none_are_given() {
    let project = Project::new("check");
    if !project.has_kubectl(28) {
        return;
    }
    let endpoint = Endpoint::start(Habit::Good);
    let keys = "{AWS_ACCESS_KEY_ID: AKIDEXAMPLE, AWS_SECRET_ACCESS_KEY: $CANARY}";
    let secret = |namespace: &str| {
        format!(
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n---\napiVersion: v1\nkind: Secret\n\
             metadata: {{name: pipelines-object-store, namespace: {namespace}}}\nstringData: {keys}\n"
        )
    };
    project.apply(&(secret("kubeflow") + &secret("kubeflow-argo-workflows")));
    let own = values(&endpoint.url()).replace("team-1", "$PROJECT");
    let own = own.replace(
        "accessKey: AKIDEXAMPLE, secretKey: not-a-real-key",
        "existingSecret: keys",
    );
    project.file("values.yaml", &own);
    let line = "bowline pipelines check -f values.yaml --layout native --kfp 2.16";
    project.fails(line).prints(&format!(
        "Secret `{}/pipelines-object-store`, which it takes its keys from, is not there",
        project.name
    ));
    project.apply(&secret("$PROJECT"));
    project.run(line).prints("12 places tried, 2 with warnings");
    assert!(!endpoint.heard().contains(&project.canary));
}
