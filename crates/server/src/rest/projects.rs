//! The projects in which somebody may list connections, and lists over all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use bowline_catalog::Error;
use bowline_catalog::index::{BadQuery, Page, Query};
use bowline_catalog::rights::may;
use bowline_catalog::view::{NotLooked, Scope, View};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::StatusCode;
use k8s_openapi::api::authorization::v1::ResourceAttributes;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams};
use serde::Serialize;
use utoipa::ToSchema;

use super::document::Common;
use super::parameters::{Nothing, Parameters};
use crate::App;
use crate::callers::Caller;
use crate::guard::Json;
use crate::problem::Problem;

/// Questions about rights that are asked at a time.
const AT_A_TIME: usize = 8;
/// Views that are started at a time.
const VIEWS_AT_A_TIME: usize = 16;
/// How long an answer about what is open to somebody holds; views ask for rights as often.
const OPEN: Duration = Duration::from_secs(10);
/// Callers whose answers are kept.
const CALLERS: usize = 1024;

/// Which projects are open to whom, as was found out just now. A view asks again whether it may still
/// look, so nobody sees what is closed since.
#[derive(Debug, Default)]
pub(crate) struct OpenProjects(Mutex<HashMap<String, Open>>);

/// The projects that are open to somebody.
#[derive(Debug)]
struct Open {
    asked: Instant,
    names: Vec<String>,
    is_asked_again: bool,
}

impl OpenProjects {
    /// What is known, and whether it is time to ask again.
    fn find(&self, key: &str) -> Option<(Vec<String>, bool)> {
        let mut known = self.known();
        known.retain(|_, open| open.asked.elapsed() < OPEN);
        let open = known.get_mut(key)?;
        let is_time = !open.is_asked_again && open.asked.elapsed() >= OPEN / 2;
        open.is_asked_again |= is_time;
        Some((open.names.clone(), is_time))
    }

    fn keep(&self, key: &str, open: Open) {
        let mut known = self.known();
        if known.len() < CALLERS || known.contains_key(key) {
            known.insert(key.to_owned(), open);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Project {
    /// Its name, which is that of the namespace.
    #[schema(example = "team-a")]
    name: String,
}

/// Projects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Projects {
    /// By name.
    items: Vec<Project>,
}

/// List the projects in which the sender may list connections
#[utoipa::path(
    get, path = "/api/v1/projects", tag = "connections", operation_id = "listProjects",
    responses((status = OK, body = Projects, description = "The projects"), Common)
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(Nothing): Parameters<Nothing>,
) -> Result<Json<Projects>, Problem> {
    let all = names(&app).await?;
    let open = match may_list(&caller, None).await? {
        true => all,
        false => open_to(&caller, all).await?,
    };
    let items = open.into_iter().map(|name| Project { name }).collect();
    Ok(Json(Projects { items }))
}

/// One page over all projects that are open to somebody.
pub(super) async fn query(
    app: &Arc<App>,
    caller: &Caller,
    query: &Query,
) -> Result<(Page, Vec<NotLooked>), Problem> {
    if may_list(caller, None).await? {
        let view = app
            .views
            .of(&caller.client, &caller.key, &Scope::All)
            .await?;
        let page = view.query(query).map_err(bad_query)?;
        return Ok((page, view.not_looked_at()));
    }
    let looks = open(app, caller).await?.into_iter();
    let looks = looks.map(|project| async move {
        let scope = Scope::Namespace(project);
        app.views.of(&caller.client, &caller.key, &scope).await
    });
    let mut looks = stream::iter(looks).buffered(VIEWS_AT_A_TIME);
    let (mut views, mut not_looked_at) = (Vec::new(), Vec::new());
    while let Some(view) = looks.next().await {
        match view {
            Ok(view) => {
                not_looked_at.extend(view.not_looked_at());
                views.push(view);
            }
            // The right went since it was asked for, or the project did.
            Err(error) if matches!(error.kind().status(), 403 | 404) => {}
            Err(error) => return Err(error.into()),
        }
    }
    not_looked_at.sort();
    not_looked_at.dedup();
    let page = View::query_all(&views, query).map_err(bad_query)?;
    Ok((page, not_looked_at))
}

pub(super) fn bad_query(error: BadQuery) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, error.to_string())
}

/// The names of all projects; the server's own account reads them.
async fn names(app: &App) -> Result<Vec<String>, Problem> {
    let api: Api<Namespace> = Api::all(app.settings.reader.clone());
    let list = api.list_metadata(&ListParams::default()).await;
    let list = list.map_err(Error::of_kubernetes("listing projects"))?;
    let mut names: Vec<_> = list
        .items
        .into_iter()
        .filter_map(|item| item.metadata.name)
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// The projects that are open to somebody. While an answer still holds, the next one is asked for
/// ahead, so that nobody who keeps looking waits for it.
async fn open(app: &Arc<App>, caller: &Caller) -> Result<Vec<String>, Problem> {
    let Some((names, is_time)) = app.open.find(&caller.key) else {
        return ask(app, caller).await;
    };
    if is_time {
        let (app, caller) = (Arc::clone(app), caller.clone());
        // Whatever is wrong is told to whoever asks when the old answer is no good.
        tokio::spawn(async move { ask(&app, &caller).await });
    }
    Ok(names)
}

async fn ask(app: &App, caller: &Caller) -> Result<Vec<String>, Problem> {
    let asked = Instant::now();
    let open = open_to(caller, names(app).await?).await?;
    let answer = Open {
        asked,
        names: open.clone(),
        is_asked_again: false,
    };
    app.open.keep(&caller.key, answer);
    Ok(open)
}

async fn open_to(caller: &Caller, names: Vec<String>) -> Result<Vec<String>, Problem> {
    let ask = |name: String| async move {
        let is_open = may_list(caller, Some(&name)).await?;
        Ok::<_, Problem>(is_open.then_some(name))
    };
    let answers = stream::iter(names).map(ask).buffered(AT_A_TIME);
    answers
        .try_filter_map(|name| async { Ok(name) })
        .try_collect()
        .await
}

/// Whether somebody may list Secrets in a project, or in all of them.
async fn may_list(caller: &Caller, project: Option<&str>) -> Result<bool, Problem> {
    let right = ResourceAttributes {
        verb: Some("list".to_owned()),
        resource: Some("secrets".to_owned()),
        namespace: project.map(str::to_owned),
        ..ResourceAttributes::default()
    };
    let answer = may(&caller.client, right).await;
    let failed = Error::of_kubernetes("asking what the sender may list");
    Ok(answer.map_err(failed)?)
}
