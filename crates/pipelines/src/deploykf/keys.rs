//! The keys of deployKF's values that are understood, and what is said about others. Everything that
//! is no concern of pipelines is left alone.

use bowline_core::Severity;

use crate::finding::Rule;
use crate::known::Known;
use crate::model::DeploykfRelease;
use crate::reading::{Reader, View};

const OTHER_RELEASE: Rule = Rule::silent("key-of-another-release", Severity::Warning);

/// One path a line: `[]` stands for every element of a list, `*` for members that are not looked at.
const KNOWN: &str = "
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

/// Names that comments in deployKF's values have for others.
const ALIASES: [(&str, &str); 2] = [
    (
        "kubeflow_tools.kubeflow_pipelines",
        "kubeflow_tools.pipelines",
    ),
    (
        "kubeflow_dependencies.kubeflow_argo_workflows.workflow.serviceAccount",
        "kubeflow_dependencies.kubeflow_argo_workflows.server.serviceAccount",
    ),
];

/// The sections of which everything is known; above them live others' values.
const OURS: [&str; 4] = [
    "deploykf_core.deploykf_profiles_generator",
    "deploykf_opt.deploykf_minio",
    "kubeflow_dependencies.kubeflow_argo_workflows",
    "kubeflow_tools.pipelines",
];

/// Looks at every key of the values.
pub(super) fn check(reader: &mut Reader<'_>, root: &View<'_>, release: DeploykfRelease) {
    let known = Known {
        paths: KNOWN,
        closed: &OURS,
        whose: "value of deployKF",
        aliases: &ALIASES,
    };
    known.check(reader, root);
    releases(reader, root, release);
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
