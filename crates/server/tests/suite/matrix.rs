//! Who may do what: every operation of the document, for every caller, against a table. An operation
//! without a row fails.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Who, World, problem};

/// For each operation the status that anonymous, viewer, editor, admin and other get, on a world of
/// its own.
const EXPECTED: [(&str, [u16; 5]); 28] = [
    ("applyPipelines", [401, 403, 403, 200, 403]),
    ("changeConnection", [401, 403, 200, 200, 403]),
    ("checkPipelines", [401, 403, 403, 200, 403]),
    ("createConnection", [401, 403, 201, 201, 403]),
    ("createConnectionType", [401, 403, 403, 201, 403]),
    ("deleteConnection", [401, 403, 200, 200, 403]),
    ("deleteConnectionType", [401, 403, 403, 204, 403]),
    ("diffPipelines", [401, 403, 403, 200, 403]),
    ("duplicateConnectionType", [401, 403, 403, 201, 403]),
    ("enableConnectionType", [401, 403, 403, 200, 403]),
    ("explainPipelines", [401, 200, 200, 200, 200]),
    ("lintPipelines", [401, 200, 200, 200, 200]),
    ("listAllConnections", [401, 200, 200, 200, 200]),
    ("listConnectionTypes", [401, 200, 200, 200, 200]),
    ("listConnections", [401, 200, 200, 200, 403]),
    ("listProjects", [401, 200, 200, 200, 200]),
    ("readValues", [401, 200, 200, 200, 403]),
    ("renderPipelines", [401, 200, 200, 200, 200]),
    ("replaceConnectionType", [401, 403, 403, 200, 403]),
    ("resolvePipelineRoot", [401, 200, 200, 200, 200]),
    ("showConnection", [401, 200, 200, 200, 403]),
    ("showConnectionType", [401, 200, 200, 200, 200]),
    ("showConnectionUsage", [401, 200, 200, 200, 403]),
    ("showUsage", [401, 200, 200, 200, 403]),
    ("testConnection", [401, 200, 200, 200, 403]),
    ("testUnsaved", [401, 403, 200, 200, 403]),
    ("whoami", [401, 200, 200, 200, 200]),
    ("writePipelinePolicies", [401, 200, 200, 200, 200]),
];

/// An operation of the document.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    /// With the example of each parameter in place.
    pub(crate) path: String,
    /// The example of its body.
    pub(crate) body: Option<Value>,
    pub(crate) description: Value,
}

/// All operations, with the examples that the document gives.
pub(crate) fn operations() -> Result<(Value, Vec<Operation>)> {
    let document = serde_json::to_value(bowline_server::rest::document())?;
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().context("paths")? {
        for (method, description) in methods.as_object().context("methods")? {
            all.push(Operation {
                id: description["operationId"]
                    .as_str()
                    .context("an id")?
                    .to_owned(),
                method: method.to_uppercase().parse()?,
                path: with_examples(path, description)?,
                body: body(&document, description),
                description: description.clone(),
            });
        }
    }
    Ok((document, all))
}

fn with_examples(path: &str, description: &Value) -> Result<String> {
    let mut path = path.to_owned();
    for parameter in description["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "path" {
            let name = parameter["name"].as_str().context("a name")?;
            let example = parameter["example"]
                .as_str()
                .with_context(|| format!("{path}: {name} has no example"))?;
            path = path.replace(&format!("{{{name}}}"), example);
        }
    }
    Ok(path)
}

