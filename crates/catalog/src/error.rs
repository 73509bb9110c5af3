//! Why something about connections or types was not done; showing it is left to the faces.

use bowline_core::{Finding, Kind};

/// The result of what this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done. No text holds a Secret's value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given breaks rules, all of which are said.
    #[error("{what} cannot be stored as it is")]
    Invalid {
        /// What was given, such as "connection `tides` in project `team-a`".
        what: String,
        /// Everything that is wrong with it.
        findings: Vec<Finding>,
    },
    /// It is not there.
    #[error("there is no {what}")]
    NotFound {
        /// What was looked for, such as "connection `tides` in project `team-a`".
        what: String,
    },
    /// It is another version by now than the one that was meant.
    #[error("{what}")]
    Changed {
        /// What was changed, and where it is known by whom.
        what: String,
        /// One next action.
        help: String,
    },
    /// Another object has the name, or it is in use.
    #[error("{what}")]
    Conflict {
        /// What stands against what, and where it is known who did it.
        what: String,
        /// One next action.
        help: String,
    },
    /// It may be in use where the caller cannot look.
    #[error("{what}")]
    Unseen {
        /// What could not be looked at.
        what: String,
        /// One next action.
        help: String,
    },
    /// The server refuses, whatever the caller's rights: something is protected.
    #[error("{what}")]
    Protected {
        /// What is protected, and why.
        what: String,
        /// One next action.
        help: String,
    },
    /// The Kubernetes API does not answer, or refuses.
    #[error("{step} failed")]
    Kubernetes {
        /// The step that failed, such as "reading Secret `tides` in namespace `team-a`".
        step: String,
        /// The cause; the texts of the API quote names and not values.
        #[source]
        source: Box<kube::Error>,
    },
    /// An object holds something that cannot be read.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// The object.
        what: String,
        /// What is wrong with it, without quoting a value.
        why: String,
    },
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Invalid { .. } | Self::Unreadable { .. } => Kind::Invalid,
            Self::NotFound { .. } => Kind::NotFound,
            Self::Changed { .. } | Self::Conflict { .. } | Self::Unseen { .. } => Kind::Conflict,
            Self::Protected { .. } => Kind::Forbidden,
            Self::Kubernetes { source, .. } => match &**source {
                kube::Error::Api(status) => Kind::of_status(status.code),
                _ => Kind::Unavailable,
            },
        }
    }

    /// Whether the Kubernetes API has said no, so that nothing has happened. After any other error
    /// of a change only the answer may have been lost.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Changed { .. } => true,
            Self::Kubernetes { source, .. } => {
                matches!(&**source, kube::Error::Api(status) if (400..=499).contains(&status.code))
            }
            _ => false,
        }
    }

    /// An error of a request to the Kubernetes API, with the step that made it.
    pub fn of_kubernetes(step: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let step = step.into();
        move |source| Self::Kubernetes {
            step,
            source: Box::new(source),
        }
    }
}
