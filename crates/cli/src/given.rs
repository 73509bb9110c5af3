//! Values of a connection from wherever a person has them: files, stdin, the files of other tools, the
//! terminal. Secret ones are never taken from arguments. What they must look like is left to the
//! catalog.

use std::fs;
use std::io::{self, IsTerminal, Read as _};
use std::path::Path;

use bowline_catalog::convert::{self, Format};
use bowline_catalog::edit::is_secret;
use bowline_catalog::types::{ConnectionType, Field, FieldKind};
use bowline_catalog::values::{Given, Input};
use bowline_core::location::{has_userinfo, looks_signed};
use bowline_core::{Finding, Secret, Sensitive, Severity};

use crate::args::{Setting, Sources};
use crate::catalog::usage;
use crate::commands::convert as files;
use crate::failure::{Failure, Kind};
use crate::terminal;

/// More than a Secret holds.
const LONGEST_STDIN: u64 = 4 * 1024 * 1024;
/// What asks for stdin.
const STDIN: &str = "-";

/// The connection in the file of another tool.
///
/// # Errors
/// When the file cannot be read, or holds several connections and none of the name.
pub fn from_file(source: &str, name: &str) -> Result<Secret, Failure> {
    let (form, path) = match source.split_once(':') {
        Some((form, path)) if form.parse::<Format>().is_ok() => (form.parse().ok(), path),
        _ => (None, source),
    };
    let mut secrets = files::read(Path::new(path), form, Some(name))?;
    let index = match secrets.iter().position(|secret| secret.name == name) {
        Some(index) => index,
        None if secrets.len() == 1 => 0,
        None => {
            let names: Vec<String> = secrets
                .iter()
                .map(|secret| format!("`{}`", secret.name))
                .collect();
            return Err(
                usage(format!("`{path}` holds no connection `{name}`")).help(format!(
                    "name the new one as one of them: {}",
                    names.join(", ")
                )),
            );
        }
    };
    Ok(secrets.swap_remove(index))
}

/// The values of a whole connection.
pub fn of_secret(secret: &Secret, type_: Option<&ConnectionType>) -> Input {
    let value = |(key, value): (&String, &Sensitive)| (key.clone(), of_value(key, value, type_));
    secret.data.iter().map(value).collect()
}

/// A stored value as what a person would give for it.
pub fn of_value(key: &str, value: &Sensitive, type_: Option<&ConnectionType>) -> Given {
    match field(type_, key) {
        Some(field) if is_file(field) => Given::file(value.expose()),
        _ => Given::text(value.expose()),
    }
}

/// The values that settings and stdin give; those of settings win.
///
/// # Errors
/// When a secret stands among the arguments, or a source cannot be read.
pub fn values(
    settings: &[Setting],
    sources: &Sources,
    type_: Option<&ConnectionType>,
) -> Result<Input, Failure> {
    let asks_stdin = |setting: &&Setting| setting.parts().1 == Some(STDIN);
    let readers = settings.iter().filter(asks_stdin).count() + usize::from(sources.from_stdin);
    if readers > 1 {
        return Err(
            usage("stdin is asked for twice").help("give one of the values in a file: `KEY=@FILE`")
        );
    }
    let mut input = match sources.from_stdin {
        true => from_stdin()?,
        false => Input::new(),
    };
    for (index, setting) in settings.iter().enumerate() {
        let (key, given) = one(index + 1, setting, type_)?;
        input.insert(key, given);
    }
    Ok(input)
}

/// Asks for the secrets that a new connection needs and that nobody has given, if somebody is there.
///
/// # Errors
/// When the terminal cannot be read.
pub fn ask_for_missing(input: &mut Input, type_: &ConnectionType) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Ok(());
    }
    for field in type_.data_fields() {
        let is_due = field.is_required && field.is_secret() && !field.is_fixed() && !is_file(field);
        if is_due && !input.contains_key(&field.env_var) {
            input.insert(field.env_var.clone(), ask(&field.env_var, Some(field))?);
        }
    }
    Ok(())
}

