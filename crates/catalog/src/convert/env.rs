//! Lines of `KEY=value`: quoted so that shells give back the same bytes, and readers of `.env` files
//! wherever they agree with shells.

mod parse;
mod quote;

use std::collections::BTreeMap;

use bowline_core::{Secret, Sensitive};

use super::lost::Losses;
use super::neutral::of_values;
use super::{Read, ReadError, Written};

/// What evaluates the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// bash, dash, ksh, zsh: `export KEY=value`.
    Sh,
    /// fish: `set -gx KEY value`.
    Fish,
    /// `KEY=value`, for files that shells source and libraries read.
    Dotenv,
}

/// Whether a key can be the name of a variable in a shell.
pub fn is_shell_name(key: &str) -> bool {
    !key.starts_with(|c: char| c.is_ascii_digit())
        && !key.is_empty()
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub(super) fn read(text: &str, name: &str) -> Result<Read, ReadError> {
    let mut losses = Losses::default();
    let mut data = BTreeMap::new();
    for line in parse::assignments(text)? {
        if line.has_expansion {
            let why = format!("`$` in `{}` is taken as it is and not replaced", line.key);
            losses.ignored(name, line.key, why);
        }
        data.insert(line.key.to_owned(), line.value);
    }
    if data.is_empty() {
        return Err(ReadError::Content(
            "it holds no `KEY=value` line".to_owned(),
        ));
    }
    Ok(Read {
        secrets: vec![of_values(name, None, data, &mut losses)],
        findings: losses.0,
    })
}

pub(super) fn write(secrets: &[Secret]) -> Written {
    export(Shell::Dotenv, secrets)
}

/// The lines that set the keys of connections as variables, for a shell to evaluate. Where two
/// connections set the same key the last one wins, as with `envFrom`.
pub fn export(shell: Shell, secrets: &[Secret]) -> Written {
    let mut losses = Losses::default();
    let mut out = Vec::new();
    let mut setters: BTreeMap<&str, &str> = BTreeMap::new();
    for secret in secrets {
        // Several connections in one file stand below their names.
        if shell == Shell::Dotenv && secrets.len() > 1 && !secret.name.contains(char::is_control) {
            out.extend_from_slice(format!("# {}\n", secret.name).as_bytes());
        }
        for (key, value) in &secret.data {
            if let Some(loser) = setters.insert(key, &secret.name) {
                let why = format!(
                    "`{loser}` and `{}` both set `{key}`; the latter wins",
                    secret.name
                );
                losses.ignored(&secret.name, key, why);
            }
            line(shell, secret, key, value, &mut losses, &mut out);
        }
    }
    Written {
        text: Sensitive::new(out),
        findings: losses.0,
    }
}

fn line(
    shell: Shell,
    secret: &Secret,
    key: &str,
    value: &Sensitive,
    losses: &mut Losses,
    out: &mut Vec<u8>,
) {
    if !is_shell_name(key) {
        let why = format!("`{key}` cannot be the name of a variable in a shell");
        return losses.lost_but(
            secret,
            key,
            why,
            "`bowline run` passes it on, since programs can read it",
        );
    }
    if value.expose().contains(&0) {
        return losses.lost(
            secret,
            key,
            format!("`{key}` holds a NUL byte, which ends a variable"),
        );
    }
    let (quoted, problem) = match shell {
        Shell::Sh => (quote::posix(value.expose()), None),
        Shell::Fish => (quote::fish(value.expose()), None),
        Shell::Dotenv => quote::dotenv(value.expose()),
    };
    if let Some(problem) = problem {
        let why =
            format!("`{key}` {problem}: shells read it right, some readers of `.env` files do not");
        losses.lost_but(
            secret,
            key,
            why,
            "source the file in a shell, or use `bowline run`",
        );
    }
    let (before, between) = match shell {
        Shell::Sh => ("export ", "="),
        Shell::Fish => ("set -gx ", " "),
        Shell::Dotenv => ("", "="),
    };
    out.extend_from_slice(before.as_bytes());
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(between.as_bytes());
    out.extend_from_slice(&quoted);
    out.extend_from_slice(match shell {
        Shell::Sh | Shell::Fish => b";\n",
        Shell::Dotenv => b"\n",
    });
}
