//! Tests from inside of a cluster: a pod for each connection, whose log is the result. The pods are
//! deleted however the tests end. What a pod is like is left to `pod`.

use std::time::Duration;

use bowline_core::Connection;
use bowline_probe::{OUTCOMES, Report, State, Step, StepName};
use futures::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, LogParams, PostParams};
use serde_json::Value;
use tokio::time::Instant;

use super::Tested;
use super::pod::{Wanted, pod};
use super::targets::Targets;
use crate::failure::{Failure, Kind};
use crate::terminal;

/// Pods at the same time.
const AT_ONCE: usize = 8;
/// How long a pod may take from its creation to its end.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(250);
/// Why a container waits that will never start by itself.
const HOPELESS: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
];

/// Whether pods run at all: the API of `bowline up` keeps them, and has no nodes.
pub(super) async fn has_nodes(client: &kube::Client) -> bool {
    let version = client.apiserver_version().await;
    version.is_ok_and(|version| !version.git_version.contains("+bowline"))
}

/// Tests all in pods, until `stop` ends; then those that run are deleted.
///
/// # Errors
/// When a pod cannot be made, or does not tell its result.
pub(super) async fn all<'a>(
    client: &kube::Client,
    targets: &'a Targets,
    wanted: &Wanted<'_>,
    stop: impl Future<Output = Result<(), Failure>>,
) -> Result<Option<Vec<Tested<'a>>>, Failure> {
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let tests = stream::iter(targets.tested.iter().copied())
        .map(|index| {
            let connection = &targets.all[index];
            let mut stopped = stopped.clone();
            async move {
                let until = async move {
                    let _ = stopped.wait_for(|is| *is).await;
                };
                let report = one(client, connection, wanted, PATIENCE, until).await?;
                Ok::<_, Failure>(report.map(|report| Tested { connection, report }))
            }
        })
        .buffered(AT_ONCE)
        .collect::<Vec<_>>();
    let mut tests = std::pin::pin!(tests);
    let done = tokio::select! {
        done = &mut tests => done,
        signal = stop => {
            signal?;
            let _ = stopping.send(true);
            tests.await
        }
    };
    done.into_iter().collect()
}

/// Tests one; `None` where it was stopped.
async fn one(
    client: &kube::Client,
    connection: &Connection,
    wanted: &Wanted<'_>,
    patience: Duration,
    stopped: impl Future<Output = ()>,
) -> Result<Option<Report>, Failure> {
    let namespace = &connection.secret.namespace;
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let fit = serde_json::from_value(pod(connection, wanted));
    let fit = fit.map_err(|_| Failure::new(Kind::Usage, "the pod cannot be described"))?;
    let made = api.create(&PostParams::default(), &fit).await;
    let made = made.map_err(|error| failure(connection, "make a pod", &error))?;
    let name = made.metadata.name.unwrap_or_default();
    let result = tokio::select! {
        result = result(&api, &name, connection, patience) => result.map(Some),
        () = stopped => Ok(None),
    };
    if let Err(error) = api.delete(&name, &DeleteParams::default()).await
        && !matches!(&error, kube::Error::Api(status) if status.code == 404)
    {
        terminal::warn(&format!(
            "pod `{name}` in namespace `{namespace}` is not deleted; it ends by itself, delete it then"
        ));
    }
    result
}

async fn result(
    api: &Api<Pod>,
    name: &str,
    connection: &Connection,
    patience: Duration,
) -> Result<Report, Failure> {
    let deadline = Instant::now() + patience;
    loop {
        let pod = api.get(name).await;
        let pod = pod.map_err(|error| failure(connection, "look at its pod", &error))?;
        let status = pod.status.unwrap_or_default();
        if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
            let log = api.logs(name, &LogParams::default()).await;
            let log = log.map_err(|error| failure(connection, "read its pod's log", &error))?;
            return report(&log).ok_or_else(|| {
                let what = format!(
                    "the pod that tested `{}` tells no result",
                    name_of(connection)
                );
                Failure::new(Kind::Unavailable, what)
                    .help("use the image of this version with `--image`")
            });
        }
        let containers = status.container_statuses.unwrap_or_default();
        let mut waiting = containers
            .into_iter()
            .filter_map(|container| container.state?.waiting?.reason);
        let hopeless = waiting.find(|why| HOPELESS.contains(&why.as_str()));
        if hopeless.is_some() || Instant::now() >= deadline {
            let what = format!(
                "the pod that tests `{}` does not start",
                name_of(connection)
            );
            let why = hopeless.unwrap_or_else(|| "no node took it in time".to_owned());
            return Err(Failure::new(Kind::Unavailable, what).cause(why).help(
                "see `kubectl get events`; `--image` and `--account` say what it runs with",
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn name_of(connection: &Connection) -> String {
    format!("{}/{}", connection.secret.namespace, connection.secret.name)
}

fn failure(connection: &Connection, step: &str, error: &kube::Error) -> Failure {
    let kind = match error {
        kube::Error::Api(status) if status.code == 403 => Kind::Forbidden,
        _ => Kind::Unavailable,
    };
    let what = format!(
        "cannot test `{}` in the cluster: {step}",
        name_of(connection)
    );
    Failure::new(kind, what).caused_by(error)
}

/// The report that a pod has printed; `None` when it is none, or one of another version.
fn report(log: &str) -> Option<Report> {
    let document: Value = serde_json::from_str(log).ok()?;
    let tested = document.pointer("/connections/0")?;
    let took = |value: &Value| Some(Duration::from_millis(value["milliseconds"].as_u64()?));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let step = |step: &Value| {
        let name = step["name"].as_str()?;
        let id = step["outcome"].as_str()?;
        Some(Step {
            name: StepName::ALL
                .into_iter()
                .find(|known| known.as_str() == name)?,
            state: match step["state"].as_str()? {
                "passed" => State::Passed,
                "warned" => State::Warned,
                "failed" => State::Failed,
                "skipped" => State::Skipped,
                _ => return None,
            },
            outcome: OUTCOMES.iter().find(|outcome| outcome.id == id)?,
            field: text(&step["field"]),
            detail: text(&step["detail"]),
            took: took(step)?,
        })
    };
    let steps: Option<Vec<Step>> = tested["steps"].as_array()?.iter().map(step).collect();
    Some(Report::new(steps?, took(tested)?))
}

#[cfg(test)]
mod tests;
