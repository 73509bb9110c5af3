//! Secrets that admission remembers, beside the watches that say whether they are as they were.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use bowline_operator::{Cluster as _, Kubernetes, Seen, Sighting};
use serde_json::json;

use crate::api::{Loop, TestApi};
use crate::tied;

#[tokio::test]
async fn a_secret_is_read_again_once_its_watch_tells_of_a_change() -> Result<()> {
    let api = TestApi::start().await?;
    let mut secret = tied::secret("https://models.example.com/tides");
    secret["metadata"]["labels"] = json!({"opendatahub.io/managed": "true"});
    let created = api.create(secret.clone()).await?;
    let controllers = Loop::start(&api.client);
    let told = |version| controllers.until_seen("team-a", "models", version);
    told(created.metadata.resource_version).await?;
    let (client, reads) = api.counting_client("models");
    let seen = Seen::new(Kubernetes::new(client), Arc::clone(&controllers.inventory));
    let look = async || -> Result<Option<Sighting>> { Ok(seen.sight("team-a", "models").await?) };

    let first = look().await?.context("it is there")?;
    look().await?.context("it is there")?;
    assert_eq!(reads.load(Ordering::Relaxed), 1, "as it was");

    let change = json!({"stringData": {"HF_TOKEN": "a-token"}});
    let changed = api.patch(&secret, change).await?;
    told(changed.metadata.resource_version).await?;
    let second = look().await?.context("it is there")?;
    assert_ne!(first.variables, second.variables, "one more key");
    assert_eq!(reads.load(Ordering::Relaxed), 2, "it has changed");

    api.delete(&secret).await?;
    told(None).await?;
    assert!(look().await?.is_none(), "it is gone");
    Ok(())
}
