//! Keeps an index true by watching one source, for as long as the view lives: cut connections and
//! lost histories are listed anew. Who may look is left to `kept`.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use kube::ResourceExt as _;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, Error, Event, watcher};
use serde_json::Value;

use super::kept::Shared;
use super::source::{PAGE, Source, why};
use super::{Scope, Why};
use crate::arrived::Arrived;
use crate::index::{Object, ObjectRef};
use crate::row::Row;

/// How often it is looked whether a kind has been installed, or a right granted.
const RETRY: Duration = Duration::from_secs(10);

/// Why a watch is not gone on with.
enum End {
    /// The API says no, and says why.
    Not(Why),
    /// It may be listed and not watched: what was listed stays, and is listed again.
    ListOnly,
}

/// Follows a source until the task is ended.
pub(super) async fn follow(
    client: kube::Client,
    scope: Scope,
    source: Source,
    shared: Arc<Shared>,
) {
    loop {
        let mut end = End::Not(Why::NotInstalled);
        for version in source.versions() {
            end = match version {
                Source::Connections => rows(&client, &scope, source, &shared).await,
                Source::Users(..) => users(&client, &scope, version, &shared).await,
            };
            if !matches!(end, End::Not(Why::NotInstalled)) {
                break;
            }
        }
        if let End::Not(why) = end {
            let why = source.reason(&client, why).await;
            shared.forget(source, why);
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn rows(client: &kube::Client, scope: &Scope, source: Source, shared: &Shared) -> End {
    let api = source.api::<Option<Box<Row>>>(client, scope);
    let mut stream = pin!(watcher(api, config(source)).default_backoff());
    let mut listed = BTreeSet::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::Init) => listed = BTreeSet::new(),
            Ok(Event::InitApply(arrived)) => {
                if let Some(row) = arrived.kept {
                    listed.insert((row.namespace.clone(), row.name.clone()));
                    shared.write(|index| index.upsert_row(*row));
                }
            }
            Ok(Event::InitDone) => {
                shared.write(|index| index.keep_rows(&listed));
                listed = BTreeSet::new();
                shared.mark_seen(source);
            }
            Ok(Event::Apply(arrived)) => shared.write(|index| {
                let (namespace, name) = name(&arrived);
                match arrived.kept {
                    Some(row) => index.upsert_row(*row),
                    None => index.remove_row(&namespace, &name),
                }
            }),
            Ok(Event::Delete(arrived)) => {
                let (namespace, name) = name(&arrived);
                shared.write(|index| index.remove_row(&namespace, &name));
            }
            Err(error) => {
                if let Some(end) = end(source, error, shared) {
                    return end;
                }
            }
        }
    }
    End::ListOnly
}

async fn users(client: &kube::Client, scope: &Scope, source: Source, shared: &Shared) -> End {
    let Source::Users(kind, version) = source else {
        return End::Not(Why::NotInstalled);
    };
    let api = source.api::<Value>(client, scope);
    let mut stream = pin!(watcher(api, config(source)).default_backoff());
    let mut listed: BTreeSet<ObjectRef> = BTreeSet::new();
    let read = |arrived: &Arrived<Value>| Object::read(kind, version, &arrived.kept);
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::Init) => listed = BTreeSet::new(),
            Ok(Event::InitApply(arrived)) => {
                if let Some(object) = read(&arrived) {
                    listed.insert(object.reference.clone());
                    shared.write(|index| index.upsert_object(object));
                }
            }
            Ok(Event::InitDone) => {
                shared.write(|index| index.keep_objects(kind.title(), &listed));
                listed = BTreeSet::new();
                shared.mark_seen(source);
            }
            Ok(Event::Apply(arrived)) => {
                if let Some(object) = read(&arrived) {
                    shared.write(|index| index.upsert_object(object));
                }
            }
            Ok(Event::Delete(arrived)) => {
                if let Some(object) = read(&arrived) {
                    shared.write(|index| index.remove_object(&object.reference));
                }
            }
            Err(error) => {
                if let Some(end) = end(source, error, shared) {
                    return end;
                }
            }
        }
    }
    End::ListOnly
}

fn config(source: Source) -> Config {
    let (label_selector, field_selector) = source.selectors();
    Config {
        label_selector,
        field_selector,
        ..Config::default().page_size(PAGE)
    }
}

fn name<T>(arrived: &Arrived<T>) -> (String, String)
where
    Arrived<T>: kube::ResourceExt,
{
    (arrived.namespace().unwrap_or_default(), arrived.name_any())
}

/// Whether an error ends the watch; the watcher goes on by itself after all others.
fn end(source: Source, error: Error, shared: &Shared) -> Option<End> {
    match error {
        Error::InitialListFailed(error) => {
            let why = why(&error);
            if why.is_none() {
                tracing::warn!(kind = source.title(), "a list failed; trying again");
            }
            shared.keep_error(source, error);
            why.map(End::Not)
        }
        Error::WatchStartFailed(error) => match why(&error) {
            Some(Why::NotAllowed) => Some(End::ListOnly),
            Some(why) => Some(End::Not(why)),
            None => None,
        },
        _ => None,
    }
}
