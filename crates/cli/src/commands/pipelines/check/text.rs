//! Results for people: what is wrong with a reader as soon as that is known, then a table of readers, a
//! matrix of profiles, and what follows.

use std::fmt::Write as _;

use bowline_core::Severity;
use bowline_probe::State;
use bowline_setup::check::{Cell, Pair, Report, Root, Row};

use crate::columns::columns;
use crate::terminal::{BOLD, DIM, ERROR, HELP, WARNING, count, mark, plain, style};

/// The most profiles that a matrix has room for.
const WIDEST: usize = 10;

/// A reader with something to say about it.
pub(super) fn block(row: &Row) -> String {
    if row.state == State::Passed {
        return String::new();
    }
    let (style, mark) = mark(row.state);
    let mut shown = format!("{BOLD}{}{BOLD:#}\n", plain(&heading(row)));
    if let Some(why) = &row.why {
        let _ = writeln!(shown, "  {style}{mark}{style:#} {}", plain(&why.message));
        let _ = writeln!(shown, "    {HELP}help:{HELP:#} {}", why.help);
    }
    for (name, cell) in row.cells() {
        shown.push_str(&cell.map(|cell| line(name, cell)).unwrap_or_default());
    }
    shown
}

fn heading(row: &Row) -> String {
    format!("{} in {} at `{}`", row.reader, row.namespace, row.prefix)
}

/// A request that did not end as it must.
fn line(name: &str, cell: &Cell) -> String {
    if !matches!(cell.state, State::Failed | State::Warned) {
        return String::new();
    }
    let (style, mark) = mark(cell.state);
    let outcome = cell.done.outcome;
    let detail = cell
        .done
        .detail
        .as_deref()
        .map(|it| format!(": {}", plain(it)));
    let detail = detail.unwrap_or_default();
    let mut shown = format!(
        "  {style}{mark}{style:#} {name:<6} {}{detail}\n",
        outcome.sentence
    );
    if !outcome.help.is_empty() {
        let _ = writeln!(shown, "           {HELP}help:{HELP:#} {}", outcome.help);
    }
    shown
}

/// The table, the matrix, and what follows.
pub(super) fn summary(report: &Report, is_own_allowed: bool) -> String {
    let mut shown = String::new();
    if !report.readers.is_empty() {
        shown.push_str(&columns(
            vec![
                "READER",
                "NAMESPACE",
                "PREFIX",
                "PUT",
                "GET",
                "LIST",
                "DELETE",
            ],
            report.readers.iter().map(row).collect(),
        ));
    }
    if !report.isolation.is_empty() {
        shown.push('\n');
        shown.push_str(&match names(report) {
            names if names.len() <= WIDEST => matrix(report, &names),
            _ => list(report),
        });
    }
    shown.push('\n');
    for finding in &report.findings {
        let style = style(finding.severity);
        let (severity, rule) = (finding.severity, finding.rule);
        let _ = writeln!(
            shown,
            "{style}{severity}[{rule}]{style:#}: {}",
            plain(&finding.message)
        );
        let _ = writeln!(shown, "  {HELP}help:{HELP:#} {}", plain(&finding.help));
    }
    shown.push_str(&totals(report));
    if is_own_allowed {
        let _ = writeln!(
            shown,
            "{DIM}this machine's own addresses were allowed; metadata addresses never are{DIM:#}"
        );
    }
    shown
}

fn row(row: &Row) -> Vec<String> {
    let prefix = match row.prefix.as_str() {
        "" => "(all)",
        prefix => prefix,
    };
    let mut cells = vec![
        row.reader.to_owned(),
        row.namespace.clone(),
        prefix.to_owned(),
    ];
    let (_, of_row) = mark(row.state);
    let shown =
        |(_, cell): (_, Option<&Cell>)| cell.map_or(of_row, |cell| mark(cell.state).1).to_owned();
    cells.extend(row.cells().map(shown));
    cells
}

/// The profiles that were tried, in the order in which they came.
fn names(report: &Report) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for pair in &report.isolation {
        for name in [&*pair.profile, &*pair.other] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.sort_unstable();
    names
}

/// Who gets at whose: a row for each who tries.
fn matrix(report: &Report, names: &[&str]) -> String {
    let mut titles = vec!["PROFILE"];
    titles.extend(names);
    titles.push("(whole bucket)");
    let cell = |one: &str, other: &str| {
        let is_it = |pair: &&Pair| pair.profile == one && pair.other == other;
        let pair = report.isolation.iter().find(is_it);
        pair.map_or("-", |pair| pair.standing.as_str()).to_owned()
    };
    let rows = names.iter().map(|one| {
        let mut cells = vec![(*one).to_owned()];
        cells.extend(names.iter().map(|other| cell(one, other)));
        let root = report
            .roots
            .iter()
            .find(|root: &&Root| root.profile == *one);
        cells.push(root.map_or("-", |root| root.list.as_str()).to_owned());
        cells
    });
    columns(titles, rows.collect())
}

/// Of many profiles, only those pairs that are not as they must be.
fn list(report: &Report) -> String {
    let refused = |pair: &&Pair| pair.standing.as_str() == "refused";
    let (refused, others): (Vec<_>, Vec<_>) = report.isolation.iter().partition(refused);
    let rows = others.iter().map(|pair| {
        let standing = pair.standing.as_str().to_owned();
        vec![pair.profile.clone(), pair.other.clone(), standing]
    });
    let rows: Vec<_> = rows.collect();
    let table = match rows.is_empty() {
        true => String::new(),
        false => columns(vec!["PROFILE", "AT WHAT BELONGS TO", "RESULT"], rows),
    };
    format!("{table}{} refused\n", count(refused.len(), "pair"))
}

fn totals(report: &Report) -> String {
    let of = |state| {
        report
            .readers
            .iter()
            .filter(|row| row.state == state)
            .count()
    };
    let [failed, warned, skipped] = [State::Failed, State::Warned, State::Skipped].map(of);
    let errors = report.findings.iter();
    let errors = errors.filter(|it| it.severity == Severity::Error).count();
    let mut shown = format!("{} tried", count(report.readers.len(), "place"));
    for (number, word, style) in [
        (failed, "failed", ERROR),
        (warned, "with warnings", WARNING),
        (skipped, "cannot be tried from here", DIM),
    ] {
        if number > 0 {
            let _ = write!(shown, ", {style}{number} {word}{style:#}");
        }
    }
    if !report.isolation.is_empty() {
        let tried = count(report.isolation.len(), "pair");
        let _ = write!(shown, "; {tried} of profiles");
    }
    if errors > 0 {
        let _ = write!(shown, ", {ERROR}{}{ERROR:#}", count(errors, "error"));
    }
    shown.push_str(if failed + warned + skipped + errors == 0 {
        ", all is well\n"
    } else {
        "\n"
    });
    shown
}
