//! Results as build servers read them: one case for each reader and place, one for each pair of
//! profiles, one for each profile at the whole bucket.

use std::fmt::Write as _;
use std::time::Duration;

use bowline_probe::{Done, State};
use bowline_setup::check::{Cell, Report, Row, Standing};

use crate::commands::test::junit::{escaped, seconds};

/// The document.
pub(super) fn render(report: &Report) -> String {
    let mut cases: Vec<Case> = report.readers.iter().map(of_reader).collect();
    cases.extend(report.isolation.iter().map(|pair| Case {
        class: pair.profile.clone(),
        name: format!("keeps out of {}", pair.other),
        took: Duration::ZERO,
        end: of_standing(&pair.standing),
    }));
    cases.extend(report.roots.iter().map(|root| Case {
        class: root.profile.clone(),
        name: "keeps out of the whole bucket".to_owned(),
        took: Duration::ZERO,
        end: of_standing(&root.list),
    }));
    let of = |wanted: fn(&End) -> bool| cases.iter().filter(|case| wanted(&case.end)).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        cases.len(),
        of(|end| matches!(end, End::Failed(..))),
        of(|end| matches!(end, End::Skipped(_))),
    );
    let cases: String = cases.iter().map(Case::render).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"bowline pipelines check\" {counts}>\n{cases}  </testsuite>\n</testsuites>\n"
    )
}

struct Case {
    class: String,
    name: String,
    took: Duration,
    end: End,
}

enum End {
    Passed,
    Skipped(String),
    /// A word for programs, and a text.
    Failed(&'static str, String),
}

impl Case {
    fn render(&self) -> String {
        let (class, name) = (escaped(&self.class), escaped(&self.name));
        let mut case = format!(
            "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{}\">\n",
            seconds(self.took)
        );
        // Writing to a text cannot fail.
        let _ = match &self.end {
            End::Passed => Ok(()),
            End::Skipped(why) => writeln!(case, "      <skipped message=\"{}\"/>", escaped(why)),
            End::Failed(word, why) => writeln!(
                case,
                "      <failure type=\"{word}\" message=\"{}\"/>",
                escaped(why)
            ),
        };
        case + "    </testcase>\n"
    }
}

fn of_reader(row: &Row) -> Case {
    let cells = row.cells();
    let cells = || {
        cells
            .iter()
            .filter_map(|(name, cell)| Some((*name, (*cell)?)))
    };
    let why = row.why.as_ref().map(|why| why.message.clone());
    let failed = cells().filter(|(_, cell)| cell.state == State::Failed);
    let failed: Vec<(&str, &Cell)> = failed.collect();
    let end = match (row.state, why) {
        (State::Failed, Some(why)) => End::Failed("not-tried", why),
        (State::Failed, None) => {
            let said = failed
                .iter()
                .map(|(name, cell)| format!("{name}: {}", said(&cell.done)));
            let word = failed
                .first()
                .map_or("failed", |(_, cell)| cell.done.outcome.id);
            End::Failed(word, said.collect::<Vec<_>>().join("; "))
        }
        (State::Skipped, why) => End::Skipped(why.unwrap_or_default()),
        (State::Passed | State::Warned, _) => End::Passed,
    };
    Case {
        class: row.namespace.clone(),
        name: format!("{} at {}", row.reader, row.prefix),
        took: cells().map(|(_, cell)| cell.done.took).sum(),
        end,
    }
}

fn of_standing(standing: &Standing) -> End {
    match standing {
        Standing::Refused => End::Passed,
        Standing::Lost => End::Failed("isolation-lost", "isolation lost".to_owned()),
        Standing::Unknown { done } => End::Failed("isolation-unknown", said(done)),
        Standing::SameKey => End::Skipped("both have one key".to_owned()),
    }
}

fn said(done: &Done) -> String {
    let detail = done.detail.as_ref().map(|detail| format!(": {detail}"));
    format!("{}{}", done.outcome.sentence, detail.unwrap_or_default())
}
