//! The definition behind a watch of a custom kind. When it changes or goes, so does what the watch
//! shows, and clients open another one.

use super::super::{Call, internal};
use crate::crd;
use crate::object;
use crate::status::Status;
use crate::store::{Change, Event, Watch};
use futures::StreamExt as _;

/// What becomes of it.
pub(super) struct Definition {
    name: String,
    changes: Watch,
}

impl Definition {
    /// The definition of the kind that is asked for, where it has one. The call goes on with the kind
    /// as it is at that moment: whoever watches again because it has changed may be here before that
    /// was taken note of.
    pub(super) async fn of(call: &mut Call) -> Result<Option<Self>, Status> {
        if !call.resource.is_custom {
            return Ok(None);
        }
        let _nothing_changes = call.api.definitions.lock().await;
        let store = &call.api.store;
        let now = store.version().await.map_err(internal)?;
        let was = &call.resource;
        let found = (call.api.registry).find(&was.group, &was.version, &was.plural);
        call.resource = found.ok_or_else(Status::unknown_path)?;
        let resource = &call.resource;
        Ok(Some(Self {
            name: format!("{}.{}", resource.plural, resource.group),
            changes: store.watch(crd::STORED_AS, None, now),
        }))
    }

    /// Waits until it is another one or gone; of that version is what its kind shows no more. There
    /// is none where changes have been missed.
    pub(super) async fn replaced(&mut self) -> Option<u64> {
        loop {
            let event = self.changes.next().await?.ok()?;
            if object::name(&event.object) == self.name && is_replacement(&event) {
                return Some(event.version);
            }
        }
    }
}

fn is_replacement(event: &Event) -> bool {
    let before = event.before.as_ref().and_then(|before| before.get("spec"));
    event.change == Change::Deleted || before != event.object.get("spec")
}
