//! How profiles stand to what belongs to others, and what is to be said about it.

use bowline_core::{Finding, Severity};
use bowline_probe::{Done, outcome};
use serde::Serialize;

/// How somebody stands to something that they must not do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", tag = "standing")]
pub enum Standing {
    /// The service refuses.
    Refused,
    /// It was done.
    Lost,
    /// It was neither done nor refused.
    Unknown {
        /// With what it ended.
        #[serde(flatten)]
        done: Done,
    },
    /// Both have one key, which cannot be refused.
    SameKey,
}

impl Standing {
    pub(super) fn of(done: &Done) -> Self {
        match (done.is_passed(), done.is_refused()) {
            (true, _) => Self::Lost,
            (false, true) => Self::Refused,
            (false, false) => Self::Unknown { done: done.clone() },
        }
    }

    /// A refusal to read something that is not there says nothing.
    pub(super) fn of_read(done: &Done, is_there: bool) -> Self {
        match Self::of(done) {
            Self::Refused if !is_there => Self::Unknown {
                done: Done::not_tried(&outcome::UNPROVED),
            },
            standing => standing,
        }
    }

    /// The word that people read.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Unknown { .. } => "unknown",
            Self::SameKey => "same key",
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Refused => 0,
            Self::SameKey => 1,
            Self::Unknown { .. } => 2,
            Self::Lost => 3,
        }
    }

    pub(super) fn done_mut(&mut self) -> Option<&mut Done> {
        match self {
            Self::Unknown { done } => Some(done),
            Self::Refused | Self::Lost | Self::SameKey => None,
        }
    }

    pub(super) const fn unknown(&self) -> Option<&Done> {
        match self {
            Self::Unknown { done } => Some(done),
            Self::Refused | Self::Lost | Self::SameKey => None,
        }
    }
}

/// A profile at what belongs to another.
#[derive(Debug, Clone, Serialize)]
pub struct Pair {
    /// Who tries.
    pub profile: String,
    /// Whose it is.
    pub other: String,
    /// The worst of all that was tried.
    #[serde(flatten)]
    pub standing: Standing,
    /// At each prefix of the other's.
    pub trials: Vec<Trial>,
}

/// What was tried at one prefix.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// What the other's keys begin with.
    pub prefix: String,
    /// Reading an object that is there.
    pub read: Standing,
    /// Writing one.
    pub write: Standing,
    /// Listing.
    pub list: Standing,
    #[serde(skip)]
    pub(super) is_left: bool,
}

impl Trial {
    fn parts(&self) -> [(&'static str, &Standing); 3] {
        [
            ("reads", &self.read),
            ("writes", &self.write),
            ("lists", &self.list),
        ]
    }
}

impl Pair {
    pub(super) fn new(profile: &str, other: &str) -> Self {
        Self {
            profile: profile.to_owned(),
            other: other.to_owned(),
            standing: Standing::Refused,
            trials: Vec::new(),
        }
    }

    pub(super) fn of_one_key(profile: &str, other: &str) -> Self {
        Self {
            standing: Standing::SameKey,
            ..Self::new(profile, other)
        }
    }

    pub(super) fn add(&mut self, trial: Trial) {
        for (_, standing) in trial.parts() {
            if standing.rank() > self.standing.rank() {
                self.standing = standing.clone();
            }
        }
        self.trials.push(trial);
    }

    pub(super) fn finding(&self) -> Option<Finding> {
        let Self { profile, other, .. } = self;
        match &self.standing {
            Standing::Lost => {
                let lost = self.trials.iter().flat_map(|trial| {
                    let is_lost =
                        |(_, standing): &(_, &Standing)| matches!(standing, Standing::Lost);
                    let parts = trial.parts().into_iter().filter(is_lost);
                    parts.map(|(verb, _)| format!("{verb} `{}`", trial.prefix))
                });
                let lost: Vec<_> = lost.collect();
                Some(finding(
                    Severity::Error,
                    "isolation-lost",
                    profile,
                    format!(
                        "isolation lost: profile `{profile}` {} of profile `{other}`",
                        lost.join(", ")
                    ),
                    "give its key the policy of `bowline pipelines policies`, and nothing besides",
                ))
            }
            Standing::Unknown { done } => Some(unknown(
                profile,
                &format!("profile `{profile}` gets at what belongs to `{other}`"),
                done,
            )),
            Standing::Refused | Standing::SameKey => None,
        }
    }
}

/// A profile at the list of the whole bucket.
#[derive(Debug, Clone, Serialize)]
pub struct Root {
    /// Who tries.
    pub profile: String,
    /// Listing without a prefix.
    pub list: Standing,
}

impl Root {
    pub(super) fn finding(&self) -> Option<Finding> {
        let profile = &self.profile;
        match &self.list {
            Standing::Lost => Some(finding(
                Severity::Error,
                "isolation-lost",
                profile,
                format!("isolation lost: profile `{profile}` lists the whole bucket"),
                "limit its right to list by `s3:prefix`, as `bowline pipelines policies` does",
            )),
            Standing::Unknown { done } => Some(unknown(
                profile,
                &format!("profile `{profile}` lists the whole bucket"),
                done,
            )),
            Standing::Refused | Standing::SameKey => None,
        }
    }
}

/// How profiles stand to each other.
#[derive(Default)]
pub(super) struct Isolation {
    pub(super) pairs: Vec<Pair>,
    pub(super) roots: Vec<Root>,
    /// Profiles that have one key, and whether they are described so.
    pub(super) same_keys: Vec<(Vec<String>, bool)>,
    pub(super) left_out: usize,
}

/// The rule of what is not known.
pub(super) const UNKNOWN: &str = "isolation-unknown";

fn unknown(profile: &str, whether: &str, done: &Done) -> Finding {
    finding(
        Severity::Error,
        UNKNOWN,
        profile,
        format!("whether {whether} is not known: {}", done.outcome.sentence),
        "mend what its readers fail with, and check again",
    )
}

/// What is said about profiles that have one key.
pub(super) fn same_key(names: &[String], is_described: bool) -> Finding {
    let listed: Vec<_> = names
        .iter()
        .take(5)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = match names.len().saturating_sub(listed.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let who = format!("profiles {}{more}", listed.join(", "));
    let help =
        "give each profile a key of its own: `auth.type: KeyPerProfile`, or a Secret for each";
    match is_described {
        true => finding(
            Severity::Warning,
            "shared-key",
            "",
            format!("{who} share one key, so no policy can keep them apart"),
            help,
        ),
        false => finding(
            Severity::Error,
            "same-key",
            "",
            format!("{who} have one access key, though each should have its own"),
            help,
        ),
    }
}

pub(super) fn finding(
    severity: Severity,
    rule: &'static str,
    field: &str,
    message: String,
    help: &str,
) -> Finding {
    Finding {
        severity,
        rule,
        field: field.to_owned(),
        message,
        help: help.to_owned(),
    }
}
