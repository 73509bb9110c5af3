//! An ObjectBucketClaim in: what OpenShift Data Foundation says about a bucket in a ConfigMap and a
//! Secret that are named like the claim.
//!
//! Format: <https://github.com/kube-object-storage/lib-bucket-provisioner>.

use crate::finding::Rule;
use crate::model::Endpoint;
use crate::reading::{Reader, View};
use crate::tree::Node;

/// The kind.
pub(crate) const KIND: &str = "ObjectBucketClaim";

const NO_CONFIG: Rule = Rule::refusal("claim-without-config");
const PORT: Rule = Rule::refusal("port");

/// What a claim tells.
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) bucket: String,
    pub(crate) region: String,
    pub(crate) endpoint: Endpoint,
}

/// Reads the claim at `view` and its ConfigMap, which stands in the same file.
pub(crate) fn read(reader: &mut Reader<'_>, view: &View<'_>, documents: &[Node]) -> Option<Bucket> {
    let name_view = view.at("metadata.name");
    let name = reader.text(&name_view, "");
    let is_config = |node: &&Node| node.is_kind("ConfigMap") && node.is_named(&name);
    let Some(node) = documents.iter().find(is_config) else {
        let message =
            format!("ConfigMap `{name}`, which tells where the bucket is, is not in the file");
        let help = format!(
            "add it and the Secret: `kubectl get obc,configmap,secret {name} -o yaml` writes all three"
        );
        reader.report(NO_CONFIG, &name_view, message, help);
        return None;
    };
    let config = View::root(node).child("data");
    let port_view = config.child("BUCKET_PORT");
    let port = reader.text(&port_view, "");
    let number: Option<u16> = port.parse().ok();
    if number.is_none() && !port.is_empty() {
        let message = format!("`{}` is no port number", port_view.path);
        reader.report(PORT, &port_view, message, "write a number from 1 to 65535");
    }
    Some(Bucket {
        namespace: reader.text_or(&view.at("metadata.namespace"), "default"),
        bucket: reader.text(&config.child("BUCKET_NAME"), ""),
        region: reader.text(&config.child("BUCKET_REGION"), ""),
        endpoint: Endpoint {
            host: reader.text(&config.child("BUCKET_HOST"), ""),
            // Claims tell no scheme; only plain ports are without TLS.
            tls: !matches!(number, Some(80 | 8080 | 9000)),
            port: number,
        },
        name,
    })
}
