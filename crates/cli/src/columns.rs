//! Tables as people see them, and the line below them that says what was not looked at.

use bowline_catalog::view::NotLooked;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use crate::terminal::{DIM, plain};

/// A table with titles. One line for each row, so that lines can be searched and cut.
pub fn columns(titles: Vec<&str>, rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(titles);
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell).into_owned()));
    }
    // Every cell is padded on both sides, which the outermost do not need.
    let outline =
        |line: String| format!("{}\n", line.strip_prefix(' ').unwrap_or(&line).trim_end());
    table.lines().map(outline).collect()
}

/// Which kinds were not looked at for users, so that nobody takes silence for an answer.
pub fn not_looked_at(kinds: &[NotLooked]) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let kinds: Vec<_> = kinds.iter().map(ToString::to_string).collect();
    format!("\n{DIM}not looked at: {}{DIM:#}\n", kinds.join(", "))
}