fn one(
    position: usize,
    setting: &Setting,
    type_: Option<&ConnectionType>,
) -> Result<(String, Given), Failure> {
    let (key, value) = setting.parts();
    let is_key = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !is_key {
        // Not quoted: it may be a value in the wrong place.
        return Err(usage(format!(
            "setting {position} does not begin with the key of a field"
        ))
        .help("write `KEY=@FILE`, `KEY=-` or, for what is no secret, `KEY=VALUE`"));
    }
    let field = field(type_, key);
    let given = match value {
        None => ask(key, field)?,
        Some(STDIN) => content(key, field, None, stdin()?),
        Some(value) => match value.strip_prefix('@') {
            Some(path) => {
                let bytes = fs::read(path).map_err(|error| {
                    usage(format!("`{path}`, the file of `{key}`, cannot be read"))
                        .caused_by(&error)
                        .help(format!("name a file that can be read: `{key}=@FILE`"))
                })?;
                let name = Path::new(path)
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned());
                content(key, field, name, bytes)
            }
            None if is_secret(type_, key) => return Err(secret_argument(key)),
            None if has_userinfo(value) || looks_signed(value) => {
                return Err(login_argument(key));
            }
            None => Given::text(value),
        },
    };
    Ok((key.to_owned(), given))
}

fn secret_argument(key: &str) -> Failure {
    usage(format!(
        "the value of `{key}` is secret and cannot be an argument"
    ))
    .cause("arguments are seen by everybody on this machine, and kept in the shell's history")
    .help(format!(
        "give it as `{key}=@FILE` or `{key}=-`; where the one you typed is real, make a new one"
    ))
}

fn login_argument(key: &str) -> Failure {
    usage(format!(
        "the value of `{key}` holds what grants access, and cannot be an argument"
    ))
    .cause("arguments are seen by everybody on this machine, and kept in the shell's history")
    .help(
        "leave user name and password out of it, and give them in fields that are secret; where they \
         are real, make new ones",
    )
}

/// What a file or stdin gave; the line end that editors and `echo` leave is no part of one line.
fn content(key: &str, field: Option<&Field>, name: Option<String>, mut bytes: Vec<u8>) -> Given {
    if field.is_some_and(is_file) {
        return Given::File {
            name,
            content: Sensitive::new(bytes),
        };
    }
    let is_text = field.is_some_and(|field| matches!(field.kind, FieldKind::Text));
    let length = bytes.len();
    let is_one_line = !bytes[..length.saturating_sub(1)].contains(&b'\n');
    if !is_text && is_one_line && bytes.last() == Some(&b'\n') {
        bytes.pop();
        bytes.pop_if(|byte| *byte == b'\r');
        terminal::tell(
            "",
            &Finding {
                severity: Severity::Note,
                rule: "line-end",
                field: key.to_owned(),
                message: format!("the line end behind the value of `{key}` is left out"),
                help: "nothing needs to be done".to_owned(),
            },
        );
    }
    Given::text(bytes)
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(LONGEST_STDIN + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| usage("stdin cannot be read").caused_by(&error))?;
    if bytes.len() as u64 > LONGEST_STDIN {
        return Err(Failure::new(Kind::Invalid, "stdin is longer than 4 MiB"));
    }
    Ok(bytes)
}

/// A JSON object of values, or lines.
fn from_stdin() -> Result<Input, Failure> {
    let bytes = stdin()?;
    let unreadable = || usage("stdin holds neither a JSON object nor lines of `KEY=value`");
    if bytes.trim_ascii_start().starts_with(b"{") {
        // The error of the reader could quote a value.
        return serde_json::from_slice(&bytes).map_err(|_| unreadable());
    }
    let read = convert::read(Format::Env, &bytes, "stdin")
        .map_err(|error| unreadable().caused_by(&error))?;
    for told in &read.findings {
        terminal::tell("", &told.finding);
    }
    let values = read.secrets.iter().flat_map(|secret| &secret.data);
    Ok(values
        .map(|(key, value)| (key.clone(), Given::text(value.expose())))
        .collect())
}

/// Asks on the terminal, without showing what is typed.
fn ask(key: &str, field: Option<&Field>) -> Result<Given, Failure> {
    let label = field.map_or_else(|| key.to_owned(), |field| format!("{} ({key})", field.name));
    if !io::stdin().is_terminal() {
        return Err(usage(format!("there is no terminal to ask for `{key}` on"))
            .help(format!("give it as `{key}=@FILE` or `{key}=-`")));
    }
    let typed = rpassword::prompt_password(format!("{}: ", terminal::plain(&label)));
    typed
        .map(Given::text)
        .map_err(|error| usage(format!("`{key}` cannot be asked for")).caused_by(&error))
}

fn field<'a>(type_: Option<&'a ConnectionType>, key: &str) -> Option<&'a Field> {
    type_.and_then(|type_| type_.field(key))
}

fn is_file(field: &Field) -> bool {
    matches!(field.kind, FieldKind::File { .. })
}
