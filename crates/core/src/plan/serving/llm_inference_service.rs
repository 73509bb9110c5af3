//! What an LLMInferenceService gets from its connection: a location, and for every pod of the
//! service the account or pull secret.

use serde_json::Value;

use super::inference_service::{check_pull, hub_token};
use super::location;
use super::{Denial, Fit, is_given};
use crate::names;
use crate::plan::advice::short;
use crate::plan::path::Path;
use crate::plan::tie::Knot;
use crate::protocol::Protocol;

pub(super) fn write(knot: &mut Knot<'_>, fit: &mut Fit<'_>) -> Result<(), Denial> {
    let at = Path::keys(&["spec", "model", "uri"]);
    let pods = pods(knot.object);
    match fit.resolved.protocol {
        Protocol::S3 => {
            let location = s3(fit)?;
            fit.account(knot, &pods)?;
            fit.locate(knot, &at, &location);
        }
        Protocol::Oci => {
            check_pull(fit)?;
            fit.pull_secret(knot, &pods);
            if is_given(at.get(knot.object)) {
                fit.check_location(at.get(knot.object));
            } else if let Some(location) = location::oci(fit.resolved) {
                fit.locate(knot, &at, &location);
            } else {
                let name = short(fit.name());
                fit.note(format!(
                    "OCI connection `{name}` gives no location; set `model.uri` or connection-path"
                ));
            }
        }
        _ => {
            let location = location::uri(&fit.resolved.connection)?;
            fit.locate(knot, &at, location);
            if location.starts_with("hf://") {
                hub_token(knot, fit, &pods)?;
            }
            if location.starts_with("http://") || location.starts_with("https://") {
                fit.note(
                    "KServe refuses http(s) for an LLMInferenceService; use hf, s3, pvc or oci",
                );
            }
        }
    }
    Ok(())
}

fn s3(fit: &Fit<'_>) -> Result<String, Denial> {
    let location = location::s3(fit.resolved)?;
    if fit.resolved.path.is_empty() {
        return Err(Denial::Forbidden(format!(
            "Secret `{}` is an S3 connection, so annotation `{}` must say where in the bucket the model is",
            fit.name(),
            names::CONNECTION_PATH,
        )));
    }
    Ok(location)
}

/// The pods of the service: the main one always, the others where the object has them.
///
/// A service with prefill pods has them by the section's presence, with or without a template; a
/// worker section turns on multi-node serving, so it is never made.
fn pods(object: &Value) -> Vec<Path> {
    let is_there =
        |keys: &[&'static str]| Path::keys(keys).get(object).is_some_and(Value::is_object);
    let mut pods = vec![Path::keys(&["spec", "template"])];
    if is_there(&["spec", "prefill"]) {
        pods.push(Path::keys(&["spec", "prefill", "template"]));
    }
    let optional: [&[&'static str]; 3] = [
        &["spec", "worker"],
        &["spec", "prefill", "worker"],
        &["spec", "router", "scheduler", "template"],
    ];
    pods.extend(
        optional
            .into_iter()
            .filter(|keys| is_there(keys))
            .map(Path::keys),
    );
    pods
}
