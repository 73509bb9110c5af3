//! Remembering results in annotations of the connections: those that dashboards show, and a digest of
//! what was tested, so that an edit makes the result stale.

use bowline_core::names;
use bowline_probe::{State, tested};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::Tested;
use crate::cluster::Cluster;
use crate::terminal;

/// Writes all results. A connection that cannot be written to is told, and the others go on.
pub(super) async fn all(cluster: &Cluster, all: &[Tested<'_>]) {
    for tested in all {
        let secret = &tested.connection.secret;
        let api: Api<Secret> = Api::namespaced(cluster.client().clone(), &secret.namespace);
        let patch = Patch::Merge(
            json!({"metadata": {"annotations": annotations(tested, Timestamp::now())}}),
        );
        let name = &secret.name;
        let why = match api
            .patch_metadata(name, &PatchParams::default(), &patch)
            .await
        {
            Ok(_) => continue,
            Err(kube::Error::Api(status)) => {
                format!("the API answers {} {}", status.code, status.reason)
            }
            Err(_) => "the API does not answer".to_owned(),
        };
        terminal::warn(&format!("the result of `{name}` is not recorded: {why}"));
    }
}

fn annotations(tested: &Tested<'_>, now: Timestamp) -> Value {
    let verdict = tested.report.verdict;
    let status = if verdict.state == State::Failed {
        "failed"
    } else {
        "verified"
    };
    json!({
        names::TEST_STATUS: status,
        names::TEST_TIMESTAMP: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        names::TEST_MESSAGE: verdict.outcome.sentence,
        names::TESTED: tested::digest(tested.connection),
    })
}
