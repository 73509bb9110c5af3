//! Writes that give way: where somebody else was faster nothing is written, which is no error, and
//! whoever asked decides anew on what is there by then.

use std::fmt::Debug;

use kube::api::{Api, DeleteParams, Preconditions};
use kube::core::ObjectMeta;
use serde::de::DeserializeOwned;

/// What was written; `None` when somebody else was faster.
pub(crate) fn unless_conflict<T>(answer: Result<T, kube::Error>) -> Result<Option<T>, kube::Error> {
    match answer {
        Ok(written) => Ok(Some(written)),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a write took place; `false` when somebody else was faster.
pub(crate) fn is_written<T>(answer: Result<T, kube::Error>) -> Result<bool, kube::Error> {
    Ok(unless_conflict(answer)?.is_some())
}

/// Deletes an object if it is still the one that was `found`. Whether it is gone, by whomever;
/// `false` when somebody changed it in between.
pub(crate) async fn delete<K>(
    api: &Api<K>,
    name: &str,
    found: ObjectMeta,
) -> Result<bool, kube::Error>
where
    K: Clone + DeserializeOwned + Debug,
{
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            uid: found.uid,
            resource_version: found.resource_version,
        }),
        ..DeleteParams::default()
    };
    match api.delete(name, &params).await {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(true),
        answer => is_written(answer),
    }
}
