//! What the table says of a pod, gathered from its containers.

use super::cells::{is_true, items, number, phase, text, text_or};
use serde_json::Value;

/// Ready, status and restarts of a pod.
pub(super) struct Summary {
    ready: usize,
    containers: usize,
    pub(super) status: String,
    pub(super) restarts: i64,
}

impl Summary {
    pub(super) fn ready(&self) -> String {
        format!("{}/{}", self.ready, self.containers)
    }

    pub(super) fn of(pod: &Value) -> Self {
        let restarts = |statuses: &[Value]| {
            statuses
                .iter()
                .map(|status| number(status, "/restartCount"))
                .sum::<i64>()
        };
        let statuses = items(pod, "/status/containerStatuses");
        let is_ready =
            |status: &&Value| status["ready"] == true && !status["state"]["running"].is_null();
        let ready = statuses.iter().filter(is_ready).count();
        let initializing = initializing(pod).filter(|_| !is_true(pod, "Initialized"));
        let (ready, restarts) = match initializing {
            Some(_) => (0, restarts(items(pod, "/status/initContainerStatuses"))),
            None => (ready, restarts(statuses)),
        };
        let status = initializing.unwrap_or_else(|| running(pod, statuses, ready > 0));
        Self {
            ready,
            containers: items(pod, "/spec/containers").len(),
            status: ending(pod).map_or(status, str::to_owned),
            restarts,
        }
    }
}

/// How far the init containers are, where they are not done.
fn initializing(pod: &Value) -> Option<String> {
    let statuses = items(pod, "/status/initContainerStatuses");
    let is_done = |status: &Value| {
        let terminated = &status["state"]["terminated"];
        !terminated.is_null() && number(terminated, "/exitCode") == 0
    };
    let (index, status) = statuses
        .iter()
        .enumerate()
        .find(|(_, status)| !is_done(status))?;
    let waiting = text(status, "/state/waiting/reason");
    Some(match terminated(status) {
        Some(reason) => format!("Init:{reason}"),
        None if !waiting.is_empty() && waiting != "PodInitializing" => format!("Init:{waiting}"),
        None => format!("Init:{index}/{}", items(pod, "/spec/initContainers").len()),
    })
}

/// The first container that has something to tell, else the pod's own reason or phase.
fn running(pod: &Value, statuses: &[Value], is_any_ready: bool) -> String {
    let told = statuses
        .iter()
        .find_map(|status| match text(status, "/state/waiting/reason") {
            "" => terminated(status),
            reason => Some(reason.to_owned()),
        });
    let own = || text_or(pod, "/status/reason", text(pod, "/status/phase")).to_owned();
    match told.unwrap_or_else(own) {
        reason if reason == "Completed" && is_any_ready => {
            let is_ready = is_true(pod, "Ready");
            if is_ready {
                "Running".to_owned()
            } else {
                "NotReady".to_owned()
            }
        }
        reason => reason,
    }
}

/// Why a container has ended, where it has.
fn terminated(status: &Value) -> Option<String> {
    let terminated = status
        .pointer("/state/terminated")
        .filter(|state| !state.is_null())?;
    Some(
        match (text(terminated, "/reason"), number(terminated, "/signal")) {
            ("", 0) => format!("ExitCode:{}", number(terminated, "/exitCode")),
            ("", signal) => format!("Signal:{signal}"),
            (reason, _) => reason.to_owned(),
        },
    )
}

/// What is said of a pod that is being deleted.
fn ending(pod: &Value) -> Option<&'static str> {
    let is_over = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    match phase(pod) {
        "Terminating" if text(pod, "/status/reason") == "NodeLost" => Some("Unknown"),
        "Terminating" if !is_over => Some("Terminating"),
        _ => None,
    }
}
