//! Where the objects come from that KServe reads: what Bowline makes of a Secret and a workload.
//! The tests know [`admit`] only.

use std::collections::BTreeMap;

use bowline_cluster_tests::storage::{Files, Namespace};
use bowline_core::plan::{Operation, Request};
use bowline_core::storage_config::{self, Change, Entry, Mode, annotations};
use bowline_core::{Secret, WorkloadKind, ca_bundle};
use bowline_operator::admission::DEADLINE;
use bowline_operator::{Admission, User};
use bowline_testkit::Memory;
use serde_json::{Value, json};

/// Namespace of everything here.
pub(crate) const NAMESPACE: &str = "harbour";

/// What a person has made, and how Bowline is set up.
pub(crate) struct Scene {
    /// The connection.
    pub(crate) secret: Value,
    /// The workload that names it.
    pub(crate) workload: Value,
    /// Certificates that the namespace trusts, joined; `None` when it has none.
    pub(crate) ca: Option<String>,
    /// Whether Bowline also writes KServe's annotations on connections.
    pub(crate) annotate_secrets: bool,
}

/// What is stored once the workload is admitted and Bowline has done its work.
pub(crate) struct Admitted {
    pub(crate) workload: Value,
    pub(crate) namespace: Namespace,
}

/// Has a workload admitted; the error is what the person is told.
pub(crate) async fn admit(scene: &Scene) -> Result<Admitted, String> {
    let mut secret = Secret::from_value(&scene.secret).expect("a good Secret");
    let cluster = Memory::default();
    cluster.put_secret(secret.clone());
    let admission = Admission::new(cluster.clone());
    let request = Request {
        kind: WorkloadKind::of_object(&scene.workload).expect("a kind that we know"),
        operation: Operation::Create,
        namespace: NAMESPACE,
        object: &scene.workload,
        before: None,
    };
    let plan = admission
        .decide(&request, &User::default())
        .await
        .map_err(|denial| denial.to_string())?;
    admission
        .carry_out(NAMESPACE, &plan.accounts, DEADLINE)
        .await;

    let bundle = ca_bundle::join(scene.ca.as_deref()).text;
    let has_bundle = !bundle.is_empty();
    if scene.annotate_secrets {
        for (key, value) in annotations(&secret, has_bundle) {
            match value {
                Some(value) => secret.annotations.insert(key, value),
                None => secret.annotations.remove(&key),
            };
        }
    }
    let entries = storage_config(&secret, has_bundle);
    let files = Files::from([(ca_bundle::KEY.to_owned(), bundle)]);
    Ok(Admitted {
        workload: plan.object.unwrap_or_else(|| scene.workload.clone()),
        namespace: Namespace {
            secrets: [secret, entries]
                .into_iter()
                .map(|secret| (secret.name.clone(), secret))
                .collect(),
            accounts: cluster.accounts(NAMESPACE),
            config_maps: BTreeMap::from([(ca_bundle::NAME.to_owned(), files)]),
        },
    })
}

/// The Secret `storage-config` of a namespace with this one connection.
fn storage_config(secret: &Secret, has_bundle: bool) -> Secret {
    let entry = Entry::of(secret.clone(), has_bundle).map(|entry| entry.json);
    let wanted = entry
        .into_iter()
        .map(|json| (secret.name.clone(), json))
        .collect();
    let mut config = Secret::from_value(&json!({"metadata": {"name": storage_config::NAME}}))
        .expect("a good Secret");
    if let Change::Create(update) = storage_config::merge(None, &wanted, Mode::Own).change {
        config.data = update.set;
    }
    config
}
