//! Writing what was planned. Where a step fails, the steps before it are taken back.

use bowline_catalog::Connections;
use bowline_catalog::connections::Saved;
use bowline_catalog::edit::Change;
use bowline_catalog::values::{Given, Input};
use bowline_core::names;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, Preconditions};

use super::plan::{Action, Plan, Step};
use crate::catalog;
use crate::cluster::Cluster;
use crate::failure::{Failure, Failures, Kind};

/// Carries out all steps, and says how many there were to do.
///
/// # Errors
/// When one fails; then all before it have been taken back, or it is said which could not be.
pub async fn all(
    plan: &Plan,
    cluster: &Cluster,
    connections: &Connections,
) -> Result<usize, Failures> {
    let mut done: Vec<(&Step, Saved)> = Vec::new();
    for step in &plan.steps {
        let result = match &step.action {
            Action::Create(new) => connections.create(&step.namespace, new).await,
            Action::Carry(secret) => connections.create_as_stored(secret).await,
            Action::Change(change, _) => {
                connections.edit(&step.namespace, &step.name, change).await
            }
            Action::Nothing => continue,
        };
        match result {
            Ok(saved) => done.push((step, saved)),
            Err(error) => {
                let mut failures = vec![catalog::failure(cluster, error)];
                for (step, saved) in done.iter().rev() {
                    failures.extend(take_back(step, saved, cluster, connections).await.err());
                }
                return Err(Failures(failures));
            }
        }
    }
    // What comes as it was has been told of before.
    let is_news = |step: &&(&Step, Saved)| !matches!(step.0.action, Action::Carry(_));
    for (_, saved) in done.iter().filter(is_news) {
        catalog::tell(&saved.stored.connection.secret.name, &saved.findings);
    }
    Ok(done.len())
}

/// Only what is still as we wrote it is taken back.
async fn take_back(
    step: &Step,
    saved: &Saved,
    cluster: &Cluster,
    connections: &Connections,
) -> Result<(), Failure> {
    let metadata = &saved.stored.metadata;
    let result = match &step.action {
        Action::Create(_) | Action::Carry(_) => {
            let secrets: Api<Secret> = Api::namespaced(cluster.client().clone(), &step.namespace);
            let params = DeleteParams::default().preconditions(Preconditions {
                uid: metadata.uid.clone(),
                resource_version: metadata.resource_version.clone(),
            });
            let deleted = secrets.delete(&step.name, &params).await;
            deleted.map(drop).map_err(|_| ())
        }
        Action::Change(change, before) => {
            let secret = &before.connection.secret;
            let value = |key: &String| match secret.data.get(key) {
                Some(value) => crate::given::of_value(key, value, before.type_.as_ref()),
                None => Given::Cleared,
            };
            let values: Input = change
                .values
                .keys()
                .map(|key| (key.clone(), value(key)))
                .collect();
            let back = Change {
                display_name: change
                    .display_name
                    .as_ref()
                    .map(|_| before.connection.display_name().to_owned()),
                description: change.description.as_ref().map(|_| {
                    before
                        .connection
                        .description()
                        .unwrap_or_default()
                        .to_owned()
                }),
                is_vital: change
                    .is_vital
                    .map(|_| secret.annotation(names::VITAL) == Some("true")),
                type_name: None,
                values,
                resource_version: metadata.resource_version.clone(),
            };
            connections
                .edit(&step.namespace, &step.name, &back)
                .await
                .map(drop)
                .map_err(|_| ())
        }
        Action::Nothing => Ok(()),
    };
    result.map_err(|()| {
        let what = format!(
            "connection `{}` in project `{}` could not be taken back",
            step.name, step.namespace
        );
        Failure::new(Kind::Conflict, what).help(format!(
            "see `bowline show {} -n {}`",
            step.name, step.namespace
        ))
    })
}
