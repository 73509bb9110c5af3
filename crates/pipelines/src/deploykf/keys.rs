//! The keys of deployKF's values that are understood, and what is said about others. Everything that
//! is no concern of pipelines is left alone.

use bowline_core::Severity;

use super::reading::{Reader, View};
use crate::finding::Rule;
use crate::model::DeploykfRelease;
use crate::tree::Tree;

const UNKNOWN: Rule = Rule::refusal("unknown-key");
const UNHEARD: Rule = Rule::silent("unheard-key", Severity::Warning);
const OTHER_RELEASE: Rule = Rule::silent("key-of-another-release", Severity::Warning);
const EMPTIED: Rule = Rule::silent("emptied-section", Severity::Warning);

/// One path a line: `[]` stands for every element of a list, `*` for members that are not looked at.
/// The sections above those of pipelines end in `..`: they have members of which nothing is known.
const KNOWN: &str = "
..deploykf_core
..deploykf_core.deploykf_profiles_generator
..deploykf_opt
..deploykf_opt.deploykf_minio
..kubeflow_dependencies
..kubeflow_dependencies.kubeflow_argo_workflows
..kubeflow_tools
..kubeflow_tools.pipelines
deploykf_core.deploykf_istio_gateway.*
deploykf_core.deploykf_profiles_generator.enabled
deploykf_core.deploykf_profiles_generator.valuesOverrides.*
deploykf_core.deploykf_profiles_generator.extraManifests.*
deploykf_core.deploykf_profiles_generator.profileDefaults.profileNamePrefix
deploykf_core.deploykf_profiles_generator.profileDefaults.ownerEmail
deploykf_core.deploykf_profiles_generator.profileDefaults.memberAccess.role
deploykf_core.deploykf_profiles_generator.profileDefaults.memberAccess.notebooksAccess
deploykf_core.deploykf_profiles_generator.profileDefaults.plugins.*
deploykf_core.deploykf_profiles_generator.profileDefaults.resourceQuotaSpec.*
deploykf_core.deploykf_profiles_generator.profileDefaults.tools.kubeflowPipelines.objectStoreAuth.existingSecret
deploykf_core.deploykf_profiles_generator.profileDefaults.tools.kubeflowPipelines.objectStoreAuth.existingSecretNamespace
deploykf_core.deploykf_profiles_generator.profileDefaults.tools.kubeflowPipelines.objectStoreAuth.existingSecretAccessKeyKey
deploykf_core.deploykf_profiles_generator.profileDefaults.tools.kubeflowPipelines.objectStoreAuth.existingSecretSecretKeyKey
deploykf_core.deploykf_profiles_generator.users.[].id
deploykf_core.deploykf_profiles_generator.users.[].email
deploykf_core.deploykf_profiles_generator.groups.[].id
deploykf_core.deploykf_profiles_generator.groups.[].users.*
deploykf_core.deploykf_profiles_generator.profiles.[].name
deploykf_core.deploykf_profiles_generator.profiles.[].ownerEmail
deploykf_core.deploykf_profiles_generator.profiles.[].resourceQuotaSpec.*
deploykf_core.deploykf_profiles_generator.profiles.[].plugins.*
deploykf_core.deploykf_profiles_generator.profiles.[].members.[].user
deploykf_core.deploykf_profiles_generator.profiles.[].members.[].group
deploykf_core.deploykf_profiles_generator.profiles.[].members.[].access.role
deploykf_core.deploykf_profiles_generator.profiles.[].members.[].access.notebooksAccess
deploykf_core.deploykf_profiles_generator.profiles.[].tools.kubeflowPipelines.objectStoreAuth.existingSecret
deploykf_core.deploykf_profiles_generator.profiles.[].tools.kubeflowPipelines.objectStoreAuth.existingSecretNamespace
deploykf_core.deploykf_profiles_generator.profiles.[].tools.kubeflowPipelines.objectStoreAuth.existingSecretAccessKeyKey
deploykf_core.deploykf_profiles_generator.profiles.[].tools.kubeflowPipelines.objectStoreAuth.existingSecretSecretKeyKey
deploykf_opt.deploykf_mysql.*
deploykf_opt.deploykf_minio.enabled
deploykf_opt.deploykf_minio.namespace
deploykf_opt.deploykf_minio.valuesOverrides.*
deploykf_opt.deploykf_minio.extraManifests.*
deploykf_opt.deploykf_minio.images.*
deploykf_opt.deploykf_minio.persistence.*
deploykf_opt.deploykf_minio.rootUser.username
deploykf_opt.deploykf_minio.rootUser.password
deploykf_opt.deploykf_minio.rootUser.existingSecret
deploykf_opt.deploykf_minio.rootUser.existingSecretUsernameKey
deploykf_opt.deploykf_minio.rootUser.existingSecretPasswordKey
deploykf_opt.deploykf_minio.rootUser.generateSecret
deploykf_opt.deploykf_minio.rootUser.serviceAccounts.[].accessKey
deploykf_opt.deploykf_minio.rootUser.serviceAccounts.[].secretKey
deploykf_opt.deploykf_minio.rootUser.serviceAccounts.[].existingSecret
deploykf_opt.deploykf_minio.rootUser.serviceAccounts.[].existingSecretAccessKeyKey
deploykf_opt.deploykf_minio.rootUser.serviceAccounts.[].existingSecretSecretKeyKey
deploykf_opt.deploykf_minio.rootUser.serviceAccounts.[].generateSecret
deploykf_opt.deploykf_minio.rootUser.serviceAccounts.[].policy.*
deploykf_opt.deploykf_minio.identity.openid.policyClaim
deploykf_opt.deploykf_minio.identity.openid.scopes
deploykf_opt.deploykf_minio.buckets.[].name
deploykf_opt.deploykf_minio.buckets.[].versioning
deploykf_opt.deploykf_minio.policies.[].name
deploykf_opt.deploykf_minio.policies.[].policy.*
kubeflow_dependencies.kubeflow_argo_workflows.enabled
kubeflow_dependencies.kubeflow_argo_workflows.namespace
kubeflow_dependencies.kubeflow_argo_workflows.valuesOverrides.*
kubeflow_dependencies.kubeflow_argo_workflows.extraManifests.*
kubeflow_dependencies.kubeflow_argo_workflows.images.*
kubeflow_dependencies.kubeflow_argo_workflows.artifactRepository.keyFormat
kubeflow_dependencies.kubeflow_argo_workflows.controller.serviceAccount.create
kubeflow_dependencies.kubeflow_argo_workflows.controller.serviceAccount.name
kubeflow_dependencies.kubeflow_argo_workflows.controller.serviceAccount.annotations.*
kubeflow_dependencies.kubeflow_argo_workflows.server.serviceAccount.create
kubeflow_dependencies.kubeflow_argo_workflows.server.serviceAccount.name
kubeflow_dependencies.kubeflow_argo_workflows.server.serviceAccount.annotations.*
kubeflow_tools.katib.*
kubeflow_tools.notebooks.*
kubeflow_tools.poddefaults_webhook.*
kubeflow_tools.tensorboards.*
kubeflow_tools.training_operator.*
kubeflow_tools.volumes.*
kubeflow_tools.pipelines.enabled
kubeflow_tools.pipelines.extraManifests.*
kubeflow_tools.pipelines.valuesOverrides.*
kubeflow_tools.pipelines.images.*
kubeflow_tools.pipelines.serviceAccounts.apiServer.annotations.*
kubeflow_tools.pipelines.serviceAccounts.frontend.annotations.*
kubeflow_tools.pipelines.bucket.name
kubeflow_tools.pipelines.bucket.region
kubeflow_tools.pipelines.objectStore.useExternal
kubeflow_tools.pipelines.objectStore.host
kubeflow_tools.pipelines.objectStore.port
kubeflow_tools.pipelines.objectStore.useSSL
kubeflow_tools.pipelines.objectStore.auth.fromEnv
kubeflow_tools.pipelines.objectStore.auth.accessKey
kubeflow_tools.pipelines.objectStore.auth.secretKey
kubeflow_tools.pipelines.objectStore.auth.existingSecret
kubeflow_tools.pipelines.objectStore.auth.existingSecretAccessKeyKey
kubeflow_tools.pipelines.objectStore.auth.existingSecretSecretKeyKey
kubeflow_tools.pipelines.mysql.*
kubeflow_tools.pipelines.mysqlDatabases.*
kubeflow_tools.pipelines.kfpV2.defaultPipelineRoot
kubeflow_tools.pipelines.kfpV2.minioFix
kubeflow_tools.pipelines.kfpV2.launcherImage
kubeflow_tools.pipelines.kfpV2.driverImage
kubeflow_tools.pipelines.kfpV2.v2CompatibleLauncherImage
kubeflow_tools.pipelines.cache.image
kubeflow_tools.pipelines.cache.maximumMaxCacheStaleness
kubeflow_tools.pipelines.cache.defaultMaxCacheStaleness
kubeflow_tools.pipelines.cache.namespaceRedirect
kubeflow_tools.pipelines.profileResourceGeneration.kfpApiTokenPodDefault
";

