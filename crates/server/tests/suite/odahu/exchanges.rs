//! Plays files of exchanges: each is a story on a fresh server, request by request.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use rstest::rstest;
use serde::Deserialize;
use serde_json::Value;

use crate::world::{Who, World};

/// A request and what comes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    /// Method and path.
    send: String,
    /// Who sends it; the editor of the project unless said otherwise.
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body as JSON.
    #[serde(default)]
    json: Option<Value>,
    /// The body as text.
    #[serde(default)]
    text: Option<String>,
    status: u16,
    /// The body of the answer; `$time` stands for any time.
    #[serde(default)]
    answer: Option<Value>,
    /// The body of the answer as text.
    #[serde(default)]
    answer_text: Option<String>,
    /// What the message of the answer is.
    #[serde(default)]
    message: Option<String>,
    /// The ids in the list of the answer.
    #[serde(default)]
    ids: Option<Vec<String>>,
    /// Headers of the answer.
    #[serde(default)]
    answer_headers: BTreeMap<String, String>,
}

#[rstest]
#[case::reading(include_str!("reading.yaml"))]
#[case::decoding(include_str!("decoding.yaml"))]
#[case::validation(include_str!("validation.yaml"))]
#[case::life(include_str!("life.yaml"))]
#[case::keeping(include_str!("keeping.yaml"))]
#[case::types(include_str!("types.yaml"))]
#[case::rights(include_str!("rights.yaml"))]
#[case::testing(include_str!("testing.yaml"))]
#[tokio::test]
async fn exchanges_go_as_odahu_has_them(#[case] story: &str) -> Result<()> {
    let exchanges: Vec<Exchange> = serde_saphyr::from_str(story)?;
    let world = super::world(|_| ()).await?;
    play(&world, &exchanges).await
}

#[tokio::test]
async fn a_disabled_api_reads_and_says_so_before_it_looks_at_anything() -> Result<()> {
    let exchanges: Vec<Exchange> = serde_saphyr::from_str(include_str!("disabled.yaml"))?;
    let world = super::world(|settings| settings.is_read_only = true).await?;
    play(&world, &exchanges).await
}

#[test]
fn there_are_at_least_a_hundred_exchanges() {
    let stories = [
        include_str!("reading.yaml"),
        include_str!("decoding.yaml"),
        include_str!("validation.yaml"),
        include_str!("life.yaml"),
        include_str!("keeping.yaml"),
        include_str!("types.yaml"),
        include_str!("rights.yaml"),
        include_str!("disabled.yaml"),
    ];
    let count =
        |story: &str| serde_saphyr::from_str::<Vec<Exchange>>(story).map_or(0, |all| all.len());
    let total: usize = stories.into_iter().map(count).sum();
    assert!(total >= 100, "{total}");
}

async fn play(world: &World, exchanges: &[Exchange]) -> Result<()> {
    for (index, exchange) in exchanges.iter().enumerate() {
        let place = || format!("exchange {} ({})", index + 1, exchange.send);
        check(world, exchange).await.with_context(place)?;
    }
    Ok(())
}

async fn check(world: &World, exchange: &Exchange) -> Result<()> {
    let (method, path) = exchange.send.split_once(' ').context("method and path")?;
    let by = exchange.by.as_deref().unwrap_or("editor");
    let who = Who::ALL.into_iter().find(|who| who.name() == by);
    let method = Method::from_bytes(method.as_bytes())?;
    let mut request = world.request(who.context("nobody has that name")?, method, path);
    for (name, value) in &exchange.headers {
        request = request.header(name, value);
    }
    let body = match (&exchange.json, &exchange.text) {
        (Some(json), _) => Some(json.to_string()),
        (None, text) => text.clone(),
    };
    if let Some(body) = body {
        request = request.body(body);
    }
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    let text = answer.text().await?;
    ensure!(status == exchange.status, "status {status}: {text}");
    for (name, expected) in &exchange.answer_headers {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        ensure!(value == Some(expected), "header {name}: {value:?}");
    }
    if let Some(expected) = &exchange.answer_text {
        ensure!(text == *expected, "text {text:?}");
    }
    let json = || serde_json::from_str::<Value>(&text).with_context(|| text.clone());
    if let Some(expected) = &exchange.answer {
        let json = json()?;
        ensure!(is_like(&json, expected), "answer {json:#}");
        let media_type = headers.get("content-type").map(|value| value.as_bytes());
        ensure!(media_type == Some(b"application/json; charset=utf-8".as_slice()));
    }
    if let Some(expected) = &exchange.message {
        let json = json()?;
        ensure!(json["message"] == **expected, "message {json:#}");
    }
    if let Some(expected) = &exchange.ids {
        let json = json()?;
        let items = json.as_array().context("a list")?;
        let ids: Vec<_> = items
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        ensure!(ids == *expected, "ids {ids:?}");
    }
    Ok(())
}

fn is_like(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::String(text), Value::String(wanted)) if wanted == "$time" => {
            text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
        }
        (Value::Object(found), Value::Object(expected)) => {
            found.len() == expected.len()
                && expected
                    .iter()
                    .all(|(key, wanted)| found.get(key).is_some_and(|value| is_like(value, wanted)))
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| is_like(a, b))
        }
        _ => found == expected,
    }
}
