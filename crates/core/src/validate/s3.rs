//! Rules about S3 connections, but for the endpoint and the bucket's name.

use super::bucket;
use super::bucket::Provider;
use super::endpoint::{self, Endpoint};
use super::report::{Report, is_given};
use super::rules;
use crate::connection::{Connection, Dialect, flag};

pub(super) fn check(connection: &Connection, report: &mut Report) {
    required(connection, report);
    required_bucket(connection, report);
    credentials(connection, report);
    let url = endpoint::check(connection, report);
    let has_endpoint = connection.read("AWS_S3_ENDPOINT").is_some();
    if url.is_some() || !has_endpoint {
        let endpoint = Endpoint::of(url.as_ref());
        if let Some(name) = connection.read("AWS_S3_BUCKET") {
            bucket::check(name, endpoint.provider, report);
        }
        region(connection, &endpoint, report);
    }
    flags(connection, report);
    ca_bundle(connection, report);
    spellings(connection, report);
}

/// KServe takes a missing endpoint for AWS. A role may be taken on with the identity of a pod.
fn required(connection: &Connection, report: &mut Report) {
    let has_role = connection.read("AWS_ROLE_ARN").is_some();
    let has_half = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        .iter()
        .any(|key| is_given(connection, key));
    if !connection.is_anonymous() && (has_half || !has_role) {
        let help = "set it to the access key that the S3 service gave you";
        report.require(connection, "AWS_ACCESS_KEY_ID", help);
        let help = "set it to the secret key that belongs to `AWS_ACCESS_KEY_ID`";
        report.require(connection, "AWS_SECRET_ACCESS_KEY", help);
    }
    if connection.dialect != Dialect::KServe {
        let help = "set it to the service's URL, such as `https://s3.eu-central-1.amazonaws.com`";
        report.require(connection, "AWS_S3_ENDPOINT", help);
    }
}

/// Open Data Hub requires the bucket, Alauda calls it optional, KServe does not know it.
fn required_bucket(connection: &Connection, report: &mut Report) {
    let help = "set it to the bucket's name";
    match connection.dialect {
        Dialect::KServe => {}
        Dialect::Alauda if !is_given(connection, "AWS_S3_BUCKET") => {
            let message = "`AWS_S3_BUCKET` is missing, so no model can be served from here";
            report.add(&rules::BUCKET_MISSING, "AWS_S3_BUCKET", message, help);
        }
        _ => {
            report.require(connection, "AWS_S3_BUCKET", help);
        }
    }
}

fn credentials(connection: &Connection, report: &mut Report) {
    let secret = connection.read("AWS_SECRET_ACCESS_KEY");
    if let Some(secret) = secret.filter(|secret| is_aws_key_id(secret.text.trim())) {
        let message = format!("`{}` looks like an access key", secret.field);
        let help = "swap the values of `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`";
        report.add(&rules::KEYS_SWAPPED, secret.field, message, help);
    }
    let key = connection
        .read("AWS_ACCESS_KEY_ID")
        .filter(|key| is_aws_key_id(key.text.trim()));
    let is_temporary = key.is_some_and(|key| key.text.trim().starts_with("ASIA"));
    if is_temporary && !is_given(connection, "AWS_SESSION_TOKEN") {
        let message = "`AWS_ACCESS_KEY_ID` is temporary, but `AWS_SESSION_TOKEN` is missing";
        let help = "add the session token, or use a lasting access key";
        report.add(
            &rules::SESSION_TOKEN_MISSING,
            "AWS_SESSION_TOKEN",
            message,
            help,
        );
    }
}

/// Whether the text is an AWS access key: a known prefix and 16 capital letters or digits.
fn is_aws_key_id(text: &str) -> bool {
    let rest = text
        .strip_prefix("AKIA")
        .or_else(|| text.strip_prefix("ASIA"));
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    rest.is_some_and(|rest| rest.len() == 16 && rest.chars().all(is_plain))
}

