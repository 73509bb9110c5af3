//! Profiles of the AWS command line and libraries: `[name]` of `~/.aws/credentials` and
//! `[profile name]` of `~/.aws/config`, whose settings the libraries merge.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bowline_core::{Protocol, Secret, Sensitive};

use super::ini::{self, Section, unwritable};
use super::lost::{Losses, Taking};
use super::neutral::{of_values, protocol};
use super::{Read, ReadError, Written};

/// A setting of a profile and the key of a connection that is the same.
const SETTINGS: [(&str, &str); 6] = [
    ("aws_access_key_id", "AWS_ACCESS_KEY_ID"),
    ("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    ("aws_session_token", "AWS_SESSION_TOKEN"),
    ("region", "AWS_DEFAULT_REGION"),
    ("endpoint_url", "AWS_S3_ENDPOINT"),
    ("ca_bundle", "AWS_CA_BUNDLE"),
];
const ADDRESSING: &str = "addressing_style";
const PATH_STYLE: &str = "AWS_S3_USE_PATH_STYLE";

pub(super) fn read(text: &str) -> Result<Read, ReadError> {
    let mut losses = Losses::default();
    let mut profiles: Vec<(&str, BTreeMap<String, Sensitive>)> = Vec::new();
    let sections = ini::parse(text)?;
    for section in &sections {
        let name = section
            .name
            .strip_prefix("profile ")
            .unwrap_or(section.name)
            .trim();
        if name.starts_with("sso-session ") || name.starts_with("services ") {
            losses.ignored(name, section.name, "only profiles become connections");
            continue;
        }
        let index = profiles.iter().position(|(known, _)| *known == name);
        let index = index.unwrap_or_else(|| {
            profiles.push((name, BTreeMap::new()));
            profiles.len() - 1
        });
        profile(section, name, &mut profiles[index].1, &mut losses);
    }
    if profiles.is_empty() {
        return Err(ReadError::Content("it holds no profile".to_owned()));
    }
    let secrets = profiles
        .into_iter()
        .map(|(name, data)| of_values(name, Some(Protocol::S3), data, &mut losses))
        .collect();
    Ok(Read {
        secrets,
        findings: losses.0,
    })
}

fn profile(
    section: &Section<'_>,
    name: &str,
    data: &mut BTreeMap<String, Sensitive>,
    losses: &mut Losses,
) {
    for entry in &section.entries {
        let known = SETTINGS.iter().find(|(setting, _)| *setting == entry.key);
        if let Some((_, key)) = known {
            data.insert((*key).to_owned(), Sensitive::from(entry.value));
            continue;
        }
        let has_style = entry.key == "s3" && !entry.nested.is_empty();
        for (key, value) in &entry.nested {
            let style = match *value {
                "path" => Some("true"),
                "virtual" => Some("false"),
                _ => None,
            };
            match style.filter(|_| has_style && *key == ADDRESSING) {
                Some(style) => {
                    data.insert(PATH_STYLE.to_owned(), Sensitive::from(style));
                }
                None => losses.ignored(
                    name,
                    key,
                    format!("a connection has no key for `{}.{key}`", entry.key),
                ),
            }
        }
        if !has_style {
            losses.ignored(
                name,
                entry.key,
                format!("a connection has no key for `{}`", entry.key),
            );
        }
    }
}

pub(super) fn write(secrets: &[Secret]) -> Written {
    let mut losses = Losses::default();
    let mut out = String::new();
    for secret in secrets {
        if protocol(secret) != Some(Protocol::S3) {
            losses.impossible(
                secret,
                "an AWS profile holds connections of protocol `s3` only",
            );
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "[{}]", secret.name);
        write_profile(secret, &mut out, &mut losses);
    }
    Written {
        text: Sensitive::new(out),
        findings: losses.0,
    }
}

fn write_profile(secret: &Secret, out: &mut String, losses: &mut Losses) {
    let mut taking = Taking::new(secret);
    for (setting, key) in SETTINGS {
        let Some(text) = taking.line(key) else {
            continue;
        };
        // Some of the libraries take what follows ` #` for a comment.
        let is_cut = [" #", " ;", "\t#", "\t;"]
            .iter()
            .any(|mark| text.contains(mark));
        match unwritable(text).or(is_cut.then_some("what follows ` #` or ` ;` would be a comment"))
        {
            Some(why) => losses.lost(
                secret,
                key,
                format!("`{key}` cannot stand in a profile: {why}"),
            ),
            None => {
                let _ = writeln!(out, "{setting} = {text}");
            }
        }
    }
    match taking.line(PATH_STYLE) {
        Some("true") => out.push_str("s3 =\n    addressing_style = path\n"),
        Some("false") => out.push_str("s3 =\n    addressing_style = virtual\n"),
        Some(_) => losses.lost(
            secret,
            PATH_STYLE,
            format!("`{PATH_STYLE}` is neither `true` nor `false`"),
        ),
        None => {}
    }
    if taking.line("AWS_S3_BUCKET").is_some() {
        let help = "name it where you use it: `aws --profile NAME s3 ls s3://BUCKET`";
        losses.lost_but(
            secret,
            "AWS_S3_BUCKET",
            "a profile has no place for the bucket",
            help,
        );
    }
    if taking
        .line("AWS_S3_VERIFY_SSL")
        .is_some_and(|text| text == "false")
    {
        let help = "`aws --no-verify-ssl`, or better `ca_bundle`";
        losses.lost_but(
            secret,
            "AWS_S3_VERIFY_SSL",
            "a profile always verifies certificates",
            help,
        );
    }
    taking.finish("an AWS profile", losses);
}
