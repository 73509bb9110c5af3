//! The kinds of workload that a connection can be tied into and where their pod templates sit;
//! what is written there is left to `plan`.

use serde_json::Value;

/// A kind of workload that understands references to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkloadKind {
    /// `kubeflow.org` Notebook; people call it a workbench.
    Notebook,
    /// `serving.kserve.io/v1beta1` InferenceService.
    InferenceService,
    /// `serving.kserve.io/v1alpha1` and `v1alpha2` LLMInferenceService.
    LlmInferenceService,
    /// Core Pod.
    Pod,
    /// `batch/v1` Job.
    Job,
    /// `batch/v1` CronJob.
    CronJob,
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `ray.io/v1` RayCluster.
    RayCluster,
    /// `ray.io/v1` RayJob.
    RayJob,
}

/// Where a pod specification sits in a workload.
///
/// Members are object keys; `*` stands for each item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodPlace {
    /// Path to the pod template's metadata, where a template of its own may carry the annotation.
    pub metadata: Option<&'static [&'static str]>,
    /// Path to the pod specification.
    pub spec: &'static [&'static str],
}

impl WorkloadKind {
    /// The kind behind an API group, version and kind; `None` when Bowline has no say in it.
    pub fn of(group: &str, version: &str, kind: &str) -> Option<Self> {
        Some(match (group, version, kind) {
            ("kubeflow.org", _, "Notebook") => Self::Notebook,
            ("serving.kserve.io", "v1beta1", "InferenceService") => Self::InferenceService,
            ("serving.kserve.io", "v1alpha1" | "v1alpha2", "LLMInferenceService") => {
                Self::LlmInferenceService
            }
            ("", "v1", "Pod") => Self::Pod,
            ("batch", "v1", "Job") => Self::Job,
            ("batch", "v1", "CronJob") => Self::CronJob,
            ("apps", "v1", "Deployment") => Self::Deployment,
            ("apps", "v1", "StatefulSet") => Self::StatefulSet,
            ("apps", "v1", "DaemonSet") => Self::DaemonSet,
            ("ray.io", "v1", "RayCluster") => Self::RayCluster,
            ("ray.io", "v1", "RayJob") => Self::RayJob,
            _ => return None,
        })
    }

    /// The kind of an object, read from its `apiVersion` and `kind`.
    pub fn of_object(object: &Value) -> Option<Self> {
        let kind = object.get("kind")?.as_str()?;
        let api_version = object.get("apiVersion")?.as_str()?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::of(group, version, kind)
    }

    /// Whether the kind serves a model, and so takes exactly one connection.
    pub const fn is_serving(self) -> bool {
        matches!(self, Self::InferenceService | Self::LlmInferenceService)
    }

    /// Whether Kubernetes refuses changes of the pod specification once the object exists.
    pub const fn is_pod_immutable(self) -> bool {
        matches!(self, Self::Pod | Self::Job)
    }

    /// Where connections become variables; empty for serving kinds, which have fields of their own.
    pub const fn pods(self) -> &'static [PodPlace] {
        match self {
            Self::InferenceService | Self::LlmInferenceService => &[],
            // A Notebook's template metadata is not read: the field knows one place only.
            Self::Notebook => &[PodPlace {
                metadata: None,
                spec: &["spec", "template", "spec"],
            }],
            Self::Pod => &[PodPlace {
                metadata: None,
                spec: &["spec"],
            }],
            Self::Job | Self::Deployment | Self::StatefulSet | Self::DaemonSet => TEMPLATE,
            Self::CronJob => CRON_JOB,
            Self::RayCluster => RAY_CLUSTER,
            Self::RayJob => RAY_JOB,
        }
    }
}

macro_rules! template {
    ($($key:literal),+) => {
        PodPlace { metadata: Some(&[$($key),+, "metadata"]), spec: &[$($key),+, "spec"] }
    };
}

const TEMPLATE: &[PodPlace] = &[template!("spec", "template")];
const CRON_JOB: &[PodPlace] = &[template!("spec", "jobTemplate", "spec", "template")];
const RAY_CLUSTER: &[PodPlace] = &[
    template!("spec", "headGroupSpec", "template"),
    template!("spec", "workerGroupSpecs", "*", "template"),
];
const RAY_JOB: &[PodPlace] = &[
    template!("spec", "rayClusterSpec", "headGroupSpec", "template"),
    template!(
        "spec",
        "rayClusterSpec",
        "workerGroupSpecs",
        "*",
        "template"
    ),
];
