//! Connections in the forms of other tools, there and back. Files, terminals and clusters are left
//! to the faces.
//!
//! Every form is read into one neutral value, a core [`Secret`] in the keys and annotations of Open
//! Data Hub (see `neutral`), and written from it. What a form cannot hold is told by findings.

mod aws;
mod docker;
mod env;
mod ini;
mod json;
mod lost;
mod manifest;
mod neutral;
mod odahu;
mod rclone;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use bowline_core::{Finding, Secret, Sensitive};

pub use env::{Shell, export, is_shell_name};
pub use neutral::neutral;

/// The longest input that is read; no set of connections comes near it.
pub const LARGEST_INPUT: usize = 16 * 1024 * 1024;

/// A form in which connections are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Secret manifests as Open Data Hub and OpenShift AI write them.
    OpenDataHub,
    /// Secret manifests as Alauda AI writes them.
    Alauda,
    /// Secret manifests with KServe's own annotations.
    KServe,
    /// Manifests of ODAHU-flow's command line.
    Odahu,
    /// Lines of `KEY=value`, for shells and for libraries that read `.env` files.
    Env,
    /// Profiles of the AWS command line and libraries.
    Aws,
    /// Remotes of rclone.
    Rclone,
    /// Registry logins of docker.
    Docker,
    /// Bowline's own JSON.
    Json,
}

impl Format {
    /// All forms, in the order in which people are shown them.
    pub const ALL: [Self; 9] = [
        Self::OpenDataHub,
        Self::Alauda,
        Self::KServe,
        Self::Odahu,
        Self::Env,
        Self::Aws,
        Self::Rclone,
        Self::Docker,
        Self::Json,
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenDataHub => "opendatahub",
            Self::Alauda => "alauda",
            Self::KServe => "kserve",
            Self::Odahu => "odahu",
            Self::Env => "env",
            Self::Aws => "aws",
            Self::Rclone => "rclone",
            Self::Docker => "docker",
            Self::Json => "json",
        }
    }

    /// What it is, for people.
    pub const fn description(self) -> &'static str {
        match self {
            Self::OpenDataHub => "Secret manifests as OpenShift AI and Open Data Hub write them",
            Self::Alauda => "Secret manifests as Alauda AI writes them",
            Self::KServe => "Secret manifests with KServe's own annotations",
            Self::Odahu => "manifests of ODAHU-flow's command line",
            Self::Env => "`KEY=value` lines (a .env file)",
            Self::Aws => "profiles of ~/.aws/credentials and ~/.aws/config",
            Self::Rclone => "remotes of rclone.conf",
            Self::Docker => "registry logins of ~/.docker/config.json",
            Self::Json => "Bowline's own JSON",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a form of connections")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// What was read, and what was left out on the way.
#[derive(Debug)]
pub struct Read {
    /// The connections, in the order of the input; neutral.
    pub secrets: Vec<Secret>,
    /// What the input held and the neutral value does not.
    pub findings: Vec<Told>,
}

/// What was written, and what the form could not hold.
#[derive(Debug)]
pub struct Written {
    /// The whole text; it holds values.
    pub text: Sensitive,
    /// What the form does not hold, or holds and its tool does not use.
    pub findings: Vec<Told>,
}

/// A finding and the connection that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Name of the connection; empty for the input as a whole.
    pub name: String,
    /// What is to be known.
    pub finding: Finding,
}

