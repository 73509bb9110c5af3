//! Rules about `headers`, which KServe sends with HTTPS downloads.

use serde_json::Value;

use super::report::Report;
use super::rules;
use crate::connection::Connection;

pub(super) fn check(connection: &Connection, report: &mut Report) {
    let Some(headers) = connection.read("headers") else {
        return;
    };
    if !is_object_of_strings(headers.text) {
        let message = "`headers` is not a JSON object of strings";
        report.add(
            &rules::HEADERS,
            "headers",
            message,
            "write it as `{\"Name\": \"value\"}`",
        );
    }
    if connection.https_host().is_none() {
        let message = "`headers` without `https-host` is not read";
        report.add(
            &rules::HEADERS_ALONE,
            "headers",
            message,
            "set `https-host` to the bare host",
        );
    }
}

fn is_object_of_strings(text: &str) -> bool {
    let value = serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    value
        .as_object()
        .is_some_and(|object| object.values().all(Value::is_string))
}
