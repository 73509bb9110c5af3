//! Tests from inside of a cluster: a pod for each connection, whose log is the result. The pods are
//! deleted however the tests end. What a pod is like is left to `pod`.

use std::time::Duration;

use bowline_core::Connection;
use bowline_probe::{OUTCOMES, Report, State, Step, StepName};
use futures::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::{ContainerState, Event, Pod, PodStatus};
use kube::api::{Api, DeleteParams, ListParams, LogParams, PostParams};
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

/// What became of the tests.
#[derive(Default)]
pub(super) struct Done<'a> {
    /// Those whose pods told a result.
    pub(super) tested: Vec<Tested<'a>>,
    /// Why the pods of the others did not.
    pub(super) failures: Vec<Failure>,
}

/// Tests all in pods, and hands each result to `told`, until `stop` ends; then those that run are
/// deleted.
///
/// # Errors
/// When nobody can be waited for to stop them.
pub(super) async fn all<'a>(
    client: &kube::Client,
    targets: &'a Targets,
    wanted: &Wanted<'_>,
    told: impl Fn(&Tested<'a>),
    stop: impl Future<Output = Result<(), Failure>>,
) -> Result<Option<Done<'a>>, Failure> {
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let mut tests = stream::iter(targets.tested.iter().copied())
        .map(|index| {
            let connection = &targets.all[index];
            let mut stopped = stopped.clone();
            async move {
                // Those whose turn never came.
                if *stopped.borrow() {
                    return Ok(None);
                }
                let until = async move {
                    let _ = stopped.wait_for(|is| *is).await;
                };
                let report = one(client, connection, wanted, PATIENCE, until).await?;
                Ok::<_, Failure>(report.map(|report| Tested { connection, report }))
            }
        })
        .buffered(AT_ONCE);
    let mut done = Done::default();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = tokio::select! {
            next = tests.next() => next,
            signal = &mut stop, if !*stopping.borrow() => {
                signal?;
                let _ = stopping.send(true);
                continue;
            }
        };
        match next {
            Some(Ok(Some(tested))) => {
                told(&tested);
                done.tested.push(tested);
            }
            Some(Err(failure)) => done.failures.push(failure),
            Some(Ok(None)) => {}
            None => break,
        }
    }
    Ok((!*stopping.borrow()).then_some(done))
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
        result = result(&api, &name, connection, patience) => match result {
            Ok(Told::Report(report)) => Ok(Some(report)),
            Ok(Told::Nothing(mut failure)) => {
                // Deleted pods take no events along, but who asks now need not look for them.
                if let Some(warning) = last_warning(client, namespace, &name).await {
                    failure = failure.cause(warning);
                }
                Err(failure.help(format!(
                    "`--image` and `--account` say what it runs with; see \
                     `kubectl get events -n {namespace}` for more"
                )))
            }
            Err(failure) => Err(failure),
        },
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

/// What a pod has told in the end.
enum Told {
    Report(Report),
    /// The cluster did not let it: what happened to it instead.
    Nothing(Failure),
}

async fn result(
    api: &Api<Pod>,
    name: &str,
    connection: &Connection,
    patience: Duration,
) -> Result<Told, Failure> {
    let deadline = Instant::now() + patience;
    loop {
        let pod = api.get(name).await;
        let pod = pod.map_err(|error| failure(connection, "look at its pod", &error))?;
        let status = pod.status.unwrap_or_default();
        if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
            return of_ended(api, name, connection, &status).await;
        }
        let waiting = states(&status).find_map(|state| {
            let waiting = state.waiting.as_ref()?;
            let reason = waiting.reason.as_deref().unwrap_or_default();
            HOPELESS
                .contains(&reason)
                .then(|| because(reason, waiting.message.as_deref()))
        });
        if waiting.is_some() || Instant::now() >= deadline {
            let what = format!(
                "the pod that tests `{}` does not start",
                name_of(connection)
            );
            let why = waiting.unwrap_or_else(|| "no node took it in time".to_owned());
            let failure = Failure::new(Kind::Unavailable, what).cause(why);
            return Ok(Told::Nothing(failure));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What a pod that ended has told.
async fn of_ended(
    api: &Api<Pod>,
    name: &str,
    connection: &Connection,
    status: &PodStatus,
) -> Result<Told, Failure> {
    // One that was ended from outside may never have had a container, and so no log.
    let ended = states(status).find_map(|state| state.terminated.as_ref());
    if ended.is_some() {
        let log = api.logs(name, &LogParams::default()).await;
        let log = log.map_err(|error| failure(connection, "read its pod's log", &error))?;
        if let Some(report) = report(&log) {
            return Ok(Told::Report(report));
        }
    }
    let connection = name_of(connection);
    let what = format!("the pod that tested `{connection}` tells no result");
    let failure = Failure::new(Kind::Unavailable, what);
    let of_pod = status.reason.as_deref().zip(Some(&status.message));
    let of_container = ended.and_then(|ended| Some((ended.reason.as_deref()?, &ended.message)));
    // "Error" is any exit code, which another program has too.
    let of_container = of_container.filter(|(reason, _)| !matches!(*reason, "Completed" | "Error"));
    match of_pod.or(of_container) {
        Some((reason, message)) => {
            let why = because(reason, message.as_deref());
            Ok(Told::Nothing(failure.cause(why)))
        }
        None => Err(failure.help("use the image of this version with `--image`")),
    }
}

fn states(status: &PodStatus) -> impl Iterator<Item = &ContainerState> {
    let containers = status.container_statuses.iter().flatten();
    containers.filter_map(|container| container.state.as_ref())
}

fn because(reason: &str, message: Option<&str>) -> String {
    match message {
        Some(message) if !message.is_empty() => format!("{reason}: {message}"),
        _ => reason.to_owned(),
    }
}

/// The last warning about a pod; `None` where there is none or the caller may not see them.
async fn last_warning(client: &kube::Client, namespace: &str, pod: &str) -> Option<String> {
    let api: Api<Event> = Api::namespaced(client.clone(), namespace);
    let about = format!("involvedObject.kind=Pod,involvedObject.name={pod},type=Warning");
    let events = api.list(&ListParams::default().fields(&about)).await.ok()?;
    let last = events
        .items
        .into_iter()
        .max_by_key(|event| event.last_timestamp.clone())?;
    let reason = last.reason.unwrap_or_default();
    Some(because(&reason, last.message.as_deref()))
}

fn name_of(connection: &Connection) -> String {
    format!("{}/{}", connection.secret.namespace, connection.secret.name)
}

fn failure(connection: &Connection, step: &str, error: &kube::Error) -> Failure {
    let what = format!(
        "cannot test `{}` in the cluster: {step}",
        name_of(connection)
    );
    let status = match error {
        kube::Error::Api(status) => status,
        kube::Error::SerdeError(_) => {
            return Failure::new(Kind::Internal, what).cause("its answer cannot be read");
        }
        kube::Error::Auth(_) => {
            let failure = Failure::new(Kind::Unauthenticated, what);
            return failure.cause("the credentials of the kubeconfig's user cannot be had");
        }
        _ => return Failure::new(Kind::Unavailable, what).cause("the API server does not answer"),
    };
    let failure = Failure::new(Kind::of_status(status.code), what)
        .cause(format!("it answered {}: {}", status.code, status.message));
    match status.code {
        403 => failure.help(
            "it takes the rights to make, see and delete pods there and to read their logs, and a \
             namespace that admits them",
        ),
        _ => failure,
    }
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
