//! Connection types for people.

use std::fmt::Write as _;

use bowline_catalog::types::{ConnectionType, Entry, Field};

use crate::output::Width;
use crate::terminal::{BOLD, DIM, plain};

/// All types, one a line.
pub fn table(types: &[ConnectionType], width: Width) -> String {
    if types.is_empty() {
        return "There are no connection types.\n".to_owned();
    }
    let mut rows = vec![
        [
            "NAME",
            "DISPLAY NAME",
            "CATEGORY",
            "PROTOCOL",
            "ENABLED",
            "FIELDS",
            "CREATOR",
        ]
        .map(str::to_owned),
    ];
    rows.extend(types.iter().map(row));
    let columns = match width {
        Width::Normal => 5,
        Width::Wide => 7,
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let line = cells.join("  ");
        let line = line.trim_end();
        // Writing to a string cannot fail, here and below.
        let _ = match index {
            0 => writeln!(out, "{BOLD}{line}{BOLD:#}"),
            _ => writeln!(out, "{line}"),
        };
    }
    out
}

fn row(type_: &ConnectionType) -> [String; 7] {
    let creator = match (&type_.creator, type_.is_preinstalled) {
        (_, true) => "pre-installed",
        (Some(creator), false) => creator,
        (None, false) => "unknown",
    };
    [
        plain(&type_.name).into_owned(),
        plain(&type_.display_name).into_owned(),
        plain(&type_.categories.join(", ")).into_owned(),
        type_
            .protocol()
            .map_or("-", bowline_core::Protocol::as_str)
            .to_owned(),
        if type_.is_enabled { "yes" } else { "no" }.to_owned(),
        type_.data_fields().count().to_string(),
        plain(creator).into_owned(),
    ]
}

/// One type with its fields.
pub fn one(type_: &ConnectionType) -> String {
    let [name, display_name, category, protocol, enabled, _, creator] = row(type_);
    let mut out = String::new();
    let lines = [
        ("Name", name),
        ("Display name", display_name),
        ("Description", plain(&type_.description).into_owned()),
        ("Category", category),
        ("Protocol", protocol),
        ("Enabled", enabled),
        ("Creator", creator),
        ("Namespace", plain(&type_.namespace).into_owned()),
    ];
    for (label, text) in lines.into_iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(out, "{BOLD}{:<14}{BOLD:#}{text}", format!("{label}:"));
    }
    let _ = writeln!(out, "\n{BOLD}Fields:{BOLD:#}");
    for entry in &type_.fields {
        match entry {
            Entry::Section(section) => {
                let _ = writeln!(out, "\n  {BOLD}{}{BOLD:#}", plain(&section.name));
            }
            Entry::Field(field) => describe(&mut out, field),
        }
    }
    out
}

fn describe(out: &mut String, field: &Field) {
    let mut notes = vec![field.kind.as_str().to_owned()];
    if field.is_required {
        notes.push("required".to_owned());
    }
    if field.is_secret() {
        notes.push("secret".to_owned());
    }
    if field.is_fixed() {
        notes.push("fixed".to_owned());
    }
    let (key, name) = (plain(&field.env_var), plain(&field.name));
    let _ = writeln!(
        out,
        "  {BOLD}{key}{BOLD:#}  {name} {DIM}({}){DIM:#}",
        notes.join(", ")
    );
    if let Some(text) = field.description.as_deref().filter(|text| !text.is_empty()) {
        let _ = writeln!(out, "      {}", plain(text));
    }
}
