//! Deleting a connection: who uses it is looked at first, and where that is asked for it is taken
//! out everywhere before, all or nothing. What is taken out of an object is decided by `clean`.

mod clean;
mod patch;

use std::fmt::Display;

use kube::api::{Api, DeleteParams, DynamicObject, Preconditions};
use kube::core::Status;
use serde::Serialize;
use serde_json::Value;

use crate::arrived::Arrived;
use crate::error::{Error, Result};
use crate::index::{Object, ObjectRef, User};
use crate::kinds::Kind;
use crate::row::Row;
use crate::view::{Look, NotLooked, Scope, Snapshot, once};
use bowline_core::names;
use patch::Change;

/// Most users that a sentence names.
const NAMED: usize = 5;

/// How often the whole is tried while others, such as controllers, change the users at that moment.
const ATTEMPTS: usize = 5;

/// On which terms a connection is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms<'a> {
    /// What happens to its users.
    pub detach: Detach,
    /// Whether it may go although the caller cannot look everywhere for users.
    pub is_unseen_allowed: bool,
    /// The version that the caller has seen.
    pub resource_version: Option<&'a str>,
}

/// Whether a connection is taken out of its users before it is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detach {
    /// One in use is not deleted.
    #[default]
    No,
    /// It is taken out of all of them, or nothing happens.
    Yes,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// Whether there was a connection to delete.
    pub existed: bool,
    /// The objects that it was taken out of.
    pub detached: Vec<ObjectRef>,
    /// Kinds that were not looked at for users.
    pub not_looked_at: Vec<NotLooked>,
}

/// Deletes a connection with the rights of `client`. One that is gone already is no error; with
/// [`Detach::Yes`], references that it left behind are still taken out.
///
/// Another version than the one that the caller has seen is [`Error::Changed`], and where there is
/// none any more nothing is done.
///
/// # Errors
/// When it is vital, changed, no connection, or in use and must not or cannot be detached; when it
/// could be in use where the caller may not look; when the API refuses a step. Whatever was changed before that is put back.
pub async fn delete(
    client: &kube::Client,
    namespace: &str,
    name: &str,
    terms: Terms<'_>,
) -> Result<Deletion> {
    for _ in 1..ATTEMPTS {
        match attempt(client, namespace, name, terms).await {
            Err(error) if is_overtaken(&error) => {
                tracing::debug!(namespace, name, %error, "a user was changed meanwhile; looking again");
            }
            done => return done,
        }
    }
    attempt(client, namespace, name, terms).await
}

/// Whether a user may have changed between looking and writing: another version of it is there, or
/// the patch does not fit it any more. A connection that changes at that moment is
/// [`Error::Changed`], and stays: somebody has just written it.
fn is_overtaken(error: &Error) -> bool {
    let Error::Kubernetes { source, .. } = error else {
        return false;
    };
    matches!(&**source, kube::Error::Api(status) if matches!(status.code, 409 | 422))
}

/// One attempt of [`delete`], which changes all or nothing.
async fn attempt(
    client: &kube::Client,
    namespace: &str,
    name: &str,
    terms: Terms<'_>,
) -> Result<Deletion> {
    let Terms {
        detach,
        resource_version,
        ..
    } = terms;
    let secret = Secret::find(client, namespace, name).await?;
    if let Some(secret) = &secret {
        secret.check(resource_version)?;
    } else if detach == Detach::No || resource_version.is_some() {
        return Ok(Deletion::default());
    }
    let scope = Scope::Namespace(namespace.to_owned());
    let snapshot = once(client, &scope, Look::Users).await?;
    let changes = match detach {
        Detach::No => {
            let users = snapshot.users(namespace, name);
            refuse_if_used(namespace, name, &users)?;
            Vec::new()
        }
        Detach::Yes => changes(client, &snapshot, namespace, name).await?,
    };
    // What would be refused is refused here, before anything has changed.
    let expected = patch::try_all(&changes).await?;
    if let Some(secret) = &secret {
        secret.delete(true).await?;
        // Whoever may not delete it at all hears that first.
        if !terms.is_unseen_allowed {
            refuse_if_unseen(namespace, name, snapshot.not_looked_at())?;
        }
    }
    let applied = patch::apply_all(&changes, expected).await?;
    let existed = match &secret {
        Some(secret) => match secret.delete(false).await {
            Ok(existed) => existed,
            Err(error) => return Err(patch::put_back(&changes, &applied, None, error).await),
        },
        None => false,
    };
    Ok(Deletion {
        existed,
        detached: changes.into_iter().map(|change| change.reference).collect(),
        not_looked_at: snapshot.not_looked_at().to_vec(),
    })
}

