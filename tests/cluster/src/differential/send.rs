//! Plays a script on a server: fills in variables, sends each request as it is and reads the answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use http::Request;
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::normal::Normal;
use super::script::{Script, Step};

/// How long a watch is waited for.
const WATCH: Duration = Duration::from_secs(4);
/// How long a repeated request may take.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);
/// The headers that clients act on.
const HEADERS: &[&str] = &[
    "allow",
    "content-type",
    "retry-after",
    "warning",
    "www-authenticate",
];

/// What a server answered, without what can never be the same twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Script and step.
    pub id: String,
    /// The status code.
    pub code: u16,
    /// Headers that clients act on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Vec<String>>,
    /// The body: JSON where it is that, a list for a watch, else a text.
    pub body: Value,
}

/// Sends the requests of a script, in a namespace of its own.
///
/// # Errors
/// When a request cannot be sent at all, or what later ones need is not in an answer.
pub async fn play(script: &Script, client: &Client) -> Result<Vec<Answer>> {
    let mut variables = script.given.clone();
    variables.insert("ns".to_owned(), script.namespace().into());
    prepare(client, &script.namespace()).await?;
    let mut normal = Normal::default();
    let mut answers = Vec::new();
    for step in &script.steps {
        let id = format!("{}/{}", script.name, step.id);
        let answer = ask(step, client, &variables)
            .await
            .with_context(|| format!("in request `{id}`"))?;
        for (name, pointer) in &step.keep {
            let found = answer.body.pointer(pointer).cloned();
            let found = found.with_context(|| {
                format!(
                    "`{id}` has nothing at {pointer}: {} {}",
                    answer.code, answer.body
                )
            })?;
            variables.insert(name.clone(), found);
        }
        let mut answer = Answer { id, ..answer };
        if !step.only.is_empty() {
            answer.body = parts(&answer.body, &step.only);
        }
        normal.apply(&mut answer);
        if !step.aside {
            answers.push(answer);
        }
    }
    Ok(answers)
}

/// The namespace, with the ServiceAccount that controllers of a cluster would make.
async fn prepare(client: &Client, namespace: &str) -> Result<()> {
    let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
    for (path, name) in [
        ("/api/v1/namespaces", namespace),
        (account.as_str(), "default"),
    ] {
        let body = json!({"metadata": {"name": name}}).to_string();
        let request = Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(body.into_bytes()))?;
        let code = client.send(request).await?.status().as_u16();
        ensure!(matches!(code, 201 | 409), "creating {path} {name}: {code}");
    }
    Ok(())
}

