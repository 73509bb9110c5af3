//! `bowline convert`: connections from the form of one tool into that of another. The forms are left
//! to `bowline_catalog::convert`.

use std::path::Path;
use std::process::ExitCode;

use bowline_catalog::convert::{self, Format};
use bowline_core::{Secret, Severity};

use crate::args::Convert;
use crate::failure::{Failure, Kind};
use crate::{manifests, terminal};

/// Prints the connections in the other form.
///
/// # Errors
/// When a file cannot be read, or is not of the form that it should be.
pub fn run(args: &Convert) -> Result<ExitCode, Failure> {
    let mut secrets = Vec::new();
    for file in &args.files {
        secrets.extend(read(file, args.from, args.name.as_deref())?);
    }
    if let Some(namespace) = &args.namespace {
        secrets
            .iter_mut()
            .for_each(|secret| secret.namespace.clone_from(namespace));
    }
    let written = convert::write(args.to, &secrets);
    for told in &written.findings {
        terminal::tell(&told.name, &told.finding);
    }
    terminal::write(written.text.expose())?;
    let is_impossible = |told: &convert::Told| told.finding.severity == Severity::Error;
    Ok(match written.findings.iter().any(is_impossible) {
        true => ExitCode::from(Kind::Invalid.exit_code()),
        false => ExitCode::SUCCESS,
    })
}

/// The connections of a file; what it holds besides is told on stderr.
///
/// # Errors
/// When it cannot be read, or is not of the form.
pub fn read(file: &Path, from: Option<Format>, name: Option<&str>) -> Result<Vec<Secret>, Failure> {
    let (shown, bytes) = manifests::bytes(file)?;
    let Some(form) = from.or_else(|| convert::guess(&bytes)) else {
        let forms = Format::ALL.map(Format::as_str).join(", ");
        return Err(Failure::new(
            Kind::Usage,
            format!("`{shown}` looks like no form of connections"),
        )
        .help(format!("name the form with `--from`: {forms}")));
    };
    let name = name.map_or_else(|| name_of(file), str::to_owned);
    let read = convert::read(form, &bytes, &name).map_err(|error| {
        Failure::new(Kind::Usage, format!("`{shown}` cannot be read as `{form}`")).caused_by(&error)
    })?;
    for told in &read.findings {
        terminal::tell(&told.name, &told.finding);
    }
    Ok(read.secrets)
}

/// A name for what a file holds, made of the file's own.
fn name_of(file: &Path) -> String {
    let stem = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let letter = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    };
    let name: String = stem.chars().map(letter).collect();
    match name.trim_matches('-') {
        "" => "connection".to_owned(),
        name => name.to_owned(),
    }
}
