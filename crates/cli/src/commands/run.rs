//! `bowline run`: a command with the variables of connections, as a container of a Notebook would get
//! them. This process becomes the command, so nothing stands between it and whoever started it, and
//! nothing is left that would have to pass on signals or clean up.

mod inject;

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use bowline_core::Sensitive;

use crate::args::{self, Run};
use crate::cluster::Cluster;
use crate::failure::{Failure, Failures, Kind};
use crate::{lookup, terminal};

/// What shells answer for a command that is not there, and for one that cannot be started.
const NOT_FOUND: u8 = 127;
const NOT_STARTED: u8 = 126;
/// Variables that make a command at home; nobody keeps credentials in them.
const HOMELY: [&str; 9] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "TMPDIR", "LANG",
];
/// What our own settings and credentials begin with.
const OWN: &str = "BOWLINE_";

/// Fetches the connections and says what the command gets of them.
///
/// # Errors
/// When a connection is not there, the cluster does not answer, or a value cannot be a variable.
pub async fn fetch(args: &Run, flags: &args::Cluster) -> Result<Vec<(String, Sensitive)>, Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster.namespace(args.project.namespace.as_deref());
    let mut secrets = Vec::new();
    for name in &args.names {
        secrets.push(lookup::connection(&cluster, namespace, name).await?);
    }
    let injected = inject::variables(&secrets)?;
    injected.told.iter().for_each(|text| terminal::warn(text));
    Ok(injected.variables)
}

/// Becomes the command; comes back only when it cannot be started, which has been shown then and is
/// told by the exit code that shells have for it.
pub fn replace_process(args: &Run, variables: &[(String, Sensitive)]) -> ExitCode {
    let Some((program, rest)) = args.command.split_first() else {
        return ExitCode::SUCCESS;
    };
    let mut command = Command::new(program);
    command.args(rest).env_clear().envs(inherited(args.clean));
    for (key, value) in variables {
        command.env(key, OsStr::from_bytes(value.expose()));
    }
    let error = command.exec();
    let name = program.to_string_lossy();
    let (code, help) = match error.kind() {
        ErrorKind::NotFound => (NOT_FOUND, "see whether it is installed and on your PATH"),
        ErrorKind::ArgumentListTooLong => (
            NOT_STARTED,
            "the system limits what a command gets; name fewer connections",
        ),
        _ => (NOT_STARTED, "see whether you may execute it"),
    };
    let failure = Failure::new(Kind::Usage, format!("`{name}` cannot be started"))
        .caused_by(&error)
        .help(help);
    Failures::from(failure).report();
    ExitCode::from(code)
}

/// What the command gets of our own environment.
fn inherited(is_clean: bool) -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(move |(key, _)| {
        let is_homely =
            || HOMELY.iter().any(|homely| key == homely) || key.as_bytes().starts_with(b"LC_");
        let is_own = key.as_bytes().starts_with(OWN.as_bytes());
        !is_own && (!is_clean || is_homely())
    })
}
