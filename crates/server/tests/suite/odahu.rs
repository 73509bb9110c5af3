//! ODAHU's API over real HTTP: exchanges as data, what holds when several clients write at once, and
//! what the rest of the field sees of it. The real client is left to the tests of `bowline up`.

mod another_type;
mod audit;
mod exchanges;
mod scan;
mod together;

use anyhow::Result;
use bowline_server::odahu::Settings;
use serde_json::Value;

use crate::world::World;

/// A server whose ODAHU connections are in `team-a`, and which lets one client ask a lot.
async fn world(change: impl FnOnce(&mut Settings)) -> Result<World> {
    let mut settings = Settings::new("team-a");
    change(&mut settings);
    World::with(|web| {
        web.odahu = Some(settings);
        web.limits.rate.burst = 10_000;
    })
    .await
}

/// A Secret of the project, as the Kubernetes API has it.
async fn secret(world: &World, name: &str) -> Result<Value> {
    use k8s_openapi::api::core::v1::Secret;
    let secrets: kube::Api<Secret> = kube::Api::namespaced(world.client(), "team-a");
    Ok(serde_json::to_value(secrets.get(name).await?)?)
}
