//! What must hold of every answer, whatever the case: it is a v1 review for this request, its patch
//! applies and stays inside of what admission may touch, and no canary is in it.

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::canary::Canaries;

/// The annotation that holds the record, and its place in an object.
pub(super) const RECORD: &str = "bowline.dev/injected";
const RECORD_POINTER: &str = "/metadata/annotations/bowline.dev~1injected";
/// Longest warning, in characters.
const LONGEST_WARNING: usize = 120;

/// A verdict, read from the answer to a review.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) is_allowed: bool,
    /// HTTP status of a denial.
    pub(super) code: Option<u64>,
    pub(super) message: String,
    pub(super) warnings: Vec<String>,
    patch: Option<json_patch::Patch>,
}

/// Reads the answer to the review with this uid.
pub(super) fn read(text: &str, uid: &str, canaries: &Canaries) -> Result<Answer> {
    no_leak(text, canaries)?;
    let review: Value = serde_json::from_str(text).context("the answer is not JSON")?;
    ensure!(
        review["apiVersion"] == "admission.k8s.io/v1",
        "the answer is of another API version"
    );
    ensure!(
        review["kind"] == "AdmissionReview",
        "the answer is of another kind"
    );
    let response = &review["response"];
    ensure!(response["uid"] == uid, "the answer does not repeat the uid");
    let is_allowed = response["allowed"]
        .as_bool()
        .context("the answer holds no verdict")?;
    let code = response["status"]["code"].as_u64();
    let message = response["status"]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    ensure!(is_allowed || !message.is_empty(), "the denial says nothing");
    ensure!(
        !message.contains('\n'),
        "the denial is longer than one line: {message}"
    );
    let warnings = match &response["warnings"] {
        Value::Null => Vec::new(),
        list => serde_json::from_value(list.clone()).context("`warnings` are no texts")?,
    };
    let patch = read_patch(response, canaries)?;
    ensure!(is_allowed || patch.is_none(), "a denial carries a patch");
    Ok(Answer {
        is_allowed,
        code,
        message,
        warnings,
        patch,
    })
}

fn read_patch(response: &Value, canaries: &Canaries) -> Result<Option<json_patch::Patch>> {
    let Some(patch) = response.get("patch").filter(|patch| !patch.is_null()) else {
        return Ok(None);
    };
    ensure!(
        response["patchType"] == "JSONPatch",
        "the patch is of another type"
    );
    let bytes = STANDARD.decode(patch.as_str().context("the patch is no text")?)?;
    let text = String::from_utf8(bytes)?;
    no_leak(&text, canaries)?;
    Ok(Some(
        serde_json::from_str(&text).context("the patch is not a JSON patch")?,
    ))
}

fn no_leak(text: &str, canaries: &Canaries) -> Result<()> {
    match canaries.leaks(text).first() {
        Some(leak) => bail!("{leak}"),
        None => Ok(()),
    }
}

impl Answer {
    /// The object after admission.
    pub(super) fn apply(&self, object: &Value) -> Result<Value> {
        let mut after = object.clone();
        let Some(patch) = &self.patch else {
            return Ok(after);
        };
        ensure!(!patch.0.is_empty(), "the patch is empty");
        for operation in &patch.0 {
            let path = operation.path().to_string();
            ensure!(may_touch(&path), "the patch touches `{path}`");
        }
        json_patch::patch(&mut after, patch).context("the patch does not apply")?;
        Ok(after)
    }

    /// Warnings too long or broken for a terminal.
    pub(super) fn bad_warnings(&self) -> impl Iterator<Item = &String> {
        let is_bad = |warning: &&String| {
            warning.chars().count() > LONGEST_WARNING || warning.chars().any(char::is_control)
        };
        self.warnings.iter().filter(is_bad)
    }
}

/// Admission writes the record and fields of the specification, nothing else.
fn may_touch(path: &str) -> bool {
    path.starts_with("/spec/") || path == RECORD_POINTER || path == "/metadata/annotations"
}

/// The object without the record; no annotations and empty ones are the same to an API server.
pub(super) fn without_record(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return object;
    };
    if let Some(annotations) = metadata
        .get_mut("annotations")
        .and_then(Value::as_object_mut)
    {
        annotations.shift_remove(RECORD);
        if annotations.is_empty() {
            metadata.shift_remove("annotations");
        }
    }
    object
}

/// Whether the object carries the record.
pub(super) fn has_record(object: &Value) -> bool {
    object.pointer(RECORD_POINTER).is_some()
}
