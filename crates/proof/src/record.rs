//! What is kept of a test: annotations of the Secret, with a digest of what was tested, so that an
//! edit makes the result stale; and an Event when the verdict has changed.

use bowline_catalog::tested;
use bowline_core::{Connection, names};
use bowline_probe::{Report, State};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ObjectReference, Secret};
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Api, Client};
use serde_json::{Value, json};

/// Who says so in Events.
const REPORTER: &str = "bowline-test";
/// It was tested, and works.
const VERIFIED: &str = "verified";
/// It was tested, and does not work.
const FAILED: &str = "failed";
/// It was looked at, but nobody was asked who could know.
const NOT_TESTED: &str = "not-tested";

/// Why a result is not kept. Texts hold no values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// The API refuses it.
    #[error("the API answers {0} {1}")]
    Refused(u16, String),
    /// The API does not answer.
    #[error("the API does not answer")]
    Unanswered,
    /// Admission took it away again: whoever sent it may change the connection, but not say how its
    /// tests went.
    #[error(
        "admission keeps results only from those who may `record` `connections.bowline.dev`; \
         ask an administrator for that right, or test through the web server"
    )]
    Stripped,
}

/// The word of a result for annotations.
pub fn status(report: &Report) -> &'static str {
    match report.verdict.state {
        State::Failed => FAILED,
        State::Skipped => NOT_TESTED,
        State::Passed | State::Warned => VERIFIED,
    }
}

/// The annotations that say how a test went.
pub fn annotations(connection: &Connection, report: &Report, now: Timestamp) -> Value {
    json!({
        names::TEST_STATUS: status(report),
        names::TEST_TIMESTAMP: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        names::TEST_MESSAGE: report.verdict.outcome.sentence,
        names::TESTED: tested::digest(connection),
    })
}

/// Keeps the result of a test, and tells whether the verdict is another one than before.
///
/// Only the annotations are sent, so that nothing that changed in between is put back. Where
/// `version` is the one that was tested, another one keeps nothing: another test may have been
/// faster.
///
/// # Errors
/// When it was not kept.
pub async fn keep(
    client: &Client,
    connection: &Connection,
    version: Option<&str>,
    report: &Report,
) -> Result<bool, NotKept> {
    let secret = &connection.secret;
    let api: Api<Secret> = Api::namespaced(client.clone(), &secret.namespace);
    let wanted = annotations(connection, report, Timestamp::now());
    let mut metadata = json!({"annotations": wanted});
    if let Some(version) = version {
        metadata["resourceVersion"] = version.into();
    }
    let patch = Patch::Merge(json!({"metadata": metadata}));
    let params = PatchParams::default();
    let kept = match api.patch_metadata(&secret.name, &params, &patch).await {
        Ok(kept) => kept.metadata,
        Err(kube::Error::Api(status)) => {
            return Err(NotKept::Refused(status.code, status.reason.clone()));
        }
        Err(_) => return Err(NotKept::Unanswered),
    };
    let stored = kept
        .annotations
        .as_ref()
        .and_then(|all| all.get(names::TESTED));
    if stored.map(String::as_str) != wanted[names::TESTED].as_str() {
        return Err(NotKept::Stripped);
    }
    let is_changed = secret.annotation(names::TEST_STATUS) != Some(status(report));
    if is_changed {
        let object = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Secret".to_owned()),
            namespace: kept.namespace,
            name: kept.name,
            uid: kept.uid,
            ..ObjectReference::default()
        };
        tell(client, report, &object).await;
    }
    Ok(is_changed)
}

/// Events are for people who look; one that cannot be written changes nothing.
async fn tell(client: &Client, report: &Report, object: &ObjectReference) {
    let outcome = report.verdict.outcome;
    let (type_, reason) = match report.verdict.state {
        State::Failed => (EventType::Warning, "ConnectionTestFailed"),
        State::Passed | State::Warned => (EventType::Normal, "ConnectionVerified"),
        // That nothing is known is no event.
        State::Skipped => return,
    };
    let note = match outcome.help {
        "" => outcome.sentence.to_owned(),
        help => format!("{}: {help}", outcome.sentence),
    };
    let event = Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note),
        action: "Test".to_owned(),
        secondary: None,
    };
    let recorder = Recorder::new(client.clone(), Reporter::from(REPORTER));
    if let Err(error) = recorder.publish(&event, object).await {
        tracing::debug!(%error, "an Event about a test was not written");
    }
}
