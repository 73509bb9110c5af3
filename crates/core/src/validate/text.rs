//! Rules about values as text: what editors, shells and copying leave behind.
//!
//! Keys that a protocol knows are judged in full. Other keys may hold anything, so of those only
//! single lines are looked at, and only for what hardly anybody means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::report::Report;
use super::rules;
use crate::connection::{Connection, canonical};

/// Keys whose values are files of several lines.
const FILES: [&str; 6] = [
    ".dockerconfigjson",
    "gcloud-application-credentials.json",
    "headers",
    "ssh-privatekey",
    "known_hosts",
    "AWS_CA_BUNDLE",
];

pub(super) fn check(connection: &Connection, report: &mut Report) {
    for (key, value) in &connection.secret.data {
        let setting = canonical(key);
        let field = connection
            .protocol
            .and_then(|protocol| protocol.field(setting));
        let Some(text) = value.expose_str() else {
            if field.is_some() {
                let message = format!("`{key}` is not UTF-8 text");
                report.add(
                    &rules::NOT_UTF8,
                    key,
                    message,
                    "store the text itself, encoded once",
                );
            }
            continue;
        };
        let is_sensitive = field.is_none_or(|field| field.is_sensitive);
        let value = Value {
            key,
            setting,
            text,
            is_known: field.is_some(),
            is_sensitive,
        };
        value.check(report);
    }
}

struct Value<'a> {
    key: &'a str,
    /// Our key behind a key of another dialect.
    setting: &'a str,
    text: &'a str,
    is_known: bool,
    is_sensitive: bool,
}

impl Value<'_> {
    fn check(&self, report: &mut Report) {
        let line = self.text.trim_end_matches(['\n', '\r']);
        let is_file = FILES.contains(&self.setting) || (!self.is_known && line.contains('\n'));
        self.check_bytes(report);
        if !is_file {
            self.check_line(line, report);
        }
        if self.is_known {
            self.check_origin(line.trim(), report);
        }
    }

    /// What no value may hold, of one line or many.
    fn check_bytes(&self, report: &mut Report) {
        let Self { key, text, .. } = self;
        if text.contains('\0') {
            let help = "store it without the NUL byte";
            report.add(&rules::NUL, key, format!("`{key}` holds a NUL byte"), help);
        }
        if text.starts_with('\u{feff}') {
            let message = format!("`{key}` starts with an invisible byte order mark");
            report.add(
                &rules::BYTE_ORDER_MARK,
                key,
                message,
                "save the file as UTF-8 without BOM",
            );
        }
        if text.contains('\r') {
            let message = format!("`{key}` has Windows line ends");
            report.add(
                &rules::CARRIAGE_RETURN,
                key,
                message,
                "convert them, as `dos2unix` does",
            );
        }
    }

    /// What a value of one line may not have around or in it.
    fn check_line(&self, line: &str, report: &mut Report) {
        let Self {
            key,
            text,
            is_known,
            ..
        } = self;
        if line.len() < text.len() {
            let message = format!("`{key}` ends with a line break");
            report.add(
                &rules::TRAILING_NEWLINE,
                key,
                message,
                "write it with `echo -n` or `printf`",
            );
        }
        if *is_known && line.contains('\n') {
            let message = format!("`{key}` holds a line break inside");
            report.add(&rules::LINE_BREAK, key, message, "store it on one line");
        }
        if line.trim() != line {
            let message = format!("`{key}` starts or ends with a blank");
            report.add(&rules::SURROUNDING_BLANKS, key, message, "remove the blank");
        }
        let line = line.trim();
        let is_wrapped = |quote| line.len() > 1 && line.starts_with(quote) && line.ends_with(quote);
        if is_wrapped('"') || is_wrapped('\'') {
            let message = format!("`{key}` is wrapped in quotes that are part of the value");
            report.add(
                &rules::SURROUNDING_QUOTES,
                key,
                message,
                "remove the quotes",
            );
        }
    }

    /// What shows that the value is not the one that was meant.
    fn check_origin(&self, text: &str, report: &mut Report) {
        let key = self.key;
        if is_placeholder(text, self.is_sensitive) {
            let message = format!("`{key}` is still a placeholder");
            report.add(
                &rules::PLACEHOLDER,
                key,
                message,
                "replace it by the real value",
            );
        }
        if is_encoded_twice(self.setting, text) {
            let message = format!("`{key}` looks like base64 inside base64");
            let help = "put plain text under `stringData`, or encode once under `data`";
            report.add(&rules::DOUBLE_BASE64, key, message, help);
        }
    }
}

/// Whether the text is a template's placeholder. A secret may be any word, so of sensitive values
/// only those in brackets count.
fn is_placeholder(text: &str, is_sensitive: bool) -> bool {
    const WORDS: [&str; 9] = [
        "changeme",
        "change-me",
        "change_me",
        "replaceme",
        "replace-me",
        "replace_me",
        "todo",
        "undefined",
        "null",
    ];
    let is_bracketed = [("<", ">"), ("${", "}"), ("{{", "}}"), ("$(", ")")]
        .into_iter()
        .any(|(open, close)| {
            let inner = text
                .strip_prefix(open)
                .and_then(|rest| rest.strip_suffix(close));
            inner.is_some_and(is_label)
        });
    if is_sensitive {
        return is_bracketed;
    }
    let lower = text.to_ascii_lowercase();
    let is_your = lower.starts_with("your-") || lower.starts_with("your_");
    is_bracketed || is_your || WORDS.contains(&lower.as_str()) || has_slot(text)
}

/// Whether a part of the text is `<in-brackets>`, as in `s3://<bucket>/model`.
fn has_slot(text: &str) -> bool {
    let mut openings = text.split('<').skip(1);
    openings.any(|rest| {
        rest.split_once('>')
            .is_some_and(|(inner, _)| is_label(inner))
    })
}

fn is_label(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "-_. /".contains(c);
    text.contains(char::is_alphabetic) && text.chars().all(is_plain)
}

/// Whether the text decodes to what the key is about, or to a run of printable text that a random
/// key would not give: 18 random bytes are all printable once in 50 million times.
fn is_encoded_twice(key: &str, text: &str) -> bool {
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/= \t\n\r\x0C".contains(&c);
    if !text.bytes().all(is_base64) {
        return false;
    }
    let packed: String = text.split_ascii_whitespace().collect();
    let Ok(bytes) = STANDARD.decode(&packed) else {
        return false;
    };
    let Ok(inner) = std::str::from_utf8(&bytes) else {
        return false;
    };
    let inner = inner.trim();
    let is_printable = inner
        .chars()
        .all(|c| matches!(c, ' '..='~' | '\n' | '\r' | '\t'));
    is_printable && (packed.len() >= 24 || has_shape(key, inner))
}

/// Whether the text looks like what the key usually holds.
fn has_shape(key: &str, text: &str) -> bool {
    let is_host = || {
        text.contains('.')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-.:/".contains(c))
    };
    match key {
        "AWS_ACCESS_KEY_ID" => text.starts_with("AKIA") || text.starts_with("ASIA"),
        "AWS_DEFAULT_REGION" => super::s3::is_region(text),
        "AWS_S3_ENDPOINT" | "URI" | "GIT_URL" => text.contains("://"),
        "AWS_S3_USE_PATH_STYLE" | "AWS_S3_VERIFY_SSL" => ["true", "false"].contains(&text),
        "OCI_HOST" | "https-host" => is_host(),
        "ACCESS_TYPE" | ".dockerconfigjson" | "headers" => text.starts_with(['[', '{']),
        "HF_TOKEN" => text.starts_with("hf_"),
        _ => false,
    }
}
