//! Rules about bucket names, by provider.

use super::report::Report;
use super::rules;
use crate::connection::Reading;

/// Whose rules apply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    /// Amazon S3.
    Aws,
    /// Google Cloud Storage.
    Google,
    /// Any other S3 service.
    Other,
}

pub(super) fn check(bucket: Reading<'_>, provider: Provider, report: &mut Report) {
    let field = bucket.field;
    let name = bucket.text.trim();
    if name.contains("://") || name.contains('/') {
        let message = format!("`{field}` holds a URL or a path");
        let help =
            "give the bucket's name alone; the path goes to `opendatahub.io/connection-path`";
        report.add(&rules::BUCKET_NAME, field, message, help);
        return;
    }
    let problem = match provider {
        Provider::Aws => strict(name).or_else(|| reserved_by_aws(name)),
        Provider::Google => google(name),
        Provider::Other => basic(name),
    };
    if let Some(problem) = problem {
        let message = format!("`{field}` {problem}");
        report.add(
            &rules::BUCKET_NAME,
            field,
            message,
            "use the name that the provider shows",
        );
        return;
    }
    let doubt = match provider {
        Provider::Other => strict(name),
        Provider::Aws | Provider::Google => None,
    };
    if let Some(doubt) = doubt {
        let message = format!("`{field}` {doubt}, which many S3 clients refuse");
        report.add(
            &rules::BUCKET_PORTABILITY,
            field,
            message,
            "prefer 3 to 63 of a-z, 0-9 and `-`",
        );
    } else if name.contains('.') {
        let message = format!("`{field}` has dots, which break HTTPS with the bucket in the host");
        report.add(
            &rules::BUCKET_PORTABILITY,
            field,
            message,
            "set `AWS_S3_USE_PATH_STYLE` to `true`",
        );
    }
}

/// What no S3 service takes.
fn basic(name: &str) -> Option<&'static str> {
    if name.len() < 3 || name.len() > 255 {
        return Some("is not 3 to 255 characters long");
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!name.chars().all(is_plain)).then_some("has other than letters, digits, `.`, `-`, `_`")
}

/// What Amazon's naming rules for general buckets refuse.
fn strict(name: &str) -> Option<&'static str> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.len() < 3 || name.len() > 63 {
        return Some("is not 3 to 63 characters long");
    }
    if !name.chars().all(|c| is_word(c) || c == '-' || c == '.') {
        return Some("has other than a-z, 0-9, `-` and `.`");
    }
    if !name.starts_with(is_word) || !name.ends_with(is_word) {
        return Some("does not start and end with a letter or digit");
    }
    if name.contains("..") {
        return Some("has two dots in a row");
    }
    is_address(name).then_some("looks like an IP address")
}

fn reserved_by_aws(name: &str) -> Option<&'static str> {
    let starts = ["xn--", "sthree-", "amzn-s3-demo-"];
    let ends = ["-s3alias", "--ol-s3", ".mrap", "--table-s3"];
    let is_reserved = starts.iter().any(|start| name.starts_with(start))
        || ends.iter().any(|end| name.ends_with(end));
    is_reserved.then_some("has a prefix or suffix that AWS keeps for itself")
}

fn google(name: &str) -> Option<&'static str> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let longest = if name.contains('.') { 222 } else { 63 };
    if name.len() < 3 || name.len() > longest || name.split('.').any(|part| part.len() > 63) {
        return Some("is not 3 to 63 characters long (222 with dots)");
    }
    if !name.chars().all(|c| is_word(c) || "-_.".contains(c)) {
        return Some("has other than a-z, 0-9, `-`, `_` and `.`");
    }
    if !name.starts_with(is_word) || !name.ends_with(is_word) {
        return Some("does not start and end with a letter or digit");
    }
    if name.starts_with("goog") || name.contains("google") {
        return Some("holds a word that Google keeps for itself");
    }
    is_address(name).then_some("looks like an IP address")
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok()
}
