//! Rules about Google Cloud Storage connections.

use serde_json::{Map, Value};

use super::bucket::{self, Provider};
use super::report::Report;
use super::{pem, rules};
use crate::connection::Connection;

const KEY: &str = "gcloud-application-credentials.json";

/// The kinds of key file, and the members that each needs.
const TYPES: [(&str, &[&str]); 5] = [
    ("service_account", &["client_email", "private_key"]),
    (
        "authorized_user",
        &["client_id", "client_secret", "refresh_token"],
    ),
    (
        "external_account",
        &["audience", "subject_token_type", "credential_source"],
    ),
    (
        "external_account_authorized_user",
        &["audience", "client_id", "client_secret", "refresh_token"],
    ),
    (
        "impersonated_service_account",
        &["service_account_impersonation_url", "source_credentials"],
    ),
];

pub(super) fn check(connection: &Connection, report: &mut Report) {
    if let Some(name) = connection.read("GCS_BUCKET") {
        bucket::check(name, Provider::Google, report);
    }
    let help = "set it to the JSON key file of the service account";
    if report.require(connection, KEY, help) {
        return;
    }
    let Some(text) = connection.read(KEY) else {
        return;
    };
    match serde_json::from_str(text.text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(key)) => check_key(&key, report),
        _ => {
            let message = format!("`{KEY}` is not a JSON object");
            report.add(
                &rules::GCS_KEY_JSON,
                KEY,
                message,
                "store the key file as it was downloaded",
            );
        }
    }
}

fn check_key(key: &Map<String, Value>, report: &mut Report) {
    let kind = key.get("type").and_then(Value::as_str);
    let Some((kind, members)) = TYPES.into_iter().find(|(name, _)| kind == Some(name)) else {
        let message = format!("`type` in `{KEY}` is missing or unknown");
        let help = "use a key file whose `type` is `service_account`";
        report.add(&rules::GCS_KEY_TYPE, KEY, message, help);
        return;
    };
    let is_empty = |value: &Value| value.is_null() || value.as_str() == Some("");
    for member in members
        .iter()
        .filter(|member| key.get(**member).is_none_or(is_empty))
    {
        let message = format!("`{member}` is missing in `{KEY}`, and `{kind}` needs it");
        report.add(
            &rules::GCS_KEY_FIELD,
            KEY,
            message,
            "download the key file anew",
        );
    }
    let private_key = key
        .get("private_key")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    if private_key.is_some_and(|text| !pem::has_frame(text, "PRIVATE KEY")) {
        let message = format!("`private_key` in `{KEY}` has no PEM frame");
        let help =
            "keep the `-----BEGIN` and `-----END` lines and the line breaks (`\\n`) of the file";
        report.add(&rules::PRIVATE_KEY, KEY, message, help);
    }
}
