//! A look at what there is, once: for commands, which end before anything changes.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::source::{Source, why};
use super::{NotLooked, Scope, Snapshot, Why};
use crate::arrived::{Arrived, Keep};
use crate::error::{Error, Result};
use crate::index::{Index, Object};
use crate::kinds::Kind;
use crate::row::Row;

/// How many kinds are listed at the same time.
const AT_ONCE: usize = 4;

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Connections, and nothing about who uses them: one request.
    Rows,
    /// Who uses what, and no connections.
    Users,
    /// Both.
    Both,
}

/// Lists what there is, with the rights of `client`.
///
/// # Errors
/// When Secrets are asked for and may not be listed, or the API does not answer.
pub async fn once(client: &kube::Client, scope: &Scope, look: Look) -> Result<Snapshot> {
    let mut snapshot = Snapshot {
        index: match look {
            Look::Rows => Index::default(),
            Look::Users | Look::Both => Index::counting(),
        },
        not_looked_at: Vec::new(),
    };
    if look != Look::Users {
        let index = &mut snapshot.index;
        let put = |row: Option<Box<Row>>| row.into_iter().for_each(|row| index.upsert_row(*row));
        each(client, scope, Source::Connections, put)
            .await
            .map_err(Error::of_kubernetes(format!("listing Secrets {scope}")))?;
    }
    if look == Look::Rows {
        return Ok(snapshot);
    }
    let looks = Source::users().map(|source| objects(client, scope, source));
    let looks: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    for look in looks {
        match look {
            Ok(objects) => objects
                .into_iter()
                .for_each(|object| snapshot.index.upsert_object(object)),
            Err(not) => snapshot.not_looked_at.push(not),
        }
    }
    Ok(snapshot)
}

/// All objects of a kind that matter, or why it is not looked at.
async fn objects(
    client: &kube::Client,
    scope: &Scope,
    source: Source,
) -> Result<std::result::Result<Vec<Object>, NotLooked>> {
    let mut reason = Why::NotInstalled;
    for version in source.versions() {
        let Source::Users(kind, name) = version else {
            continue;
        };
        match list(client, scope, version, kind, name).await {
            Ok(objects) => return Ok(Ok(objects)),
            Err(error) => match why(&error) {
                Some(Why::NotInstalled) => {}
                Some(why) => {
                    reason = source.reason(client, why).await;
                    break;
                }
                None => {
                    let step = format!("listing objects of kind `{}` {scope}", kind.name);
                    return Err(Error::of_kubernetes(step)(error));
                }
            },
        }
    }
    Ok(Err(NotLooked {
        kind: source.title(),
        why: reason,
    }))
}

async fn list(
    client: &kube::Client,
    scope: &Scope,
    source: Source,
    kind: &Kind,
    version: &str,
) -> Result<Vec<Object>, kube::Error> {
    let mut objects = Vec::new();
    let put = |object: Value| objects.extend(Object::read(kind, version, &object));
    each(client, scope, source, put).await?;
    Ok(objects)
}

/// Hands what is kept of each object to `put`, one page at a time.
async fn each<T>(
    client: &kube::Client,
    scope: &Scope,
    source: Source,
    mut put: impl FnMut(T),
) -> Result<(), kube::Error>
where
    T: Keep + Clone + std::fmt::Debug,
    Arrived<T>: DeserializeOwned,
{
    let api = source.api::<T>(client, scope);
    let mut params = source.first_page();
    loop {
        let page = api.list(&params).await?;
        page.items.into_iter().for_each(|object| put(object.kept));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(()),
        }
    }
}
