//! What every request goes through, in this order: authenticate, authorize, decode, and then the
//! verb, which admits, validates and stores. Kinds make no difference here.

mod audit;
pub(crate) mod authenticate;
pub(crate) mod authorize;
pub(crate) mod decode;
pub(crate) mod negotiate;
mod percent;
pub(crate) mod query;
pub(crate) mod respond;
pub(crate) mod route;

use crate::api::Api;
use crate::discovery;
use crate::identity::UserInfo;
use crate::load::Place;
use crate::object;
use crate::rbac::Policy;
use crate::status::Status;
use crate::verbs::{self, Call};
use audit::Act;
use authenticate::Caller;
use decode::RequestBody;
use futures::FutureExt as _;
use http::request::Parts;
use http::{Method, Request, Response};
use negotiate::{Encoding, Form, Format};
use query::Query;
use respond::{Answer, Body, Shown};
use route::{ResourcePath, Route};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Answers one request. What changes something runs to its end even when the client goes away.
pub(crate) async fn handle(
    api: Arc<Api>,
    caller: Caller,
    request: Request<RequestBody>,
) -> Response<Body> {
    let is_read = request.method() == Method::GET;
    let work = process(api, caller, request);
    let done = match is_read {
        // Nobody misses what is read for a client that has gone.
        true => AssertUnwindSafe(work).catch_unwind().await.ok(),
        false => tokio::spawn(work).await.ok(),
    };
    done.unwrap_or_else(|| {
        tracing::error!("a request was not worked off to its end");
        let status = Status::internal("the request was not worked off");
        respond::refusal(&status, Encoding::Json, &[])
    })
}

async fn process(api: Arc<Api>, caller: Caller, request: Request<RequestBody>) -> Response<Body> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let format = negotiate::negotiate(&parts.headers);
    let encoding = format
        .as_ref()
        .map_or(Encoding::Json, |format| format.encoding);
    let mut aside = Aside::default();
    let outcome = serve(&api, caller, &parts, body, format, &mut aside).await;
    let Aside {
        warnings,
        place,
        act,
    } = aside;
    let response = match outcome {
        Ok((answer, shown)) => respond::answer(answer, shown, &warnings),
        Err(status) => respond::refusal(&status, encoding, &warnings),
    };
    act.tell(&api, response.status().as_u16());
    tracing::debug!(
        method = %parts.method,
        path = parts.uri.path(),
        status = response.status().as_u16(),
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    respond::holding(response, place)
}

/// What there is to say besides the answer, whatever that is.
#[derive(Default)]
struct Aside {
    warnings: Vec<String>,
    /// Kept for as long as the answer is read.
    place: Option<Place>,
    act: Act,
}

async fn serve(
    api: &Arc<Api>,
    caller: Caller,
    parts: &Parts,
    body: RequestBody,
    format: Result<Format, Status>,
    aside: &mut Aside,
) -> Result<(Answer, Shown), Status> {
    let route = Route::parse(parts.uri.path()).ok_or_else(Status::no_path)?;
    let is_remote = matches!(caller, Caller::Remote(_));
    aside.act.is_remote = is_remote;
    aside.act.verb = parts.method.as_str().to_ascii_lowercase();
    if let Route::Resource(path) = &route {
        aside.act.path = path.clone();
    }
    let query = Query::parse(parts.uri.query().unwrap_or_default())?;
    aside.act.is_dry_run = query.dry_run;
    let verb = verb(&parts.method, &route, &query)?;
    verb.clone_into(&mut aside.act.verb);
    let user = admit_caller(api, caller, parts, (&route, verb, &query), &mut aside.act).await?;
    let include = query.include_object;
    match route {
        Route::Other(_) if verb != "get" => Err(Status::method_not_allowed()),
        Route::Other(path) => {
            let form = format.as_ref().map_or(Form::Whole, |format| format.form);
            let format = format.unwrap_or_default();
            let answer = discovery::answer(api, &path, form, &parts.headers)?;
            Ok((
                answer,
                Shown {
                    resource: None,
                    format,
                    include,
                },
            ))
        }
        Route::Resource(path) => {
            if is_remote {
                aside.place = Some(api.load.enter(verb == "watch")?);
            }
            let format = format?;
            let manager = verbs::manager(&query, &parts.headers);
            let mut call = call(api, user, path, query, format)?;
            call.manager = manager;
            let resource = Some(Arc::clone(&call.resource));
            let outcome = verbs::run(&mut call, verb, &parts.headers, body).await;
            aside.warnings.append(&mut call.warnings);
            aside.act.is_dry_run = call.query.dry_run;
            aside.act.deleted = call.deleted;
            aside.act.name = match &outcome {
                Ok(Answer::Object(_, object)) => Some(object::name(object).to_owned()),
                Ok(_) => None,
                Err(status) => status.name_of(&call.resource).map(str::to_owned),
            };
            Ok((
                outcome?,
                Shown {
                    resource,
                    format,
                    include,
                },
            ))
        }
    }
}

