//! A Secret of another type in the place of one: the type of a Secret is for good, so the old one is
//! deleted and the new one created. What would be refused is refused before anything is deleted,
//! and what fails after that brings the old one back.

use std::time::Duration;

use http::StatusCode;
use kube::api::{DeleteParams, PostParams, Preconditions};
use serde_json::Value;

use super::{Failure, Store, Stored};

/// How long after a failure the old one is put back, time after time.
const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];
/// What the API server gives to each object, and to no other.
const OWN: [&str; 5] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
];

impl Store {
    /// Puts a Secret in the place of the stored one and returns its version.
    pub(super) async fn exchange(&self, stored: &Stored, new: Value) -> Result<String, Failure> {
        self.try_out(stored, &new).await?;
        let (this, id) = (self.clone(), stored.record.id.clone());
        let (deletion, old) = (options(stored, false), stored.object.clone());
        // A sender who goes away in the middle must not leave nothing behind.
        let exchanging = tokio::spawn(async move {
            match this.secrets.delete(&id, &deletion).await {
                Ok(_) => {}
                Err(error) if is_refusal(&error) => return Err(error.into()),
                // It may be gone all the same.
                Err(error) => return Err(this.put_back(&id, old, error.into()).await),
            }
            match this.create(new).await {
                // Somebody else has made one of the name: what to do is decided anew.
                Err(Failure::Exists) => Err(Failure::Changed),
                Err(failure) => Err(this.put_back(&id, old, failure).await),
                Ok(version) => Ok(version),
            }
        });
        exchanging.await.unwrap_or(Err(Failure::Unreachable))
    }

    /// Lets the API say whether it would take both steps. The new one is tried under a name of its
    /// own, since its own is taken.
    async fn try_out(&self, stored: &Stored, new: &Value) -> Result<(), Failure> {
        let finalizers = stored.object.pointer("/metadata/finalizers");
        if finalizers.is_some_and(|all| all.as_array().is_some_and(|all| !all.is_empty())) {
            let message = format!(
                "the Secret {:?} has finalizers, so that it cannot be exchanged for one of another \
                 type at once; delete the connection and create it anew",
                stored.record.id
            );
            return Err(Failure::Refused(StatusCode::BAD_REQUEST, message));
        }
        let mut trial = new.clone();
        if let Some(metadata) = trial["metadata"].as_object_mut() {
            metadata.shift_remove("name");
            metadata.insert("generateName".to_owned(), "exchange-".into());
        }
        let trial = serde_json::from_value(trial).map_err(|_| Failure::Unreachable)?;
        let params = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        self.secrets.create(&params, &trial).await?;
        let deletion = options(stored, true);
        self.secrets.delete(&stored.record.id, &deletion).await?;
        Ok(())
    }

    /// Creates the old one again, so that a failure costs nothing but its uid; what is to be told.
    async fn put_back(&self, id: &str, mut old: Value, failure: Failure) -> Failure {
        if let Some(metadata) = old["metadata"].as_object_mut() {
            for field in OWN {
                metadata.shift_remove(field);
            }
        }
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.create(old.clone()).await {
                Ok(_) => return failure,
                // The old one that was never gone, the new one of whose creation only the answer was
                // lost, or somebody else's: what to do is decided anew.
                Err(Failure::Exists) => return Failure::Changed,
                Err(_) => {}
            }
        }
        tracing::error!(id, "a connection was taken away and could not be put back");
        Failure::Lost
    }
}

/// Whether the API has said no, so that nothing has happened.
fn is_refusal(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if (400..=499).contains(&status.code))
}

/// Deletes the very Secret that was read.
fn options(stored: &Stored, is_dry_run: bool) -> DeleteParams {
    let uid = stored.object.pointer("/metadata/uid");
    DeleteParams {
        dry_run: is_dry_run,
        preconditions: Some(Preconditions {
            resource_version: Some(stored.version().to_owned()),
            uid: uid.and_then(Value::as_str).map(str::to_owned),
        }),
        ..DeleteParams::default()
    }
}
