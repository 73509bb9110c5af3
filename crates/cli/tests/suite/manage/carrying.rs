//! `bowline export` and `bowline import`.

use age::secrecy::ExposeSecret as _;
use bowline_testkit::Canaries;
use serde_json::{Value, json};

use super::{empty, project};
use crate::canary::secrets;
use crate::project::Project;

/// Writes an age identity into a project, and gives the recipient.
fn identity(project: &Project) -> String {
    let identity = age::x25519::Identity::generate();
    project.file("identity", identity.to_string().expose_secret());
    identity.to_public().to_string()
}

#[test]
fn an_export_holds_no_secret_and_says_so() {
    let project = project();
    let outcome = project.run("bowline export");
    outcome
        .prints("AWS_S3_BUCKET: soundings\n")
        .prints("withheld:\n")
        .complains("2 secret values left out");
    assert!(!outcome.stdout.contains(&project.canary));
}

#[test]
fn an_encrypted_export_is_imported_elsewhere() {
    let (here, there) = (project(), empty());
    let recipient = identity(&here);
    let sealed = here
        .run(&format!(
            "bowline export --with-values --recipient {recipient}"
        ))
        .stdout;
    assert!(
        sealed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") && !sealed.contains("soundings")
    );
    let identity = here.run("cat identity").stdout;
    there
        .file("identity", &identity)
        .file("connections.age", &sealed);
    there
        .fails("bowline import connections.age --yes")
        .complains("is encrypted");
    let import = format!(
        "bowline import connections.age -i identity -n {}",
        there.name
    );
    there.run(&format!("{import} --dry-run")).prints("create ");
    assert!(!there.has("secret/tides"));
    there
        .run(&format!("{import} --yes"))
        .prints("1 connection imported");
    assert_eq!(there.value("tides", "AWS_SECRET_ACCESS_KEY"), here.canary);
    there.run(&format!("{import} --yes")).prints("as it is");
}

#[test]
fn another_identity_opens_nothing() {
    let project = project();
    let recipient = identity(&project);
    project.run(&format!(
        "bowline export --with-values --recipient {recipient} > connections.age"
    ));
    identity(&project);
    project
        .fails("bowline import connections.age -i identity --yes")
        .complains("it is for none of the identities");
}

#[test]
fn what_is_there_already_is_left_alone_unless_told_otherwise() {
    let project = project();
    let recipient = identity(&project);
    project.run(&format!(
        "bowline export --with-values --recipient {recipient} > connections.age"
    ));
    project.run("bowline set tides AWS_S3_BUCKET=charts");
    project
        .fails("bowline import connections.age -i identity --yes")
        .complains("is there already");
    assert_eq!(project.value("tides", "AWS_S3_BUCKET"), "charts");
    project
        .run("bowline import connections.age -i identity --yes --replace")
        .prints("change ");
    assert_eq!(project.value("tides", "AWS_S3_BUCKET"), "soundings");
}

/// The second connection cannot be stored, so the first is not either.
#[test]
fn an_import_is_all_or_nothing() {
    let project = empty();
    let file = "kind: ConnectionExport\nversion: 1\nconnections:\n\
        - {name: good, type: uri-v1, values: {URI: 'https://a.example'}}\n\
        - {name: bad, type: uri-v1, values: {}}\n";
    project
        .file("connections.yaml", file)
        .fails("bowline import connections.yaml --yes")
        .complains("`bad`");
    assert!(!project.has("secret/good"));
}

/// The account may create no second connection of this name, which only writing it shows.
#[test]
fn what_was_written_before_a_failure_is_taken_back() {
    let project = empty();
    let file = "kind: ConnectionExport\nversion: 1\nconnections:\n\
        - {name: first, type: uri-v1, values: {URI: 'https://a.example'}}\n\
        - {name: second, namespace: nowhere-at-all, type: uri-v1, values: {URI: 'https://a.example'}}\n";
    project
        .file("connections.yaml", file)
        .fails("bowline import connections.yaml --yes")
        .complains("nowhere-at-all");
    assert!(!project.has("secret/first"));
}

#[test]
fn without_a_terminal_nobody_is_asked_and_nothing_is_done() {
    let project = empty();
    let file = "kind: ConnectionExport\nversion: 1\nconnections: [{name: a, type: uri-v1, values: {URI: 'https://a.example'}}]\n";
    project
        .file("connections.yaml", file)
        .fails("bowline import connections.yaml < /dev/null")
        .complains("`--yes` says so");
    assert!(!project.has("secret/a"));
}

#[test]
fn an_identity_given_for_a_recipient_is_not_repeated() {
    let project = project();
    identity(&project);
    let outcome = project.fails("bowline export --with-values --recipient \"$(cat identity)\"");
    outcome.complains("recipient 1 is not one of age's");
    assert!(!outcome.stderr.contains("AGE-SECRET-KEY"));
}

/// The law of carrying: whatever counts as a connection comes back with the same data and marks, be
/// it odd here or there.
#[test]
fn every_connection_comes_back_with_its_data_and_marks() {
    let (here, there) = (empty(), empty());
    let mut canaries = Canaries::default();
    let secrets = secrets::of_every_protocol_and_dialect(&mut canaries);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": secrets});
    here.file("secrets.json", &list.to_string());
    here.run("kubectl create -f secrets.json");
    here.run(
        "kubectl annotate secret s3 bowline.dev/vital=true opendatahub.io/connection-test-status=verified \
         && kubectl label secret s3 harbour=north",
    );
    let recipient = identity(&here);
    let sealed = here.run(&format!(
        "bowline export --with-values --recipient {recipient}"
    ));
    there
        .file("identity", &here.run("cat identity").stdout)
        .file("connections.age", &sealed.stdout);
    let import = format!(
        "bowline import connections.age -i identity -n {} --yes",
        there.name
    );
    let outcome = there.run(&import);
    assert_eq!(canaries.leaks(&outcome.stderr), []);
    let names = here.run("bowline list -o name").stdout;
    assert!(names.lines().count() > 20, "{names}");
    for name in names.lines() {
        assert_eq!(marks(&there, name), marks(&here, name), "{name}");
    }
    there.run(&import).prints("as it is");
}

/// What a Secret is, without what is true of one place only.
fn marks(project: &Project, name: &str) -> Value {
    let object = project.object(&format!("secret/{name}"));
    let metadata = &object["metadata"];
    let mut annotations = metadata["annotations"].clone();
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.retain(|key, _| {
            !key.starts_with("opendatahub.io/connection-test-") && key != "bowline.dev/creator"
        });
    }
    json!([
        object["type"],
        object["data"],
        metadata["labels"],
        annotations
    ])
}

#[test]
fn what_is_imported_is_told_to_programs() {
    let project = empty();
    let file = "kind: ConnectionExport\nversion: 1\nconnections: [{name: a, type: uri-v1, isVital: true, values: {URI: 'https://a.example'}}]\n";
    project
        .file("connections.yaml", file)
        .run("bowline import connections.yaml --yes -o jsonpath='{.connections[*].action}'")
        .is("create");
    project
        .fails("bowline delete a --yes")
        .complains("--vital=false");
    project
        .run("bowline set a --vital=false > /dev/null; bowline delete a --yes -o name")
        .is("a");
}
