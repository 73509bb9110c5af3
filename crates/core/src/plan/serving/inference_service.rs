//! What an InferenceService gets from its connection. Only the predictor's `model` section is
//! supported, as with the peers.

use serde_json::json;

use super::location;
use super::{Denial, Fit, is_given};
use crate::connection::Access;
use crate::plan::advice::short;
use crate::plan::path::Path;
use crate::plan::tie::Knot;
use crate::protocol::Protocol;

const PREDICTOR: [&str; 2] = ["spec", "predictor"];

pub(super) fn write(knot: &mut Knot<'_>, fit: &mut Fit<'_>) -> Result<(), Denial> {
    let predictor = Path::keys(&PREDICTOR);
    let had_model = is_given(predictor.child("model").get(knot.object));
    match fit.resolved.protocol {
        Protocol::S3 if fit.resolved.is_alauda => s3_by_location(knot, fit, &predictor)?,
        Protocol::S3 => s3_by_storage_key(knot, fit, &predictor)?,
        Protocol::Oci => oci(knot, fit, &predictor)?,
        _ => uri(knot, fit, &predictor)?,
    }
    let storage = predictor.child("model").child("storage");
    let at = storage_uri(&predictor);
    if is_given(storage.child("path").get(knot.object)) && is_given(at.get(knot.object)) {
        fit.note("`storageUri` beside `storage.path`: KServe refuses both; drop one");
    }
    if !had_model && is_given(predictor.child("model").get(knot.object)) {
        fit.note("`spec.predictor.model` was missing and was added; set its `modelFormat`");
    }
    Ok(())
}

fn storage_uri(predictor: &Path) -> Path {
    predictor.child("model").child("storageUri")
}

/// OpenShift AI's way: KServe finds the login and the bucket in `storage-config` by the key.
fn s3_by_storage_key(
    knot: &mut Knot<'_>,
    fit: &mut Fit<'_>,
    predictor: &Path,
) -> Result<(), Denial> {
    fit.account(knot, std::slice::from_ref(predictor))?;
    let storage = predictor.child("model").child("storage");
    let name = fit.name().to_owned();
    knot.set(&storage.child("key"), json!(name));
    let path = fit.resolved.path.clone();
    if !path.is_empty() {
        knot.set_if_unset(&storage.child("path"), json!(path));
    }
    let has_path = is_given(storage.child("path").get(knot.object));
    let has_uri = is_given(storage_uri(predictor).get(knot.object));
    if !has_path && !has_uri {
        fit.note(format!(
            "no path for S3 connection `{}`: nothing would be downloaded; add connection-path",
            short(&name),
        ));
    }
    let location = storage_uri(predictor).get(knot.object);
    // A claim or a model hub beside the login is the user's choice.
    fit.check_location(location.filter(|it| it.as_str().is_some_and(|it| it.starts_with("s3://"))));
    Ok(())
}

/// Alauda's way: an account that links the Secret, and a plain location.
fn s3_by_location(knot: &mut Knot<'_>, fit: &mut Fit<'_>, predictor: &Path) -> Result<(), Denial> {
    let at = storage_uri(predictor);
    let is_located = is_located(knot, predictor);
    let location = match (is_located, fit.resolved.path.is_empty()) {
        (false, false) => Some(location::s3(fit.resolved)?),
        _ => None,
    };
    fit.account(knot, std::slice::from_ref(predictor))?;
    match location {
        Some(location) => fit.locate(knot, &at, &location),
        None if is_located => fit.check_location(at.get(knot.object)),
        None => {
            let name = short(fit.name());
            fit.note(format!(
                "no path for S3 connection `{name}`: nothing would be downloaded"
            ));
        }
    }
    Ok(())
}

fn oci(knot: &mut Knot<'_>, fit: &mut Fit<'_>, predictor: &Path) -> Result<(), Denial> {
    check_pull(fit)?;
    fit.pull_secret(knot, std::slice::from_ref(predictor));
    let at = storage_uri(predictor);
    if is_located(knot, predictor) {
        fit.check_location(at.get(knot.object));
    } else if let Some(location) = location::oci(fit.resolved) {
        fit.locate(knot, &at, &location);
    } else {
        let name = short(fit.name());
        fit.note(format!(
            "OCI connection `{name}` gives no location; set `storageUri` or connection-path"
        ));
    }
    Ok(())
}

fn uri(knot: &mut Knot<'_>, fit: &mut Fit<'_>, predictor: &Path) -> Result<(), Denial> {
    let location = location::uri(&fit.resolved.connection)?;
    fit.locate(knot, &storage_uri(predictor), location);
    if location.starts_with("hf://") {
        hub_token(knot, fit, std::slice::from_ref(predictor))?;
    }
    Ok(())
}

/// Whether the user has said where the model is, in either of the two ways.
fn is_located(knot: &Knot<'_>, predictor: &Path) -> bool {
    let storage = predictor.child("model").child("storage");
    let has = |key: &'static str| is_given(storage.child(key).get(knot.object));
    is_given(storage_uri(predictor).get(knot.object)) || has("key") || has("path")
}

/// Refuses a push-only login where the location hangs on it, warns of it elsewhere.
pub(super) fn check_pull(fit: &mut Fit<'_>) -> Result<(), Denial> {
    if fit.resolved.connection.access().pull {
        return Ok(());
    }
    let name = fit.name().to_owned();
    if fit.resolved.is_alauda {
        let access = fit.resolved.connection.read("ACCESS_TYPE");
        let unreadable = access.and_then(|access| Access::parse(access.text).err());
        let help = match unreadable {
            Some(error) => format!("`ACCESS_TYPE` cannot be read, {error}; write `[\"Pull\"]`"),
            None => "add `Pull` to its key `ACCESS_TYPE`".to_owned(),
        };
        return Err(Denial::Forbidden(format!(
            "Secret `{name}` may not be used to pull: {help}"
        )));
    }
    fit.note(format!(
        "`{}` has no `Pull` in `ACCESS_TYPE`; the model cannot be pulled",
        short(&name)
    ));
    Ok(())
}

/// A token for the Hugging Face hub reaches the download only through an account that links it.
pub(super) fn hub_token(
    knot: &mut Knot<'_>,
    fit: &mut Fit<'_>,
    pods: &[Path],
) -> Result<(), Denial> {
    if fit.resolved.connection.has_hf_token() {
        return fit.account(knot, pods);
    }
    let name = short(fit.name());
    fit.note(format!(
        "`{name}` has no `HF_TOKEN`: only public models can be downloaded from hf://"
    ));
    Ok(())
}
