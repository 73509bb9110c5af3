//! The list for people: a table of connections, and below it what could be one.

use std::fmt::Write as _;

use bowline_catalog::compatibility::Tag;
use bowline_catalog::row::{Counts, Row};

use super::Listing;
use crate::cluster::Scope;
use crate::columns::{columns, not_looked_at};
use crate::output::Width;
use crate::terminal::{BOLD, HELP, count, plain};

/// One column: its title, and what it says of a row.
type Column = (&'static str, fn(&Row) -> String);

const NARROW: [Column; 6] = [
    ("NAME", |row| row.name.clone()),
    ("DISPLAY NAME", |row| row.display_name.clone()),
    ("PROTOCOL", protocol),
    ("DIALECT", |row| row.dialect.clone()),
    ("FINDINGS", findings),
    ("WHY", |row| row.why.clone()),
];
const WIDE: [Column; 15] = [
    NARROW[0],
    NARROW[1],
    ("TYPE", |row| known(row.type_.as_deref())),
    NARROW[2],
    NARROW[3],
    ("SERVES", |row| {
        let tags: Vec<_> = row.tags.iter().copied().map(Tag::caption).collect();
        known(Some(tags.join(", ").as_str()).filter(|text| !text.is_empty()))
    }),
    ("USED BY", |row| {
        row.used_by
            .map_or_else(|| known(None), |count| count.to_string())
    }),
    ("TEST", |row| {
        known(row.test.as_ref().map(|test| test.word()))
    }),
    ("VITAL", |row| {
        if row.is_vital { "yes" } else { "no" }.to_owned()
    }),
    ("CREATOR", |row| known(row.creator.as_deref())),
    ("CREATED", |row| known(row.created.as_deref())),
    NARROW[4],
    NARROW[5],
    ("DESCRIPTION", |row| known(row.description.as_deref())),
    ("NOT DEPLOYABLE", |row| {
        let reasons = row.not_deployable.join("; ");
        known(Some(reasons.as_str()).filter(|text| !text.is_empty()))
    }),
];

/// The whole list.
pub fn render(listing: &Listing, scope: &Scope, width: Width) -> String {
    let with_namespace = *scope == Scope::All;
    let mut out = match (listing.connections.as_slice(), width) {
        ([], _) => empty(listing, scope),
        (rows, Width::Normal) => connections(rows, &NARROW, with_namespace),
        (rows, Width::Wide) => connections(rows, &WIDE, with_namespace),
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
    out.push_str(&not_looked_at(&listing.not_looked_at));
    out
}

fn empty(listing: &Listing, scope: &Scope) -> String {
    let place = match scope {
        Scope::All => "in any namespace".to_owned(),
        Scope::Namespace(name) => format!("in namespace `{}`", plain(name)),
    };
    match listing.is_filtered {
        true => format!("no connections {place} fit the conditions\n"),
        false => format!("no connections {place}\n"),
    }
}

fn connections(rows: &[Row], shown: &[Column], with_namespace: bool) -> String {
    let namespace: Column = ("NAMESPACE", |row| row.namespace.clone());
    let shown: Vec<_> = with_namespace
        .then_some(&namespace)
        .into_iter()
        .chain(shown)
        .collect();
    let titles = shown.iter().map(|(title, _)| *title).collect();
    let cells = |row: &Row| shown.iter().map(|(_, cell)| cell(row)).collect();
    columns(titles, rows.iter().map(cells).collect())
}

fn known(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

fn protocol(row: &Row) -> String {
    row.protocol.as_deref().unwrap_or("unknown").to_owned()
}

fn findings(row: &Row) -> String {
    let Counts {
        errors,
        warnings,
        notes,
    } = row.findings;
    let parts = [(errors, "error"), (warnings, "warning"), (notes, "note")];
    let mark = row.is_tls_unverified.then(|| "TLS not verified".to_owned());
    let counted = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun));
    let found: Vec<String> = mark.into_iter().chain(counted).collect();
    if found.is_empty() {
        "none".to_owned()
    } else {
        found.join(", ")
    }
}

fn candidate(row: &Row, with_namespace: bool) -> String {
    let namespace = if with_namespace {
        format!("{}/", plain(&row.namespace))
    } else {
        String::new()
    };
    format!(
        "{namespace}{}: {}\n{HELP}  help:{HELP:#} {}\n",
        plain(&row.name),
        plain(&row.why),
        plain(row.help.as_deref().unwrap_or_default()),
    )
}
