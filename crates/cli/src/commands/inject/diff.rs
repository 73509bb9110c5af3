//! What changes, as a unified diff for each object, in the colours of a diff. Objects that stay as
//! they are, Secrets among them, are not shown, and neither is a value of a Secret that went into
//! a workload with a location.

use std::fmt::Write as _;

use anstyle::Style;
use bowline_core::sensitive::MASK;
use bowline_core::{manifest, names};
use serde_json::Value;
use similar::TextDiff;

use crate::bundle::Bundle;
use crate::manifests::Manifest;
use crate::terminal::{ADDED, BOLD, DIM, REMOVED, plain};

/// The diff of all objects; `after` holds those of `before`, in order, and perhaps more.
pub fn render(before: &[Manifest], after: &[Value], bundle: &Bundle<'_>) -> String {
    let signed = signed(bundle);
    let mut out = String::new();
    for (index, object) in after.iter().enumerate() {
        let old = before.get(index);
        if old.is_some_and(|manifest| manifest.object == *object) {
            continue;
        }
        let file = old.map_or("(added)".to_owned(), |manifest| {
            manifest.source.start().file
        });
        let title = format!("{file}: {}", bundle.name(object));
        let old = old
            .map(|manifest| yaml(&manifest.object, &signed))
            .unwrap_or_default();
        colour(&mut out, &unified(&title, &old, &yaml(object, &signed)));
    }
    out
}

/// The URIs of connections that have a query string: a signed URL grants access by itself. One
/// with a login never gets into a workload.
fn signed<'a>(bundle: &'a Bundle<'_>) -> Vec<&'a str> {
    let locations = |key: &'static str| bundle.secrets().filter_map(move |secret| secret.line(key));
    let uris = locations("URI")
        .chain(locations("https-host"))
        .map(str::trim);
    uris.filter(|uri| uri.contains('?')).collect()
}

fn yaml(object: &Value, signed: &[&str]) -> String {
    let mut object = object.clone();
    mask(&mut object, signed);
    manifest::render(&[object])
}

fn mask(value: &mut Value, signed: &[&str]) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if key == names::INJECTED {
                    mask_record(value, signed);
                } else {
                    mask(value, signed);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, signed)),
        Value::String(text) => {
            for uri in signed {
                let (open, _) = uri.split_once('?').unwrap_or((uri, ""));
                *text = text.replace(uri, &format!("{open}?{MASK}"));
            }
        }
        _ => {}
    }
}

/// The record is JSON in a string, where a URI may be written in another way.
fn mask_record(record: &mut Value, signed: &[&str]) {
    let Some(mut inner) = record
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
    else {
        return mask(record, signed);
    };
    mask(&mut inner, signed);
    *record = Value::String(inner.to_string());
}

fn unified(title: &str, old: &str, new: &str) -> String {
    let before = if old.is_empty() { "/dev/null" } else { title };
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(before, title)
        .to_string()
}

fn colour(out: &mut String, diff: &str) {
    for line in diff.lines() {
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => BOLD,
            [b'@', ..] => DIM,
            [b'+', ..] => ADDED,
            [b'-', ..] => REMOVED,
            _ => Style::new(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{style}{}{style:#}", plain(line));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signed_uri_is_masked_in_fields_and_in_the_record() {
        let uri = r#"https://host/model?sig="canary\"#;
        let record = json!({"value": uri}).to_string();
        let mut object = json!({
            "metadata": {"annotations": {"bowline.dev/injected": record}},
            "spec": {"storageUri": uri},
        });
        mask(&mut object, &[uri]);
        let text = object.to_string();
        assert!(
            !text.contains("canary") && text.contains("https://host/model?"),
            "{text}"
        );
    }

    #[test]
    fn each_kind_of_line_has_its_style() {
        let mut out = String::new();
        colour(&mut out, "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n");
        let styles = [BOLD, BOLD, DIM, REMOVED, ADDED, Style::new()];
        for (line, style) in out.lines().zip(styles) {
            assert!(line.starts_with(&style.render().to_string()), "{line:?}");
        }
    }
}
