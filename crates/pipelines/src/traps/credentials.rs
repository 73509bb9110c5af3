//! Traps of signing in.

use bowline_core::{Finding, Severity};

use super::Case;
use crate::finding::finding;
use crate::model::{Account, Credentials, DeploykfRelease, Profile, Vendor};
use crate::releases::{Ability, EmptyKeys, api_server, argo_has, kfp_can};
use crate::render::{Names, is_native_gcs};
use crate::stores;

/// Annotations by which accounts get an identity: of AWS, Google and Azure.
const IDENTITIES: [&str; 3] = [
    "eks.amazonaws.com/role-arn",
    "iam.gke.io/gcp-service-account",
    "azure.workload.identity/client-id",
];

pub(super) fn find(case: Case<'_>, found: &mut Vec<Finding>) {
    if case.deployment.backend == Credentials::Environment {
        server(case, found);
        accounts(case, found);
    }
    identity(case, found);
    profiles(case, found);
    session_tokens(case, found);
    injected(case, found);
}

/// Which stores take identities in the place of keys.
fn identity(case: Case<'_>, found: &mut Vec<Finding>) {
    let deployment = case.deployment;
    let is_environment = |it: &Credentials| *it == Credentials::Environment;
    let of_backend = is_environment(&deployment.backend);
    let of_profiles = deployment
        .profiles
        .iter()
        .any(|profile| is_environment(&profile.credentials));
    let (severity, message, help) = match stores::vendor(&deployment.store) {
        Vendor::Aws => return,
        Vendor::Gcs if of_backend => (
            Severity::Error,
            "the API server and the UI reach Google's store with HMAC keys only, not with a workload identity",
            "give the backend keys in a Secret; in a PipelineStore `auth.backendType: SharedKey` leaves the profiles their identities",
        ),
        // Runs then speak Google's own protocol, which takes them.
        Vendor::Gcs if case.names == Names::Native && is_native_gcs(deployment) => return,
        Vendor::Gcs if of_profiles => (
            Severity::Error,
            "Google's store takes HMAC keys on this path, no workload identity",
            "give keys in Secrets, or all profiles identities in the native layout",
        ),
        _ if of_backend || of_profiles => (
            Severity::Warning,
            "keys are to come from the environment, which AWS's roles give on EKS only",
            "give keys in Secrets",
        ),
        _ => return,
    };
    found.push(finding(severity, "identity", "credentials", message, help));
}

fn server(case: Case<'_>, found: &mut Vec<Finding>) {
    let kfp = case.deployment.releases.kfp;
    let mut tell = |severity, rule, message: String, help: &str| {
        found.push(finding(
            severity,
            rule,
            "OBJECTSTORECONFIG_ACCESSKEY",
            message,
            help,
        ));
    };
    match api_server(kfp).empty_keys {
        EmptyKeys::SdkChain => {}
        EmptyKeys::Refused => tell(
            Severity::Error,
            "empty-keys-refused",
            format!(
                "the API server of {kfp} refuses empty keys (`AccessKey is required`), so it cannot use a role"
            ),
            "use release 2.16 or later, or give the backend keys",
        ),
        EmptyKeys::WebIdentityUnsure => tell(
            Severity::Warning,
            "role-unsure",
            format!("people report that the API server of {kfp} fails with a role for its account"),
            "try it before you rely on it; release 2.16 and later use AWS's own chain",
        ),
        EmptyKeys::MachineRole => tell(
            Severity::Error,
            "role-unsure",
            format!(
                "the API server of {kfp} knows the role of the machine only, not that of its account"
            ),
            "give the backend keys",
        ),
    }
    tell(
        Severity::Note,
        "empty-keys",
        "the two key variables of the API server must be present and empty: where they are absent it uses the built-in `minio` and `minio123`".to_owned(),
        "keep both variables with an empty value when you write manifests by hand",
    );
}

fn accounts(case: Case<'_>, found: &mut Vec<Finding>) {
    let accounts = &case.deployment.accounts;
    let all = [
        &accounts.api_server,
        &accounts.frontend,
        &accounts.argo_controller,
        &accounts.argo_server,
    ];
    let is_bare = |account: &&&Account| {
        !IDENTITIES
            .iter()
            .any(|key| account.annotations.contains_key(*key))
    };
    for account in all.iter().filter(is_bare) {
        let message = format!(
            "keys are to come from the environment, and ServiceAccount `{}` has no annotation that names a role",
            account.name
        );
        let help = "annotate it, such as with `eks.amazonaws.com/role-arn`, unless its role comes from EKS Pod Identity";
        found.push(finding(
            Severity::Warning,
            "no-role",
            "serviceAccounts",
            message,
            help,
        ));
    }
}

