//! What pods have beside their state, as it is for pods that no node runs: they can be evicted, have
//! written nothing to a log, and cannot be entered.

use super::Call;
use crate::object;
use crate::pipeline::query;
use crate::pipeline::respond::Answer;
use crate::resource::Resource;
use crate::status::{self, Status};
use bytes::Bytes;
use serde_json::{Value, json};

pub(crate) const GROUP: &str = "policy";
pub(crate) const KIND: &str = "Eviction";
const API_VERSIONS: [&str; 2] = ["policy/v1", "policy/v1beta1"];

/// What is done inside of a pod, and the kind of its options.
pub(crate) const INSIDE: [(&str, &str); 3] = [
    ("attach", "PodAttachOptions"),
    ("exec", "PodExecOptions"),
    ("portforward", "PodPortForwardOptions"),
];

/// Whether a resource is that of pods.
pub(crate) fn are_pods(resource: &Resource) -> bool {
    resource.stored_as == "/pods"
}

/// Whether pods have it, beside their status.
pub(crate) fn have(subresource: &str) -> bool {
    matches!(subresource, "eviction" | "log") || is_inside(subresource)
}

/// Whether it is done inside of a pod.
pub(crate) fn is_inside(subresource: &str) -> bool {
    INSIDE.iter().any(|(name, _)| *name == subresource)
}

impl Call {
    /// Deletes the pod, as nothing here says how many of them must stay.
    pub(super) async fn evict(&mut self, eviction: &Value) -> Result<Answer, Status> {
        let text = |pointer| object::text(eviction, pointer).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let is_one = (version.is_empty() || API_VERSIONS.contains(&version))
            && (kind.is_empty() || kind == KIND);
        if !is_one {
            return Err(Status::bad_request(format!(
                "expected {KIND} in {}, got {kind} in {version}",
                API_VERSIONS[0]
            )));
        }
        if ![self.name.as_str(), ""].contains(&text("/metadata/name")) {
            let why = "name in URL does not match name in Eviction object";
            return Err(Status::bad_request(why));
        }
        query::check_options("CreateOptions", &self.query.mistakes)?;
        let options = eviction
            .get("deleteOptions")
            .filter(|options| options.is_object());
        let mut options = options.cloned().unwrap_or_else(|| json!({}));
        if self.query.dry_run {
            options["dryRun"] = json!(["All"]);
        }
        self.delete(&options).await?;
        Ok(Answer::Plain(201, status::done(201)))
    }

    /// What a container has written: nothing.
    pub(super) async fn log(&self) -> Result<Answer, Status> {
        let pod = self.stored(&self.name).await?.value;
        self.check_container(&pod)?;
        Ok(Answer::Raw {
            code: 204,
            media_type: "",
            body: Bytes::new(),
        })
    }

    /// Nobody gets into a pod that runs nowhere.
    pub(super) async fn enter(&self) -> Result<Answer, Status> {
        let pod = self.stored(&self.name).await?.value;
        if self.subresource.as_deref() != Some("portforward") {
            self.check_container(&pod)?;
        }
        let why = format!("pod {} does not have a host assigned", self.name);
        Err(Status::bad_request(why))
    }

    /// Which container is meant must be clear, and it must be there.
    fn check_container(&self, pod: &Value) -> Result<(), Status> {
        let names = |member: &str| -> Vec<&str> {
            let list = pod.pointer(&format!("/spec/{member}"));
            let list = list.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|one| object::text(one, "/name")).collect()
        };
        let (own, first) = (names("containers"), names("initContainers"));
        let name = &self.name;
        match self.query.container.as_deref() {
            Some(asked) => {
                let later = names("ephemeralContainers");
                if own
                    .iter()
                    .chain(&first)
                    .chain(&later)
                    .any(|one| *one == asked)
                {
                    return Ok(());
                }
                let why = format!("container {asked} is not valid for pod {name}");
                Err(Status::bad_request(why))
            }
            None if own.len() == 1 => Ok(()),
            None => {
                let all = [first, own].concat().join(" ");
                Err(Status::bad_request(format!(
                    "a container name must be specified for pod {name}, choose one of: [{all}]"
                )))
            }
        }
    }
}
