//! The description of a store that a command is given, read from files and judged.

use std::path::Path;

use bowline_core::Secret;
use bowline_core::manifest;
use bowline_pipelines::model::DeploykfRelease;
use bowline_pipelines::{
    Deployment, InputFile, Located, Reading, deploykf, dspa, releases, store_document,
};
use serde_json::Value;

use crate::args::PipelinesSource;
use crate::failure::{Failure, Failures, Kind};
use crate::{manifests, terminal};

/// What was read.
pub struct Input {
    /// What it describes; `None` when it is refused.
    pub deployment: Option<Deployment>,
    /// What there is to say about it.
    pub findings: Vec<Located>,
    /// The source Secrets; `None` when nobody named any.
    pub secrets: Option<Vec<Secret>>,
}

/// Reads the description.
///
/// # Errors
/// When a file cannot be read.
pub fn read(source: &PipelinesSource) -> Result<Input, Failure> {
    let mut secrets = match source.secrets.is_empty() {
        true => None,
        false => Some(secrets(&source.secrets)?),
    };
    if let Some(file) = &source.store {
        let beside = self::secrets(std::slice::from_ref(file))?;
        if !beside.is_empty() {
            secrets.get_or_insert_default().extend(beside);
        }
    }
    let known = secrets.as_deref().unwrap_or_default();
    let mut reading = reading(source, known)?;
    if let Some(deployment) = &mut reading.deployment {
        if let Some(kfp) = source.kfp {
            deployment.releases.kfp = kfp;
            deployment.releases.argo = releases::argo_of(kfp);
        }
        if let Some(argo) = source.argo {
            deployment.releases.argo = argo;
        }
    }
    Ok(Input {
        deployment: reading.deployment,
        findings: reading.findings,
        secrets,
    })
}

fn reading(source: &PipelinesSource, secrets: &[Secret]) -> Result<Reading, Failure> {
    if let Some(file) = &source.dspa {
        let (name, text) = text(file)?;
        let file = InputFile {
            name: &name,
            text: &text,
        };
        return Ok(dspa::read(file));
    }
    if let Some(file) = &source.store {
        let (name, text) = text(file)?;
        let file = InputFile {
            name: &name,
            text: &text,
        };
        return Ok(store_document::read(file, secrets));
    }
    let texts = source
        .files
        .iter()
        .map(|file| text(file))
        .collect::<Result<Vec<_>, _>>()?;
    let files: Vec<_> = texts
        .iter()
        .map(|(name, text)| InputFile { name, text })
        .collect();
    let release = source.deploykf.unwrap_or(DeploykfRelease::V0_1_5);
    Ok(deploykf::read(&files, release))
}

/// A file as text, and how it is called.
fn text(file: &Path) -> Result<(String, String), Failure> {
    let (name, bytes) = manifests::bytes(file)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(_) => Err(Failure::new(Kind::Usage, format!("`{name}` is not text"))
            .help("name a file of YAML or JSON")),
    }
}

/// The Secrets among the manifests of files; other objects are passed over.
fn secrets(files: &[impl AsRef<Path>]) -> Result<Vec<Secret>, Failure> {
    let mut secrets = Vec::new();
    for file in files {
        let (name, bytes) = manifests::bytes(file.as_ref())?;
        let unreadable = || Failure::new(Kind::Usage, format!("`{name}` is not a manifest"));
        let objects = manifest::parse(&bytes).map_err(|error| unreadable().caused_by(&error))?;
        let is_secret =
            |object: &Value| object.get("kind").and_then(Value::as_str) == Some("Secret");
        for object in objects.iter().filter(|object| is_secret(object)) {
            let secret =
                Secret::from_value(object).map_err(|error| unreadable().caused_by(&error))?;
            secrets.push(secret);
        }
    }
    Ok(secrets)
}

impl Input {
    /// The deployment; what refuses it becomes failures, all else is told on stderr.
    ///
    /// # Errors
    /// When the input is refused.
    pub fn accepted(&self) -> Result<&Deployment, Failures> {
        match &self.deployment {
            Some(deployment) => {
                self.findings.iter().for_each(tell);
                Ok(deployment)
            }
            None => {
                let passed = self.findings.iter().filter(|found| !found.is_refused);
                passed.for_each(tell);
                let refused = self.findings.iter().filter(|found| found.is_refused);
                Err(Failures(refused.map(failure).collect()))
            }
        }
    }
}

/// Tells a finding on stderr.
pub fn tell(found: &Located) {
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
