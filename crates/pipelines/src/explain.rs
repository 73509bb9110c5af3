//! For each reader of the store: where it looks, what it finds there, and what of that differs from the
//! description. It reads the objects themselves, so that what is explained is what would be applied.
//!
//! The readers, their variables and their ways are those of Kubeflow Pipelines and Argo; what releases
//! understand is left to [`releases`](crate::releases).

mod environment;
mod login;
pub(crate) mod readers;
mod table;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

use crate::model::{Addressing, Deployment, Endpoint, Vendor};
use crate::stores::{self, Styles, traits};

pub use login::{KeysIn, Login};
pub use table::{places, table};

/// What all readers find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What they should find.
    pub described: Finds,
    /// One row for each reader and namespace.
    pub readers: Vec<View>,
    /// Whether none of them finds something else.
    pub consistent: bool,
}

/// One reader's view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Who reads.
    pub reader: &'static str,
    /// In which namespace.
    pub namespace: String,
    /// Where it looks.
    pub looks_in: String,
    /// What it finds there.
    pub finds: Finds,
    /// Which of that is not as described.
    pub differences: Vec<&'static str>,
    /// Why it cannot read at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a reader finds; nothing where it cannot be told, and asks nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Finds {
    /// Host, and port where it is not the usual one.
    pub endpoint: Option<String>,
    /// Whether it speaks TLS.
    pub tls: Option<bool>,
    /// The region it signs for.
    pub region: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// What keys begin with, or the format they have.
    pub keys: Option<String>,
    /// Where it puts the bucket's name: `path` or `virtual`.
    pub addressing: Option<&'static str>,
    /// Where its keys come from: a Secret, `environment`, or `built-in`.
    pub credentials: Option<Login>,
}

/// What every reader finds in some objects.
pub fn explain(deployment: &Deployment, objects: &[Value]) -> Explanation {
    let described = described(deployment);
    let mut readers = readers::read(deployment, objects);
    for view in &mut readers {
        view.differences = differences(deployment, &described, &view.finds);
    }
    viewers_keys(&mut readers);
    let consistent = readers
        .iter()
        .all(|view| view.differences.is_empty() && view.error.is_none());
    Explanation {
        described,
        readers,
        consistent,
    }
}

fn described(deployment: &Deployment) -> Finds {
    let store = &deployment.store;
    Finds {
        endpoint: Some(authority(&store.endpoint)),
        tls: Some(store.endpoint.tls),
        region: Some(store.region.clone()),
        bucket: Some(store.bucket.clone()),
        addressing: match store.addressing {
            Addressing::Auto => None,
            Addressing::Path => Some("path"),
            Addressing::Virtual => Some("virtual"),
        },
        ..Finds::default()
    }
}

/// The host, with its port where that is not the usual one.
fn authority(endpoint: &Endpoint) -> String {
    let usual = if endpoint.tls { 443 } else { 80 };
    match endpoint.port {
        Some(port) if port != usual => endpoint.authority(),
        _ => endpoint.host.clone(),
    }
}

fn differences(deployment: &Deployment, described: &Finds, finds: &Finds) -> Vec<&'static str> {
    let differ = |a: &Option<String>, b: &Option<String>| b.is_some() && a != b;
    let mut found = Vec::new();
    if differ(&described.endpoint, &finds.endpoint) {
        found.push("endpoint");
    }
    if finds.tls.is_some() && finds.tls != described.tls {
        found.push("tls");
    }
    // An empty region is whatever a reader makes of it, unless the store wants a certain one.
    let filled = [stores::region(&deployment.store), "us-east-1"];
    let is_guess = described.region.as_deref() == Some("")
        && finds
            .region
            .as_deref()
            .is_some_and(|it| filled.contains(&it));
    if differ(&described.region, &finds.region) && !is_guess {
        found.push("region");
    }
    if differ(&described.bucket, &finds.bucket) {
        found.push("bucket");
    }
    let wanted = match (
        described.addressing,
        traits(&deployment.store).map(|it| it.styles),
    ) {
        (Some(style), _) => Some(style),
        (None, Some(Styles::VirtualOnly)) => Some("virtual"),
        (None, Some(Styles::PathOnly)) => Some("path"),
        (None, _) => None,
    };
    if wanted.is_some() && finds.addressing.is_some() && finds.addressing != wanted {
        found.push("addressing");
    }
    found
}

/// Viewers run in profiles, and find a Secret only under the name that it has there.
fn viewers_keys(readers: &mut [View]) {
    let in_profiles: Vec<Option<Login>> = readers
        .iter()
        .filter(|view| view.reader == readers::PROFILE_ARGO)
        .map(|view| view.finds.credentials.clone())
        .collect();
    let viewers = readers
        .iter_mut()
        .filter(|view| view.reader == readers::VIEWER);
    for viewer in viewers {
        if in_profiles
            .iter()
            .any(|keys| *keys != viewer.finds.credentials)
        {
            viewer.differences.push("credentials");
        }
    }
}

/// Where a client that decides by the host puts the bucket's name.
fn automatic(deployment: &Deployment) -> &'static str {
    match stores::vendor(&deployment.store) {
        Vendor::Aws | Vendor::Gcs | Vendor::Alibaba => "virtual",
        _ => "path",
    }
}
