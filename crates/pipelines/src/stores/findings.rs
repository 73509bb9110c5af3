//! What goes wrong between a store and the installed releases, before anything is applied.

use bowline_core::{Finding, Severity};

use super::{Region, Styles, Traits, region_of_host, traits, vendor};
use crate::finding::finding;
use crate::model::{Addressing, Deployment, Vendor};
use crate::releases::{Ability, MissingBucket, ServerAddressing, api_server, argo_has, kfp_can};

/// Everything that goes wrong between the store and the releases.
pub fn findings(deployment: &Deployment) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(traits) = traits(&deployment.store) {
        region(deployment, traits, &mut found);
        addressing(deployment, traits, &mut found);
        transport(deployment, traits, &mut found);
        checksums(deployment, traits, &mut found);
        rights(deployment, traits, &mut found);
    }
    wanted_addressing(deployment, &mut found);
    existence_check(deployment, &mut found);
    bucket_name(deployment, &mut found);
    found
}

fn region(deployment: &Deployment, traits: &Traits, found: &mut Vec<Finding>) {
    let store = &deployment.store;
    let name = traits.name;
    let in_host = region_of_host(traits.vendor, &store.endpoint.host);
    let is_needed = matches!(traits.region, Region::TheBuckets | Region::TheEndpoints);
    let mut tell = |severity, rule, message, help: &str| {
        found.push(finding(severity, rule, "region", message, help));
    };
    if store.region.is_empty() && is_needed {
        let message = format!(
            "the region is empty, and {name} refuses requests that are signed for another one than the bucket's"
        );
        let help = in_host.map_or_else(
            || "set it to the bucket's region".to_owned(),
            |region| format!("set it to `{region}`, which the endpoint names"),
        );
        tell(Severity::Error, "empty-region", message, &help);
    }
    if let Some(named) = in_host.filter(|named| !store.region.is_empty() && *named != store.region)
    {
        let message = format!(
            "the region is `{}`, and the endpoint is that of `{named}`",
            store.region
        );
        tell(
            Severity::Error,
            "region-mismatch",
            message,
            "make them agree",
        );
    }
    let is_global = store.endpoint.host == "s3.amazonaws.com";
    if is_global && !matches!(store.region.as_str(), "" | "us-east-1") {
        let message = format!(
            "the endpoint is Amazon's global one, which is `us-east-1`'s, and the region is `{}`",
            store.region
        );
        let help = format!("name `s3.{}.amazonaws.com`", store.region);
        tell(Severity::Error, "global-endpoint", message, &help);
    }
    let is_auto = matches!(store.region.as_str(), "" | "auto" | "us-east-1");
    if traits.region == Region::Auto && !is_auto {
        let message = format!("{name} knows no region `{}`", store.region);
        tell(
            Severity::Error,
            "region-mismatch",
            message,
            "set it to `auto`",
        );
    }
    if store.region.is_empty() && traits.region == Region::TheServers {
        let message = "the region is empty: our own layout then says `us-east-1`, deployKF's root says `unspecified`".to_owned();
        tell(
            Severity::Note,
            "empty-region",
            message,
            "set it to the server's, mostly `us-east-1`",
        );
    }
    if store.region == "auto" && traits.region == Region::TheBuckets {
        let message = format!("`auto` is no region of {name}");
        tell(
            Severity::Error,
            "region-mismatch",
            message,
            "set it to the bucket's region",
        );
    }
}

fn addressing(deployment: &Deployment, traits: &Traits, found: &mut Vec<Finding>) {
    let (store, kfp) = (&deployment.store, deployment.releases.kfp);
    let mut tell = |message: String, help: &str| {
        found.push(finding(
            Severity::Error,
            "addressing",
            "addressing",
            message,
            help,
        ));
    };
    match traits.styles {
        Styles::VirtualOnly => {
            let name = traits.name;
            if store.addressing == Addressing::Path {
                tell(
                    format!(
                        "{name} takes the bucket's name in the host only, and `path` is asked for"
                    ),
                    "ask for `virtual`",
                );
            }
            if !kfp_can(kfp, Ability::ForcePathStyle) {
                tell(
                    format!(
                        "{name} takes the bucket's name in the host only, and the launcher of {kfp} puts it into the path: 403 `SecondLevelDomainForbidden`"
                    ),
                    "use release 2.4 to 2.14, with `forcePathStyle: false` in `providers`",
                );
            }
            if api_server(kfp).addressing == ServerAddressing::Path {
                tell(
                    format!(
                        "{name} takes the bucket's name in the host only, and the API server of {kfp} puts it into the path: 403 `SecondLevelDomainForbidden`"
                    ),
                    "use release 2.4 to 2.14, or have the store's support allow the path for the bucket",
                );
            }
        }
        Styles::PathOnly if store.addressing == Addressing::Virtual => {
            tell(
                format!("{} takes the bucket's name in the path only", traits.name),
                "ask for `path`",
            );
        }
        Styles::PathUnlessDomain if store.addressing == Addressing::Virtual => found.push(finding(
            Severity::Warning,
            "addressing",
            "addressing",
            format!(
                "{} takes the bucket's name in the host only where it was given a domain",
                traits.name
            ),
            "see that the server has its domain set, and that the name of the bucket resolves",
        )),
        Styles::Both | Styles::PathOnly | Styles::PathUnlessDomain => {}
    }
}