async fn ask(step: &Step, client: &Client, variables: &Map<String, Value>) -> Result<Answer> {
    let start = Instant::now();
    loop {
        let sending = tokio::time::timeout(PATIENCE, send(step, client, variables));
        let answer = sending.await.context("no whole answer came")??;
        let is_done = step.until.is_none_or(|code| code == answer.code);
        if is_done || start.elapsed() > PATIENCE {
            return Ok(answer);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn send(step: &Step, client: &Client, variables: &Map<String, Value>) -> Result<Answer> {
    let response = client.send(request(step, variables)?).await?;
    let mut headers = BTreeMap::new();
    for name in HEADERS {
        let values = response.headers().get_all(*name).iter();
        let values: Vec<String> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        if !values.is_empty() {
            headers.insert((*name).to_owned(), values);
        }
    }
    let code = response.status().as_u16();
    let body = match step.events {
        Some(count) if code == 200 => events(response.into_body(), count).await?,
        _ => {
            let bytes = response.into_body().collect().await?.to_bytes();
            let text = String::from_utf8_lossy(&bytes);
            let is_yaml = headers
                .get("content-type")
                .is_some_and(|types| types[0].contains("yaml"));
            let read = match is_yaml {
                true => serde_saphyr::from_str(&text).ok(),
                false => serde_json::from_str(&text).ok(),
            };
            read.unwrap_or_else(|| text.into())
        }
    };
    Ok(Answer {
        id: String::new(),
        code,
        headers,
        body,
    })
}

fn request(step: &Step, variables: &Map<String, Value>) -> Result<Request<Body>> {
    let line = filled_text(&step.send, variables)?;
    let (method, path) = line.split_once(' ').context("`send` is METHOD PATH")?;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("user-agent", "differential");
    for (name, value) in &step.headers {
        request = request.header(name, filled_text(value, variables)?);
    }
    if let Some(user) = &step.user {
        request = request.header("impersonate-user", filled_text(user, variables)?);
    }
    for group in &step.groups {
        request = request.header("impersonate-group", filled_text(group, variables)?);
    }
    let Some(body) = &step.body else {
        return Ok(request.body(Body::empty())?);
    };
    let mut body = filled(body, variables)?;
    if let Some(with) = &step.with {
        json_patch::merge(&mut body, &filled(with, variables)?);
    }
    request = request.header("content-type", media_type(step));
    let text = match body {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(request.body(Body::from(text.into_bytes()))?)
}

fn media_type(step: &Step) -> &str {
    match step.media_type.as_deref() {
        None => "application/json",
        Some("json") => "application/json-patch+json",
        Some("merge") => "application/merge-patch+json",
        Some("strategic") => "application/strategic-merge-patch+json",
        Some("apply") => "application/apply-patch+yaml",
        Some(other) => other,
    }
}

/// So many lines of a watch, or fewer where it ends before.
async fn events(mut body: Body, count: usize) -> Result<Value> {
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.iter().filter(|byte| **byte == b'\n').count() < count {
            let Some(frame) = body.frame().await else {
                break;
            };
            if let Ok(data) = frame?.into_data() {
                bytes.extend_from_slice(&data);
            }
        }
        anyhow::Ok(())
    };
    let is_late = match tokio::time::timeout(WATCH, reading).await {
        Ok(read) => {
            read?;
            false
        }
        Err(_) => true,
    };
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let lines = lines.take(count).map(serde_json::from_slice);
    let mut lines: Vec<Value> = lines.collect::<Result<_, _>>()?;
    if is_late {
        lines.push("<nothing more came>".into());
    }
    Ok(Value::Array(lines))
}

/// A value with its variables filled in. A text that is nothing but a variable becomes its value.
fn filled(value: &Value, variables: &Map<String, Value>) -> Result<Value> {
    Ok(match value {
        Value::String(text) => match whole(text).and_then(|name| variables.get(name)) {
            Some(value) => filled(value, variables)?,
            None => filled_text(text, variables)?.into(),
        },
        Value::Array(list) => {
            let list = list.iter().map(|value| filled(value, variables));
            Value::Array(list.collect::<Result<_>>()?)
        }
        Value::Object(map) => {
            let mut all = Map::new();
            for (name, value) in map {
                all.insert(filled_text(name, variables)?, filled(value, variables)?);
            }
            Value::Object(all)
        }
        other => other.clone(),
    })
}

fn whole(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains('}')).then_some(name)
}

/// A text with `${name}` filled in, and `${x*9}` as nine times `x`.
fn filled_text(text: &str, variables: &Map<String, Value>) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').context("`${` without `}`")?;
        out.push_str(before);
        match (name.split_once('*'), variables.get(name)) {
            (Some((what, times)), _) => out.push_str(&what.repeat(times.parse()?)),
            (None, Some(Value::String(text))) => out.push_str(&filled_text(text, variables)?),
            (None, Some(other)) => out.push_str(&other.to_string()),
            (None, None) => bail!("there is no variable `{name}`"),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What is at each of these places.
fn parts(body: &Value, places: &[String]) -> Value {
    let found = places.iter().map(|place| {
        let part = part(body, place).cloned();
        (place.clone(), part.unwrap_or_else(|| "<nothing>".into()))
    });
    Value::Object(found.collect())
}

fn part<'a>(body: &'a Value, place: &str) -> Option<&'a Value> {
    let mut at = body;
    for segment in place.split('/').skip(1) {
        let chosen = segment
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        at = match chosen.and_then(|chosen| chosen.split_once('=')) {
            Some((member, wanted)) => at.as_array()?.iter().find(|entry| {
                let found = member
                    .split('.')
                    .try_fold(*entry, |value, name| value.get(name));
                found.and_then(Value::as_str).unwrap_or_default() == wanted.replace('|', "/")
            })?,
            None => at.pointer(&format!("/{segment}"))?,
        };
    }
    Some(at)
}