fn has_identity(profile: &Profile) -> bool {
    let annotated = IDENTITIES
        .iter()
        .any(|key| profile.annotations.contains_key(*key));
    let is_identity =
        |kind: &serde_json::Value| kind == "AwsIamForServiceAccount" || kind == "WorkloadIdentity";
    annotated
        || profile
            .plugins
            .iter()
            .any(|plugin| is_identity(&plugin["kind"]))
}

fn profiles(case: Case<'_>, found: &mut Vec<Finding>) {
    let deployment = case.deployment;
    let kfp = deployment.releases.kfp;
    let from_environment = || {
        deployment
            .profiles
            .iter()
            .filter(|profile| profile.credentials == Credentials::Environment)
    };
    for profile in from_environment().filter(|profile| !has_identity(profile)) {
        let message = format!(
            "profile `{}` has neither keys nor a plugin that gives its account a role",
            profile.name
        );
        let help = "add the plugin `AwsIamForServiceAccount`, or give it keys";
        found.push(finding(
            Severity::Warning,
            "no-role",
            "profiles",
            message,
            help,
        ));
    }
    if from_environment().any(has_identity) {
        let message = "the plugin annotates `default-editor` only, not `default-viewer` as its documentation says";
        let help = "annotate `default-viewer` yourself if pods run as it";
        found.push(finding(
            Severity::Note,
            "editor-only",
            "plugins",
            message,
            help,
        ));
    }
    let is_ignored = case.names == Names::Native
        && kfp_can(kfp, Ability::Providers)
        && !kfp_can(kfp, Ability::EnvironmentSettings);
    if is_ignored && from_environment().next().is_some() {
        let message = format!(
            "release {kfp} ignores endpoint and region of `providers` with `fromEnv: true`: `MissingRegion`"
        );
        let help = "set `AWS_REGION` in the pods of runs, or use release 2.17 or later";
        found.push(finding(
            Severity::Error,
            "env-settings",
            "providers",
            message,
            help,
        ));
    }
}

fn session_tokens(case: Case<'_>, found: &mut Vec<Finding>) {
    let deployment = case.deployment;
    let all = std::iter::once(&deployment.backend)
        .chain(deployment.profiles.iter().map(|it| &it.credentials));
    let has_token = all
        .filter_map(Credentials::keys)
        .any(|keys| keys.session_token_key.is_some());
    if !has_token {
        return;
    }
    let message =
        "the keys come with a session token, which the launcher and the API server cannot be given";
    let help = "use keys that need no token, or a role";
    found.push(finding(
        Severity::Error,
        "session-token",
        "credentials",
        message,
        help,
    ));
    let argo = deployment.releases.argo;
    if !argo_has(argo, "sessionTokenSecret") {
        let message = format!("Argo {argo} does not know `sessionTokenSecret`");
        found.push(finding(
            Severity::Error,
            "session-token",
            "credentials",
            message,
            "use Argo 3.6 or later",
        ));
    }
}

/// Without `providers`, keys reach the launcher by the environment of every container, or not at all.
fn injected(case: Case<'_>, found: &mut Vec<Finding>) {
    let deployment = case.deployment;
    let kfp = deployment.releases.kfp;
    let profiles = deployment.profiles.iter().map(|it| &it.credentials);
    let is_anybody = !deployment.profiles.is_empty();
    let has_keys = profiles
        .chain(&deployment.others)
        .any(|it| it.keys().is_some());
    let is_injected = match case.names {
        Names::Deploykf => {
            let release = deployment.releases.deploykf;
            is_anybody && release.is_none_or(|it| it >= DeploykfRelease::V0_1_5)
        }
        Names::Native if kfp_can(kfp, Ability::Providers) => false,
        Names::Native if case.kyverno => is_anybody && has_keys,
        Names::Native => {
            if has_keys {
                let message = format!(
                    "release {kfp} does not know `providers`, and nobody else gives v2 runs the keys of their profiles"
                );
                let help =
                    "use `--kyverno`, which sets them on the pods of runs, or release 2.2 or later";
                found.push(finding(
                    Severity::Error,
                    "no-keys-for-runs",
                    "profiles",
                    message,
                    help,
                ));
            }
            false
        }
    };
    if is_injected {
        let message = "the store's keys are set on every container of a v2 run, over variables of the task's own, and people's code can read them";
        let help =
            "use release 2.2 or later and the native layout, whose `providers` need no variables";
        found.push(finding(
            Severity::Warning,
            "keys-in-tasks",
            "profiles",
            message,
            help,
        ));
    }
}
