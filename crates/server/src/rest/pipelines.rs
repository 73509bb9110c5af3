//! What `bowline pipelines` does, over HTTP: documents are in the body, as texts, and answers are those
//! of the command line's `-o json`. Nothing but `diff`, `apply` and `check` looks into the cluster,
//! and these with the sender's own rights. Secrets are rendered only where the body holds their sources.

mod body;
pub(super) mod live;

use bowline_core::{Finding, Severity};
use bowline_pipelines::launcher::{self, LauncherConfig};
use bowline_pipelines::model::Release;
use bowline_pipelines::policies::{self, Dialect, Form};
use bowline_pipelines::releases::NEWEST_KFP;
use bowline_pipelines::{explain, lint, render, traps};
use http::StatusCode;
use serde_json::{Value, json};

use super::document::{Changing, Common};
use super::forms::pipelines as forms;
use super::parameters::{Nothing, Parameters};
use crate::callers::Caller;
use crate::guard::Json;
use crate::problem::Problem;
use body::{
    ExplainReaders, LintStore, RenderObjects, ResolveRoot, WritePolicies, accepted, parsed,
};

/// Render every object that pipelines' store needs
///
/// As `bowline pipelines render`: one `List`, or what `output` names; and what is to be said about it.
/// Copies of Secrets are in it only where the body holds their sources; none is read from the cluster. What
/// is refused is answered with all findings.
#[utoipa::path(
    post, path = "/api/v1/pipelines/render", tag = "pipelines", operation_id = "renderPipelines",
    request_body(content = RenderObjects),
    responses((status = OK, body = forms::Rendered, description = "The objects as a `List`, or in the form that was asked for"), Common, Changing)
)]
pub(crate) async fn objects(
    _: Caller,
    Parameters(Nothing): Parameters<Nothing>,
    Json(body): Json<RenderObjects>,
) -> Result<Json<Value>, Problem> {
    let input = body.description.read()?;
    let deployment = accepted(&input)?;
    let options = body.options(&input);
    let (mut value, mut findings) = match body.output {
        body::Output::HelmValues => {
            let (values, findings) = render::helm_values(deployment);
            (json!({ "values": values }), findings)
        }
        output => {
            let (items, findings) = render::objects(deployment, options);
            let value = match output {
                body::Output::Kustomize => {
                    let base = body.base.as_deref().unwrap_or("base");
                    let made = render::kustomization(&items, base);
                    json!({"kustomization": made.file, "objects": made.objects})
                }
                _ => json!({"apiVersion": "v1", "kind": "List", "items": items}),
            };
            (value, findings)
        }
    };
    // Notes are left to `lint`, as on the command line.
    let traps = traps::findings(deployment, options.names, options.kyverno);
    findings.extend(traps.into_iter().filter(|it| it.severity > Severity::Note));
    value["findings"] = lint::about(&input.findings, findings).into();
    Ok(Json(value))
}

/// Say what is wrong with the description of pipelines' store
///
/// As `bowline pipelines lint -o json`, also where the description is refused.
#[utoipa::path(
    post, path = "/api/v1/pipelines/lint", tag = "pipelines", operation_id = "lintPipelines",
    request_body(content = LintStore),
    responses((status = OK, body = forms::Findings, description = "All findings, and how many there are"), Common, Changing)
)]
pub(crate) async fn findings(
    _: Caller,
    Parameters(Nothing): Parameters<Nothing>,
    Json(body): Json<LintStore>,
) -> Result<Json<Value>, Problem> {
    let names = body.description.names(body.layout);
    let input = body.description.read()?;
    Ok(Json(lint::report(&lint::lint(input, names, body.kyverno))))
}

/// Show where each reader looks for pipelines' store, and what it finds there
///
/// As `bowline pipelines explain -o json`.
#[utoipa::path(
    post, path = "/api/v1/pipelines/explain", tag = "pipelines", operation_id = "explainPipelines",
    request_body(content = ExplainReaders),
    responses((status = OK, body = forms::Explanation, description = "A row for each reader"), Common, Changing)
)]
pub(crate) async fn readers(
    _: Caller,
    Parameters(Nothing): Parameters<Nothing>,
    Json(body): Json<ExplainReaders>,
) -> Result<Json<explain::Explanation>, Problem> {
    let input = body.description.read()?;
    let deployment = accepted(&input)?;
    let (objects, _) = render::objects(deployment, body.options(&input));
    Ok(Json(explain::explain(deployment, &objects)))
}

/// Write who may touch what in the bucket, as policies of the store
///
/// As `bowline pipelines policies -o json`. A layout that keeps no policy from mixing profiles is refused
/// with its findings.
#[utoipa::path(
    post, path = "/api/v1/pipelines/policies", tag = "pipelines", operation_id = "writePipelinePolicies",
    request_body(content = WritePolicies),
    responses((status = OK, body = Value, description = "`backend`, `profiles` and `users`; with `merge` one policy"), Common, Changing)
)]
pub(crate) async fn rights(
    _: Caller,
    Parameters(Nothing): Parameters<Nothing>,
    Json(body): Json<WritePolicies>,
) -> Result<Json<Value>, Problem> {
    let input = body.description.read()?;
    let deployment = accepted(&input)?;
    let dialect: Option<Dialect> = parsed("for", body.dialect.as_deref())?;
    let dialect = dialect.unwrap_or_else(|| Dialect::of(&deployment.store));
    let form = match body.layout {
        Some(body::Layout::Deploykf) => Form::Deploykf,
        _ => Form::Limited,
    };
    let findings = policies::findings(deployment, dialect, form);
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    if findings.iter().any(is_error) {
        let detail = "the layout keeps no policy from mixing profiles";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).findings(&findings));
    }
    let made = policies::policies(deployment, dialect, form);
    let value = match body.merge {
        true => policies::merged(&made, dialect).ok_or_else(|| {
            let detail =
                format!("policies for `{dialect}` belong to users, so there is no single one");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
                .help("leave `merge` away, or write for `ceph` or `gcs`")
        })?,
        // Policies are plain objects, which always have a JSON form.
        false => serde_json::to_value(&made).unwrap_or_default(),
    };
    Ok(Json(value))
}

/// Say what KFP's launcher makes of its ConfigMap and a pipeline root
///
/// As `bowline pipelines resolve -o json`: the session that a run would store, or the error that it
/// would die of; and what KFP passes over in silence.
#[utoipa::path(
    post, path = "/api/v1/pipelines/resolve", tag = "pipelines", operation_id = "resolvePipelineRoot",
    request_body(content = ResolveRoot),
    responses((status = OK, body = forms::Resolved, description = "`session` or `error`, and `findings`"), Common, Changing)
)]
pub(crate) async fn session(
    _: Caller,
    Parameters(Nothing): Parameters<Nothing>,
    Json(body): Json<ResolveRoot>,
) -> Result<Json<Value>, Problem> {
    let config = LauncherConfig::parse(body.launcher.as_bytes()).map_err(|_| {
        let detail = "`launcher` is no `kfp-launcher` ConfigMap";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            .help("send the manifest of the ConfigMap, or its `data` alone")
    })?;
    let kfp: Option<Release> = parsed("kfp", body.kfp.as_deref())?;
    let root = body.pipeline_root.as_deref().unwrap_or(config.root());
    let kfp = kfp.unwrap_or(NEWEST_KFP);
    let mut value = match launcher::resolve(&config, root, kfp) {
        Ok(session) => json!({ "session": session }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    value["findings"] = lint::about(&[], launcher::notes(&config, root, kfp)).into();
    Ok(Json(value))
}