/// Why an input cannot be read. No text quotes the input: it holds values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Longer than [`LARGEST_INPUT`].
    #[error("it is longer than {} MiB", LARGEST_INPUT / 1024 / 1024)]
    TooLarge,
    /// Not text.
    #[error("it is not UTF-8 text (byte {offset})")]
    NotUtf8 {
        /// First byte that is not, from 0.
        offset: usize,
    },
    /// Not the syntax of the form.
    #[error("line {line}: {why}")]
    Line {
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// Not YAML or JSON.
    #[error(transparent)]
    Manifest(#[from] bowline_core::manifest::ManifestError),
    /// A Secret that cannot be read.
    #[error(transparent)]
    Secret(#[from] bowline_core::secret::SecretError),
    /// A docker config that cannot be read.
    #[error(transparent)]
    Docker(#[from] bowline_core::docker_config::DockerConfigError),
    /// The right syntax with the wrong content.
    #[error("{0}")]
    Content(String),
}

/// Reads connections; `name` is the name of a connection where the form has none.
///
/// # Errors
/// When the input is not of this form. Never quotes it.
pub fn read(format: Format, input: &[u8], name: &str) -> Result<Read, ReadError> {
    if input.len() > LARGEST_INPUT {
        return Err(ReadError::TooLarge);
    }
    match format {
        Format::OpenDataHub | Format::Alauda | Format::KServe => manifest::read(input),
        Format::Odahu => odahu::read(input),
        Format::Env => env::read(text(input)?, name),
        Format::Aws => aws::read(text(input)?),
        Format::Rclone => rclone::read(text(input)?),
        Format::Docker => docker::read(input, name),
        Format::Json => json::read(input, name),
    }
}

/// Writes connections, neutral or not.
pub fn write(format: Format, secrets: &[Secret]) -> Written {
    let neutral: Vec<Secret> = secrets.iter().map(neutral).collect();
    let mut written = written(format, &neutral);
    if !matches!(
        format,
        Format::OpenDataHub | Format::Alauda | Format::KServe | Format::Odahu
    ) {
        written.findings.extend(only_of_odahu(&neutral));
    }
    written
}

/// What only a record of ODAHU says, and no other tool has a place for.
fn only_of_odahu(secrets: &[Secret]) -> Vec<Told> {
    let mut losses = lost::Losses::default();
    for secret in secrets {
        for key in secret
            .annotations
            .keys()
            .filter(|key| neutral::is_of_odahu(key))
        {
            losses.lost(
                secret,
                key,
                "only manifests have a place for what ODAHU alone says",
            );
        }
    }
    losses.0
}

fn written(format: Format, neutral: &[Secret]) -> Written {
    match format {
        Format::OpenDataHub => manifest::opendatahub::write(neutral),
        Format::Alauda => manifest::alauda::write(neutral),
        Format::KServe => manifest::kserve::write(neutral),
        Format::Odahu => odahu::write(neutral),
        Format::Env => env::write(neutral),
        Format::Aws => aws::write(neutral),
        Format::Rclone => rclone::write(neutral),
        Format::Docker => docker::write(neutral),
        Format::Json => json::write(neutral),
    }
}

/// The form of an input, told by what it looks like; `None` when nothing gives it away.
pub fn guess(input: &[u8]) -> Option<Format> {
    let start = input.get(..input.len().min(LARGEST_INPUT))?;
    let text = std::str::from_utf8(start)
        .ok()?
        .trim_start_matches('\u{feff}');
    let lines = || text.lines().map(str::trim);
    let is_secret = |line: &str| {
        let line = line.trim_end_matches(',').replace(['"', ' '], "");
        line == "kind:Secret" || line == "kind:List" || line.contains("{kind:Secret")
    };
    let mentions_secret = text
        .replace([' ', '\n'], "")
        .contains("\"kind\":\"Secret\"");
    if lines().any(is_secret) || mentions_secret {
        return Some(manifest::dialect(text));
    }
    let has_record = lines().any(|line| line == "kind: Connection" || line == "spec:");
    if has_record || text.contains("\"spec\"") {
        return Some(Format::Odahu);
    }
    if text.trim_start().starts_with('{') {
        let is_docker = text.contains("\"auths\"") && !text.contains("\"values\"");
        return Some(if is_docker {
            Format::Docker
        } else {
            Format::Json
        });
    }
    if lines().any(|line| line.starts_with('[') && line.ends_with(']')) {
        let is_remote = lines().any(|line| line.split('=').next().map(str::trim) == Some("type"));
        return Some(if is_remote {
            Format::Rclone
        } else {
            Format::Aws
        });
    }
    let is_assignment = |line: &str| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        line.split_once('=')
            .is_some_and(|(key, _)| is_shell_name(key))
    };
    lines().any(is_assignment).then_some(Format::Env)
}

fn text(input: &[u8]) -> Result<&str, ReadError> {
    let text = std::str::from_utf8(input).map_err(|error| ReadError::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
