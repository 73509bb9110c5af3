//! Traps of the root of v2 artifacts.

use bowline_core::{Finding, Severity};

use super::{Case, root_notes};
use crate::finding::finding;
use crate::launcher::Root;
use crate::releases::{Ability, kfp_can};
use crate::render::Names;

const FIELD: &str = "pipelineRoot";

pub(super) fn find(case: Case<'_>, found: &mut Vec<Finding>) {
    let text = case.root();
    // Upstream opens `minio://` roots with a query from 2.2 on, the fork of deployKF 0.1.5 before.
    let notes = root_notes(&text, case.deployment);
    found.extend(notes.into_iter().filter(|note| note.rule == "query-root"));
    // Only deployKF's layout takes the root as it is written.
    if case.names != Names::Deploykf {
        return;
    }
    let Ok(root) = Root::parse(&text) else {
        let help = "write it as `s3://BUCKET/PATH` or `minio://BUCKET/PATH`";
        found.push(finding(
            Severity::Error,
            "root-form",
            FIELD,
            "the root is none that Kubeflow Pipelines knows",
            help,
        ));
        return;
    };
    if root.scheme == "minio" && !root.has_query && case.is_external() {
        let message = "the root begins with `minio://` and has no query, so v2 runs use the built-in store, not the external one";
        let help = "use deployKF 0.1.5, whose root has a query, or the native layout";
        found.push(finding(Severity::Error, "minio-root", FIELD, message, help));
    }
    let kfp = case.deployment.releases.kfp;
    let is_forked = case.deployment.releases.deploykf.is_some();
    if root.scheme == "minio" && root.has_query && !kfp_can(kfp, Ability::Providers) && !is_forked {
        let message = format!(
            "release {kfp} does not hear a query behind `minio://` and uses the built-in store"
        );
        found.push(finding(
            Severity::Error,
            "minio-root",
            FIELD,
            message,
            "use release 2.2 or later, or deployKF's images",
        ));
    }
    if root.scheme == "s3" && !root.has_query && !case.is_aws() {
        let message = "the root begins with `s3://` and has no query, so v2 runs go to Amazon, and the store is not Amazon's";
        let help = "write the query of deployKF's own root behind it, or use the native layout";
        found.push(finding(
            Severity::Error,
            "plain-s3-root",
            FIELD,
            message,
            help,
        ));
    }
}
