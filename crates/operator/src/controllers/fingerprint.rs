//! Keyed fingerprints of what Secrets hold, so that a change of values can be told from a change of
//! labels without keeping values anywhere.

use aws_lc_rs::{hmac, rand};
use bowline_core::Secret;
use bowline_core::names::MANAGED_BY;
use kube::api::{DynamicObject, ObjectMeta, PostParams};
use serde_json::json;
use tokio::sync::OnceCell;

use super::ReconcileError;
use super::inventory::Inventory;
use crate::kubernetes::{is_written, secret_of, secrets};

/// Key of the random bytes in our own Secret.
const KEY: &str = "key";
/// How many bytes of the code are kept: enough to tell versions of one Secret apart.
const BYTES: usize = 8;

/// Fingerprints under one key, which is kept in a Secret of our own so that they outlive us.
pub struct Fingerprints {
    client: kube::Client,
    namespace: String,
    name: String,
    key: OnceCell<hmac::Key>,
}

impl Fingerprints {
    /// Fingerprints whose key is in the Secret `namespace/name`, made when there is none.
    pub fn new(client: kube::Client, namespace: String, name: String) -> Self {
        Self {
            client,
            namespace,
            name,
            key: OnceCell::new(),
        }
    }

    /// The fingerprint of what a Secret holds now; `None` where it does not exist. Values are read
    /// only when the Secret's version is a new one, and dropped at once.
    ///
    /// # Errors
    /// When the Secret, or the key, cannot be read.
    pub async fn of(
        &self,
        inventory: &Inventory,
        namespace: &str,
        name: &str,
    ) -> Result<Option<String>, ReconcileError> {
        let followed = inventory.followed(namespace, name);
        let mut seen = followed.fingerprint.lock().await;
        let known = followed.version();
        if let (Some(known), Some((version, fingerprint))) = (known, &*seen)
            && known == *version
        {
            return Ok(Some(fingerprint.clone()));
        }
        *seen = None;
        let found = secrets(&self.client, namespace).get_opt(name).await;
        let what = || format!("read Secret `{name}` of namespace `{namespace}`");
        let Some(object) = found.map_err(|error| ReconcileError::api(what(), error))? else {
            return Ok(None);
        };
        let version = object.metadata.resource_version.clone().unwrap_or_default();
        let secret = secret_of(object).ok_or_else(|| ReconcileError::unreadable(what()))?;
        let fingerprint = sign(self.key().await?, &secret);
        followed.learn(&version);
        *seen = Some((version, fingerprint.clone()));
        Ok(Some(fingerprint))
    }

    async fn key(&self) -> Result<&hmac::Key, ReconcileError> {
        self.key.get_or_try_init(|| self.read_or_make_key()).await
    }

    async fn read_or_make_key(&self) -> Result<hmac::Key, ReconcileError> {
        let what = || format!("keep a key in Secret `{}`", self.name);
        let api = secrets(&self.client, &self.namespace);
        let mut bytes = [0_u8; 32];
        rand::fill(&mut bytes).map_err(|_| ReconcileError::unreadable(what()))?;
        let made = api
            .create(&PostParams::default(), &self.secret(&bytes))
            .await;
        if is_written(made).map_err(|error| ReconcileError::api(what(), error))? {
            return Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes));
        }
        let found = api.get(&self.name).await;
        let found = found.map_err(|error| ReconcileError::api(what(), error))?;
        let secret = secret_of(found).ok_or_else(|| ReconcileError::unreadable(what()))?;
        let key = secret.value(KEY).filter(|key| key.len() >= 32);
        let key = key.ok_or_else(|| ReconcileError::unreadable(what()))?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    fn secret(&self, bytes: &[u8]) -> DynamicObject {
        use base64::Engine as _;
        let (label, value) = MANAGED_BY;
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        DynamicObject {
            types: None,
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                labels: Some([(label.to_owned(), value.to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: json!({"apiVersion": "v1", "kind": "Secret", "data": {KEY: encoded}}),
        }
    }
}

/// Every part goes in with its length, so that no two Secrets run together.
fn sign(key: &hmac::Key, secret: &Secret) -> String {
    let mut context = hmac::Context::with_key(key);
    let mut add = |part: &[u8]| {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    };
    add(secret.namespace.as_bytes());
    add(secret.name.as_bytes());
    for (key, value) in &secret.data {
        add(key.as_bytes());
        add(value.expose());
    }
    let code = context.sign();
    code.as_ref()[..BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret(namespace: &str, data: &serde_json::Value) -> Secret {
        let object = json!({
            "kind": "Secret", "metadata": {"name": "models", "namespace": namespace},
            "stringData": data,
        });
        Secret::from_value(&object).expect("a Secret")
    }

    #[test]
    fn equal_values_in_two_namespaces_have_different_fingerprints() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let data = json!({"A": "1"});
        assert_ne!(
            sign(&key, &secret("a", &data)),
            sign(&key, &secret("b", &data))
        );
    }

    #[test]
    fn parts_do_not_run_together() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let one = sign(&key, &secret("a", &json!({"A": "1", "B": "2"})));
        let other = sign(&key, &secret("a", &json!({"A": "1B2"})));
        assert_ne!(one, other);
    }
}
