//! Events go some time after they were last written, as they do in a cluster.

use crate::api::Api;
use crate::object;
use crate::store::{ListQuery, ObjectKey, Store, StoreError, Write};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::{Arc, Weak};
use std::time::Duration;

const EVENTS: &str = "/events";
/// Events are looked through this often, or more often where they live shorter.
const EVERY: Duration = Duration::from_secs(60);
/// So many are read at a time.
const PAGE: usize = 500;
/// Where an event says when something happened.
const TIMES: &[&str] = &[
    "/metadata/creationTimestamp",
    "/lastTimestamp",
    "/eventTime",
    "/series/lastObservedTime",
];

/// Lets events go that are older than this, for as long as there is an API.
pub(crate) fn start(api: &Arc<Api>, age: Duration) {
    tokio::spawn(run(Arc::downgrade(api), age));
}

async fn run(api: Weak<Api>, age: Duration) {
    let mut ticks = tokio::time::interval(EVERY.min(age.max(Duration::from_millis(10))));
    // The first tick is at once, when nobody needs it.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let Some(api) = api.upgrade() else { return };
        if let Err(error) = remove_old(&api.store, age).await {
            tracing::warn!(%error, "old events could not be removed");
        }
    }
}

async fn remove_old(store: &Store, age: Duration) -> Result<(), StoreError> {
    let limit = Timestamp::now() - age;
    let mut query = ListQuery {
        resource: EVENTS.to_owned(),
        limit: Some(PAGE),
        ..ListQuery::default()
    };
    loop {
        let page = store.list(query.clone()).await?;
        for event in page
            .items
            .iter()
            .filter(|event| last_written(event) < Some(limit))
        {
            let key = ObjectKey {
                resource: EVENTS.to_owned(),
                namespace: object::namespace(event).to_owned(),
                name: object::name(event).to_owned(),
            };
            let expected = object::version(event);
            match store.write(vec![Write::Delete { key, expected }]).await {
                // Somebody has written it again, or taken it away.
                Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        query.after = page.next;
        if query.after.is_none() {
            return Ok(());
        }
    }
}

fn last_written(event: &Value) -> Option<Timestamp> {
    let times = TIMES
        .iter()
        .filter_map(|pointer| object::text(event, pointer));
    times.filter_map(|text| text.parse().ok()).max()
}
