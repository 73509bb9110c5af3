//! Traps of Argo, of private authorities, and of the controller that upstream installs.

use bowline_core::{Finding, Severity};

use super::Case;
use crate::finding::finding;
use crate::releases::argo_has;
use crate::render::Names;
use crate::stores::{Region, traits};

pub(super) fn find(case: Case<'_>, found: &mut Vec<Finding>) {
    let deployment = case.deployment;
    let (kfp, argo) = (deployment.releases.kfp, deployment.releases.argo);
    if deployment.store.ca.is_some() {
        if !argo_has(argo, "caSecret") {
            let message = format!(
                "the store has a private authority, and Argo {argo} does not know `caSecret`"
            );
            found.push(finding(
                Severity::Error,
                "private-ca",
                "ca",
                message,
                "use Argo 3.5 or later",
            ));
        }
        if kfp <= crate::releases::NEWEST_KFP {
            let message = format!(
                "the store has a private authority, and the launcher of {kfp} sets it after its first client is made"
            );
            let help =
                "put the authority into the images' own bundle, or set `SSL_CERT_FILE` in the pods";
            found.push(finding(Severity::Warning, "late-ca", "ca", message, help));
        }
    }
    let is_upstream = deployment.releases.deploykf.is_none() && deployment.server.is_none();
    if is_upstream && case.is_external() && kfp.at_least(2, 15) {
        let message = format!(
            "the profile controller of {kfp} writes `kfp-launcher` and `artifact-repositories` again, with the bucket `mlpipeline` of its own store"
        );
        let help = "remove that controller, or replace it, before you apply these objects";
        found.push(finding(
            Severity::Warning,
            "upstream-controller",
            "kfp-launcher",
            message,
            help,
        ));
    }
    let is_any =
        traits(&deployment.store).is_none_or(|it| matches!(it.region, Region::Any | Region::Auto));
    let is_told = case.names == Names::Deploykf && deployment.store.region.is_empty();
    if is_told && kfp.at_least(2, 15) && !is_any && !case.is_aws() {
        let message = format!("the API server of {kfp} takes the empty region for `us-east-1`");
        found.push(finding(
            Severity::Note,
            "default-region",
            "region",
            message,
            "name the store's region",
        ));
    }
}
