//! Traps of the layout of keys and of the names of profiles.

use bowline_core::{Finding, Severity};

use super::Case;
use crate::finding::finding;
use crate::policies::{self, Dialect, Form};

pub(super) fn find(case: Case<'_>, found: &mut Vec<Finding>) {
    let deployment = case.deployment;
    // One pipeline server has nobody to be kept apart from.
    if deployment.server.is_some() {
        return;
    }
    let dialect = Dialect::of(&deployment.store);
    let isolation = policies::findings(deployment, dialect, Form::Limited);
    found.extend(isolation.into_iter().filter(|it| it.rule == "no-isolation"));
    similar_names(case, found);
    if deployment.releases.kfp.at_least(2, 17) && !has_one_prefix(case) {
        let message = "the UI since 2.17 tells whose an object is by one folder in front of the namespace, and the layout has two";
        let help = "write both as `private-artifacts/NAMESPACE/…`, or set `ARTIFACT_NAMESPACE_KEY_PREFIX` and keep to one";
        found.push(finding(
            Severity::Warning,
            "ui-prefix",
            "keyFormat",
            message,
            help,
        ));
    }
}

/// Pairs of which one name begins as the other; the first of them is named.
fn similar_names(case: Case<'_>, found: &mut Vec<Finding>) {
    let mut names: Vec<&str> = case
        .deployment
        .profiles
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    names.sort_unstable();
    let Some(pair) = names
        .windows(2)
        .find(|pair| pair[0] != pair[1] && pair[1].starts_with(pair[0]))
    else {
        return;
    };
    let message = format!(
        "`{}` begins as `{}`: a prefix of keys that does not end in `/` would catch both",
        pair[1], pair[0]
    );
    let help = "end every `keyPrefix` and every resource of a policy that you write by hand in `/`";
    found.push(finding(
        Severity::Note,
        "similar-names",
        "profiles",
        message,
        help,
    ));
}

/// Whether everything of a profile is under `ONE_FOLDER/NAMESPACE/`.
fn has_one_prefix(case: Case<'_>) -> bool {
    let layout = &case.deployment.layout;
    let folder = |template: &str| template.split('/').next().unwrap_or_default().to_owned();
    let second = |template: &str| {
        template
            .split('/')
            .nth(1)
            .unwrap_or_default()
            .replace(' ', "")
    };
    let (artifacts, root) = (&layout.artifacts_key_format, layout.root_path());
    folder(artifacts) == folder(root)
        && second(artifacts) == "{{workflow.namespace}}"
        && second(root) == crate::model::PROFILE_NAME
}
