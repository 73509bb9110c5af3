//! `bowline export` and `bowline import`.

use age::secrecy::ExposeSecret as _;

use super::{empty, project};
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
