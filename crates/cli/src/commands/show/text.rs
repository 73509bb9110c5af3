//! One connection for people.

use std::fmt::Write as _;

use super::Details;
use super::value::Masked;
use crate::terminal::{self, BOLD, DIM, HELP, plain};

/// The connection as labelled lines.
pub fn render(details: &Details) -> String {
    let mut out = String::new();
    let protocol = details.protocol.unwrap_or("unknown");
    let kind = if details.is_connection {
        "yes"
    } else {
        "no, but it could be one"
    };
    let lines = [
        ("Name", Some(details.name.as_str())),
        ("Namespace", Some(&details.namespace)),
        ("Display name", details.display_name.as_deref()),
        ("Description", details.description.as_deref()),
        ("Connection", Some(kind)),
        ("Protocol", Some(protocol)),
        ("Dialect", Some(&details.dialect)),
        ("Why", Some(&details.why)),
        ("Secret type", Some(&details.type_)),
    ];
    for (label, text) in lines
        .into_iter()
        .filter_map(|(label, text)| Some((label, text?)))
    {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            out,
            "{BOLD}{:<14}{BOLD:#}{}",
            format!("{label}:"),
            plain(text)
        );
    }
    values(&mut out, "Keys", &details.keys);
    values(&mut out, "Annotations", &details.annotations);
    tested(&mut out, details);
    let missing = details.missing.iter().map(|missing| missing.message());
    reasons(&mut out, "For OpenShift AI's dashboard", missing);
    let reasons_against = details.not_deployable.iter().map(String::as_str);
    reasons(&mut out, "No model is served from it", reasons_against);
    findings(&mut out, details);
    out
}

fn values(out: &mut String, title: &str, values: &[Masked]) {
    if values.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{BOLD}{title}:{BOLD:#}");
    let width = values
        .iter()
        .map(|shown| plain(&shown.key).chars().count())
        .max()
        .unwrap_or(0);
    for shown in values {
        let style = if shown.is_masked {
            DIM
        } else {
            anstyle::Style::new()
        };
        let (key, value) = (plain(&shown.key), plain(&shown.value));
        let _ = writeln!(out, "  {key:<width$}  {style}{value}{style:#}");
    }
}

fn tested(out: &mut String, details: &Details) {
    let Some(test) = &details.test else {
        return;
    };
    let _ = write!(out, "\n{BOLD}Last test:{BOLD:#} {}", plain(&test.status));
    for text in [&test.message, &test.timestamp].into_iter().flatten() {
        let _ = write!(out, ", {}", plain(text));
    }
    if test.is_stale {
        let _ = write!(out, "; stale, since the connection has changed");
    }
    out.push('\n');
}

/// Sentences below a title, where there are any.
fn reasons<'a>(out: &mut String, title: &str, texts: impl Iterator<Item = &'a str>) {
    let mut texts = texts.peekable();
    if texts.peek().is_some() {
        let _ = writeln!(out, "\n{BOLD}{title}:{BOLD:#}");
    }
    for text in texts {
        let _ = writeln!(out, "  {}", plain(text));
    }
}

fn findings(out: &mut String, details: &Details) {
    if details.findings.is_empty() {
        let _ = writeln!(out, "\n{BOLD}Findings:{BOLD:#} none");
        return;
    }
    let _ = writeln!(out, "\n{BOLD}Findings:{BOLD:#}");
    for finding in &details.findings {
        let style = terminal::style(finding.severity);
        let (severity, rule) = (finding.severity, finding.rule);
        let (message, help) = (plain(&finding.message), plain(&finding.help));
        let _ = writeln!(out, "  {style}{severity}[{rule}]{style:#}: {message}");
        let _ = writeln!(out, "  {HELP}  help:{HELP:#} {help}");
    }
}