fn region(connection: &Connection, endpoint: &Endpoint, report: &mut Report) {
    let given = connection.read("AWS_DEFAULT_REGION");
    let is_aws = endpoint.provider == Provider::Aws;
    let Some(given) = given else {
        if is_aws {
            let help = match endpoint.region {
                Some(_) => "set it to the region in the endpoint",
                None => "set it to the bucket's region, such as `eu-central-1`",
            };
            let message =
                "`AWS_DEFAULT_REGION` is missing for an AWS endpoint; `us-east-1` is assumed";
            report.add(&rules::REGION_MISSING, "AWS_DEFAULT_REGION", message, help);
        }
        return;
    };
    let text = given.text.trim();
    if endpoint
        .region
        .as_deref()
        .is_some_and(|region| region != text)
    {
        let message = format!("`{}` differs from the region in the endpoint", given.field);
        report.add(
            &rules::REGION_CONTRADICTION,
            given.field,
            message,
            "use one region in both",
        );
    } else if is_aws && !is_region(text) {
        let message = format!("`{}` does not look like an AWS region", given.field);
        let help = "write it like `eu-central-1`, without the letter of a zone";
        report.add(&rules::REGION_SYNTAX, given.field, message, help);
    }
}

/// Whether the text has the form of an AWS region: `eu-central-1`, `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let mut parts = text.split('-').rev();
    let is_number = parts
        .next()
        .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
    let words: Vec<&str> = parts.collect();
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    is_number && words.len() >= 2 && words.iter().all(is_word)
}

fn flags(connection: &Connection, report: &mut Report) {
    for key in ["AWS_S3_USE_PATH_STYLE", "AWS_S3_VERIFY_SSL"] {
        for reading in connection.readings(key) {
            // KServe's own spellings are `0` and `1`.
            let text = reading.text.trim();
            let is_known = match reading.field == key {
                true => ["true", "false"].contains(&text),
                false => flag(text).is_some(),
            };
            if !is_known {
                let message = format!("`{}` is neither `true` nor `false`", reading.field);
                report.add(
                    &rules::NOT_A_BOOLEAN,
                    reading.field,
                    message,
                    "write `true` or `false`",
                );
            }
        }
    }
    if let Some(reading) = connection
        .read("AWS_S3_VERIFY_SSL")
        .filter(|_| !connection.verify_ssl())
    {
        let message = format!("`{}` turns the check of certificates off", reading.field);
        let help = "give the service's certificate authority in `AWS_CA_BUNDLE` instead";
        report.add(&rules::TLS_NOT_VERIFIED, reading.field, message, help);
    }
}

fn ca_bundle(connection: &Connection, report: &mut Report) {
    let Some(reading) = connection.read("AWS_CA_BUNDLE") else {
        return;
    };
    let is_path = reading.text.starts_with('/') && !reading.text.contains('\n');
    if !is_path && !super::pem::has_frame(reading.text, "CERTIFICATE") {
        let message = format!(
            "`{}` is neither an absolute path nor PEM text",
            reading.field
        );
        let help = "give the path of a mounted bundle, or the certificates themselves";
        report.add(&rules::CA_BUNDLE, reading.field, message, help);
    }
}

/// Readers differ in the spelling that they read first, so different values mean different stores.
fn spellings(connection: &Connection, report: &mut Report) {
    let keys = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_S3_ENDPOINT",
        "AWS_DEFAULT_REGION",
    ];
    for key in keys {
        let plain = |text: &str| {
            let text = text.trim().trim_end_matches('/');
            text.split_once("://")
                .map_or(text, |(_, rest)| rest)
                .to_owned()
        };
        let mut readings = connection.readings(key);
        let Some(first) = readings.next() else {
            continue;
        };
        for other in readings.filter(|other| plain(other.text) != plain(first.text)) {
            let message = format!("`{}` and `{}` differ", first.field, other.field);
            let help = "give both the same value, or remove one";
            report.add(&rules::SPELLINGS_DISAGREE, other.field, message, help);
        }
    }
}
