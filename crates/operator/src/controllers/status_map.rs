//! The ConfigMap of a namespace that holds the statuses which nothing else can carry, one entry for
//! each. What an entry says is left to those who write it.

use bowline_core::names::MANAGED_BY;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::core::ObjectMeta;
use serde_json::json;

use crate::kubernetes::{delete, is_written};

/// Its name.
///
/// KServe copies every annotation of a model onto its pods, so an annotation that changes would
/// restart them; and `storage-config` may be somebody else's.
pub const NAME: &str = "bowline-connection-status";

/// The ConfigMap as it was read, of which one entry is to be changed.
pub(super) struct StatusMap {
    api: Api<ConfigMap>,
    found: Option<ConfigMap>,
}

impl StatusMap {
    /// Reads it.
    pub(super) async fn read(client: &kube::Client, namespace: &str) -> Result<Self, kube::Error> {
        let api = Api::<ConfigMap>::namespaced(client.clone(), namespace);
        let found = api.get_opt(NAME).await?;
        Ok(Self { api, found })
    }

    /// An entry.
    pub(super) fn entry(&self, key: &str) -> Option<&String> {
        self.found.as_ref()?.data.as_ref()?.get(key)
    }

    /// Writes an entry, or takes it away, and with the last one the ConfigMap; `false` when somebody
    /// else was faster.
    pub(super) async fn set(self, key: &str, text: Option<String>) -> Result<bool, kube::Error> {
        let Some(found) = self.found else {
            let Some(text) = text else {
                return Ok(true);
            };
            let made = new(key, text);
            return is_written(self.api.create(&PostParams::default(), &made).await);
        };
        let meta = found.metadata;
        let is_last = || {
            found
                .data
                .is_none_or(|data| data.keys().all(|it| it == key))
        };
        if text.is_none() && is_last() {
            return delete(&self.api, NAME, meta).await;
        }
        let patch = Patch::Merge(json!({
            "metadata": {"resourceVersion": meta.resource_version},
            "data": {key: text},
        }));
        is_written(self.api.patch(NAME, &PatchParams::default(), &patch).await)
    }
}

fn new(key: &str, text: String) -> ConfigMap {
    let (label, value) = MANAGED_BY;
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(NAME.to_owned()),
            labels: Some([(label.to_owned(), value.to_owned())].into()),
            ..ObjectMeta::default()
        },
        data: Some([(key.to_owned(), text)].into()),
        ..ConfigMap::default()
    }
}
