//! Pipelines where they run: comparing and applying objects with the sender's own rights, and going to
//! the object store as each reader.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use bowline_core::{Finding, Severity};
use bowline_pipelines::{Input, render};
use bowline_setup::apply::{self, Done, Trouble, Wish};
use bowline_setup::check::Report;
use bowline_setup::objects::{self, Identity};
use http::StatusCode;
use serde_json::{Value, json};

use super::body::{ApplyObjects, CheckReaders, accepted};
use super::forms;
use crate::App;
use crate::callers::Caller;
use crate::guard::{Json, RequestId};
use crate::problem::Problem;
use crate::rest::act::{Act, acted};
use crate::rest::document::{Changing, Common};
use crate::rest::parameters::{DryRun, Nothing, Parameters};
use crate::testing::Installation;

/// Objects of one request: what fits into its time.
const MOST_OBJECTS: usize = 200;

const fn act(verb: &'static str, is_dry_run: bool) -> Act<'static> {
    Act {
        verb,
        kind: "pipelines",
        project: "",
        name: "",
        is_dry_run,
    }
}

/// What a request renders.
fn rendered(body: &ApplyObjects, input: &Input) -> Result<Vec<Value>, Problem> {
    let (objects, _) = render::objects(accepted(input)?, body.options(input));
    if objects.len() > MOST_OBJECTS {
        let detail = format!(
            "there are {} objects, more than {MOST_OBJECTS}",
            objects.len()
        );
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            .help("use `bowline pipelines` for so many profiles"));
    }
    Ok(objects)
}

/// Show what applying pipelines' objects would change in the cluster
///
/// As `bowline pipelines diff -o json`, with the sender's own rights; values of Secrets are hidden.
#[utoipa::path(
    post, path = "/api/v1/pipelines/diff", tag = "pipelines", operation_id = "diffPipelines",
    request_body(content = ApplyObjects),
    responses((status = OK, body = forms::Difference, description = "Each object, and how it stands to the cluster"), Common, Changing)
)]
pub(crate) async fn diff(
    caller: Caller,
    Parameters(Nothing): Parameters<Nothing>,
    Json(body): Json<ApplyObjects>,
) -> Result<Json<Value>, Problem> {
    let input = body.description.read()?;
    let objects = rendered(&body, &input)?;
    let owner = render::owner(accepted(&input)?);
    let difference = objects::difference(&caller.client, &owner, &objects).await?;
    Ok(Json(difference.value()))
}

/// Apply every object that pipelines' store needs
///
/// As `bowline pipelines apply`, with the sender's own rights. An object that is refused does not keep the
/// others from being applied; then the answer is a problem with a finding for each. Nothing is pruned
/// where an object was refused. A Deployment that runs is not pointed at a Secret that is not there; copies
/// that are made meanwhile are waited for, up to 10 s.
#[utoipa::path(
    post, path = "/api/v1/pipelines/apply", tag = "pipelines", operation_id = "applyPipelines",
    params(DryRun), request_body(content = ApplyObjects),
    responses((status = OK, body = forms::AppliedObjects, description = "What was done with each object"), Common, Changing)
)]
pub(crate) async fn apply(
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Parameters(DryRun(is_dry)): Parameters<DryRun>,
    Json(body): Json<ApplyObjects>,
) -> Result<Json<Value>, Problem> {
    acted(&caller, &id, act("apply", is_dry), async {
        if body.opt_in && body.kyverno {
            let detail = "`optIn` and `kyverno` are two ways of making copies";
            return Err(
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).help("send one of them")
            );
        }
        let input = body.description.read()?;
        let objects = rendered(&body, &input)?;
        let client = match is_dry {
            true => caller.clone().dry().client,
            false => caller.client.clone(),
        };
        let wish = Wish {
            deployment: accepted(&input)?,
            objects: &objects,
            force: body.force_conflicts,
            prune: body.prune,
            opt_in: body.opt_in,
            is_dry,
        };
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        apply::apply(&client, wish, |identity, end| match end {
            Ok(end) => done.push(result(&identity, end)),
            Err(trouble) => refused.push((identity, problem(trouble))),
        })
        .await;
        match refused.is_empty() {
            true => Ok(Json(json!({ "objects": done }))),
            false => {
                let of = done.len() + refused.len();
                Err(not_applied(refused, of))
            }
        }
    })
    .await
}

fn result(identity: &Identity, done: Done) -> Value {
    // An identity is a plain object, which always has a JSON form.
    let mut object = serde_json::to_value(identity).unwrap_or_default();
    object["result"] = json!(done.as_str());
    object
}

fn problem(trouble: Trouble) -> Problem {
    match trouble {
        Trouble::Refused(error) => Problem::from(error),
        Trouble::Withheld(withheld) => Problem::new(StatusCode::NOT_FOUND, withheld.what.as_str())
            .help(withheld.help("secrets", "optIn")),
    }
}

/// What was refused; the first decides the status.
fn not_applied(refused: Vec<(Identity, Problem)>, of: usize) -> Problem {
    let count = refused.len();
    let mut findings = Vec::with_capacity(count);
    let mut first = None;
    for (identity, problem) in refused {
        findings.push(Finding {
            severity: Severity::Error,
            rule: "not-applied",
            field: identity.to_string(),
            message: problem.detail.clone(),
            help: problem.help.clone().unwrap_or_default(),
        });
        first.get_or_insert(problem);
    }
    let status = first.map_or(StatusCode::INTERNAL_SERVER_ERROR, |problem| {
        problem.status()
    });
    Problem::new(
        status,
        format!("{count} of {of} objects could not be applied"),
    )
    .findings(&findings)
    .help("see the findings; what was applied stays, and applying again is safe")
}

/// Check that each reader gets where it must, and no profile where it must not
///
/// As `bowline pipelines check -o json`: goes to the object store from the server, within the bounds of
/// tests. Keys are taken from the Secrets in the body, or read with the sender's own rights. Needs the
/// right to `create` Secrets in the namespace of each reader. The answer is 200 however the check ends;
/// it ends after 20 s, and what was not tried by then is `too-slow`.
#[utoipa::path(
    post, path = "/api/v1/pipelines/check", tag = "pipelines", operation_id = "checkPipelines",
    request_body(content = CheckReaders),
    responses((status = OK, body = forms::Checked, description = "How each reader and each pair of profiles ended"), Common, Changing)
)]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Parameters(Nothing): Parameters<Nothing>,
    Json(body): Json<CheckReaders>,
) -> Result<Json<Report>, Problem> {
    acted(&caller, &id, act("check", false), async {
        let input = body.description.read()?;
        accepted(&input)?;
        let options = body.options(&input);
        let installation = Installation {
            names: options.names,
            input,
            profiles: body.profiles,
        };
        Ok(Json(app.tests.check(&caller, installation).await?))
    })
    .await
}
