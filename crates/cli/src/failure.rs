//! The one funnel for errors: every failure of a command becomes a [`Failure`], is shown once as
//! `error:`, `cause:`, `help:`, and decides the exit code. Findings about somebody's connections
//! are results, not failures, and are left to `commands::lint`.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

pub use bowline_core::Kind;

use crate::terminal::{self, plain};

/// Why a command did not do what it was asked to. Texts never hold a Secret's value.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    what: String,
    causes: Vec<String>,
    help: Option<String>,
}

impl Failure {
    /// A failure: what went wrong, and where.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            causes: Vec::new(),
            help: None,
        }
    }

    /// Adds one cause, below those that are there.
    pub fn cause(mut self, text: impl Into<String>) -> Self {
        self.causes.push(text.into());
        self
    }

    /// Adds an error and everything behind it as causes. Only for errors whose texts quote nothing
    /// that could be a Secret's value.
    pub fn caused_by(mut self, error: &(dyn Error + 'static)) -> Self {
        let chain = std::iter::successors(Some(error), |error| (*error).source());
        self.causes.extend(chain.map(ToString::to_string));
        self
    }

    /// Sets the one next action.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// What kind of failure it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let help = self.help.iter().map(|text| (terminal::HELP, "help", text));
        let causes = self
            .causes
            .iter()
            .map(|text| (terminal::BOLD, "cause", text));
        let what = std::iter::once((terminal::ERROR, "error", &self.what));
        for (style, word, text) in what.chain(causes).chain(help) {
            writeln!(out, "{style}{word}:{style:#} {}", plain(text))?;
        }
        Ok(())
    }
}

/// One or more failures of one command, all of which a person should see at once.
#[derive(Debug)]
pub struct Failures(pub Vec<Failure>);

impl From<Failure> for Failures {
    fn from(failure: Failure) -> Self {
        Self(vec![failure])
    }
}

impl Failures {
    /// Shows all of them on stderr; the first decides the exit code.
    pub fn report(&self) -> ExitCode {
        let mut out = anstream::stderr().lock();
        for (index, failure) in self.0.iter().enumerate() {
            if index > 0 {
                let _ = writeln!(out);
            }
            // Where stderr is closed there is nobody left to tell.
            let _ = failure.write(&mut out);
        }
        let kind = self.0.first().map_or(Kind::Internal, Failure::kind);
        ExitCode::from(kind.exit_code())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn shown(failure: &Failure) -> String {
        let mut out = Vec::new();
        failure.write(&mut out).expect("a vector takes everything");
        anstream::adapter::strip_str(&String::from_utf8(out).expect("text")).to_string()
    }

    #[test]
    fn a_failure_shows_what_then_causes_then_help() {
        let failure = Failure::new(Kind::Usage, "`a.yaml` is unreadable")
            .cause("no such file")
            .help("look");
        insta::assert_snapshot!(shown(&failure), @r"
        error: `a.yaml` is unreadable
        cause: no such file
        help: look
        ");
    }

    #[test]
    fn control_characters_cannot_forge_a_line() {
        let failure = Failure::new(Kind::Invalid, "name `a\nhelp: run this`\u{1b}[2J");
        assert_eq!(
            shown(&failure),
            "error: name `a\\nhelp: run this`\\u{1b}[2J\n"
        );
    }

    #[test]
    fn an_error_becomes_the_chain_of_its_causes() {
        let inner = io::Error::other("disk on fire");
        let failure = Failure::new(Kind::Internal, "cannot write").caused_by(&inner);
        assert_eq!(
            shown(&failure),
            "error: cannot write\ncause: disk on fire\n"
        );
    }

    /// The page that people read has the same rows as the code.
    #[rstest]
    #[case("Invalid", Kind::Invalid, &[400, 413, 422])]
    #[case("Usage", Kind::Usage, &[])]
    #[case("NotFound", Kind::NotFound, &[404])]
    #[case("Conflict", Kind::Conflict, &[409])]
    #[case("Unauthenticated", Kind::Unauthenticated, &[401])]
    #[case("Forbidden", Kind::Forbidden, &[403])]
    #[case("Unavailable", Kind::Unavailable, &[408, 410, 502, 503, 504])]
    #[case("RateLimited", Kind::RateLimited, &[429])]
    #[case("Internal", Kind::Internal, &[500])]
    fn the_documented_row_is_true(
        #[case] name: &str,
        #[case] kind: Kind,
        #[case] statuses: &[u16],
    ) {
        const PAGE: &str = include_str!("../../../docs/reference/errors.md");
        let row = PAGE
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        let cells: Vec<&str> = row.expect("a row").split('|').map(str::trim).collect();
        let listed: Vec<u16> = cells[3]
            .split(", ")
            .filter_map(|status| status.parse().ok())
            .collect();
        assert_eq!(cells[2], kind.exit_code().to_string());
        assert_eq!(listed, statuses);
        assert!(
            statuses
                .iter()
                .all(|status| Kind::of_status(*status) == kind)
        );
    }
}
