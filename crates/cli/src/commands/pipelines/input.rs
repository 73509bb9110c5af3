//! The description of a store that a command is given: files in, what they hold and what is to be said
//! about it out. Reading the texts is left to `bowline_pipelines::given`.

use std::path::{Path, PathBuf};

use bowline_pipelines::{Deployment, Given, Input, InputFile, Located};

use crate::args::PipelinesSource;
use crate::failure::{Failure, Failures, Kind};
use crate::{manifests, terminal};

/// Reads the description.
///
/// # Errors
/// When a file cannot be read.
pub fn read(source: &PipelinesSource) -> Result<Input, Failure> {
    let values = texts(&source.files)?;
    let dspa = texts(source.dspa.as_slice())?;
    let store = texts(source.store.as_slice())?;
    let secrets = texts(&source.secrets)?;
    let given = Given {
        values: values.iter().map(as_file).collect(),
        dspa: dspa.first().map(as_file),
        store: store.first().map(as_file),
        secrets: secrets.iter().map(as_file).collect(),
        deploykf: source.deploykf,
        kfp: source.kfp,
        argo: source.argo,
    };
    given.read().map_err(|error| {
        Failure::new(Kind::Usage, error.to_string())
            .cause(error.why)
            .help("name a file with manifests of Secrets")
    })
}

/// A file's text, and how it is called.
type Text = (String, String);

fn as_file((name, text): &Text) -> InputFile<'_> {
    InputFile { name, text }
}

fn texts(files: &[PathBuf]) -> Result<Vec<Text>, Failure> {
    files.iter().map(|file| text(file)).collect()
}

fn text(file: &Path) -> Result<Text, Failure> {
    let (name, bytes) = manifests::bytes(file)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(_) => Err(Failure::new(Kind::Usage, format!("`{name}` is not text"))
            .help("name a file of YAML or JSON")),
    }
}

/// The deployment; what refuses it becomes failures, all else is told on stderr.
///
/// # Errors
/// When the input is refused.
pub fn accepted(input: &Input) -> Result<&Deployment, Failures> {
    match &input.deployment {
        Some(deployment) => {
            input.findings.iter().for_each(tell);
            Ok(deployment)
        }
        None => {
            let passed = input.findings.iter().filter(|found| !found.is_refused);
            passed.for_each(tell);
            let refused = input.findings.iter().filter(|found| found.is_refused);
            Err(Failures(refused.map(failure).collect()))
        }
    }
}

/// Tells a finding on stderr.
fn tell(found: &Located) {
    let place = found.place.as_ref().map(ToString::to_string);
    terminal::tell(&place.unwrap_or_default(), &found.finding);
}

fn failure(found: &Located) -> Failure {
    let what = match &found.place {
        Some(place) => format!("{place}: {}", found.finding.message),
        None => found.finding.message.clone(),
    };
    Failure::new(Kind::Invalid, what).help(found.finding.help.as_str())
}
