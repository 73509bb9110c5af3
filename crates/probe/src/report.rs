//! What a probe has to say: its steps, each with an outcome and a time, and one verdict. Making the
//! steps is left to `session`, showing them to the faces.

use std::time::Duration;

use bowline_core::Kind;
use serde::{Serialize, Serializer};

use crate::outcome::{self, Outcome};

/// The longest detail that is kept; what is longer is cut.
const LONGEST_DETAIL: usize = 240;

/// What a step proves, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepName {
    /// The fields could work.
    Fields,
    /// The host name has an address that tests may go to.
    Name,
    /// Somebody takes connections there.
    Connect,
    /// It proves who it is.
    Tls,
    /// It knows us.
    SignIn,
    /// It lets us do what workloads do.
    Right,
    /// What workloads ask for is there.
    Object,
    /// Its bytes come.
    FirstBytes,
}

impl StepName {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Fields,
        Self::Name,
        Self::Connect,
        Self::Tls,
        Self::SignIn,
        Self::Right,
        Self::Object,
        Self::FirstBytes,
    ];

    /// The text that people and programs read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::SignIn => "sign-in",
            Self::Right => "right",
            Self::Object => "object",
            Self::FirstBytes => "first-bytes",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Passed,
    /// It does not.
    Failed,
    /// It was not tried.
    Skipped,
    /// It works, but something about it should be known.
    Warned,
}

/// One step of a probe.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What it proves.
    pub name: StepName,
    /// How it ended.
    pub state: State,
    /// With what it ended.
    #[serde(flatten)]
    pub outcome: &'static Outcome,
    /// The field to look at, as this connection spells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What exactly was tried or found, escaped and cut; never a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How long it took.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub took: Duration,
}

impl Step {
    /// Whether the service has answered in its protocol.
    pub fn is_spoken(&self) -> bool {
        self.name > StepName::Tls && matches!(self.state, State::Passed | State::Warned)
    }
}

/// News of a running probe, in order.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// A step was begun.
    Begun(StepName),
    /// A step has ended.
    Ended(&'a Step),
}

/// What a whole probe ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Passed, failed or warned; skipped where nothing was proved, since nobody was asked.
    pub state: State,
    /// That of the first step that failed, else of the first that proves nothing, else of the first
    /// that warned, where what the fields say comes last; else `passed`.
    #[serde(flatten)]
    pub outcome: &'static Outcome,
}

/// All steps of a probe, and what they amount to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What the steps amount to.
    pub verdict: Verdict,
    /// The steps in the order in which they ended.
    pub steps: Vec<Step>,
    /// How long all took.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub took: Duration,
}

impl Report {
    /// A report of steps.
    pub fn new(steps: Vec<Step>, took: Duration) -> Self {
        let with = |state| steps.iter().filter(move |step| step.state == state);
        let untested = || with(State::Warned).find(|step| step.outcome.is_untested());
        let doubtful = || with(State::Warned).find(|step| step.name != StepName::Fields);
        let decided = match (with(State::Failed).next(), untested()) {
            (Some(failed), _) => Some((State::Failed, failed)),
            (None, Some(untested)) => Some((State::Skipped, untested)),
            (None, None) => doubtful()
                .or_else(|| with(State::Warned).next())
                .map(|doubtful| (State::Warned, doubtful)),
        };
        let verdict = decided.map_or(PASSED, |(state, step)| Verdict {
            state,
            outcome: step.outcome,
        });
        Self {
            verdict,
            steps,
            took,
        }
    }

    /// Whether it failed in a way that tells what is at an address.
    pub fn is_telling(&self) -> bool {
        self.verdict.state == State::Failed && self.verdict.outcome.is_telling()
    }

    /// The same, if it [tells](Report::is_telling) what is at an address, without that: neither in
    /// outcomes nor in times, so that tests are no way to look around in a network.
    #[must_use]
    pub fn coarse(self) -> Self {
        let failed = |step: &Step| step.state == State::Failed;
        let Some(at) = self
            .steps
            .iter()
            .position(failed)
            .filter(|_| self.is_telling())
        else {
            return self;
        };
        // Once a service has spoken its protocol, that it is there is no news.
        let has_spoken = self.steps[..at].iter().any(Step::is_spoken);
        let (kept, name) = match has_spoken {
            true => (at, self.steps[at].name),
            false => (at.min(1), StepName::Connect),
        };
        let mut steps = self.steps;
        steps.truncate(kept);
        let hidden = |name, state, outcome| Step {
            name,
            state,
            outcome,
            field: None,
            detail: None,
            took: Duration::ZERO,
        };
        steps.push(hidden(name, State::Failed, &outcome::NOT_TOLD));
        for name in StepName::ALL {
            if steps.iter().all(|step| step.name != name) {
                steps.push(hidden(name, State::Skipped, &outcome::NOT_REACHED));
            }
        }
        Self::new(steps, Duration::ZERO)
    }

