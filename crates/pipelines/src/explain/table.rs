//! An explanation for people: a table of what readers find, with differences marked, and where they look.

use super::{Explanation, Finds, Login, View};

const HEAD: [&str; 8] = [
    "READER",
    "NAMESPACE",
    "ENDPOINT",
    "TLS",
    "REGION",
    "BUCKET",
    "STYLE",
    "KEYS FROM",
];

/// One row for each reader, and first what all should find; `!` marks what differs.
pub fn table(explanation: &Explanation) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.push(cells("(as described)", "", &explanation.described, &[]));
    for view in &explanation.readers {
        rows.push(cells(
            view.reader,
            &view.namespace,
            &view.finds,
            &view.differences,
        ));
    }
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&summary(&explanation.readers));
    text
}

fn cells(reader: &str, namespace: &str, finds: &Finds, differences: &[&str]) -> [String; 8] {
    let shown = |name: &str, value: Option<&str>| {
        let value = match value {
            None => "-",
            Some("") => "(empty)",
            Some(value) => value,
        };
        let mark = if differences.contains(&name) { "!" } else { "" };
        format!("{mark}{value}")
    };
    // Which two keys of the Secret, `places` says.
    let credentials = finds.credentials.as_ref().map(Login::brief);
    let tls = finds.tls.map(|is_on| if is_on { "on" } else { "off" });
    [
        reader.to_owned(),
        namespace.to_owned(),
        shown("endpoint", finds.endpoint.as_deref()),
        shown("tls", tls),
        shown("region", finds.region.as_deref()),
        shown("bucket", finds.bucket.as_deref()),
        shown("addressing", finds.addressing),
        shown("credentials", credentials.as_deref()),
    ]
}

fn summary(readers: &[View]) -> String {
    let mut text = String::new();
    for view in readers {
        if let Some(error) = &view.error {
            text.push_str(&format!(
                "\n{} in {} fails: {error}",
                view.reader, view.namespace
            ));
        }
    }
    let differ = readers
        .iter()
        .filter(|view| !view.differences.is_empty())
        .count();
    let last = match (differ, text.is_empty()) {
        (0, true) => "All readers find what is described.".to_owned(),
        (0, false) => String::new(),
        (1, _) => "1 reader finds something else than what is described.".to_owned(),
        (n, _) => format!("{n} readers find something else than what is described."),
    };
    format!("{text}\n{last}\n")
}

/// Where each reader looks, which keys of the bucket it uses, and how it signs in.
pub fn places(explanation: &Explanation) -> String {
    let mut text = String::new();
    for view in &explanation.readers {
        let keys = view
            .finds
            .keys
            .as_ref()
            .map(|keys| format!("\n  keys {keys}"));
        let credentials = view.finds.credentials.as_ref();
        let credentials = credentials.map(|from| format!("\n  signs in with {from}"));
        text.push_str(&format!(
            "{} in {} looks in {}{}{}\n",
            view.reader,
            view.namespace,
            view.looks_in,
            keys.unwrap_or_default(),
            credentials.unwrap_or_default(),
        ));
    }
    text
}
