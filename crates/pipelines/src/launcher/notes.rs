//! What is worth knowing about a `kfp-launcher` ConfigMap that KFP does not say: parts that it passes
//! over, prefixes that catch more than they should, settings that a release does not understand.

use std::borrow::Cow;

use bowline_core::{Finding, Severity};

use super::providers::{Block, Connection, Override, Providers};
use super::{LauncherConfig, Root};
use crate::model::Release;
use crate::releases::{Ability, kfp_can, refused_option};

/// Everything worth knowing about a configuration and a root, for a release.
pub fn notes(config: &LauncherConfig, root: &str, release: Release) -> Vec<Finding> {
    let mut found = Vec::new();
    let Ok(root) = Root::parse(root) else {
        return found;
    };
    let providers = match config.providers.as_deref().map(Providers::parse) {
        Some(Ok(providers)) => Some(providers),
        Some(Err(_)) | None => None,
    };
    about_root(&root, providers.is_some(), release, &mut found);
    if let Some(providers) = &providers {
        about_providers(providers, &root, release, &mut found);
    }
    found
}

fn note(rule: &'static str, severity: Severity, message: String, help: &str) -> Finding {
    let field = match rule {
        "query-root" | "minio-root" => "defaultPipelineRoot",
        _ => "providers",
    };
    Finding {
        severity,
        rule,
        field: field.to_owned(),
        message,
        help: help.to_owned(),
    }
}

fn about_root(root: &Root<'_>, has_providers: bool, release: Release, found: &mut Vec<Finding>) {
    if root.scheme == "minio" && !root.has_query && !has_providers {
        let message = format!(
            "the root begins with `minio://` and nothing says where that is, so runs use the built-in store at `{}`",
            crate::releases::built_in_endpoint(release)
        );
        let help = "for another store write a `minio` block in `providers`, or a root that begins with `s3://`";
        found.push(note("minio-root", Severity::Warning, message, help));
    }
    if !root.has_query || root.scheme == "gs" {
        return;
    }
    let names_no_region =
        |(name, value): (Cow<'_, str>, Cow<'_, str>)| name == "region" && value.is_empty();
    if url::form_urlencoded::parse(root.query.as_bytes()).any(names_no_region) {
        found.push(empty_region("the root's query"));
    }
    if has_providers {
        let message = "the root has a query, so `providers` is passed over".to_owned();
        let help = "move what the query says into `providers` and end the root before the `?`";
        found.push(note("query-root", Severity::Warning, message, help));
    }
    if !kfp_can(release, Ability::QueryRoot) {
        let message = format!("release {release} makes wrong paths of a root with a query");
        found.push(note(
            "query-root",
            Severity::Error,
            message,
            "use release 2.1 or later",
        ));
    } else if let Some(option) = refused_option(release, root.query) {
        let message =
            format!("release {release} refuses the root: unknown query parameter `{option}`");
        let help = match release == Release::MASTER {
            true => "write `providers` and a root without a query",
            false => {
                "write `providers` and a root without a query, or add `awssdk=v1` to the old options"
            }
        };
        found.push(note("query-root", Severity::Error, message, help));
    }
}

/// Amazon's SDK, which the launcher reaches every store by, wants one, whatever the store does.
fn empty_region(place: &str) -> Finding {
    let message = format!("{place} names no region, and runs die of it: `MissingRegion`");
    let help = "name the bucket's, or `us-east-1` where the store takes any";
    note("empty-region", Severity::Error, message, help)
}

fn about_providers(
    providers: &Providers,
    root: &Root<'_>,
    release: Release,
    found: &mut Vec<Finding>,
) {
    if !kfp_can(release, Ability::Providers) {
        let message = format!("release {release} does not know `providers`");
        let help = "write a root with a query, and give the keys in the environment";
        found.push(note("no-providers", Severity::Error, message, help));
        return;
    }
    let blocks = [
        ("minio", &providers.minio),
        ("s3", &providers.s3),
        ("gs", &providers.gs),
    ];
    for (scheme, block) in blocks {
        if let Some(block) = block {
            about_block(scheme, block, release, found);
        }
    }
    let of_root = blocks
        .into_iter()
        .find(|(scheme, _)| *scheme == root.scheme);
    let has_other = blocks
        .iter()
        .any(|(_, block)| block.as_ref().is_some_and(Block::is_present));
    let has_own = of_root.is_some_and(|(_, block)| block.as_ref().is_some_and(Block::is_present));
    if has_other && !has_own {
        let message = format!(
            "`providers` says nothing about `{}`, the scheme of the root",
            root.scheme
        );
        let help = "name the block as the root's scheme, or change the root";
        found.push(note("other-scheme", Severity::Warning, message, help));
    }
}