/// The sections of which everything is known; above them live others' values.
const OURS: [&str; 4] = [
    "deploykf_core.deploykf_profiles_generator",
    "deploykf_opt.deploykf_minio",
    "kubeflow_dependencies.kubeflow_argo_workflows",
    "kubeflow_tools.pipelines",
];

/// Looks at every key of the values.
pub(super) fn check(reader: &mut Reader<'_>, root: &View<'_>, release: DeploykfRelease) {
    let known: Vec<&str> = KNOWN
        .lines()
        .map(|line| line.trim_start_matches(".."))
        .filter(|line| !line.is_empty())
        .collect();
    members(reader, root, "", &known);
    releases(reader, root, release);
}

/// Looks at the members of one mapping, whose path with `[]` for positions is `path`; `known` are
/// the paths below it, shortened by it.
fn members(reader: &mut Reader<'_>, view: &View<'_>, path: &str, known: &[&str]) {
    let is_open = !OURS.iter().any(|ours| path.starts_with(ours));
    let Some(node) = view.node else { return };
    for (key, _) in node.members() {
        let child = view.child(key);
        let below: Vec<&str> = known.iter().filter_map(|path| under(path, key)).collect();
        if below.is_empty() {
            unknown(reader, &child, key, known, is_open);
            continue;
        }
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        look(reader, &child, &path, &below);
    }
}

