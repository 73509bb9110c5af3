//! `watch`: what there is, if asked for, and then every change as it happens.

use super::Call;
use super::read::{Selection, version};
use crate::object;
use crate::pipeline::respond::{Answer, Line};
use crate::resource::Resource;
use crate::status::Status;
use crate::store::{Change, Event, StoreError, Watch};
use futures::stream::{self, BoxStream, StreamExt as _};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval};
use tokio_util::sync::CancellationToken;

/// How long a watch lasts that does not say.
const LONGEST: Duration = Duration::from_secs(60 * 60);
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

impl Call {
    pub(super) async fn watch(&self) -> Result<Answer, Status> {
        self.query.check_list()?;
        let selection = self.selection()?;
        let sends_first = self.query.send_initial_events;
        let starts_from_now = matches!(self.query.resource_version.as_str(), "" | "0");
        let mut first = Vec::new();
        let from = if (starts_from_now && sends_first != Some(false)) || sends_first == Some(true) {
            let listed = self
                .api
                .store
                .list(self.every(&selection))
                .await
                .map_err(|error| self.refused(error))?;
            let items = listed
                .items
                .into_iter()
                .map(|item| self.resource.to_served(item));
            first.extend(items.map(|item| Line::Object("ADDED", item)));
            if sends_first == Some(true) {
                first.push(Line::Bookmark {
                    version: listed.version,
                    ends_initial_events: true,
                });
            }
            listed.version
        } else if starts_from_now {
            self.newest().await?
        } else {
            version(&self.query.resource_version)?
        };
        let live = Live {
            changes: self.changes(from),
            resource: Arc::clone(&self.resource),
            selection,
            bookmarks: self
                .query
                .allow_bookmarks
                .then(|| tokio::time::interval_at(Instant::now() + BOOKMARK_EVERY, BOOKMARK_EVERY)),
            ends: Instant::now()
                + self
                    .query
                    .timeout_seconds
                    .map_or(LONGEST, Duration::from_secs)
                    .min(LONGEST),
            stopping: self.api.stopping.clone(),
        };
        Ok(Answer::Watch(
            stream::iter(first).chain(live.lines()).boxed(),
        ))
    }

    fn changes(&self, from: u64) -> Watch {
        let namespace = Some(self.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        self.api
            .store
            .watch(&self.resource.stored_as, namespace, from)
    }
}

/// A watch that is under way.
struct Live {
    changes: Watch,
    resource: Arc<Resource>,
    selection: Selection,
    bookmarks: Option<Interval>,
    ends: Instant,
    stopping: CancellationToken,
}

impl Live {
    fn lines(self) -> BoxStream<'static, Line> {
        stream::unfold(Some(self), |live| async move {
            let mut live = live?;
            let line = live.next().await?;
            let goes_on = !matches!(line, Line::Error(_));
            Some((line, goes_on.then_some(live)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Line> {
        loop {
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => return None,
                change = self.changes.next() => match change? {
                    Ok(event) => if let Some(line) = self.line(&event) { return Some(line) },
                    Err(error) => return Some(Line::Error(refused(error))),
                },
                () = tick(self.bookmarks.as_mut()) => {
                    return Some(Line::Bookmark { version: self.changes.progress(), ends_initial_events: false });
                }
                () = tokio::time::sleep_until(self.ends) => return None,
            }
        }
    }

    /// What a change is to somebody who only sees what is selected.
    fn line(&self, event: &Event) -> Option<Line> {
        let served = |object: &Arc<Value>| self.resource.to_served((**object).clone());
        let object = served(&event.object);
        let is_seen = self.selection.has(&object);
        let before = event
            .before
            .as_ref()
            .map(served)
            .filter(|before| self.selection.has(before));
        match (event.change, before, is_seen) {
            (Change::Added, _, true) | (Change::Modified, None, true) => {
                Some(Line::Object("ADDED", object))
            }
            (Change::Modified, Some(_), true) => Some(Line::Object("MODIFIED", object)),
            (Change::Modified, Some(mut before), false) => {
                let version = event.version.to_string();
                object::metadata_mut(&mut before)
                    .insert("resourceVersion".to_owned(), version.into());
                Some(Line::Object("DELETED", before))
            }
            (Change::Deleted, _, true) => Some(Line::Object("DELETED", object)),
            _ => None,
        }
    }
}

async fn tick(interval: Option<&mut Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

fn refused(error: StoreError) -> Status {
    match error {
        StoreError::Gone { asked, oldest, .. } => {
            Status::expired(format!("too old resource version: {asked} ({oldest})"))
        }
        other => super::internal(other),
    }
}