fn about_block(scheme: &str, block: &Block, release: Release, found: &mut Vec<Finding>) {
    if let Some(default) = &block.default {
        about_connection(&format!("{scheme}.default"), default, release, found);
        let credentials = default.credentials.as_ref();
        if credentials.is_some_and(|it| !it.from_env && it.secret_ref.is_none()) {
            let message = format!(
                "`{scheme}.default.credentials` names no Secret and not `fromEnv`, and KFP dies of it without a word"
            );
            let help = "add `secretRef`, or `fromEnv: true`";
            found.push(note("no-secret-ref", Severity::Error, message, help));
        }
    }
    let default = block.default.as_ref();
    let region = default.map_or("", |it| it.region.as_str());
    let lacks_region = |it: &Connection| {
        let has_keys = it
            .credentials
            .as_ref()
            .is_some_and(|it| !it.from_env && it.secret_ref.is_some());
        scheme != "gs" && has_keys && region.is_empty() && it.region.is_empty()
    };
    if default.is_some_and(lacks_region) {
        found.push(empty_region(&format!("`{scheme}.default`")));
    }
    for (index, over) in block.overrides.iter().flatten().enumerate() {
        let place = format!("{scheme}.overrides[{index}]");
        if lacks_region(&over.connection) {
            found.push(empty_region(&format!("`{place}`")));
        }
        about_override(&place, over, found);
        about_connection(&place, &over.connection, release, found);
    }
}

fn about_override(place: &str, over: &Override, found: &mut Vec<Finding>) {
    let prefix = &over.key_prefix;
    if !prefix.is_empty() && !prefix.ends_with('/') {
        let message = format!(
            "`{place}.keyPrefix` does not end in `/`, so `{prefix}` also catches `{prefix}0/`"
        );
        found.push(note(
            "open-prefix",
            Severity::Error,
            message,
            "end it with `/`",
        ));
    }
    if prefix.starts_with('/') {
        let message = format!("`{place}.keyPrefix` begins with `/` and matches nothing");
        found.push(note(
            "open-prefix",
            Severity::Error,
            message,
            "leave the first `/` away",
        ));
    }
    if over.connection.max_retries.is_some() {
        let message = format!(
            "`{place}.maxRetries` is not used: KFP reads the default's, and dies when that has none"
        );
        let help = "set `maxRetries` in `default` only";
        found.push(note("override-retries", Severity::Warning, message, help));
    }
}

fn about_connection(place: &str, it: &Connection, release: Release, found: &mut Vec<Finding>) {
    let endpoint = it.endpoint.to_ascii_lowercase();
    let host = endpoint.strip_prefix("https://").unwrap_or(&endpoint);
    if host.starts_with("s3.amazonaws.com") {
        let message = format!(
            "`{place}.endpoint` is Amazon's global one, which KFP leaves away: the region decides"
        );
        found.push(note(
            "global-endpoint",
            Severity::Note,
            message,
            "see that `region` is the bucket's",
        ));
    }
    let contradicts = match it.disable_ssl {
        Some(true) => endpoint.starts_with("https://"),
        Some(false) | None => endpoint.starts_with("http://"),
    };
    if contradicts {
        let message =
            format!("`{place}`: the scheme of `endpoint` says something else than `disableSSL`");
        found.push(note(
            "tls-contradiction",
            Severity::Warning,
            message,
            "make them agree",
        ));
    }
    let from_env = it.credentials.as_ref().is_some_and(|it| it.from_env);
    let has_settings =
        !it.endpoint.is_empty() || !it.region.is_empty() || it.force_path_style.is_some();
    if from_env && has_settings && !kfp_can(release, Ability::EnvironmentSettings) {
        let message = format!(
            "release {release} ignores endpoint, region and path style of `{place}`, since it has `fromEnv: true`"
        );
        let help = "give the pods `AWS_REGION`, or use release 2.17 or later";
        found.push(note("env-settings", Severity::Error, message, help));
    }
    if it.force_path_style == Some(false) && !kfp_can(release, Ability::ForcePathStyle) {
        let message = format!(
            "release {release} does not know `forcePathStyle` and always puts the bucket into the path"
        );
        found.push(note(
            "path-style",
            Severity::Error,
            message,
            "use release 2.4 or later",
        ));
    }
}
