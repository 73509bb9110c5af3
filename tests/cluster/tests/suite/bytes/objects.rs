//! Where the objects come from that KServe reads: what Bowline makes of a Secret and a workload.
//! The tests know [`admit`] only.

mod for_kserve;

use bowline_cluster_tests::storage::{Files, Namespace};
use bowline_core::plan::{Operation, Request};
use bowline_core::{Secret, WorkloadKind};
use bowline_operator::admission::DEADLINE;
use bowline_operator::{Admission, User};
use bowline_testkit::Memory;
use serde_json::Value;

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

    if scene.annotate_secrets {
        for_kserve::annotate(&mut secret, scene.ca.is_some());
    }
    let entries = for_kserve::storage_config(&secret, scene.ca.is_some());
    let secrets = [secret, entries];
    let bundle = |text: &String| {
        let files = Files::from([("cabundle.crt".to_owned(), text.clone())]);
        (for_kserve::BUNDLE.to_owned(), files)
    };
    Ok(Admitted {
        workload: plan.object.unwrap_or_else(|| scene.workload.clone()),
        namespace: Namespace {
            secrets: secrets
                .into_iter()
                .map(|secret| (secret.name.clone(), secret))
                .collect(),
            accounts: cluster.accounts(NAMESPACE),
            config_maps: scene.ca.iter().map(bundle).collect(),
        },
    })
}
