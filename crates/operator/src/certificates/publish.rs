//! Telling the API server whom to trust: the CA bundle in the webhook configurations. Nothing else
//! of them is touched, and one that is not there yet is looked for again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

const GROUP: &str = "admissionregistration.k8s.io";
const KINDS: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The two webhook configurations of one name.
pub(super) struct Configurations {
    name: String,
    each: Vec<Configuration>,
}

struct Configuration {
    kind: &'static str,
    api: Api<DynamicObject>,
    /// It was said that it is not there.
    is_missing: bool,
}

impl Configurations {
    pub(super) fn new(client: &Client, name: &str) -> Self {
        let each = KINDS.map(|kind| {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, "v1", kind));
            Configuration {
                kind,
                api: Api::all_with(client.clone(), &resource),
                is_missing: false,
            }
        });
        Self {
            name: name.to_owned(),
            each: each.into(),
        }
    }

    /// Sees to it that every configuration there is trusts these authorities. Says whether each
    /// one does now: one that somebody else changes at the same time is left for the next time.
    pub(super) async fn trust(&mut self, authorities: &str) -> Result<bool, kube::Error> {
        let mut is_done = true;
        for configuration in &mut self.each {
            is_done &= configuration.trust(&self.name, authorities).await?;
        }
        Ok(is_done)
    }
}

impl Configuration {
    async fn trust(&mut self, name: &str, authorities: &str) -> Result<bool, kube::Error> {
        let Some(found) = self.api.get_opt(name).await? else {
            if !self.is_missing {
                tracing::info!(
                    kind = self.kind,
                    name,
                    "not there yet; it gets the CA bundle once it is"
                );
            }
            self.is_missing = true;
            return Ok(true);
        };
        self.is_missing = false;
        let version = found.metadata.resource_version.unwrap_or_default();
        let Some(patch) = patch(&found.data["webhooks"], &version, authorities) else {
            return Ok(true);
        };
        let patch = Patch::<()>::Json(patch);
        match self.api.patch(name, &PatchParams::default(), &patch).await {
            Ok(_) => {
                tracing::info!(kind = self.kind, name, "CA bundle written");
                Ok(true)
            }
            // A failed `test` is 422 or 409, depending on the server.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409 | 422) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Puts the authorities into every webhook that has others, where nobody changed it meanwhile.
fn patch(webhooks: &Value, version: &str, authorities: &str) -> Option<json_patch::Patch> {
    let bundle = STANDARD.encode(authorities);
    let webhooks = webhooks.as_array()?;
    let writes: Vec<Value> = webhooks
        .iter()
        .enumerate()
        .filter(|(_, webhook)| {
            let config = &webhook["clientConfig"];
            config.is_object() && config["caBundle"] != bundle.as_str()
        })
        .map(|(index, _)| {
            let path = format!("/webhooks/{index}/clientConfig/caBundle");
            json!({"op": "add", "path": path, "value": bundle})
        })
        .collect();
    if writes.is_empty() {
        return None;
    }
    let mut all =
        vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": version})];
    all.extend(writes);
    Some(serde_json::from_value(all.into()).expect("these are JSON patch operations"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::all_are_right(json!([{"clientConfig": {"caBundle": "QQ=="}}]))]
    #[case::none(json!([]))]
    #[case::no_list(Value::Null)]
    fn nothing_is_written_without_need(#[case] webhooks: Value) {
        assert_eq!(patch(&webhooks, "7", "A"), None);
    }

    #[test]
    fn only_bundles_that_differ_are_written() {
        let webhooks = json!([
            {"name": "a", "clientConfig": {"caBundle": "QQ=="}},
            {"name": "b", "clientConfig": {"caBundle": "Qg==", "service": {"name": "s"}}},
            {"name": "c", "clientConfig": {}},
        ]);
        let patch = patch(&webhooks, "7", "A").unwrap();
        assert_eq!(
            json!(patch),
            json!([
                {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
                {"op": "add", "path": "/webhooks/1/clientConfig/caBundle", "value": "QQ=="},
                {"op": "add", "path": "/webhooks/2/clientConfig/caBundle", "value": "QQ=="},
            ])
        );
    }
}