/// The Secret that is to be deleted, without its values.
struct Secret {
    api: Api<Arrived<Option<Box<Row>>>>,
    namespace: String,
    name: String,
    uid: Option<String>,
    version: Option<String>,
    row: Option<Box<Row>>,
}

impl Secret {
    async fn find(client: &kube::Client, namespace: &str, name: &str) -> Result<Option<Self>> {
        let resource = kube::api::ApiResource::erase::<k8s_openapi::api::core::v1::Secret>(&());
        let api: Api<Arrived<Option<Box<Row>>>> =
            Api::namespaced_with(client.clone(), namespace, &resource);
        let step = format!("reading Secret `{name}` in namespace `{namespace}`");
        let found = api
            .get_opt(name)
            .await
            .map_err(Error::of_kubernetes(step))?;
        Ok(found.map(|found| Self {
            api,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: found.metadata().uid.clone(),
            version: found.metadata().resource_version.clone(),
            row: found.kept,
        }))
    }

    /// Whether it may be deleted at all.
    fn check(&self, resource_version: Option<&str>) -> Result<()> {
        let Self {
            namespace, name, ..
        } = self;
        let what = format!("connection `{name}` in namespace `{namespace}`");
        let Some(row) = self.row.as_ref().filter(|row| !row.is_candidate) else {
            let what = format!("{what}; the Secret of that name is something else");
            return Err(Error::NotFound { what });
        };
        if row.is_vital {
            let key = names::VITAL;
            return Err(Error::Protected {
                what: format!("{what} is vital: its annotation `{key}` forbids to delete it"),
                help: format!(
                    "if it is no longer needed, lift that first: \
                     `bowline set {name} -n {namespace} --vital=false`, or a change with `isVital` false"
                ),
            });
        }
        if resource_version.is_some_and(|seen| self.version.as_deref() != Some(seen)) {
            return Err(self.changed());
        }
        Ok(())
    }

    fn changed(&self) -> Error {
        let Self {
            namespace, name, ..
        } = self;
        Error::Changed {
            what: format!(
                "connection `{name}` in namespace `{namespace}` was changed since it was read"
            ),
            help: "look at it again, then decide".to_owned(),
        }
    }

