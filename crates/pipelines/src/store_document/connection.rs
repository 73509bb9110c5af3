//! Where the bucket is: what the connection's Secret says, and what the document says over it.

use bowline_core::Secret;
use url::Url;

use crate::claim::{self, Bucket};
use crate::finding::Rule;
use crate::model::Endpoint;
use crate::reading::{Reader, View};
use crate::tree::Node;

const NO_CONNECTION: Rule = Rule::refusal("connection-missing");
const NO_CLAIM: Rule = Rule::refusal("claim-missing");
const ENDPOINT: Rule = Rule::refusal("endpoint");
const MISSING: Rule = Rule::refusal("missing");

/// Where the bucket is, and the Secret that opens it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) endpoint: Endpoint,
    pub(super) region: String,
    pub(super) bucket: String,
    /// Namespace and name of the Secret.
    pub(super) secret: (String, String),
    pub(super) has_session_token: bool,
}

impl Place {
    /// The Secret alone, for those to whom it does not matter where the bucket is.
    pub(super) fn of_secret(namespace: String, name: String) -> Self {
        Self {
            endpoint: nowhere(),
            region: String::new(),
            bucket: String::new(),
            secret: (namespace, name),
            has_session_token: false,
        }
    }

    pub(super) fn of_claim(bucket: Bucket) -> Self {
        Self {
            endpoint: bucket.endpoint,
            region: bucket.region,
            bucket: bucket.bucket,
            secret: (bucket.namespace, bucket.name),
            has_session_token: false,
        }
    }
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    spec: &View<'_>,
    namespace: &str,
    documents: &[Node],
    secrets: &[Secret],
) -> Option<Place> {
    let mut place = match spec.child("claim").is_truthy() {
        true => claimed(reader, spec, documents)?,
        false => connected(reader, spec, namespace, documents, secrets),
    };
    let endpoint_view = spec.child("endpoint");
    let text = reader.text(&endpoint_view, "");
    if !text.is_empty() {
        match endpoint(&text) {
            Some(endpoint) => place.endpoint = endpoint,
            None => {
                let message = format!("`{}` is no URL of a host", endpoint_view.path);
                let help = "write one such as `https://s3.eu-west-1.amazonaws.com`";
                reader.report(ENDPOINT, &endpoint_view, message, help);
            }
        }
    }
    place.region = reader.text_or(&spec.child("region"), &place.region);
    let bucket_view = spec.child("bucket");
    place.bucket = reader.text_or(&bucket_view, &place.bucket);
    for (is_empty, view) in [
        (place.endpoint.host.is_empty(), &endpoint_view),
        (place.bucket.is_empty(), &bucket_view),
    ] {
        let is_said = reader.findings.iter().any(|found| {
            found.finding.rule == NO_CONNECTION.id || found.finding.rule == ENDPOINT.id
        });
        if is_empty && !is_said {
            let message = format!(
                "`{}` is neither in the document nor in the connection",
                view.path
            );
            reader.report(MISSING, view, message, "set it in one of the two");
        }
    }
    Some(place)
}

fn claimed(reader: &mut Reader<'_>, spec: &View<'_>, documents: &[Node]) -> Option<Place> {
    let view = spec.child("claim");
    let name = reader.text(&view, "");
    let is_claim = |node: &&Node| node.is_kind(claim::KIND) && node.is_named(&name);
    let Some(node) = documents.iter().find(is_claim) else {
        let message = format!("ObjectBucketClaim `{name}` is not in the file");
        reader.report(
            NO_CLAIM,
            &view,
            message,
            "add its manifest and its ConfigMap",
        );
        return None;
    };
    let bucket = claim::read(reader, &View::root(node), documents)?;
    Some(Place::of_claim(bucket))
}

/// The places that the connection's Secret names; nothing when it is not known but not needed.
fn connected(
    reader: &mut Reader<'_>,
    spec: &View<'_>,
    namespace: &str,
    documents: &[Node],
    secrets: &[Secret],
) -> Place {
    let view = spec.child("connection");
    let name = reader.text(&view, "");
    let is_it = |secret: &&Secret| {
        secret.name == name && (secret.namespace == namespace || secret.namespace.is_empty())
    };
    let beside: Vec<Secret> = documents
        .iter()
        .filter(|node| node.is_kind("Secret") && node.is_named(&name))
        .filter_map(|node| Secret::from_value(&node.to_value()).ok())
        .collect();
    let secret = secrets.iter().chain(&beside).find(is_it);
    let knows_enough = spec.child("endpoint").is_truthy() && spec.child("bucket").is_truthy();
    if secret.is_none() && !knows_enough {
        let message = match name.as_str() {
            "" => format!("`{}` names no Secret", view.path),
            name => {
                format!("Secret `{namespace}/{name}` is neither in the file nor among `--secrets`")
            }
        };
        let mut known = secrets.iter().chain(&beside);
        let help = match known.find(|secret| !name.is_empty() && secret.name == name) {
            Some(other) => format!(
                "`{}/{name}` is there: correct the namespace of one of the two",
                other.namespace
            ),
            None => "add its manifest, or set `endpoint` and `bucket`".to_owned(),
        };
        reader.report(NO_CONNECTION, &view, message, help);
    }
    let line = |key: &str| {
        let value = secret.and_then(|secret| secret.line(key));
        value.unwrap_or_default().to_owned()
    };
    let region = [line("AWS_DEFAULT_REGION"), line("AWS_REGION")];
    let endpoint = endpoint(&line("AWS_S3_ENDPOINT")).unwrap_or_else(nowhere);
    Place {
        endpoint,
        region: region
            .into_iter()
            .find(|one| !one.is_empty())
            .unwrap_or_default(),
        bucket: line("AWS_S3_BUCKET"),
        secret: (namespace.to_owned(), name.clone()),
        has_session_token: secret.is_some_and(|one| one.value("AWS_SESSION_TOKEN").is_some()),
    }
}

const fn nowhere() -> Endpoint {
    Endpoint {
        host: String::new(),
        port: None,
        tls: true,
    }
}

/// Host, port and TLS of a URL, or of a host alone, which is reached over TLS.
fn endpoint(text: &str) -> Option<Endpoint> {
    let url = match text.contains("://") {
        true => Url::parse(text),
        false => Url::parse(&format!("https://{text}")),
    };
    let url = url.ok()?;
    let tls = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    Some(Endpoint {
        host: url.host_str()?.to_owned(),
        port: url.port(),
        tls,
    })
}
