//! The list for people: a table of connections, and below it what could be one.

use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::{CandidateRow, ConnectionRow, Counts, Listing};
use crate::cluster::Scope;
use crate::terminal::{BOLD, HELP, count, plain};

/// The whole list.
pub fn render(listing: &Listing, scope: &Scope) -> String {
    let with_namespace = *scope == Scope::All;
    let mut out = match listing.connections.as_slice() {
        [] => empty(scope),
        rows => connections(rows, with_namespace),
    };
    if !listing.candidates.is_empty() {
        let number = count(listing.candidates.len(), "Secret");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n{BOLD}{number} could be a connection:{BOLD:#}\n");
        out.extend(
            listing
                .candidates
                .iter()
                .map(|row| candidate(row, with_namespace)),
        );
    }
    out
}

fn empty(scope: &Scope) -> String {
    match scope {
        Scope::All => "no connections in any namespace\n".to_owned(),
        Scope::Namespace(name) => format!("no connections in namespace `{}`\n", plain(name)),
    }
}

fn connections(rows: &[ConnectionRow], with_namespace: bool) -> String {
    let mut table = Table::new();
    // One line for each connection, so that lines can be searched and cut.
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    let namespace = |text: &str| with_namespace.then(|| text.to_owned());
    let titles = [
        "NAME",
        "DISPLAY NAME",
        "PROTOCOL",
        "DIALECT",
        "FINDINGS",
        "WHY",
    ];
    table.set_header(
        namespace("NAMESPACE")
            .into_iter()
            .chain(titles.map(str::to_owned)),
    );
    for row in rows {
        let cells = [
            plain(&row.name).into_owned(),
            plain(&row.display_name).into_owned(),
            row.protocol.unwrap_or("unknown").to_owned(),
            row.dialect.clone(),
            findings(row.findings),
            plain(&row.why).into_owned(),
        ];
        table.add_row(namespace(&plain(&row.namespace)).into_iter().chain(cells));
    }
    // Every cell is padded on both sides, which the outermost do not need.
    let outline =
        |line: String| format!("{}\n", line.strip_prefix(' ').unwrap_or(&line).trim_end());
    table.lines().map(outline).collect()
}

fn findings(counts: Counts) -> String {
    let parts = [
        (counts.errors, "error"),
        (counts.warnings, "warning"),
        (counts.notes, "note"),
    ];
    let found: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    if found.is_empty() {
        "none".to_owned()
    } else {
        found.join(", ")
    }
}

fn candidate(row: &CandidateRow, with_namespace: bool) -> String {
    let namespace = if with_namespace {
        format!("{}/", plain(&row.namespace))
    } else {
        String::new()
    };
    format!(
        "{namespace}{}: {}\n{HELP}  help:{HELP:#} {}\n",
        plain(&row.name),
        plain(&row.reason),
        plain(&row.help),
    )
}
