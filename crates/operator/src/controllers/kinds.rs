//! The kinds of workload that are watched, and how the API calls them.

use bowline_core::WorkloadKind;
use kube::api::ApiResource;
use kube::core::GroupVersionKind;

/// A kind of workload.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// What it is to core.
    pub workload: WorkloadKind,
    /// Its name, such as `Notebook`.
    pub name: &'static str,
    /// API group.
    pub group: &'static str,
    /// Versions in order of preference; one of them is enough.
    pub versions: &'static [&'static str],
    /// Plural name, as in URLs.
    pub plural: &'static str,
}

impl Kind {
    /// The kind of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The resource in one version.
    pub fn resource(&self, version: &str) -> ApiResource {
        let kind = GroupVersionKind::gvk(self.group, version, self.name);
        ApiResource::from_gvk_with_plural(&kind, self.plural)
    }
}

macro_rules! kinds {
    ($($workload:ident $name:literal $group:literal $versions:tt $plural:literal,)+) => {
        [$(Kind {
            workload: WorkloadKind::$workload,
            name: $name,
            group: $group,
            versions: &$versions,
            plural: $plural,
        }),+]
    };
}

/// All of them. Bare Pods are left out: they never get new values, and there may be a hundred
/// thousand of them.
pub static KINDS: [Kind; 10] = kinds![
    Notebook "Notebook" "kubeflow.org" ["v1"] "notebooks",
    InferenceService "InferenceService" "serving.kserve.io" ["v1beta1"] "inferenceservices",
    LlmInferenceService "LLMInferenceService" "serving.kserve.io" ["v1alpha2", "v1alpha1"] "llminferenceservices",
    Deployment "Deployment" "apps" ["v1"] "deployments",
    StatefulSet "StatefulSet" "apps" ["v1"] "statefulsets",
    DaemonSet "DaemonSet" "apps" ["v1"] "daemonsets",
    Job "Job" "batch" ["v1"] "jobs",
    CronJob "CronJob" "batch" ["v1"] "cronjobs",
    RayCluster "RayCluster" "ray.io" ["v1"] "rayclusters",
    RayJob "RayJob" "ray.io" ["v1"] "rayjobs",
];
