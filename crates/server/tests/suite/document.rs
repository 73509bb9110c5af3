//! The OpenAPI document: what it says as a whole, its examples, and whether answers are as it says.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::matrix::{Operation, operations, play, world_for};
use crate::world::{Who, World};

#[test]
fn the_document_is_as_reviewed() {
    insta::assert_json_snapshot!(bowline_server::rest::document());
}

#[tokio::test]
async fn the_document_is_served_to_anybody() -> Result<()> {
    let world = World::new().await?;
    let served: Value = world
        .get(Who::Anonymous, "/api/v1/openapi.json")
        .await?
        .json()
        .await?;
    assert_eq!(
        served,
        serde_json::to_value(bowline_server::rest::document())?
    );
    assert_eq!(served["openapi"], "3.1.0");
    Ok(())
}

/// The examples run, and the answers have the forms that the document describes.
#[tokio::test]
async fn every_example_runs_and_is_answered_as_the_document_says() -> Result<()> {
    let (document, operations) = operations()?;
    for operation in &operations {
        for who in [Who::Admin, Who::Anonymous] {
            let world = world_for(operation).await?;
            let answer = play(&world, operation, who).await?;
            if who == Who::Admin {
                ensure!(
                    answer.status().is_success(),
                    "{}: {}",
                    operation.id,
                    answer.text().await?
                );
            }
            conforms(&document, operation, answer).await?;
        }
    }
    Ok(())
}

async fn conforms(
    document: &Value,
    operation: &Operation,
    answer: reqwest::Response,
) -> Result<()> {
    let status = answer.status();
    let described = &operation.description["responses"][status.as_str()];
    ensure!(
        described.is_object(),
        "{}: {status} is not described",
        operation.id
    );
    for (name, _) in described["headers"].as_object().into_iter().flatten() {
        ensure!(
            answer.headers().contains_key(name),
            "{}: no header {name}",
            operation.id
        );
    }
    let media_type = answer
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let Some(content) = described["content"].as_object() else {
        ensure!(answer.bytes().await?.is_empty(), "{}: a body", operation.id);
        return Ok(());
    };
    let media_type = media_type.context("a media type")?;
    let schema = &content
        .get(&media_type)
        .with_context(|| format!("{}: {media_type}", operation.id))?["schema"];
    fits(document, schema, &answer.json().await?).with_context(|| operation.id.clone())
}

/// As much of JSON Schema as the document uses, and stricter: members that are not described fail.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<()> {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(
            document,
            &document["components"]["schemas"][name.rsplit('/').next().unwrap_or_default()],
            value,
        );
    }
    if let Some(any) = schema["oneOf"].as_array() {
        let tried: Vec<_> = any.iter().map(|one| fits(document, one, value)).collect();
        ensure!(
            tried.iter().any(Result::is_ok),
            "{value} fits none: {tried:?}"
        );
        return Ok(());
    }
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    let parts = schema["allOf"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![schema.clone()]);
    for part in &parts {
        let part = match part["$ref"].as_str() {
            Some(name) => {
                &document["components"]["schemas"][name.rsplit('/').next().unwrap_or_default()]
            }
            None => part,
        };
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    match value {
        Value::Object(members) if !properties.is_empty() => {
            for (name, member) in members {
                let schema = properties
                    .get(name)
                    .with_context(|| format!("`{name}` is not described"))?;
                fits(document, schema, member).with_context(|| format!("in `{name}`"))?;
            }
            for name in &required {
                ensure!(
                    members.contains_key(name.as_str().unwrap_or_default()),
                    "{name} is missing"
                );
            }
        }
        Value::Array(items) => {
            for item in items {
                fits(document, &schema["items"], item)?;
            }
        }
        _ => {
            let is = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            let types = &schema["type"];
            let allows = |one: &Value| one == is;
            ensure!(
                types.is_null()
                    || allows(types)
                    || types.as_array().is_some_and(|all| all.iter().any(allows)),
                "{value} is no {types}"
            );
        }
    }
    Ok(())
}

#[test]
fn every_operation_is_described_for_people() -> Result<()> {
    let (_, operations) = operations()?;
    for operation in operations {
        ensure!(
            operation.description["summary"].is_string(),
            "{}",
            operation.id
        );
        ensure!(
            operation.description["tags"][0].is_string(),
            "{}",
            operation.id
        );
    }
    Ok(())
}
