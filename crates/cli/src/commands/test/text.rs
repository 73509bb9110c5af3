//! Results for people: a heading and its steps, and a summary of many.

use std::fmt::Write as _;
use std::time::Duration;

use bowline_core::Connection;
use bowline_probe::{State, Step};

use super::Tested;
use crate::columns::columns;
use crate::terminal::{BOLD, DIM, ERROR, HELP, WARNING, count, mark, plain};

/// The name of a connection, as it stands above its steps.
pub(super) fn heading(connection: &Connection) -> String {
    let protocol = connection
        .protocol
        .map_or("unknown protocol", bowline_core::Protocol::as_str);
    format!(
        "{BOLD}{}{BOLD:#} {DIM}{protocol}{DIM:#}\n",
        plain(&name(connection))
    )
}

fn name(connection: &Connection) -> String {
    format!("{}/{}", connection.secret.namespace, connection.secret.name)
}

/// One step; nothing for those that were never reached or do not apply.
pub(super) fn step(step: &Step) -> String {
    if step.state == State::Skipped && step.detail.is_none() {
        return String::new();
    }
    let (style, mark) = mark(step.state);
    let mut shown = format!("  {style}{mark}{style:#} {:<12}", step.name.as_str());
    let detail = step.detail.as_deref().unwrap_or_default();
    match step.state {
        State::Passed | State::Skipped => {
            let _ = write!(shown, "{}", plain(detail));
        }
        State::Failed | State::Warned => {
            let _ = write!(shown, "{}", step.outcome.sentence);
            if !detail.is_empty() {
                let _ = write!(shown, ": {}", plain(detail));
            }
        }
    }
    let mut shown = format!("{} {DIM}{}{DIM:#}\n", shown.trim_end(), time(step.took));
    if matches!(step.state, State::Failed | State::Warned) {
        if let Some(field) = &step.field {
            let _ = writeln!(shown, "{:17}field: `{}`", "", plain(field));
        }
        if !step.outcome.help.is_empty() {
            let _ = writeln!(shown, "{:17}{HELP}help:{HELP:#} {}", "", step.outcome.help);
        }
    }
    shown
}

/// One of many: its steps only where there is something to say.
pub(super) fn block(tested: &Tested<'_>) -> String {
    if tested.report.verdict.state == State::Passed {
        return String::new();
    }
    format!("{}\n", whole(tested))
}

/// The name of a connection, and its steps.
pub(super) fn whole(tested: &Tested<'_>) -> String {
    let steps: String = tested.report.steps.iter().map(step).collect();
    format!("{}{steps}", heading(tested.connection))
}

/// A line about one, a table about many, and what the tests were allowed to do. So many more have
/// told nothing.
pub(super) fn summary(all: &[Tested<'_>], silent: usize, is_own_allowed: bool) -> String {
    let mut shown = String::new();
    if all.len() > 1 {
        shown.push_str(&columns(
            vec!["NAME", "PROTOCOL", "RESULT", "OUTCOME", "TIME"],
            all.iter().map(row).collect(),
        ));
    }
    let of = |state| {
        all.iter()
            .filter(|tested| tested.report.verdict.state == state)
            .count()
    };
    let (failed, warned) = (of(State::Failed), of(State::Warned));
    let untested = of(State::Skipped) + silent;
    let asked = count(all.len() + silent, "connection");
    let _ = match all.len() + silent - untested {
        _ if untested == 0 => write!(shown, "\n{asked} tested"),
        0 => write!(shown, "\n{asked}"),
        tested => write!(shown, "\n{asked}, {tested} tested"),
    };
    for (number, word, style) in [
        (failed, "failed", ERROR),
        (warned, "with warnings", WARNING),
        (untested, "not tested", WARNING),
    ] {
        if number > 0 {
            let _ = write!(shown, ", {style}{number} {word}{style:#}");
        }
    }
    shown.push_str(if failed + warned + untested == 0 {
        ", all is well\n"
    } else {
        "\n"
    });
    if is_own_allowed {
        let _ = writeln!(
            shown,
            "{DIM}this machine's own addresses were allowed; metadata addresses never are{DIM:#}"
        );
    }
    shown
}

fn row(tested: &Tested<'_>) -> Vec<String> {
    let report = &tested.report;
    let result = match report.verdict.state {
        State::Failed => "failed",
        State::Warned => "warned",
        State::Skipped => "not tested",
        State::Passed => "passed",
    };
    vec![
        name(tested.connection),
        tested
            .connection
            .protocol
            .map_or("-", bowline_core::Protocol::as_str)
            .to_owned(),
        result.to_owned(),
        report.verdict.outcome.id.to_owned(),
        time(report.took),
    ]
}

fn time(took: Duration) -> String {
    match took.as_millis() {
        milliseconds @ 0..1000 => format!("{milliseconds} ms"),
        milliseconds => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
    }
}
