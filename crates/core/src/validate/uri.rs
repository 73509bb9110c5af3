//! Rules about URI connections.

use super::report::{Report, is_given};
use super::{headers, rules};
use crate::connection::{Connection, Reading};
use crate::location::{self, LocationError, has_userinfo, is_registry, looks_signed};

pub(super) fn check(connection: &Connection, report: &mut Report) {
    let https_host = connection.read("https-host");
    let is_url = https_host.is_some_and(|host| host.text.contains("://"));
    if !is_given(connection, "URI") && !is_url {
        let help =
            "set it to the location, such as `hf://organisation/name` or `https://host/path`";
        report.missing(connection, "URI", help);
    }
    if let Some(uri) = connection.read("URI") {
        location(uri, report);
    }
    if let Some(host) = https_host {
        check_https_host(connection, host, report);
    }
    headers::check(connection, report);
}

/// `https-host` is a URL to Open Data Hub and a bare host to KServe.
fn check_https_host(connection: &Connection, host: Reading<'_>, report: &mut Report) {
    let field = host.field;
    if !host.text.contains("://") {
        if !is_registry(host.text.trim()) {
            let message = format!("`{field}` is neither a host nor a URL");
            report.add(
                &rules::HTTPS_HOST_SYNTAX,
                field,
                message,
                "write the bare host name",
            );
        }
        return;
    }
    location(host, report);
    let message =
        format!("`{field}` is a URL; KServe expects the bare host that `headers` are for");
    report.add(
        &rules::HTTPS_HOST_URL,
        field,
        message,
        "move the URL to `URI`",
    );
    let differs = |uri: &Reading<'_>| uri.text.trim() != host.text.trim();
    if connection.read("URI").is_some_and(|uri| differs(&uri)) {
        let message = format!("`URI` and `{field}` name different locations; `{field}` wins");
        report.add(
            &rules::URI_AND_HTTPS_HOST,
            field,
            message,
            "keep the right one in `URI`",
        );
    }
}

fn location(reading: Reading<'_>, report: &mut Report) {
    let field = reading.field;
    let text = reading.text.trim();
    match location::parse(text) {
        Ok(_) | Err(LocationError::Empty) => {}
        Err(error @ (LocationError::NoScheme | LocationError::UnknownScheme { .. })) => {
            let help = "use one of http, https, hf, pvc, oci, s3, gs";
            report.add(
                &rules::URI_SCHEME,
                field,
                format!("`{field}`: {error}"),
                help,
            );
        }
        Err(error) => {
            let message = format!("`{field}`: {error}");
            report.add(&rules::URI_SYNTAX, field, message, form_of(text));
        }
    }
    if has_userinfo(text) {
        let message =
            format!("`{field}` holds a user name or password, which workloads would show");
        let help = "remove it, and give the credentials in a Secret of their own";
        report.add(&rules::URI_USERINFO, field, message, help);
    }
    if looks_signed(text) {
        let message = format!("`{field}` holds a signature or token, which workloads would show");
        let help = "use an `s3`, `gcs` or `azure` connection; signed URLs also expire";
        report.add(&rules::URI_SIGNED, field, message, help);
    }
}

/// The right form of a location, by its scheme.
fn form_of(text: &str) -> &'static str {
    match text.split_once("://").map_or("", |(scheme, _)| scheme) {
        "hf" => "write it as `hf://organisation/name` or `hf://organisation/name:revision`",
        "pvc" => "write it as `pvc://claim/path`",
        "oci" => "write it as `oci://registry/repository:tag`",
        "s3" => "write it as `s3://bucket/path`",
        "gs" => "write it as `gs://bucket/path`",
        _ => "write it as `https://host/path`, with blanks as `%20`",
    }
}