    /// The step that decided the verdict; `None` where all is well.
    pub fn decisive(&self) -> Option<&Step> {
        let state = match self.verdict.state {
            State::Passed => return None,
            State::Skipped => State::Warned,
            state => state,
        };
        let mut steps = self.steps.iter().filter(|step| step.state == state);
        steps.find(|step| step.outcome.id == self.verdict.outcome.id)
    }

    /// Whether it proves nothing: it did not fail, but nobody was asked who could know.
    pub fn is_untested(&self) -> bool {
        self.verdict.state == State::Skipped
    }

    /// What kind of failure it is; `None` where it did not fail.
    pub fn kind(&self) -> Option<Kind> {
        let failed = self.verdict.state == State::Failed;
        failed.then(|| self.verdict.outcome.kind.unwrap_or(Kind::Invalid))
    }
}

const PASSED: Verdict = Verdict {
    state: State::Passed,
    outcome: &outcome::PASSED,
};

/// Text that may hold what a peer sent, made safe to show: escaped, and cut.
pub(crate) fn plain(text: &str) -> String {
    let escape = |c: char| -> String {
        let is_direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match c.is_control() || is_direction {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        }
    };
    let mut shown = String::new();
    for piece in text.chars().map(escape) {
        if shown.len() + piece.len() > LONGEST_DETAIL {
            return shown + "…";
        }
        shown.push_str(&piece);
    }
    shown
}

pub(crate) fn milliseconds<S: Serializer>(
    took: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(name: StepName, outcome: &'static Outcome, milliseconds: u64) -> Step {
        Step {
            name,
            state: State::Failed,
            outcome,
            field: Some("AWS_S3_ENDPOINT".to_owned()),
            detail: Some("10.0.0.1:22".to_owned()),
            took: Duration::from_millis(milliseconds),
        }
    }

    fn passed(name: StepName) -> Step {
        Step {
            state: State::Passed,
            ..failed(name, &outcome::PASSED, 3)
        }
    }

    /// Open, closed, filtered, and open to something else.
    fn ways_to_fail() -> Vec<Vec<Step>> {
        let way_there = [StepName::Name, StepName::Connect].map(passed);
        let after = |step: Step| way_there.iter().cloned().chain([step]).collect();
        vec![
            vec![failed(StepName::Name, &outcome::NAME_UNKNOWN, 1)],
            vec![
                passed(StepName::Name),
                failed(StepName::Connect, &outcome::CONNECT_REFUSED, 1),
            ],
            vec![
                passed(StepName::Name),
                failed(StepName::Connect, &outcome::CONNECT_TIMEOUT, 3000),
            ],
            after(failed(StepName::Tls, &outcome::TLS_NOT_SPOKEN, 9)),
            after(failed(StepName::SignIn, &outcome::NOT_HTTP, 9)),
            after(failed(StepName::SignIn, &outcome::ANSWER_TIMEOUT, 5000)),
        ]
    }

    #[test]
    fn coarse_reports_of_open_closed_and_filtered_ports_are_the_same() {
        let shown = |steps| {
            let steps = std::iter::once(passed(StepName::Fields))
                .chain(steps)
                .collect();
            let report = Report::new(steps, Duration::from_secs(1)).coarse();
            serde_json::to_string(&report).expect("a plain object")
        };
        let all: std::collections::BTreeSet<String> =
            ways_to_fail().into_iter().map(shown).collect();
        assert_eq!(all.len(), 1, "{all:#?}");
        assert!(all.iter().all(|report| report.contains("not-told")));
    }

    #[test]
    fn what_a_service_says_about_a_login_is_told_in_full() {
        let steps = vec![failed(StepName::SignIn, &outcome::WRONG_SECRET_KEY, 5)];
        let report = Report::new(steps, Duration::ZERO).coarse();
        assert_eq!(report.verdict.outcome.id, "wrong-secret-key");
    }

    #[test]
    fn what_a_peer_sent_is_escaped_and_cut() {
        assert_eq!(
            plain("a\u{1b}[2J\r\n{\"level\":\"info\"}\u{202e}"),
            "a\\u{1b}[2J\\r\\n{\"level\":\"info\"}\\u{202e}"
        );
        assert_eq!(
            plain(&"x".repeat(10_000)).chars().count(),
            LONGEST_DETAIL + 1
        );
    }
}
