//! The manifests of one run, or what was read of a cluster, as a world of its own: which Secrets it
//! holds, and what each workload in it would get if it were created now. Showing the answer is left to the
//! commands.

use std::collections::BTreeMap;

use bowline_core::plan::{Denial, Found, Lookup, Operation, Plan, Request};
use bowline_core::secret::SecretError;
use bowline_core::{Secret, WorkloadKind, needs, plan};
use serde_json::Value;

use crate::manifests::Manifest;
use crate::object::{ObjectRef, is_core};

/// The Secrets of manifests or of a cluster.
pub struct Bundle<'a> {
    /// The namespace of objects that name none.
    pub namespace: &'a str,
    /// By namespace and name; of several the last counts, as if they were applied in order.
    secrets: BTreeMap<(String, String), Result<Secret, SecretError>>,
}

/// What a workload would get.
pub struct Outcome {
    /// The plan, or why there is none.
    pub plan: Result<Plan, Denial>,
    /// The Secrets that the workload names and the manifests do not hold.
    pub missing: Vec<String>,
    /// Those that they hold.
    pub present: Vec<Secret>,
}

impl<'a> Bundle<'a> {
    /// Finds the Secrets; objects without a namespace count as being in `namespace`.
    pub fn new(manifests: &[Manifest], namespace: &'a str) -> Self {
        let secrets = manifests
            .iter()
            .filter(|manifest| is_core(&manifest.object, "Secret"))
            .map(|manifest| {
                let object = ObjectRef::of(&manifest.object, namespace);
                let secret = Secret::from_value(&manifest.object);
                let secret = secret.map(|secret| Secret {
                    namespace: object.namespace.clone(),
                    ..secret
                });
                ((object.namespace, object.name), secret)
            })
            .collect();
        Self { namespace, secrets }
    }

    /// Secrets that a cluster has, where every object names its namespace.
    pub fn of(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let key = |secret: &Secret| (secret.namespace.clone(), secret.name.clone());
        let secrets = secrets.into_iter();
        Self {
            namespace: "",
            secrets: secrets.map(|secret| (key(&secret), Ok(secret))).collect(),
        }
    }

    /// How an object is named to people.
    pub fn name(&self, object: &Value) -> ObjectRef {
        ObjectRef::of(object, self.namespace)
    }

    /// The readable Secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets
            .values()
            .filter_map(|secret| secret.as_ref().ok())
    }

    /// Plans the creation of an object; `None` when it is no workload.
    ///
    /// `absent` is what counts as found for a Secret that the manifests do not hold.
    pub fn plan(&self, object: &Value, absent: &Found) -> Option<Outcome> {
        let kind = WorkloadKind::of_object(object)?;
        let namespace = self.name(object).namespace;
        let operation = Operation::Create;
        let request = Request {
            kind,
            operation,
            namespace: &namespace,
            object,
            before: None,
        };
        let (mut lookup, mut missing, mut present) = (Lookup::new(), Vec::new(), Vec::new());
        for name in needs(&request).read {
            let found = match self.secrets.get(&(namespace.clone(), name.clone())) {
                Some(Ok(secret)) => {
                    present.push(secret.clone());
                    Found::Secret(secret.clone())
                }
                Some(Err(error)) => Found::Unavailable(error.to_string()),
                None => {
                    missing.push(name.clone());
                    absent.clone()
                }
            };
            lookup.insert(name, found);
        }
        Some(Outcome {
            plan: plan(&request, &lookup),
            missing,
            present,
        })
    }
}
