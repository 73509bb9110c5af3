//! Whether a `PersistentVolumeClaim` is there and bound, as the API tells it.

use bowline_probe::{Claim, Claims};
use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::{Api, Client};

/// The claims of a cluster.
#[derive(Clone)]
pub struct ApiClaims(pub Client);

impl Claims for ApiClaims {
    fn claim<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Option<Claim>> {
        async move {
            let api: Api<PersistentVolumeClaim> = Api::namespaced(self.0.clone(), namespace);
            // Whoever may not look, or has no such kind, cannot say that it is absent.
            let found = api.get_opt(name).await.ok()?;
            let phase = |claim: PersistentVolumeClaim| claim.status.and_then(|status| status.phase);
            Some(match found.map(phase) {
                None => Claim::Absent,
                Some(phase) if phase.as_deref() == Some("Bound") => Claim::Bound,
                Some(_) => Claim::Unbound,
            })
        }
        .boxed()
    }
}