    /// Deletes this very version, so that nothing is lost that somebody has just written; whether
    /// there was still one to delete.
    async fn delete(&self, is_dry_run: bool) -> Result<bool> {
        let params = DeleteParams {
            dry_run: is_dry_run,
            preconditions: Some(Preconditions {
                uid: self.uid.clone(),
                resource_version: self.version.clone(),
            }),
            ..DeleteParams::default()
        };
        let step = || {
            format!(
                "deleting Secret `{}` in namespace `{}`",
                self.name, self.namespace
            )
        };
        match self.api.delete(&self.name, &params).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(kube::Error::Api(status)) if status.code == 409 => Err(self.changed()),
            // What the answer holds is of no interest, and may not even be an object.
            Err(kube::Error::SerdeError(_)) | Ok(_) => Ok(true),
            Err(error) => {
                let error = Error::of_kubernetes(step())(error);
                // It may be gone all the same; then users must not be led back to it.
                match !is_dry_run && !error.is_refusal() && self.is_gone().await {
                    true => Ok(true),
                    false => Err(error),
                }
            }
        }
    }

    /// Whether this very one is gone, or only waits for finalizers. One that cannot be looked at is
    /// taken to be there.
    async fn is_gone(&self) -> bool {
        match self.api.get_metadata_opt(&self.name).await {
            Ok(Some(found)) => {
                let found = found.metadata;
                found.uid != self.uid || found.deletion_timestamp.is_some()
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }
}

fn refuse_if_used(namespace: &str, name: &str, users: &[User]) -> Result<()> {
    let users: Vec<_> = users.iter().filter(|user| user.is_needing()).collect();
    if users.is_empty() {
        return Ok(());
    }
    let users = listed(users.iter().map(|user| &user.object));
    Err(Error::Conflict {
        what: format!("connection `{name}` in namespace `{namespace}` is used by {users}"),
        help: "take it out there first, or ask for it to be detached".to_owned(),
    })
}

fn refuse_if_unseen(namespace: &str, name: &str, kinds: &[NotLooked]) -> Result<()> {
    let may_hide = |kind: &&NotLooked| kind.why.may_hide_users() && Kind::is_needing(kind.kind);
    let kinds: Vec<_> = kinds.iter().filter(may_hide).collect();
    if kinds.is_empty() {
        return Ok(());
    }
    let kinds: Vec<_> = kinds.iter().map(ToString::to_string).collect();
    Err(Error::Unseen {
        what: format!(
            "connection `{name}` in namespace `{namespace}` may be in use where nobody has looked: {}",
            kinds.join(", ")
        ),
        help: "let somebody delete it who may list these, or ask for it to be deleted unseen"
            .to_owned(),
    })
}

/// What is to be changed so that nobody names the connection.
async fn changes(
    client: &kube::Client,
    snapshot: &Snapshot,
    namespace: &str,
    name: &str,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let mut stuck = Vec::new();
    for object in snapshot.naming(namespace, name) {
        if let Some(owner) = object.stranger() {
            stuck.push(format!(
                "{} belongs to {owner}; take it out there",
                object.reference
            ));
            continue;
        }
        let (kind, api, before) = read(client, object).await?;
        let Some(before) = before else {
            continue;
        };
        let cleaned = clean::clean(kind, &before, name);
        let reasons = cleaned.stuck.into_iter();
        stuck.extend(reasons.map(|reason| format!("{} {reason}", object.reference)));
        changes.push(Change {
            kind,
            reference: object.reference.clone(),
            secret: name.to_owned(),
            api,
            before,
            after: cleaned.object,
        });
    }
    if stuck.is_empty() {
        changes.retain(|change| change.before != change.after);
        return Ok(changes);
    }
    Err(Error::Conflict {
        what: format!(
            "connection `{name}` in namespace `{namespace}` cannot be taken out everywhere: {}",
            listed(stuck.iter())
        ),
        help: "change or delete those first; nothing was changed".to_owned(),
    })
}

/// An object as it is now, whole.
async fn read(
    client: &kube::Client,
    object: &Object,
) -> Result<(&'static Kind, Api<DynamicObject>, Option<Value>)> {
    let reference = &object.reference;
    let step = format!("reading {reference} in namespace `{}`", reference.namespace);
    let unknown = || {
        kube::Error::Api(Box::new(
            Status::failure("no such kind", "NotFound").with_code(404),
        ))
    };
    let kind = Kind::named(&reference.api_version, &reference.kind)
        .ok_or_else(|| Error::of_kubernetes(step.clone())(unknown()))?;
    let version = reference.api_version.rsplit('/').next().unwrap_or_default();
    let resource = kind.resource(version);
    let api = Api::namespaced_with(client.clone(), &reference.namespace, &resource);
    let found: Option<DynamicObject> = api
        .get_opt(&reference.name)
        .await
        .map_err(Error::of_kubernetes(step))?;
    let unreadable = |_| Error::Unreadable {
        what: reference.to_string(),
        why: "it is no object".to_owned(),
    };
    let value = found
        .map(serde_json::to_value)
        .transpose()
        .map_err(unreadable)?;
    Ok((kind, api, value))
}

/// "a, b and 3 more"
fn listed<T: Display>(items: impl ExactSizeIterator<Item = T>) -> String {
    let more = items.len().saturating_sub(NAMED);
    let named: Vec<_> = items.take(NAMED).map(|item| item.to_string()).collect();
    match more {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
