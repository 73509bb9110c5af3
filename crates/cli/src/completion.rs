//! What can stand at a place of the command line, found out while somebody types: names of
//! connections come from the cluster. Slow or failing clusters suggest nothing, and say nothing.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use bowline_catalog::Types;
use bowline_catalog::connection_types::Homes;
use bowline_core::{Connection, Recognition};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::env::{CompleteEnv, Shells};

use crate::args;
use crate::cluster::{Cluster, Scope};
use crate::output;
use crate::plugin::Face;

/// A shell waits for us at every press of a key.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The variable by which a completion script asks for suggestions, and for itself.
pub const VARIABLE: &str = "BOWLINE_COMPLETE";
/// What ends the answer to `kubectl`: no names of files besides.
const NO_FILES: &str = ":4";

/// Answers a shell or `kubectl` that asks what could stand in an unfinished line; `false` when
/// nobody asks. A fault suggests nothing, since there is no place where it could be shown.
pub fn answer(face: Face) -> bool {
    if face == Face::PluginCompletion {
        for_kubectl();
        return true;
    }
    CompleteEnv::with_factory(|| face.command())
        .var(VARIABLE)
        .try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref())
        .unwrap_or(true)
}

/// The script that makes a shell ask.
pub fn script(shell: &str) -> Option<String> {
    let shells = Shells::builtins();
    let mut script = Vec::new();
    let completer = shells.completer(shell)?;
    completer
        .write_registration(VARIABLE, "bowline", "bowline", "bowline", &mut script)
        .ok()?;
    String::from_utf8(script).ok()
}

/// Answers in the form of the library that `kubectl` is made with: a candidate a line, with a tab
/// before its description.
fn for_kubectl() {
    let words: Vec<OsString> = std::env::args_os().collect();
    let index = words.len().saturating_sub(1);
    let mut command = Face::PluginCompletion.command();
    let folder = std::env::current_dir().ok();
    let found = complete(&mut command, words, index, folder.as_deref()).unwrap_or_default();
    let mut out = String::new();
    for candidate in found {
        out.push_str(&candidate.get_value().to_string_lossy());
        if let Some(help) = candidate.get_help() {
            let help = help.to_string();
            out.push('\t');
            out.push_str(help.lines().next().unwrap_or_default());
        }
        out.push('\n');
    }
    // Whoever has gone away does not want to know.
    let _ = writeln!(std::io::stdout().lock(), "{out}{NO_FILES}");
}

/// Suggests names of connections in the project that the line names.
pub fn connections() -> ArgValueCompleter {
    ArgValueCompleter::new(|start: &OsStr| candidates(start, &names()))
}

/// Suggests names of connection types.
pub fn types() -> ArgValueCompleter {
    ArgValueCompleter::new(|start: &OsStr| candidates(start, &type_names()))
}

/// Suggests forms of `--output`.
pub fn outputs() -> ArgValueCompleter {
    ArgValueCompleter::new(|start: &OsStr| {
        candidates(start, &output::FORMS.map(|form| (form.to_owned(), None)))
    })
}

fn candidates(start: &OsStr, known: &[(String, Option<String>)]) -> Vec<CompletionCandidate> {
    let start = start.to_string_lossy();
    known
        .iter()
        .filter(|(name, _)| name.starts_with(&*start))
        .map(|(name, help)| {
            CompletionCandidate::new(name.as_str())
                .help(help.as_deref().map(|h| h.to_owned().into()))
        })
        .collect()
}

/// The names of connections with their display names; none where the cluster does not tell in time.
fn names() -> Vec<(String, Option<String>)> {
    let line = Line::of(std::env::args());
    let find = async {
        let cluster = Cluster::new(&line.cluster).await.ok()?;
        let namespace = cluster.namespace(line.namespace.as_deref()).to_owned();
        let mut names = Vec::new();
        let each = |secret| {
            if let Recognition::Connection(connection) = Connection::from_secret(secret) {
                let display_name = connection.display_name();
                let help =
                    (display_name != connection.secret.name).then(|| display_name.to_owned());
                names.push((connection.secret.name.clone(), help));
            }
        };
        cluster
            .each_metadata(&Scope::Namespace(namespace), each)
            .await
            .ok()?;
        Some(names)
    };
    in_time(find).unwrap_or_default()
}

/// The names of connection types with their display names.
fn type_names() -> Vec<(String, Option<String>)> {
    let line = Line::of(std::env::args());
    let find = async {
        let cluster = Cluster::new(&line.cluster).await.ok()?;
        let homes = Homes {
            opendatahub: line.types_namespace.clone(),
            ..Homes::default()
        };
        let types = Types::new(cluster.client().clone(), homes)
            .readable()
            .await
            .ok()?;
        Some(
            types
                .into_iter()
                .map(|type_| (type_.name, Some(type_.display_name)))
                .collect(),
        )
    };
    in_time(find).unwrap_or_default()
}

/// What a future gives in time.
fn in_time<T>(find: impl Future<Output = Option<T>>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let found = runtime.block_on(async { tokio::time::timeout(PATIENCE, find).await });
    // A name that is being resolved must not keep the shell waiting.
    runtime.shutdown_background();
    found.ok().flatten()
}

/// What an unfinished line says about where to look; `clap` has not read it yet.
struct Line {
    cluster: args::Cluster,
    namespace: Option<String>,
    types_namespace: String,
}

impl Line {
    fn of(words: impl Iterator<Item = String>) -> Self {
        let mut line = Self {
            cluster: args::Cluster {
                kubeconfig: None,
                context: variable("BOWLINE_CONTEXT"),
            },
            namespace: None,
            types_namespace: variable("BOWLINE_TYPES_NAMESPACE")
                .unwrap_or_else(|| Homes::default().opendatahub),
        };
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let (flag, value) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            // bash takes `--flag=value` for three words.
            let mut value = || {
                let next = value.clone().or_else(|| words.next())?;
                if next == "=" {
                    words.next()
                } else {
                    Some(next)
                }
            };
            match flag {
                "-n" | "--namespace" | "--project" => line.namespace = value(),
                "--kubeconfig" => line.cluster.kubeconfig = value().map(PathBuf::from),
                "--types-namespace" => {
                    line.types_namespace = value().unwrap_or_default();
                }
                "--context" => line.cluster.context = value(),
                _ => {}
            }
        }
        line
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_line_says_where_to_look() {
        let words = "bowline show --project=team-a --kubeconfig admin.conf --context c so";
        let line = Line::of(words.split(' ').map(str::to_owned));
        assert_eq!(line.namespace.as_deref(), Some("team-a"));
        assert_eq!(line.cluster.kubeconfig, Some(PathBuf::from("admin.conf")));
        assert_eq!(line.cluster.context.as_deref(), Some("c"));
    }
}
