//! What the Helm chart renders to, read from its snapshots, which `make check-chart` compares with
//! it; and its webhooks pointed at a server on this machine, where no cluster network leads.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::manifest;
use serde_json::{Value, json};

/// The objects of the snapshot `name`.
///
/// # Errors
/// When they cannot be read.
pub fn snapshot(name: &str) -> Result<Vec<Value>> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy/chart/snapshots")
        .join(name)
        .with_extension("yaml");
    let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
    Ok(manifest::parse(&text)?)
}

/// The webhook configurations among `objects`, for a server at `url`. Without an authority, its
/// certificate is left for somebody else to fill in.
///
/// # Errors
/// When a webhook is not in the form of the chart's.
pub fn webhooks_at(
    url: &str,
    authority: Option<&str>,
    mut objects: Vec<Value>,
) -> Result<Vec<Value>> {
    objects.retain(|object| object.get("webhooks").is_some());
    let webhooks = objects
        .iter_mut()
        .filter_map(|object| object.get_mut("webhooks")?.as_array_mut())
        .flatten();
    for webhook in webhooks {
        let path = webhook
            .pointer("/clientConfig/service/path")
            .and_then(Value::as_str)
            .context("a webhook has no path")?;
        webhook["clientConfig"] = json!({"url": format!("{url}{path}")});
        if let Some(authority) = authority {
            webhook["clientConfig"]["caBundle"] = json!(STANDARD.encode(authority));
        }
    }
    Ok(objects)
}