fn body(document: &Value, description: &Value) -> Option<Value> {
    let schema = &description["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    let schema = &document["components"]["schemas"][name];
    if let Some(example) = schema.get("example") {
        return Some(example.clone());
    }
    let members = schema["properties"].as_object()?;
    let examples = members
        .iter()
        .filter_map(|(name, member)| Some((name.clone(), member.get("example")?.clone())));
    Some(Value::Object(examples.collect()))
}

/// A world in which the examples of the document make sense: it has `tides`, `s3` and `ct-lake`, or
/// not yet what is to be created.
pub(crate) async fn world_for(operation: &Operation) -> Result<World> {
    let world = World::new().await?;
    if operation.id != "createConnection" {
        let made = world.request(
            Who::Editor,
            Method::POST,
            "/api/v1/projects/team-a/connections",
        );
        made.json(&crate::rest::tides())
            .send()
            .await?
            .error_for_status()?;
    }
    if operation.id != "createConnectionType" {
        let lake = json!({"displayName": "Lake", "categories": ["Lakes"], "fields": [{"type": "short-text", "name": "Host", "envVar": "LAKE_HOST", "properties": {}}]});
        let made = world.request(Who::Admin, Method::POST, "/api/v1/connection-types");
        made.json(&lake).send().await?.error_for_status()?;
    }
    if operation.id == "applyPipelines" {
        install(&world).await?;
    }
    Ok(world)
}

/// What Kubeflow Pipelines brings, as far as its store is concerned.
async fn install(world: &World) -> Result<()> {
    for namespace in ["kubeflow", "kubeflow-argo-workflows"] {
        let metadata = json!({"name": namespace});
        world
            .create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
            .await?;
    }
    // Running parts are not told to read a Secret that is not there, so there is the copy of the keys.
    let copy = json!({"name": "pipelines-object-store", "namespace": "kubeflow"});
    world
        .create(json!({"apiVersion": "v1", "kind": "Secret", "metadata": copy}))
        .await?;
    for (name, container) in [
        ("ml-pipeline", "ml-pipeline-api-server"),
        ("ml-pipeline-ui", "ml-pipeline-ui"),
    ] {
        let labels = json!({"app": name});
        world
            .create(json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": name, "namespace": "kubeflow"},
                "spec": {"selector": {"matchLabels": labels}, "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": container, "image": "example.com/it:1"}]},
                }},
            }))
            .await?;
    }
    Ok(())
}

pub(crate) async fn play(
    world: &World,
    operation: &Operation,
    who: Who,
) -> Result<reqwest::Response> {
    let mut request = world.request(who, operation.method.clone(), &operation.path);
    if let Some(body) = &operation.body {
        request = request.json(body);
    }
    Ok(request.send().await?)
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says() -> Result<()> {
    let expected = BTreeMap::from(EXPECTED);
    let (_, operations) = operations()?;
    let known: Vec<_> = operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect();
    let stale: Vec<_> = expected.keys().filter(|id| !known.contains(id)).collect();
    assert!(stale.is_empty(), "rows without an operation: {stale:?}");
    for operation in &operations {
        let row = expected
            .get(operation.id.as_str())
            .with_context(|| format!("`{}` has no row", operation.id))?;
        for (who, expected) in Who::ALL.into_iter().zip(row) {
            let world = world_for(operation).await?;
            let status = play(&world, operation, who).await?.status();
            assert_eq!(status, *expected, "{} as {who:?}", operation.id);
        }
    }
    Ok(())
}

/// What others cannot see they cannot tell from what is not there.
#[tokio::test]
async fn missing_and_forbidden_look_alike_to_others() -> Result<()> {
    let (_, operations) = operations()?;
    for operation in operations
        .iter()
        .filter(|operation| operation.path.contains("/team-a/connections/tides"))
    {
        let world = world_for(operation).await?;
        let mut missing = operation.clone();
        missing.path = operation.path.replace("tides", "nothing");
        for who in [Who::Anonymous, Who::Other] {
            let (there, not_there) = (
                play(&world, operation, who).await?,
                play(&world, &missing, who).await?,
            );
            assert_eq!(
                there.status(),
                not_there.status(),
                "{} as {who:?}",
                operation.id
            );
            let text = |mut document: Value, name: &str| {
                document["requestId"] = Value::Null;
                document.to_string().replace(name, "NAME")
            };
            let (there, not_there) = (problem(there).await?, problem(not_there).await?);
            assert_eq!(
                text(there, "tides"),
                text(not_there, "nothing"),
                "{} as {who:?}",
                operation.id
            );
        }
    }
    Ok(())
}