fn look(reader: &mut Reader<'_>, view: &View<'_>, path: &str, below: &[&str]) {
    let below: Vec<&str> = below.iter().copied().filter(|p| !p.is_empty()).collect();
    let is_section = !below.is_empty() && below != ["*"];
    if !is_section {
        return;
    }
    let is_null = view
        .node
        .is_some_and(|node| matches!(node.value, Tree::Null));
    if is_null {
        let message = format!(
            "`{}` is empty, which takes deployKF's defaults away",
            view.path
        );
        reader.report(EMPTIED, view, message, "remove the key, or write `{}`");
        return;
    }
    if below.iter().all(|path| path.starts_with("[]")) {
        let below: Vec<&str> = below.iter().filter_map(|path| under(path, "[]")).collect();
        for item in reader.items(view) {
            members(reader, &item, path, &below);
        }
        return;
    }
    if reader.is_mapping(view) {
        members(reader, view, path, &below);
    }
}

/// What is left of a path below a first segment.
fn under<'a>(path: &'a str, first: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(first)?;
    match rest.strip_prefix('.') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(rest),
    }
}

fn unknown(reader: &mut Reader<'_>, view: &View<'_>, key: &str, known: &[&str], is_open: bool) {
    let candidates = known
        .iter()
        .map(|path| path.split('.').next().unwrap_or(path));
    let nearest = nearest(key, candidates, is_open);
    match nearest {
        Some(nearest) => {
            let message = format!(
                "`{}` is no value of deployKF; did you mean `{nearest}`?",
                view.path
            );
            let help = format!("write `{nearest}` instead of `{key}`");
            reader.report_key(UNKNOWN, view, message, help);
        }
        None if is_open => {}
        None => {
            let message = format!("`{}` is no value of deployKF that is known", view.path);
            let help = "see that its name and its place are right; deployKF passes over it";
            reader.report_key(UNHEARD, view, message, help);
        }
    }
}

/// The nearest of the known keys, when it is near enough to be meant.
fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>, is_open: bool) -> Option<&'a str> {
    let lower = key.to_lowercase();
    let most = match is_open {
        true => 2,
        false => 2.max(key.len() / 3),
    };
    known
        .filter(|known| !known.starts_with(['[', '*']))
        .map(|known| {
            let distance = strsim::osa_distance(&lower, &known.to_lowercase());
            (distance, known)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Keys that another release of deployKF has.
fn releases(reader: &mut Reader<'_>, root: &View<'_>, release: DeploykfRelease) {
    let is_new = release >= DeploykfRelease::V0_1_5;
    let v2 = root.at("kubeflow_tools.pipelines.kfpV2");
    for (key, is_of_new) in [
        ("minioFix", false),
        ("driverImage", true),
        ("v2CompatibleLauncherImage", true),
    ] {
        let view = v2.child(key);
        let is_written = view.node.is_some_and(crate::tree::Node::is_truthy);
        if is_written && is_new != is_of_new {
            let when = if is_of_new { "from" } else { "before" };
            let message = format!("`{}` counts only {when} v0.1.5", view.path);
            reader.report(
                OTHER_RELEASE,
                &view,
                message,
                "remove it, or name the release with `--deploykf`",
            );
        }
    }
}
