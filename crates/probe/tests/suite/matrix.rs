//! Each protocol against each failure: one table that says what a test ends with and what proves it.
//! It is played cell by cell, and written into `docs/reference/probe-outcomes.md`.

mod real;
pub(crate) mod scene;

use std::fmt::Write as _;

use rstest::rstest;

use crate::kit::{self, lines};
use scene::Scene;

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    S3,
    Gcs,
    Azure,
    Oci,
    GitSsh,
    GitHttps,
    Http,
    Hf,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Nothing,
    WrongKey,
    NoRight,
    NoPlace,
    NoObject,
    WrongRegion,
    WrongStyle,
    Expired,
    UntrustedTls,
    ExpiredTls,
    RefusedPort,
    Tarpit,
    Endless,
    Redirect,
}

/// What a test ends with, and what proves it.
#[derive(Clone, Copy)]
enum Cell {
    /// A server of its makers', or their emulator.
    Real(&'static str),
    /// A server of the tests' own with this one fault.
    Stub(&'static str),
    /// It cannot happen, since.
    Never(&'static str),
}

use Cell::{Never, Real, Stub};

pub(crate) const SPEAKS: [(Speaks, &str); 8] = [
    (Speaks::S3, "s3"),
    (Speaks::Gcs, "gcs"),
    (Speaks::Azure, "azure"),
    (Speaks::Oci, "oci"),
    (Speaks::GitSsh, "git, SSH"),
    (Speaks::GitHttps, "git, HTTPS"),
    (Speaks::Http, "http(s)"),
    (Speaks::Hf, "hf"),
];

const NO_REGION: &str = "it is found by its name alone";
const NO_STYLE: &str = "there is one way to write the address";
const LIKE_WRONG: &str = "services refuse a login that has ended like a wrong one";

#[rustfmt::skip]
const TABLE: [(Failure, &str, [Cell; 8]); 14] = [
    (Failure::Nothing, "nothing", [Real("passed"), Real("passed"), Real("passed"), Real("passed"), Real("passed"), Real("passed"), Stub("passed"), Stub("passed")]),
    (Failure::WrongKey, "wrong key or password", [Real("wrong-secret-key"), Real("wrong-service-account-key"), Real("wrong-azure-key"), Real("wrong-registry-login"), Real("key-refused"), Real("wrong-git-password"), Stub("wrong-login"), Stub("wrong-token")]),
    (Failure::NoRight, "right login without the right", [Real("may-not-list"), Real("gcs-may-not-list"), Real("azure-may-not-list"), Real("may-not-push"), Real("may-not-push"), Real("git-forbidden"), Stub("may-not-read-location"), Stub("terms-not-accepted")]),
    (Failure::NoPlace, "no such bucket, container, repository or file", [Real("no-such-bucket"), Real("no-such-bucket"), Real("no-such-container"), Real("no-such-image"), Real("no-such-git-repository"), Real("no-such-git-repository"), Stub("no-such-location"), Stub("no-such-repository")]),
    (Failure::NoObject, "no such object, tag, ref or revision", [Real("no-such-object"), Real("no-such-object"), Real("no-such-object"), Real("no-such-tag"), Real("no-such-ref"), Real("no-such-ref"), Never("a location is one file, see above"), Stub("no-such-revision")]),
    (Failure::WrongRegion, "wrong region", [Stub("wrong-region"), Never(NO_REGION), Never(NO_REGION), Never(NO_REGION), Never(NO_REGION), Never(NO_REGION), Never(NO_REGION), Never(NO_REGION)]),
    (Failure::WrongStyle, "wrong addressing style", [Real("wrong-style"), Never(NO_STYLE), Never(NO_STYLE), Never(NO_STYLE), Never(NO_STYLE), Never(NO_STYLE), Never(NO_STYLE), Never(NO_STYLE)]),
    (Failure::Expired, "expired login", [Stub("session-expired"), Never(LIKE_WRONG), Real("sas-expired"), Real("registry-login-expired"), Never("keys have no end"), Never(LIKE_WRONG), Never(LIKE_WRONG), Never(LIKE_WRONG)]),
    (Failure::UntrustedTls, "untrusted certificate or host key", [Real("tls-untrusted"), Stub("tls-untrusted"), Real("tls-untrusted"), Real("tls-untrusted"), Real("host-key-changed"), Real("tls-untrusted"), Stub("tls-untrusted"), Stub("tls-untrusted")]),
    (Failure::ExpiredTls, "expired certificate", [Stub("tls-expired"), Stub("tls-expired"), Stub("tls-expired"), Stub("tls-expired"), Never("host keys have no end"), Stub("tls-expired"), Stub("tls-expired"), Stub("tls-expired")]),
    (Failure::RefusedPort, "nobody listens", [Stub("connect-refused"); 8]),
    (Failure::Tarpit, "takes the connection and says nothing", [Stub("answer-timeout"); 8]),
    (Failure::Endless, "answers without end", [Stub("answer-too-large"), Stub("answer-too-large"), Stub("answer-too-large"), Stub("answer-too-large"), Stub("answer-too-large"), Stub("answer-too-large"), Never("a file may be of any length: its first bytes are read, and it passes"), Stub("answer-too-large")]),
    (Failure::Redirect, "sends on to a metadata address", [Stub("redirect-forbidden"), Stub("redirect-forbidden"), Stub("redirect-forbidden"), Stub("redirect-forbidden"), Never("SSH sends nobody on"), Stub("redirect-forbidden"), Stub("redirect-forbidden"), Stub("redirect-forbidden")]),
];

/// `None` where the server cannot be had, which is said by whoever starts it.
async fn scene(speaks: Speaks, failure: Failure, cell: Cell) -> Option<Scene> {
    match cell {
        Real(_) => real::scene(speaks, failure).await,
        _ => match scene::of_stub(speaks, failure).await {
            Some(scene) => Some(scene),
            None => real::scene(speaks, failure).await,
        },
    }
}

#[rstest]
#[case::s3(0)]
#[case::gcs(1)]
#[case::azure(2)]
#[case::oci(3)]
#[case::git_over_ssh(4)]
#[case::git_over_https(5)]
#[case::http(6)]
#[case::hf(7)]
#[tokio::test]
async fn whatever_is_wrong_ends_as_the_table_says(#[case] column: usize) {
    let speaks = SPEAKS[column].0;
    let mut deviations = String::new();
    for (failure, name, cells) in TABLE {
        let cell = cells[column];
        let (Real(id) | Stub(id)) = cell else {
            continue;
        };
        let Some(scene) = scene(speaks, failure, cell).await else {
            continue;
        };
        let report = scene.run().await;
        let ended = match report.kind() {
            None if id == "passed" => "passed",
            _ => kit::outcome(&report),
        };
        if ended != id {
            deviations += &format!("{name}: `{ended}`, not `{id}`\n{}", lines(&report));
        }
        assert!(!kit::json(&report).to_string().contains("Canary/"));
    }
    assert!(deviations.is_empty(), "{deviations}");
}

/// The table, as people read it.
pub(crate) fn page() -> String {
    let names = SPEAKS.map(|(_, name)| name).join(" | ");
    let mut page = format!(
        "{HEAD}| what is wrong | {names} |\n|{}\n",
        " --- |".repeat(9)
    );
    let mut reasons: Vec<&str> = Vec::new();
    for (_, name, cells) in &TABLE {
        let mut row = format!("| {name} |");
        for cell in cells {
            let shown = match cell {
                Real(id) => format!("`{id}`"),
                Stub(id) => format!("`{id}` *"),
                Never(reason) => {
                    let at = reasons.iter().position(|known| known == reason);
                    let at = at.unwrap_or_else(|| {
                        reasons.push(reason);
                        reasons.len() - 1
                    });
                    format!("({})", at + 1)
                }
            };
            // Writing to a text cannot fail.
            let _ = write!(row, " {shown} |");
        }
        page += &(row + "\n");
    }
    page.push('\n');
    for (number, reason) in reasons.iter().enumerate() {
        let _ = writeln!(page, "- ({}) {reason}", number + 1);
    }
    page
}

const HEAD: &str = "
## What each protocol ends with

Each cell is played by `crates/probe/tests/suite/matrix.rs`: against the service's own software or its maker's emulator
(Ceph's object gateway, Azurite, an emulator of Google's storage behind a check of logins, CNCF Distribution, OpenSSH, Git's own
HTTP backend), or, marked with `*`, against a server of the tests' own with this one fault. A number stands for why there is no such case.

";
