//! `watch`: what there is, if asked for, and then every change as it happens.

mod definition;

use super::read::{Selection, version};
use super::{Call, served};
use crate::api::Api;
use crate::object;
use crate::pipeline::respond::{Answer, Line};
use crate::registry::Kinds;
use crate::resource::Resource;
use crate::status::Status;
use crate::store::{Change, Event, Filter, ListQuery, StoreError, Watch};
use definition::Definition;
use futures::FutureExt as _;
use futures::stream::{self, BoxStream, StreamExt as _};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval};
use tokio_util::sync::CancellationToken;

/// How long a watch lasts that does not say.
pub(crate) const LONGEST: Duration = Duration::from_secs(60 * 60);
/// So many objects are read at a time of what there is, and kept where the client does not read.
const PAGE: usize = 100;
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

impl Call {
    pub(super) async fn watch(&mut self) -> Result<Answer, Status> {
        self.query.check_list()?;
        let selection = self.selection()?;
        // Before anything is read, so that no change of it is missed.
        let definition = Definition::of(self).await?;
        let sends_first = self.query.send_initial_events;
        let starts_from_now = matches!(self.query.resource_version.as_str(), "" | "0");
        let has_first =
            (starts_from_now && sends_first != Some(false)) || sends_first == Some(true);
        let (beginning, from) = if has_first {
            let is_told_when_done = sends_first == Some(true) && self.query.allow_bookmarks;
            let (beginning, from) = self.beginning(&selection, is_told_when_done).await?;
            (Some(beginning), from)
        } else if starts_from_now {
            (None, self.newest().await?)
        } else {
            (None, version(&self.query.resource_version)?)
        };
        let live = Live {
            kinds: self.api.registry.kinds(),
            definition,
            ends_with: None,
            beginning,
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
        Ok(Answer::Watch(live.lines()))
    }

    /// What there is, and the version that it is of.
    async fn beginning(
        &self,
        selection: &Selection,
        is_told_when_done: bool,
    ) -> Result<(Beginning, u64), Status> {
        let mut query = ListQuery {
            limit: Some(PAGE),
            ..self.every(selection)
        };
        // With a filter nobody counts what remains.
        query.filter.get_or_insert_with(|| Filter {
            members: Arc::default(),
            accepts: Arc::new(|_| true),
        });
        let listed = self.api.store.list(query.clone()).await;
        let listed = listed.map_err(|error| self.refused(error))?;
        query.at = Some(listed.version);
        query.after = listed.next;
        let beginning = Beginning {
            api: Arc::clone(&self.api),
            query,
            page: listed.items.into_iter(),
            bookmark: is_told_when_done.then_some(listed.version),
        };
        Ok((beginning, listed.version))
    }

    fn changes(&self, from: u64) -> Watch {
        let namespace = Some(self.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        self.api
            .store
            .watch(&self.resource.stored_as, namespace, from)
    }
}

/// What there is already, of one version, page by page: a client that does not read is no reason to
/// hold all of it.
struct Beginning {
    api: Arc<Api>,
    /// The next page, where there is one.
    query: ListQuery,
    page: std::vec::IntoIter<Value>,
    /// The version of a bookmark that ends it.
    bookmark: Option<u64>,
}

impl Beginning {
    async fn next(&mut self, kinds: &Kinds, resource: &Resource) -> Option<Line> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Line::Object("ADDED", served(kinds, resource, item)));
            }
            if self.query.after.is_none() {
                return self.bookmark.take().map(|version| Line::Bookmark {
                    version,
                    ends_initial_events: true,
                });
            }
            match self.api.store.list(self.query.clone()).await {
                Ok(listed) => {
                    self.query.after = listed.next;
                    self.page = listed.items.into_iter();
                }
                Err(error) => return Some(Line::Error(refused(error))),
            }
        }
    }
}

/// A watch that is under way.
struct Live {
    /// As they were when it began; it ends when its own is another one.
    kinds: Arc<Kinds>,
    /// Where the kind comes from one.
    definition: Option<Definition>,
    /// The version from which on the kind is not any more what it was.
    ends_with: Option<u64>,
    beginning: Option<Beginning>,
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
        if let Some(beginning) = &mut self.beginning {
            match beginning.next(&self.kinds, &self.resource).await {
                Some(line) => return Some(line),
                None => self.beginning = None,
            }
        }
        loop {
            if let Some(version) = self.ends_with {
                return self.last_line(version);
            }
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => return None,
                replaced = replaced(self.definition.as_mut()) => self.ends_with = Some(replaced?),
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

    /// What there is still to tell of the kind as it was. What is not at hand is told to the next watch.
    fn last_line(&mut self, until: u64) -> Option<Line> {
        while let Some(Some(Ok(event))) = self.changes.next().now_or_never() {
            if event.version >= until {
                return None;
            }
            if let Some(line) = self.line(&event) {
                return Some(line);
            }
        }
        None
    }

    /// What a change is to somebody who only sees what is selected.
    fn line(&self, event: &Event) -> Option<Line> {
        let served = |object: &Arc<Value>| served(&self.kinds, &self.resource, (**object).clone());
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

async fn replaced(definition: Option<&mut Definition>) -> Option<u64> {
    match definition {
        Some(definition) => definition.replaced().await,
        None => std::future::pending().await,
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
