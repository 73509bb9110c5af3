//! `bowline run`: a command with the variables of connections, as a container of a Notebook would get
//! them. This process becomes the command, so nothing stands between it and whoever started it, and
//! nothing is left that would have to pass on signals or clean up.

mod family;
mod inject;

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use bowline_core::{Connection, Protocol, Recognition, Sensitive};

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

/// What the command gets of its connections.
pub struct Environment {
    variables: Vec<(String, Sensitive)>,
    protocols: Vec<Protocol>,
}

/// Fetches the connections and says what the command gets of them.
///
/// # Errors
/// When a connection is not there, the cluster does not answer, or a value cannot be a variable.
pub async fn fetch(args: &Run, flags: &args::Cluster) -> Result<Environment, Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster.namespace(args.project.namespace.as_deref());
    let mut secrets = Vec::new();
    for name in &args.names {
        secrets.push(lookup::connection(&cluster, namespace, name).await?);
    }
    let injected = inject::variables(&secrets)?;
    injected.told.iter().for_each(|text| terminal::warn(text));
    let protocol = |secret| match Connection::from_secret(secret) {
        Recognition::Connection(connection) => connection.protocol,
        Recognition::Candidate(_) | Recognition::Other(_) => None,
    };
    Ok(Environment {
        variables: injected.variables,
        protocols: secrets.into_iter().filter_map(protocol).collect(),
    })
}

/// Becomes the command; comes back only when it cannot be started, which has been shown then and is
/// told by the exit code that shells have for it.
pub fn replace_process(args: &Run, environment: &Environment) -> ExitCode {
    let Some((program, rest)) = args.command.split_first() else {
        return ExitCode::SUCCESS;
    };
    let mut command = Command::new(program);
    command.args(rest).env_clear().envs(inherited(args.clean));
    if !args.keep_env {
        leave_out(&mut command, environment);
    }
    for (key, value) in &environment.variables {
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

/// Takes out what speaks of the same things as the connections, and says so: half of one's own
/// account beside half of a connection's fails in ways that nobody understands.
fn leave_out(command: &mut Command, environment: &Environment) {
    let is_foreign = |name: &str| {
        let is_of = |protocol: &Protocol| family::has(*protocol, name);
        environment.protocols.iter().any(is_of)
    };
    let names: Vec<String> = command
        .get_envs()
        .filter_map(|(name, _)| name.to_str())
        .filter(|name| is_foreign(name))
        .map(str::to_owned)
        .collect();
    let is_set_anew = |name: &&String| environment.variables.iter().any(|(key, _)| key == *name);
    let lost: Vec<&str> = names
        .iter()
        .filter(|name| !is_set_anew(name))
        .map(String::as_str)
        .collect();
    if !lost.is_empty() {
        terminal::warn(&format!(
            "left out of your environment beside the connection's: {}; `--keep-env` keeps them",
            lost.join(", ")
        ));
    }
    for name in names {
        command.env_remove(name);
    }
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
