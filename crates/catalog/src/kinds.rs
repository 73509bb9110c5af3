//! The kinds of object that can use connections, and how the API calls them. What they use is left
//! to `references`.

use bowline_core::WorkloadKind;
use kube::api::ApiResource;
use kube::core::GroupVersionKind;
use serde_json::Value;

/// What people call KServe's Secret.
const STORAGE_CONFIG: &str = "Secret storage-config";
/// The one ConfigMap of its name in a namespace.
pub(crate) const LAUNCHER: &str = "kfp-launcher";
/// The label by which a ConfigMap says that it holds a store's document.
pub(crate) const STORE_LABEL: (&str, &str) = ("bowline.dev/pipelines", "store");

/// A kind of object that can use connections.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, such as `Notebook`.
    pub name: &'static str,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Versions in order of preference; one of them is enough.
    pub versions: &'static [&'static str],
    /// Plural name, as in URLs.
    pub plural: &'static str,
    pub(crate) shape: Shape,
}

/// What an object of a kind looks like, as far as connections are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A kind that core ties connections into.
    Workload(WorkloadKind),
    /// Made from a Deployment, or by hand; also its forerunner, the ReplicationController.
    ReplicaSet,
    /// Holds pod specifications that others run, at these paths.
    Template(&'static [&'static [&'static str]]),
    /// What Kubeflow adds to pods: variables like a container's, volumes like a pod's.
    PodDefault,
    /// Lends its Secrets to pods.
    Account,
    /// The Secret in which KServe looks S3 connections up.
    StorageConfig,
    /// A pipeline server.
    Pipelines,
    /// The ConfigMap from which runs of Kubeflow Pipelines learn where their artifacts are.
    Launcher,
    /// A ConfigMap with the document of a pipeline store.
    Store,
}

impl Kind {
    /// The kind of an object, by its `apiVersion` and `kind`.
    pub fn of_object(object: &Value) -> Option<&'static Self> {
        let text = |key| object.get(key).and_then(Value::as_str);
        Self::named(text("apiVersion")?, text("kind")?)
    }

    /// The kind of that name in an API version such as `apps/v1`.
    pub fn named(api_version: &str, name: &str) -> Option<&'static Self> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        KINDS.iter().find(|kind| {
            kind.name == name && kind.group == group && kind.versions.contains(&version)
        })
    }

    /// The resource in one version.
    pub fn resource(&self, version: &str) -> ApiResource {
        let kind = GroupVersionKind::gvk(self.group, version, self.name);
        ApiResource::from_gvk_with_plural(&kind, self.plural)
    }

    /// What an API version of the kind is called, such as `apps/v1`.
    pub(crate) fn api_version(&self, version: &str) -> String {
        match self.group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        }
    }

    /// The one object that is looked at, for kinds of which the others are nobody's users.
    pub(crate) fn field_selector(&self) -> Option<String> {
        let name = match self.shape {
            Shape::StorageConfig => bowline_core::storage_config::NAME,
            Shape::Launcher => LAUNCHER,
            _ => return None,
        };
        Some(format!("metadata.name={name}"))
    }

    /// The label of the objects that are looked at, as [`Kind::field_selector`].
    pub(crate) fn label_selector(&self) -> Option<String> {
        let (key, value) = STORE_LABEL;
        (self.shape == Shape::Store).then(|| format!("{key}={value}"))
    }

    /// Whether objects of the kind need what they name: copies do not, and templates that nobody runs
    /// do not either, which the roles of Kubernetes let hardly anybody list.
    pub(crate) fn is_needing(title: &str) -> bool {
        title != STORAGE_CONFIG && title != "PodTemplate"
    }

    /// What people call the objects of the kind that are looked at.
    pub(crate) const fn title(&self) -> &'static str {
        match self.shape {
            Shape::StorageConfig => STORAGE_CONFIG,
            Shape::Launcher => "ConfigMap kfp-launcher",
            Shape::Store => "ConfigMap of a pipeline store",
            _ => self.name,
        }
    }
}

macro_rules! kinds {
    ($($shape:expr, $name:literal $group:literal $versions:tt $plural:literal;)+) => {
        [$(Kind {
            name: $name,
            group: $group,
            versions: &$versions,
            plural: $plural,
            shape: $shape,
        }),+]
    };
}

use Shape::{
    Account, Launcher, Pipelines, PodDefault, ReplicaSet, StorageConfig, Store, Template, Workload,
};
use WorkloadKind as W;

/// All of them, in the order in which people are shown them.
pub static KINDS: [Kind; 21] = kinds![
    Workload(W::Notebook), "Notebook" "kubeflow.org" ["v1", "v1beta1"] "notebooks";
    Workload(W::InferenceService), "InferenceService" "serving.kserve.io" ["v1beta1"] "inferenceservices";
    Workload(W::LlmInferenceService), "LLMInferenceService" "serving.kserve.io" ["v1alpha2", "v1alpha1"] "llminferenceservices";
    Template(&[&["spec"], &["spec", "workerSpec"]]), "ServingRuntime" "serving.kserve.io" ["v1alpha1"] "servingruntimes";
    Pipelines, "DataSciencePipelinesApplication" "datasciencepipelinesapplications.opendatahub.io" ["v1", "v1alpha1"] "datasciencepipelinesapplications";
    Workload(W::RayCluster), "RayCluster" "ray.io" ["v1"] "rayclusters";
    Workload(W::RayJob), "RayJob" "ray.io" ["v1"] "rayjobs";
    Workload(W::Deployment), "Deployment" "apps" ["v1"] "deployments";
    Workload(W::StatefulSet), "StatefulSet" "apps" ["v1"] "statefulsets";
    Workload(W::DaemonSet), "DaemonSet" "apps" ["v1"] "daemonsets";
    ReplicaSet, "ReplicaSet" "apps" ["v1"] "replicasets";
    ReplicaSet, "ReplicationController" "" ["v1"] "replicationcontrollers";
    Workload(W::CronJob), "CronJob" "batch" ["v1"] "cronjobs";
    Workload(W::Job), "Job" "batch" ["v1"] "jobs";
    Workload(W::Pod), "Pod" "" ["v1"] "pods";
    Template(&[&["template", "spec"]]), "PodTemplate" "" ["v1"] "podtemplates";
    PodDefault, "PodDefault" "kubeflow.org" ["v1alpha1"] "poddefaults";
    Account, "ServiceAccount" "" ["v1"] "serviceaccounts";
    Launcher, "ConfigMap" "" ["v1"] "configmaps";
    Store, "ConfigMap" "" ["v1"] "configmaps";
    StorageConfig, "Secret" "" ["v1"] "secrets";
];
