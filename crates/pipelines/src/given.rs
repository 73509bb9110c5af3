//! Everything that somebody gave: documents as texts, source Secrets, and what is installed; read and
//! judged. Where the texts come from is left to the faces.

use bowline_core::{Secret, manifest};
use serde_json::Value;
use thiserror::Error;

use crate::finding::Located;
use crate::input::{InputFile, Reading};
use crate::model::{DeploykfRelease, Deployment, Release};
use crate::{deploykf, dspa, releases, store_document};

/// What somebody gave. One of `values`, `dspa` and `store` counts: the last of them that is there.
#[derive(Clone, Default)]
pub struct Given<'a> {
    /// Values of deployKF; later files override earlier ones.
    pub values: Vec<InputFile<'a>>,
    /// The manifest of a DataSciencePipelinesApplication.
    pub dspa: Option<InputFile<'a>>,
    /// The manifest of a PipelineStore or an ObjectBucketClaim, with the objects that it names.
    pub store: Option<InputFile<'a>>,
    /// Manifests with the source Secrets.
    pub secrets: Vec<InputFile<'a>>,
    /// The release of deployKF whose defaults count.
    pub deploykf: Option<DeploykfRelease>,
    /// What is installed, in place of what the documents say.
    pub kfp: Option<Release>,
    /// What is installed, in place of what Kubeflow Pipelines ships.
    pub argo: Option<Release>,
}

/// What was read.
#[derive(Debug)]
pub struct Input {
    /// What it describes; `None` when it is refused.
    pub deployment: Option<Deployment>,
    /// What there is to say about it.
    pub findings: Vec<Located>,
    /// The source Secrets; `None` when nobody named any.
    pub secrets: Option<Vec<Secret>>,
}

/// A text that should hold Secrets is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{file}` is not a manifest")]
pub struct NoManifest {
    /// The file as the person named it.
    pub file: String,
    /// Why, without anything that the file holds.
    pub why: String,
}

impl Given<'_> {
    /// Reads and judges all of it.
    ///
    /// # Errors
    /// When a text that should hold Secrets is no manifest.
    pub fn read(&self) -> Result<Input, NoManifest> {
        let mut secrets = match self.secrets.is_empty() {
            true => None,
            false => Some(secrets(&self.secrets)?),
        };
        if let Some(file) = self.store {
            let beside = self::secrets(&[file])?;
            if !beside.is_empty() {
                secrets.get_or_insert_default().extend(beside);
            }
        }
        let mut reading = self.reading(secrets.as_deref().unwrap_or_default());
        if let Some(deployment) = &mut reading.deployment {
            if let Some(kfp) = self.kfp {
                deployment.releases.kfp = kfp;
                deployment.releases.argo = releases::argo_of(kfp);
            }
            if let Some(argo) = self.argo {
                deployment.releases.argo = argo;
            }
        }
        Ok(Input {
            deployment: reading.deployment,
            findings: reading.findings,
            secrets,
        })
    }

    fn reading(&self, secrets: &[Secret]) -> Reading {
        match (self.store, self.dspa) {
            (Some(file), _) => store_document::read(file, secrets),
            (None, Some(file)) => dspa::read(file),
            (None, None) => {
                let release = self.deploykf.unwrap_or(DeploykfRelease::V0_1_5);
                deploykf::read(&self.values, release)
            }
        }
    }
}

/// The Secrets among the manifests of files; other objects are passed over.
fn secrets(files: &[InputFile<'_>]) -> Result<Vec<Secret>, NoManifest> {
    let mut secrets = Vec::new();
    for file in files {
        let unreadable = |why: String| NoManifest {
            file: file.name.to_owned(),
            why,
        };
        let objects =
            manifest::parse(file.text.as_bytes()).map_err(|error| unreadable(error.to_string()))?;
        let is_secret =
            |object: &Value| object.get("kind").and_then(Value::as_str) == Some("Secret");
        for object in objects.iter().filter(|object| is_secret(object)) {
            let secret = Secret::from_value(object);
            secrets.push(secret.map_err(|error| unreadable(error.to_string()))?);
        }
    }
    Ok(secrets)
}
