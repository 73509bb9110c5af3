//! Pulling: the manifest of the image, or the list of its tags where none was named, and the first
//! byte of what the manifest points at.

use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, RANGE};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Registry;
use crate::http::{Answer, Call, MOST_HOPS, next_hop};
use crate::outcome;
use crate::report::StepName;
use crate::session::Session;
use crate::status::{ask, hopped, otherwise};
use crate::trouble::Trouble;

/// What a manifest may be, in the words of the Open Container Initiative and of Docker.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";
/// Bytes that a manifest may have; registries refuse larger ones.
const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;

#[derive(Deserialize, Default)]
struct Manifest {
    config: Option<Descriptor>,
    #[serde(default)]
    manifests: Vec<Value>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

pub(super) async fn run(session: &mut Session<'_>, registry: &Registry) -> Result<(), Trouble> {
    let Some(reference) = registry.image.reference.as_deref() else {
        return tags(session, registry).await;
    };
    session.begin(StepName::Right);
    let mut call = registry
        .pass
        .call(Method::GET, registry.at(&format!("manifests/{reference}"))?);
    call = call.header(ACCEPT, HeaderValue::from_static(MANIFESTS));
    call.most = LARGEST_MANIFEST;
    let answer = granted(session, registry, call).await?;
    session.begin(StepName::Object);
    let shown = registry.image.shown();
    match answer.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(missing(session, registry).await),
        _ => return Err(otherwise(&answer, code(&answer).as_deref())),
    }
    if answer.is_cut {
        return Err(Trouble::new(&outcome::ANSWER_TOO_LARGE).detail(shown));
    }
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&answer.body) else {
        return Err(Trouble::new(&outcome::ANSWER_UNKNOWN).detail("the manifest is not JSON"));
    };
    session.pass(shown);
    session.begin(StepName::FirstBytes);
    match manifest.config {
        Some(config) => first_byte(session, registry, &config.digest).await,
        None => {
            let detail = format!("an index of {} images", manifest.manifests.len());
            session.skip(
                StepName::FirstBytes,
                Trouble::new(&outcome::NOT_NEEDED).detail(detail),
            );
            Ok(())
        }
    }
}

/// Sends a request and sees to the step `right`.
async fn granted(
    session: &mut Session<'_>,
    registry: &Registry,
    call: Call,
) -> Result<Answer, Trouble> {
    let answer = ask(session, call).await?;
    if matches!(
        answer.status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    ) {
        return Err(Trouble::new(registry.pass.refused).detail(registry.image.shown()));
    }
    session.pass("pull");
    Ok(answer)
}

async fn tags(session: &mut Session<'_>, registry: &Registry) -> Result<(), Trouble> {
    session.begin(StepName::Right);
    let call = registry
        .pass
        .call(Method::GET, registry.at("tags/list?n=1")?);
    let answer = granted(session, registry, call).await?;
    session.begin(StepName::Object);
    let shown = registry.image.shown();
    match answer.status {
        StatusCode::OK => session.pass(shown),
        StatusCode::NOT_FOUND => return Err(Trouble::new(&outcome::NO_SUCH_IMAGE).detail(shown)),
        _ => return Err(otherwise(&answer, code(&answer).as_deref())),
    }
    Ok(())
}

/// Registries answer alike for an unknown tag and an unknown repository; its tags tell them apart.
async fn missing(session: &mut Session<'_>, registry: &Registry) -> Trouble {
    let is_repository = match registry.at("tags/list?n=1") {
        Ok(url) => session
            .send(registry.pass.call(Method::GET, url))
            .await
            .is_ok_and(|answer| answer.status.is_success()),
        Err(_) => false,
    };
    let outcome = if is_repository {
        &outcome::NO_SUCH_TAG
    } else {
        &outcome::NO_SUCH_IMAGE
    };
    Trouble::new(outcome).detail(registry.image.shown())
}

async fn first_byte(
    session: &mut Session<'_>,
    registry: &Registry,
    digest: &str,
) -> Result<(), Trouble> {
    let short =
        |status: u16| Trouble::new(&outcome::FIRST_BYTES_SHORT).detail(format!("status {status}"));
    let is_digest = digest
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == ':');
    if !is_digest {
        return Err(Trouble::new(&outcome::ANSWER_UNKNOWN).detail("the manifest names no digest"));
    }
    let mut call = registry
        .pass
        .call(Method::GET, registry.at(&format!("blobs/{digest}"))?);
    for hops in 0..=MOST_HOPS {
        let from = call.url.clone();
        call = call.header(RANGE, HeaderValue::from_static("bytes=0-0"));
        call.most = 1;
        let headers = call.headers.clone();
        let answer = session.send(call).await;
        let answer = if hops > 0 {
            answer.map_err(hopped)?
        } else {
            answer?
        };
        let Some((next, is_same)) = next_hop(&from, &answer) else {
            return match answer.status.is_success() && !answer.body.is_empty() {
                true => {
                    session.pass("the image's configuration");
                    Ok(())
                }
                false => Err(short(answer.status.as_u16())),
            };
        };
        call = hop(next, is_same, headers);
    }
    Err(Trouble::new(&outcome::REDIRECT_ENDLESS))
}

/// The next request; who is there is told to the registry only.
fn hop(next: Url, is_same: bool, headers: Vec<(http::HeaderName, HeaderValue)>) -> Call {
    let mut call = Call::new(Method::GET, next);
    call.headers = headers
        .into_iter()
        .filter(|(name, _)| name != RANGE && (is_same || *name != AUTHORIZATION))
        .collect();
    call
}

/// The code of a registry's error.
pub(super) fn code(answer: &Answer) -> Option<String> {
    let value: Value = serde_json::from_slice(&answer.body).ok()?;
    value
        .pointer("/errors/0/code")
        .and_then(Value::as_str)
        .map(str::to_owned)
}