/// Lets the caller in, or says why not.
async fn admit_caller(
    api: &Api,
    caller: Caller,
    parts: &Parts,
    (route, verb, query): (&Route, &str, &Query),
    act: &mut Act,
) -> Result<UserInfo, Status> {
    let Some(mut user) = authenticate::authenticate(api, caller, &parts.headers).await? else {
        let is_open = authorize::is_open(route) && !authenticate::is_impersonating(&parts.headers);
        return if is_open {
            Ok(UserInfo::anonymous())
        } else {
            Err(Status::unauthorized())
        };
    };
    act.is_by(&user);
    let policy: Arc<Policy> = api.policy().await.map_err(verbs::internal)?;
    if authenticate::is_impersonating(&parts.headers) {
        user = authenticate::impersonate(&policy, &user, &parts.headers)?;
        act.is_by(&user);
    }
    let mut asked = authorize::attributes(route, verb);
    if let (Route::Resource(path), "list" | "watch") = (route, verb)
        && let Some(resource) = api.registry.find(&path.group, &path.version, &path.plural)
    {
        asked.name = verbs::selected_name(&resource, &query.field_selector).unwrap_or_default();
    }
    authorize::authorize(&policy, &user, &asked)?;
    Ok(user)
}

/// The verb of a request, as access rules name it.
fn verb(method: &Method, route: &Route, query: &Query) -> Result<&'static str, Status> {
    let has_name = match route {
        Route::Other(_) => return other_verb(method),
        Route::Resource(path) => path.name.is_some(),
    };
    match (method.as_str(), has_name) {
        // What is posted to a subresource is made there, like an object in a collection.
        ("POST", true) if has_subresource(route) => Ok("create"),
        ("GET", true) => Ok("get"),
        ("GET", false) if query.watch => Ok("watch"),
        ("GET", false) => Ok("list"),
        ("POST", false) => Ok("create"),
        ("PUT", true) => Ok("update"),
        ("PATCH", true) => Ok("patch"),
        ("DELETE", true) => Ok("delete"),
        ("DELETE", false) => Ok("deletecollection"),
        _ => Err(Status::method_not_allowed()),
    }
}

fn has_subresource(route: &Route) -> bool {
    matches!(route, Route::Resource(path) if path.subresource.is_some())
}

fn other_verb(method: &Method) -> Result<&'static str, Status> {
    match method.as_str() {
        "GET" | "HEAD" => Ok("get"),
        "POST" => Ok("post"),
        "PUT" => Ok("put"),
        "PATCH" => Ok("patch"),
        "DELETE" => Ok("delete"),
        _ => Err(Status::method_not_allowed()),
    }
}

/// What is not there: something in a group that there is, or the whole group.
fn unknown(api: &Api, group: &str) -> Status {
    match api.registry.kinds().iter().any(|kind| kind.group == group) {
        true => Status::unknown_path(),
        false => Status::no_page(),
    }
}

/// The resource that a path names, with everything that a verb needs.
fn call(
    api: &Arc<Api>,
    user: UserInfo,
    path: ResourcePath,
    query: Query,
    format: Format,
) -> Result<Call, Status> {
    let resource = api
        .registry
        .find(&path.group, &path.version, &path.plural)
        .ok_or_else(|| unknown(api, &path.group))?;
    let is_known = match path.subresource.as_deref() {
        None => true,
        Some("status") => resource.has_status,
        Some("scale") => resource.scale.is_some(),
        Some("token") => verbs::token::has_token(&resource),
        Some(other) if verbs::pods::are_pods(&resource) => verbs::pods::have(other),
        Some(_) => false,
    };
    // An object of a namespaced kind has no path without its namespace, and the other way round.
    let fits = match (&path.namespace, &path.name) {
        (Some(_), _) => resource.is_namespaced,
        (None, Some(_)) => !resource.is_namespaced,
        (None, None) => true,
    };
    if !is_known || !fits {
        return Err(Status::unknown_path());
    }
    let mut warnings = Vec::new();
    warnings.extend(resource.deprecation.clone());
    Ok(Call {
        api: Arc::clone(api),
        user,
        resource,
        namespace: path.namespace.unwrap_or_default(),
        name: path.name.unwrap_or_default(),
        subresource: path.subresource,
        query,
        format,
        manager: String::new(),
        repeated: Vec::new(),
        is_patch: false,
        warnings,
        deleted: None,
        is_beaten: AtomicBool::new(false),
    })
}
