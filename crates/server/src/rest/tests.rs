//! Testing connections: stored ones, and such as are only written down yet. Answers are one document,
//! or server-sent events for those who ask for them.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use bowline_catalog::Connections;
use bowline_catalog::draft::NewConnection;
use bowline_catalog::edit::Change;
use bowline_probe::Step;
use futures::stream::{Stream, StreamExt as _, once, select, unfold};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::act::{Act, acted};
use super::document::{Changing, Common};
use super::forms;
use super::parameters::{Nothing, Parameters};
use super::place::{Place, Project};
use crate::App;
use crate::callers::Caller;
use crate::guard::{Body, Json, RequestId};
use crate::problem::Problem;
use crate::testing::{Subject, Trial};

/// The media type of server-sent events.
const EVENTS: &str = "text/event-stream";
/// What a connection is called that is not stored.
const UNSAVED: &str = "bowline-unsaved";

/// What a workload would do.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Asked {
    path: Option<String>,
    reference: Option<String>,
    #[serde(default)]
    write: bool,
    #[serde(default)]
    push: bool,
    change: Option<Change>,
}

impl Body for Asked {}
impl Body for Unsaved {}

/// A connection that is only written down, and what a workload would do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Unsaved {
    connection: NewConnection,
    path: Option<String>,
    reference: Option<String>,
    #[serde(default)]
    write: bool,
    #[serde(default)]
    push: bool,
}

/// Test a connection
///
/// Goes where the connection says and does what a workload would do, step by step; only reads, unless
/// `write` or `push` is set. Needs the right to `get` the Secret, or, where the server may read for
/// others, to `test` `connections.bowline.dev`. With `change` the connection is tested as it would be
/// after that change, which needs the right to make it. The answer is 200 however the test ends. With
/// `Accept: text/event-stream` each step is an event `step` as it ends, and the whole is the event
/// `verdict`.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/connections/{name}/test", tag = "tests", operation_id = "testConnection",
    params(("project" = String, Path, description = "The project", example = "team-a"), ("name" = String, Path, description = "The connection", example = "tides")),
    request_body(content = Option<forms::Asked>),
    responses(
        (status = OK, description = "How the test ended", content((forms::Tested = "application/json"), (String = "text/event-stream"))),
        Common, Changing,
    )
)]
pub(crate) async fn stored(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    place: Place,
    Parameters(Nothing): Parameters<Nothing>,
    headers: HeaderMap,
    asked: Option<Json<Asked>>,
) -> Result<Response, Problem> {
    acted(&caller, &id, place.act("test", false), async {
        let asked = asked.map(|Json(asked)| asked).unwrap_or_default();
        let types = &app.settings.types;
        let subject = match &asked.change {
            None => {
                let Place { project, name } = &place;
                app.tests.stored(&caller, types, project, name).await?
            }
            Some(change) => changed(&app, &caller, &place, change).await?,
        };
        let ask = bowline_probe::Ask {
            path: asked.path,
            reference: asked.reference,
            write: asked.write,
            push: asked.push,
        };
        answer(app.tests.prepare(subject, ask).await?, &headers).await
    })
    .await
}

/// Test a connection before it is saved
///
/// Its values are checked by its type first. Needs the right to `create` Secrets in the project; nothing
/// is kept. Otherwise as testing a stored one.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/test", tag = "tests", operation_id = "testUnsaved",
    params(("project" = String, Path, description = "The project", example = "team-a")),
    request_body(content = forms::Unsaved),
    responses(
        (status = OK, description = "How the test ended", content((forms::Tested = "application/json"), (String = "text/event-stream"))),
        Common, Changing,
    )
)]
pub(crate) async fn unsaved(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Project(project): Project,
    Parameters(Nothing): Parameters<Nothing>,
    headers: HeaderMap,
    Json(unsaved): Json<Unsaved>,
) -> Result<Response, Problem> {
    let act = Act {
        verb: "test",
        kind: "connection",
        project: &project,
        name: "",
        is_dry_run: true,
    };
    acted(&caller, &id, act, async {
        app.tests.count(&caller)?;
        // A name that is taken is no reason not to test.
        let new = NewConnection {
            name: Some(format!("{UNSAVED}-{}", crate::random::letters(8))),
            ..unsaved.connection
        };
        let connections = dry(&app, &caller);
        let saved = connections.create(&project, &new).await?;
        let subject = Subject {
            connection: saved.stored.connection,
            reader: caller.client.clone(),
            is_kept: false,
        };
        let ask = bowline_probe::Ask {
            path: unsaved.path,
            reference: unsaved.reference,
            write: unsaved.write,
            push: unsaved.push,
        };
        answer(app.tests.prepare(subject, ask).await?, &headers).await
    })
    .await
}

/// The connection as it would be. Where the endpoint changes, secrets must be in the change, so that
/// nobody has stored ones sent to another place.
async fn changed(
    app: &App,
    caller: &Caller,
    place: &Place,
    change: &Change,
) -> Result<Subject, Problem> {
    app.tests.count(caller)?;
    let edited = dry(app, caller)
        .edit(&place.project, &place.name, change)
        .await?;
    Ok(Subject {
        connection: edited.stored.connection,
        reader: caller.client.clone(),
        is_kept: false,
    })
}

/// The API judges what is written as always, also whether the caller may, and keeps nothing.
fn dry(app: &App, caller: &Caller) -> Connections {
    Connections::new(caller.clone().dry().client, app.settings.types.clone())
}

/// Runs the test for as long as somebody waits for its answer.
async fn answer(trial: Trial, headers: &HeaderMap) -> Result<Response, Problem> {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accepted.filter_map(|accepted| accepted.to_str().ok());
    if accepted.any(|accepted| accepted.contains(EVENTS)) {
        return Ok(Sse::new(events(trial)).into_response());
    }
    Ok(Json(trial.run(|_| ()).await).into_response())
}

/// The events of a test, which runs while they are read and ends when they are dropped.
fn events(trial: Trial) -> impl Stream<Item = Result<Event, Infallible>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let run = async move {
        let tell = |step: &Step| drop(sender.send(event("step", step)));
        let finished = trial.run(tell).await;
        drop(sender.send(event("verdict", &finished)));
    };
    let told = unfold(receiver, |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    });
    let running = once(run).filter_map(|()| async { None });
    select(told, running).map(Ok)
}

fn event(name: &str, data: &impl Serialize) -> Event {
    // Steps and reports are plain objects, which always have a JSON form.
    let text = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(text)
}
