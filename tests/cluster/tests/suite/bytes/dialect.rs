//! S3 connections in every dialect that writes them.

use serde_json::{Value, json};

/// Whose annotations and keys a Secret has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenShift AI: the protocol.
    Protocol,
    /// OpenShift AI: the deprecated reference to a connection type.
    TypeRef,
    /// OpenShift AI before 2.16: the old type and the dashboard's two labels.
    Legacy,
    /// Alauda AI, with the annotations that it writes for KServe.
    Alauda,
    /// KServe's own annotations, beside a login and nothing else.
    KServe,
}

/// A connection: what to say of the server, in which dialect.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) dialect: Dialect,
    /// A URL.
    pub(crate) endpoint: String,
    pub(crate) bucket: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    /// Further annotations and keys.
    pub(crate) annotations: Vec<(&'static str, String)>,
    pub(crate) keys: Vec<(&'static str, String)>,
}

/// Name of every connection here.
pub(crate) const NAME: &str = "soundings";

impl Connection {
    /// Adds the annotation that Bowline asks for where a dialect says too little.
    pub(crate) fn marked(self) -> Self {
        self.annotated("opendatahub.io/connection-type-protocol", "s3")
    }

    pub(crate) fn annotated(mut self, key: &'static str, value: &str) -> Self {
        self.annotations.push((key, value.to_owned()));
        self
    }

    pub(crate) fn with_key(mut self, key: &'static str, value: &str) -> Self {
        self.keys.push((key, value.to_owned()));
        self
    }

    pub(crate) fn secret(&self) -> Value {
        let (scheme, host) = self.endpoint.split_once("://").expect("a URL");
        let use_https = if scheme == "https" { "1" } else { "0" };
        let for_kserve = json!({
            "serving.kserve.io/s3-endpoint": host,
            "serving.kserve.io/s3-usehttps": use_https,
            "serving.kserve.io/s3-region": "us-east-1",
        });
        let (labels, mut annotations) = match self.dialect {
            Dialect::Protocol => (
                json!({}),
                json!({"opendatahub.io/connection-type-protocol": "s3"}),
            ),
            Dialect::TypeRef => (
                json!({}),
                json!({"opendatahub.io/connection-type-ref": "s3"}),
            ),
            Dialect::Legacy => (
                json!({"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"}),
                json!({"opendatahub.io/connection-type": "s3"}),
            ),
            Dialect::Alauda => {
                let mut annotations = for_kserve;
                annotations["cpaas.io/connection-type-ref"] = "ct-s3-storage".into();
                annotations["cpaas.io/connection-type-protocol"] = "s3".into();
                (json!({"cpaas.io/dashboard": "true"}), annotations)
            }
            Dialect::KServe => (json!({}), for_kserve),
        };
        let mut data = json!({
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        });
        if self.dialect != Dialect::KServe {
            data["AWS_S3_ENDPOINT"] = self.endpoint.as_str().into();
            data["AWS_S3_BUCKET"] = self.bucket.as_str().into();
            data["AWS_DEFAULT_REGION"] = "us-east-1".into();
        }
        for (key, value) in &self.annotations {
            annotations[*key] = value.as_str().into();
        }
        for (key, value) in &self.keys {
            data[*key] = value.as_str().into();
        }
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": NAME, "namespace": super::objects::NAMESPACE, "labels": labels, "annotations": annotations},
            "stringData": data,
        })
    }
}
