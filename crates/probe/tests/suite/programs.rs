//! No field of a connection starts a program. Formats of the field can name programs: helpers of Git and
//! of docker configs, credentials of Google that come from an executable, options of `ssh`.

use std::path::Path;
use std::process::Command;

use bowline_core::Connection;
use bowline_probe::Ask;
use serde_json::json;

use crate::kit::{self, at_home, connection};
use crate::oci::registry;
use crate::stub::{Stub, answer};

/// Connections with a trap in each field that somebody might hand to a shell or to a program.
fn traps(file: &Path, stub: &Stub) -> Vec<(Connection, Ask)> {
    let touch = format!("touch {}", file.display());
    let blank = touch.replace(' ', "%20");
    let trap = format!("a; {touch};");
    let place = stub.address.to_string();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let key = key.serialize_pem();
    let urls = [
        format!("ext::sh -c '{touch}'"),
        format!("ext::{touch}"),
        "fd::0".to_owned(),
        format!("file://{}", file.display()),
        format!("ssh://-oProxyCommand={touch}/x"),
        format!("git@-oProxyCommand={touch}:x"),
        format!("ssh://git@{place}/;{blank}"),
        format!("ssh://;{blank}@{place}/x"),
        format!("http://{place}/;{blank}"),
        format!("http://{place}/--upload-pack={blank}"),
    ];
    let reference = Ask {
        reference: Some(format!("--upload-pack={touch}")),
        push: true,
        ..Ask::default()
    };
    let known = format!("|1|$({touch})|x ssh-ed25519 AAAA\n@cert-authority * $({touch})\n");
    let git = urls.iter().map(|url| {
        let data = [
            ("GIT_URL", url.as_str()),
            ("GIT_USERNAME", &trap),
            ("GIT_PASSWORD", &trap),
            ("ssh-privatekey", &key),
            ("known_hosts", &known),
        ];
        (connection("git", &data), reference.clone())
    });
    let mut all: Vec<(Connection, Ask)> = git.collect();
    let executable = json!({
        "type": "external_account", "audience": "a", "subject_token_type": "b",
        "token_url": stub.url(), "credential_source": {"executable": {"command": touch}},
    });
    let gcs = [
        (
            "gcloud-application-credentials.json",
            executable.to_string(),
        ),
        ("GCS_BUCKET", "models".to_owned()),
    ];
    let s3 = [
        ("AWS_ACCESS_KEY_ID", trap.clone()),
        ("AWS_SECRET_ACCESS_KEY", trap.clone()),
        ("AWS_S3_ENDPOINT", stub.url()),
        ("AWS_S3_BUCKET", "models".to_owned()),
        ("credential_process", touch.clone()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", format!("|{touch}")),
        ("AWS_CA_BUNDLE", format!("/dev/null;{touch}")),
    ];
    let uri = [
        ("URI", format!("{}/;{blank}", stub.url())),
        ("https-host", "127.0.0.1".to_owned()),
        ("headers", json!({"X": trap}).to_string()),
        ("HF_TOKEN", trap.clone()),
    ];
    let path = Ask {
        path: Some(trap.clone()),
        write: true,
        ..Ask::default()
    };
    let given = |protocol, data: &[(&str, String)]| {
        let data: Vec<(&str, &str)> = data.iter().map(|(key, text)| (*key, &**text)).collect();
        connection(protocol, &data)
    };
    all.push((given("gcs", &gcs), path.clone()));
    all.push((given("s3", &s3), path.clone()));
    all.push((given("uri", &uri), path));
    let mut helped = registry(&stub.url(), &place, ("ada", "some-password"), &[]);
    let config = json!({
        "auths": {&place: {"username": "ada", "password": trap}}, "credsStore": format!("x; {touch}"),
        "credHelpers": {&place: format!("$({touch})")},
    });
    let config = bowline_core::Sensitive::new(config.to_string());
    helped
        .secret
        .data
        .insert(".dockerconfigjson".to_owned(), config);
    all.push((helped, kit::path("team/app:v1")));
    all
}

#[tokio::test]
async fn no_field_starts_what_it_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("canary");
    let stub = Stub::start(|_| answer("401 Unauthorized", "", "")).await;
    let mut all = String::new();
    for (connection, ask) in traps(&file, &stub) {
        let settings = bowline_probe::Settings {
            answer: std::time::Duration::from_millis(300),
            google: stub.url(),
            ..Default::default()
        };
        let report = kit::run_with(&kit::request(&connection, &ask), &at_home(), &settings).await;
        all += &kit::lines(&report);
        assert!(
            !file.exists(),
            "{:?}",
            connection.read("GIT_URL").map(|url| url.text)
        );
    }
    // Some are refused as they stand, and some get as far as the network.
    assert!(all.contains("fields-wrong") && stub.hits() > 4, "{all}");
}

/// The test before, watched by the kernel: a program that was started and failed counts too.
#[test]
fn the_kernel_sees_no_program_being_started() {
    let install = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/debian.sh");
    let tool = Command::new(install)
        .args(["a test that no program is started", "strace:strace"])
        .status();
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let watched = |program: &Path, arguments: &[&str]| {
        Command::new("strace")
            .args(["-f", "-qq", "-e", "trace=execve,execveat", "-o"])
            .arg(trace.path())
            .arg(program)
            .args(arguments)
            .output()
    };
    let is_there = tool.is_ok_and(|status| status.success())
        && watched(Path::new("true"), &[]).is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("SKIPPED: there is no `strace` here, or it may not watch");
        return;
    }
    let own = std::env::current_exe().expect("a path");
    let name = "programs::no_field_starts_what_it_names";
    let output = watched(&own, &["--exact", name]).expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    let trace = std::fs::read_to_string(trace.path()).expect("a trace");
    let started = trace.lines().filter(|line| line.contains("execve")).count();
    assert_eq!(started, 1, "beside the test itself:\n{trace}");
}
