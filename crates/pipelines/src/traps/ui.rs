//! Traps of the UI, its proxies and TensorBoard's viewers.

use bowline_core::{Finding, Severity};

use super::Case;
use crate::finding::finding;
use crate::model::Credentials;
use crate::render::Names;
use crate::stores::{Region, traits};

pub(super) fn find(case: Case<'_>, found: &mut Vec<Finding>) {
    let (store, kfp) = (&case.deployment.store, case.deployment.releases.kfp);
    let is_s3 = case.root().starts_with("s3://");
    if is_s3 && let Some(port) = store.endpoint.port {
        let usual = if store.endpoint.tls { 443 } else { 80 };
        if port != usual {
            let message = format!(
                "the UI cannot be told a port for `s3://` artifacts, and the store is at port {port}"
            );
            let help =
                "give the store a name at its usual port, or roots that begin with `minio://`";
            found.push(finding(Severity::Warning, "ui-port", "port", message, help));
        }
    }
    let is_strict = traits(store)
        .is_some_and(|it| matches!(it.region, Region::TheBuckets | Region::TheEndpoints));
    if !is_s3 && is_strict && !matches!(store.region.as_str(), "" | "us-east-1") {
        let message = format!(
            "the UI cannot be told a region for `minio://` artifacts, and the store is in `{}`",
            store.region
        );
        let help = "use roots that begin with `s3://`";
        found.push(finding(
            Severity::Warning,
            "ui-region",
            "region",
            message,
            help,
        ));
    }
    let own_keys = case.deployment.profiles.iter().any(|profile| {
        match (&profile.credentials, &case.deployment.backend) {
            (Credentials::Keys(own), Credentials::Keys(backend)) => own != backend,
            (own, backend) => own != backend,
        }
    });
    if own_keys && kfp.at_least(2, 15) {
        let message = format!(
            "in {kfp} the UI asks a profile's own proxy only where `ARTIFACTS_PROXY_ENABLED` is true, and it is false by itself"
        );
        let help = "set it to true in the UI and the profile controller, or previews of profiles with keys of their own fail";
        found.push(finding(
            Severity::Warning,
            "ui-proxy",
            "profiles",
            message,
            help,
        ));
    }
    let release = case.deployment.releases.deploykf;
    if case.names == Names::Deploykf
        && release.is_some()
        && case.deployment.backend.keys().is_some()
    {
        let message = "deployKF's template of TensorBoard viewers names the backend's Secret, which no profile has, so viewers do not start";
        let help = "copy it by hand, or use the native layout";
        found.push(finding(
            Severity::Warning,
            "viewer-secret",
            "viewer-pod-template.json",
            message,
            help,
        ));
    }
}