/// What is asked for by hand, whatever the store.
fn wanted_addressing(deployment: &Deployment, found: &mut Vec<Finding>) {
    let (store, releases) = (&deployment.store, &deployment.releases);
    let is_alibaba = vendor(store) == Vendor::Alibaba;
    if store.addressing != Addressing::Virtual || is_alibaba {
        return;
    }
    let mut tell = |message: String, help: &str| {
        found.push(finding(
            Severity::Error,
            "addressing",
            "addressing",
            message,
            help,
        ));
    };
    if !kfp_can(releases.kfp, Ability::ForcePathStyle) {
        tell(
            format!(
                "the launcher of {} always puts the bucket into the path",
                releases.kfp
            ),
            "use release 2.4 or later",
        );
    }
    if api_server(releases.kfp).addressing == ServerAddressing::Path {
        tell(
            format!(
                "the API server of {} always puts the bucket into the path",
                releases.kfp
            ),
            "use a release before 2.15, or a store that takes both",
        );
    }
    let knows_by_itself = matches!(vendor(store), Vendor::Aws | Vendor::Gcs);
    if !knows_by_itself && !argo_has(releases.argo, "addressingStyle") {
        tell(
            format!(
                "Argo {} cannot be told to put the bucket into the host",
                releases.argo
            ),
            "use Argo 4.1 or later",
        );
    }
}

fn transport(deployment: &Deployment, traits: &Traits, found: &mut Vec<Finding>) {
    let endpoint = &deployment.store.endpoint;
    if traits.needs_tls && !endpoint.tls {
        let message = format!("TLS is off, and {} wants it", traits.name);
        found.push(finding(
            Severity::Error,
            "tls-off",
            "tls",
            message,
            "switch TLS on",
        ));
    }
    if traits.vendor == Vendor::Aws && endpoint.port.is_some() {
        let message = format!("a port is set, and {} has none but 443", traits.name);
        found.push(finding(
            Severity::Error,
            "amazon-port",
            "port",
            message,
            "remove the port",
        ));
    }
    let is_private = matches!(traits.vendor, Vendor::Odf);
    if is_private && endpoint.tls && deployment.store.ca.is_none() {
        let message = format!(
            "{} often has a certificate of the cluster's own authority, and none is named",
            traits.name
        );
        let help = "name the ConfigMap with the service CA, or use the route";
        found.push(finding(
            Severity::Warning,
            "private-ca",
            "ca",
            message,
            help,
        ));
    }
}

fn checksums(deployment: &Deployment, traits: &Traits, found: &mut Vec<Finding>) {
    let kfp = deployment.releases.kfp;
    let sends = kfp_can(kfp, Ability::MaxRetries) && !kfp_can(kfp, Ability::ChecksumsWhenRequired);
    if traits.refuses_checksums && sends {
        let message = format!(
            "release {kfp} sends checksums that {} does not understand: `SignatureDoesNotMatch`, or refused uploads",
            traits.name
        );
        let help = "use release 2.17 or later, or set `AWS_REQUEST_CHECKSUM_CALCULATION` and `AWS_RESPONSE_CHECKSUM_VALIDATION` to `when_required` in every pod";
        found.push(finding(Severity::Error, "checksums", "kfp", message, help));
    }
}

fn rights(deployment: &Deployment, traits: &Traits, found: &mut Vec<Finding>) {
    if !traits.has_prefix_rights && deployment.profiles.len() > 1 {
        let message = format!(
            "{} knows no rights on parts of a bucket, so every profile can reach every other's data",
            traits.name
        );
        let help = "use a store with rights on prefixes, or keep to profiles that trust each other";
        found.push(finding(
            Severity::Warning,
            "no-prefix-rights",
            "bucket",
            message,
            help,
        ));
    }
}

fn existence_check(deployment: &Deployment, found: &mut Vec<Finding>) {
    let kfp = deployment.releases.kfp;
    if deployment.embedded.is_none() && api_server(kfp).missing_bucket == MissingBucket::Fatal {
        let message = format!(
            "the API server of {kfp} looks whether the bucket is there, makes it if not, and dies when it may not even look"
        );
        let help = "make the bucket first, and let the backend list the whole of it";
        found.push(finding(
            Severity::Note,
            "bucket-check",
            "bucket",
            message,
            help,
        ));
    }
}

/// Names that S3 takes: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
fn bucket_name(deployment: &Deployment, found: &mut Vec<Finding>) {
    let store = &deployment.store;
    let bucket = store.bucket.as_str();
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_inner = |byte: u8| is_letter(byte) || matches!(byte, b'-' | b'.');
    let ends_well = bucket.bytes().next().is_some_and(is_letter)
        && bucket.bytes().last().is_some_and(is_letter);
    if !(3..=63).contains(&bucket.len())
        || !ends_well
        || !bucket.bytes().all(is_inner)
        || bucket.contains("..")
    {
        let message = format!(
            "`{bucket}` is no name of a bucket: 3 to 63 small letters, digits, hyphens and single dots, with a letter or digit at both ends"
        );
        found.push(finding(
            Severity::Error,
            "bucket-name",
            "bucket",
            message,
            "name the bucket as the store does",
        ));
        return;
    }
    let is_automatic =
        api_server(deployment.releases.kfp).addressing == ServerAddressing::Automatic;
    let goes_into_host = match store.addressing {
        Addressing::Virtual => true,
        Addressing::Auto => {
            is_automatic && matches!(vendor(store), Vendor::Aws | Vendor::Gcs | Vendor::Alibaba)
        }
        Addressing::Path => false,
    };
    if bucket.contains('.') && store.endpoint.tls && goes_into_host {
        let message =
            format!("`{bucket}` has a dot, and in the host's name no certificate covers it");
        let help = "use a bucket without dots, or `path` where the store takes it";
        found.push(finding(
            Severity::Error,
            "bucket-dots",
            "bucket",
            message,
            help,
        ));
    }
}
