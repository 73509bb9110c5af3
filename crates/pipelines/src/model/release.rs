//! What is installed, by its numbers; what each release understands is left to
//! [`releases`](crate::releases).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases {
    /// Kubeflow Pipelines.
    pub kfp: Release,
    /// Argo Workflows.
    pub argo: Release,
    /// deployKF, where it is what installs the others.
    pub deploykf: Option<DeploykfRelease>,
}

/// A release of Kubeflow Pipelines or Argo Workflows; ordered by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// First number.
    pub major: u16,
    /// Second number.
    pub minor: u16,
    /// Third number.
    pub patch: u16,
}

impl Release {
    /// What is not released yet.
    pub const MASTER: Self = Self::new(u16::MAX, 0, 0);

    /// A release by its numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Whether it is this minor release or a later one.
    pub const fn at_least(self, major: u16, minor: u16) -> bool {
        self.major > major || (self.major == major && self.minor >= minor)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MASTER => f.write_str("master"),
            Self {
                major,
                minor,
                patch,
            } => write!(f, "{major}.{minor}.{patch}"),
        }
    }
}

/// Why a text is not a release.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no release; write {expected}")]
pub struct ReleaseError {
    text: String,
    expected: &'static str,
}

impl FromStr for Release {
    type Err = ReleaseError;

    /// Reads `2.5`, `2.5.0`, `v2.5.0` and `master`; what follows a dash is left away.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "master" {
            return Ok(Self::MASTER);
        }
        let error = || ReleaseError {
            text: text.to_owned(),
            expected: "one such as `2.5` or `2.15.0`, or `master`",
        };
        let numbers = text.strip_prefix('v').unwrap_or(text);
        let numbers = numbers.split('-').next().unwrap_or_default();
        let numbers: Vec<u16> = numbers
            .split('.')
            .map(|number| number.parse().map_err(|_| error()))
            .collect::<Result<_, _>>()?;
        match numbers[..] {
            [major, minor] => Ok(Self::new(major, minor, 0)),
            [major, minor, patch] => Ok(Self::new(major, minor, patch)),
            _ => Err(error()),
        }
    }
}

/// A release of deployKF whose values are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the release that it is named for")]
pub enum DeploykfRelease {
    V0_1_1,
    V0_1_2,
    V0_1_3,
    V0_1_4,
    V0_1_5,
}

impl DeploykfRelease {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V0_1_1,
        Self::V0_1_2,
        Self::V0_1_3,
        Self::V0_1_4,
        Self::V0_1_5,
    ];

    /// Its number.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0_1_1 => "0.1.1",
            Self::V0_1_2 => "0.1.2",
            Self::V0_1_3 => "0.1.3",
            Self::V0_1_4 => "0.1.4",
            Self::V0_1_5 => "0.1.5",
        }
    }
}

impl fmt::Display for DeploykfRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeploykfRelease {
    type Err = ReleaseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix('v').unwrap_or(text);
        let found = Self::ALL.into_iter().find(|one| one.as_str() == number);
        found.ok_or_else(|| ReleaseError {
            text: text.to_owned(),
            expected: "one of `0.1.1`, `0.1.2`, `0.1.3`, `0.1.4` and `0.1.5`",
        })
    }
}
