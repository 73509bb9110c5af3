//! Keeps the ConfigMap with the certificates that a namespace trusts, where KServe mounts it. How
//! certificates are joined, and whose a ConfigMap is, is decided by core.

use std::sync::Arc;

use bowline_core::ca_bundle::{Bundle, KEY, NAME, SOURCES, join};
use bowline_core::names;
use bowline_core::ownership::Owner;
use bowline_core::storage_config::Mode;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::json;

use super::inventory::Inventory;
use super::{ATTEMPTS, ReconcileError};
use crate::kubernetes::{delete, is_written};

/// ConfigMaps whose changes matter.
pub const WATCHED: [&str; 3] = [NAME, SOURCES[0].0, SOURCES[1].0];

/// Keeps the bundles of all namespaces.
pub struct CaBundle {
    client: kube::Client,
    inventory: Arc<Inventory>,
    mode: Mode,
    /// Certificates for every namespace, in PEM.
    common: String,
}

impl CaBundle {
    /// Reads and writes with the rights of `client`; `common` goes into every bundle.
    pub const fn new(
        client: kube::Client,
        inventory: Arc<Inventory>,
        mode: Mode,
        common: String,
    ) -> Self {
        Self {
            client,
            inventory,
            mode,
            common,
        }
    }

    /// Brings the bundle of one namespace up to date, and takes ours away from one that no longer
    /// serves models by connections. Writes nothing when it is as it should be.
    ///
    /// An empty bundle is kept too: KServe's pods do not start where it is configured and absent.
    ///
    /// # Errors
    /// When the API cannot be read or written.
    pub async fn reconcile(&self, namespace: &str) -> Result<(), ReconcileError> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        let failed = |error| {
            let what = format!("keep ConfigMap `{NAME}` of namespace `{namespace}`");
            ReconcileError::api(what, error)
        };
        for _ in 0..ATTEMPTS {
            if self.attempt(namespace).await.map_err(failed)? {
                return Ok(());
            }
        }
        Err(ReconcileError::busy(format!("ConfigMap `{NAME}`")))
    }

    async fn attempt(&self, namespace: &str) -> Result<bool, kube::Error> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let found = api.get_opt(NAME).await?;
        let owner = found.as_ref().map(|found| {
            let marks = &found.metadata;
            Owner::of(
                marks.labels.as_ref().unwrap_or(&Default::default()),
                marks.annotations.as_ref().unwrap_or(&Default::default()),
            )
        });
        if owner.is_some_and(|owner| !self.mode.may_write(owner)) {
            return Ok(true);
        }
        if !self.inventory.serves(namespace) {
            let is_ours = owner == Some(Owner::Bowline);
            return match found.filter(|found| is_ours && !is_adopted(found)) {
                Some(found) => delete(&api, NAME, found.metadata).await,
                None => Ok(true),
            };
        }
        let bundle = self.join(&api).await?;
        if bundle.broken > 0 {
            let broken = bundle.broken;
            tracing::warn!(
                namespace,
                broken,
                "blocks that are no certificates left out"
            );
        }
        let Some(found) = found else {
            return is_written(api.create(&PostParams::default(), &made(bundle.text)).await);
        };
        let current = found.data.as_ref().and_then(|data| data.get(KEY));
        if current == Some(&bundle.text) && owner == Some(Owner::Bowline) {
            return Ok(true);
        }
        let (label, value) = names::MANAGED_BY;
        let patch = json!({
            "metadata": {
                "resourceVersion": found.metadata.resource_version,
                "labels": {label: value},
            },
            "data": {KEY: bundle.text},
        });
        let params = PatchParams::default();
        is_written(api.patch(NAME, &params, &Patch::Merge(patch)).await)
    }

    async fn join(&self, api: &Api<ConfigMap>) -> Result<Bundle, kube::Error> {
        let mut texts = Vec::new();
        for (name, keys) in SOURCES {
            let mut data = api.get_opt(name).await?.and_then(|found| found.data);
            let text = |key: &&str| data.as_mut()?.remove(*key);
            texts.extend(keys.iter().filter_map(text));
        }
        let texts = texts.iter().map(String::as_str);
        Ok(join(texts.chain([self.common.as_str()])))
    }
}

/// Whether a peer's controller made it, whose label stays on what is taken over. Models that name
/// no connection need it as well.
fn is_adopted(found: &ConfigMap) -> bool {
    let labels = found.metadata.labels.as_ref();
    labels.is_some_and(|labels| labels.contains_key(names::MANAGED_LABEL))
}

fn made(text: String) -> ConfigMap {
    let (label, value) = names::MANAGED_BY;
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(NAME.to_owned()),
            labels: Some([(label.to_owned(), value.to_owned())].into()),
            ..ObjectMeta::default()
        },
        data: Some([(KEY.to_owned(), text)].into()),
        ..ConfigMap::default()
    }
}
