//! Remotes of rclone: one section each, with a `type` and options. Values in `rclone.conf` are one
//! line each; those of the options used here are not obscured.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bowline_core::{Protocol, Secret, Sensitive};
use serde_json::Value;

use super::ini::{self, Section, unwritable};
use super::lost::{Losses, Taking};
use super::neutral::{of_values, protocol};
use super::{Read, ReadError, Written};

/// A type of remote: its names, our protocol, options and the keys that are the same.
struct Backend {
    types: &'static [&'static str],
    protocol: Protocol,
    options: &'static [(&'static str, &'static str)],
    /// Options that say how, not where or as whom.
    silent: &'static [&'static str],
}

const GCS_KEY: &str = "gcloud-application-credentials.json";
const BACKENDS: [Backend; 4] = [
    Backend {
        types: &["s3"],
        protocol: Protocol::S3,
        options: &[
            ("access_key_id", "AWS_ACCESS_KEY_ID"),
            ("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
            ("session_token", "AWS_SESSION_TOKEN"),
            ("region", "AWS_DEFAULT_REGION"),
            ("endpoint", "AWS_S3_ENDPOINT"),
            ("force_path_style", "AWS_S3_USE_PATH_STYLE"),
        ],
        silent: &["provider", "env_auth"],
    },
    Backend {
        types: &["google cloud storage", "googlecloudstorage"],
        protocol: Protocol::Gcs,
        options: &[("service_account_credentials", GCS_KEY)],
        silent: &["env_auth", "bucket_policy_only"],
    },
    Backend {
        types: &["azureblob"],
        protocol: Protocol::Azure,
        options: &[
            ("account", "AZURE_STORAGE_ACCOUNT"),
            ("key", "AZURE_STORAGE_ACCESS_KEY"),
            ("tenant", "AZURE_TENANT_ID"),
            ("client_id", "AZURE_CLIENT_ID"),
            ("client_secret", "AZURE_CLIENT_SECRET"),
            ("connection_string", "AZURE_STORAGE_CONNECTION_STRING"),
        ],
        silent: &["env_auth"],
    },
    Backend {
        types: &["http"],
        protocol: Protocol::Uri,
        options: &[("url", "URI")],
        silent: &[],
    },
];

pub(super) fn read(text: &str) -> Result<Read, ReadError> {
    if text.contains("RCLONE_ENCRYPT_V") {
        let why = "it is encrypted; `rclone config show` prints it in clear".to_owned();
        return Err(ReadError::Content(why));
    }
    let mut losses = Losses::default();
    let mut secrets = Vec::new();
    for section in ini::parse(text)? {
        let type_ = section.entries.iter().find(|entry| entry.key == "type");
        let backend =
            type_.and_then(|entry| BACKENDS.iter().find(|b| b.types.contains(&entry.value)));
        match backend {
            Some(backend) => secrets.push(remote(&section, backend, &mut losses)),
            None => losses.ignored(
                section.name,
                "type",
                "no connection is like a remote of this type; it is left out",
            ),
        }
    }
    if secrets.is_empty() {
        return Err(ReadError::Content(
            "it holds no remote that could be a connection".to_owned(),
        ));
    }
    Ok(Read {
        secrets,
        findings: losses.0,
    })
}

fn remote(section: &Section<'_>, backend: &Backend, losses: &mut Losses) -> Secret {
    let mut data = BTreeMap::new();
    for entry in section.entries.iter().filter(|entry| entry.key != "type") {
        let known = backend
            .options
            .iter()
            .find(|(option, _)| *option == entry.key);
        match known {
            Some((_, key)) => {
                data.insert((*key).to_owned(), Sensitive::from(entry.value));
            }
            None if backend.silent.contains(&entry.key) => {}
            None => losses.ignored(
                section.name,
                entry.key,
                format!("a connection has no key for `{}`", entry.key),
            ),
        }
    }
    of_values(section.name, Some(backend.protocol), data, losses)
}

pub(super) fn write(secrets: &[Secret]) -> Written {
    let mut losses = Losses::default();
    let mut out = String::new();
    for secret in secrets {
        let protocol = protocol(secret);
        let is_web = secret
            .line("URI")
            .is_some_and(|uri| uri.starts_with("http://") || uri.starts_with("https://"));
        let backend = BACKENDS
            .iter()
            .find(|backend| Some(backend.protocol) == protocol);
        let Some(backend) = backend.filter(|b| b.protocol != Protocol::Uri || is_web) else {
            let why =
                "rclone has no remote for this; it knows `s3`, `gcs`, `azure` and web addresses";
            losses.impossible(secret, why);
            continue;
        };
        if !out.is_empty() {
            out.push('\n');
        }
        write_remote(secret, backend, &mut out, &mut losses);
    }
    Written {
        text: Sensitive::new(out),
        findings: losses.0,
    }
}

fn write_remote(secret: &Secret, backend: &Backend, out: &mut String, losses: &mut Losses) {
    let mut taking = Taking::new(secret);
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "[{}]\ntype = {}", secret.name, backend.types[0]);
    match backend.protocol {
        Protocol::S3 => {
            let is_amazon = secret
                .line("AWS_S3_ENDPOINT")
                .is_none_or(|endpoint| endpoint.contains(".amazonaws.com"));
            let provider = if is_amazon { "AWS" } else { "Other" };
            let _ = writeln!(out, "provider = {provider}\nenv_auth = false");
        }
        Protocol::Gcs => out.push_str("bucket_policy_only = true\n"),
        _ => {}
    }
    for (option, key) in backend.options {
        let Some(text) = taking.line(key) else {
            continue;
        };
        let one_line = if *key == GCS_KEY { compact(text) } else { None };
        let text = one_line.as_deref().unwrap_or(text);
        match unwritable(text).or_else(|| misread(text)) {
            Some(why) => losses.lost(
                secret,
                key,
                format!("`{key}` cannot stand in a remote: {why}"),
            ),
            None => {
                let _ = writeln!(out, "{option} = {text}");
            }
        }
    }
    for key in ["AWS_S3_BUCKET", "GCS_BUCKET", "AZURE_CONTAINER"] {
        if taking.line(key).is_some() {
            let help = "name it where you use it: `rclone ls NAME:BUCKET`";
            losses.lost_but(secret, key, "a remote has no place for the bucket", help);
        }
    }
    if taking
        .line("AWS_S3_VERIFY_SSL")
        .is_some_and(|text| text == "false")
    {
        let help = "`rclone --no-check-certificate`, or better `--ca-cert`";
        losses.lost_but(
            secret,
            "AWS_S3_VERIFY_SSL",
            "a remote always verifies certificates",
            help,
        );
    }
    taking.finish("a remote of rclone", losses);
}

/// JSON in one line; the same to whoever reads it.
fn compact(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(value.to_string())
}

/// What rclone's reader of ini files gives a meaning.
fn misread(text: &str) -> Option<&'static str> {
    if text.starts_with(['"', '`']) {
        Some("it begins with a quote")
    } else if text.contains("%(") {
        Some("rclone replaces what follows `%(`")
    } else {
        None
    }
}
