//! The steps of an S3 probe: each asks what a workload would ask, and says what was missing.

use http::Method;

use super::address::Style;
use super::{Store, errors};
use crate::http::Answer;
use crate::outcome;
use crate::report::StepName;
use crate::session::{Session, quoted};
use crate::trouble::Trouble;
use crate::{sts, xml};

/// Bytes that are read of an object.
const FIRST: usize = 1024;
/// The only name that a probe ever writes to: whoever writes next removes what a killed one left.
const OWN: &str = ".bowline-probe/probe";
pub(super) const OWN_CONTENT: &[u8] = b"written by a test of this connection, and safe to delete\n";

/// What became of the first list.
pub(super) enum First {
    /// Its first key, if any.
    Listed(Option<String>),
    /// The key is right, but the list was refused.
    Denied,
}

/// The first bytes of an object.
pub(super) struct Part {
    answer: Answer,
    /// Of the whole object, where the service told it.
    size: Option<u64>,
}

/// Finds the service, and proves region, style and signature with the first list.
pub(super) async fn reach_and_sign_in(
    session: &mut Session<'_>,
    store: &mut Store,
) -> Result<First, Trouble> {
    let mut is_turned = reach(session, store).await?;
    session.begin(StepName::SignIn);
    if let Some(role) = &store.role {
        let service = store.address.endpoint();
        store.keys = Some(sts::take_on(session, role, &store.region, Some(service)).await?);
    }
    let mut answer = first(session, store).await?;
    if is_style_doubtful(store, &answer) && turn(session, store, &mut answer).await {
        is_turned = true;
    }
    let listed = match answer {
        Ok(answer) => Ok(answer),
        Err(trouble) if trouble.is(&outcome::BUCKET_FORBIDDEN) => {
            // An object may be open to everybody though the list is not.
            if store.keys.is_none() && store.folder.is_empty() {
                return Err(Trouble::new(&outcome::ANONYMOUS_REFUSED));
            }
            Err(First::Denied)
        }
        // The bucket is asked for once the key has been found right.
        Err(trouble) if trouble.is(&outcome::NO_SUCH_BUCKET) => {
            session.pass(signed_as(store));
            session.skip(StepName::Right, &outcome::NOT_REACHED);
            session.begin(StepName::Object);
            return Err(trouble.detail(format!(
                "bucket `{}`",
                store.address.bucket.as_deref().unwrap_or_default()
            )));
        }
        Err(trouble) => return Err(trouble),
    };
    let doubt = listed
        .as_ref()
        .ok()
        .and_then(|answer| errors::clock_doubt(answer, (session.settings.now)()));
    let style = is_turned.then(|| {
        let setting = store.address.style.setting();
        Trouble::new(&outcome::WRONG_STYLE)
            .detail(format!("readers may guess the other style: set {setting}"))
    });
    match doubt.or(style) {
        Some(doubt) => session.warn(doubt),
        None => session.pass(signed_as(store)),
    }
    Ok(match listed {
        Ok(answer) => First::Listed(xml::element(&answer.text(), "Key").map(xml::unescaped)),
        Err(denied) => denied,
    })
}

fn signed_as(store: &Store) -> String {
    match (&store.keys, &store.role) {
        (Some(_), Some(role)) => format!("{}, region `{}`", role.shown(), store.region),
        (Some(_), None) => format!("region `{}`", store.region),
        (None, _) => "without a key".to_owned(),
    }
}

/// Reaches the service. A bucket that stands before a host which then is unknown is tried in the
/// path; the answer is whether that was so.
async fn reach(session: &mut Session<'_>, store: &mut Store) -> Result<bool, Trouble> {
    let url = store.address.url("", &[])?;
    let trouble = match session.reach(&url).await {
        Ok(()) => return Ok(false),
        Err(trouble) => trouble,
    };
    if !trouble.is(&outcome::NAME_UNKNOWN)
        || store.address.style == Style::Path
        || store.address.bucket.is_none()
    {
        return Err(trouble);
    }
    let other = store.address.in_other_style();
    session
        .reach(&other.url("", &[])?)
        .await
        .map_err(|_| trouble)?;
    store.address = other;
    if store.is_style_stated {
        let host = quoted(url.host_str().unwrap_or_default());
        return Err(Trouble::new(&outcome::WRONG_STYLE).detail(format!(
            "the name {host} does not exist: set {}",
            Style::Path.setting()
        )));
    }
    Ok(true)
}

/// The first list, of one key where a workload would look; without a bucket, the list of buckets.
async fn first(
    session: &mut Session<'_>,
    store: &Store,
) -> Result<Result<Answer, Trouble>, Trouble> {
    let mut query = vec![("list-type", "2"), ("max-keys", "1")];
    if !store.folder.is_empty() {
        query.push(("prefix", &store.folder));
    }
    match store.address.bucket {
        Some(_) => list(session, store, &query, "ListBucketResult").await,
        None => list(session, store, &[], "ListAllMyBucketsResult").await,
    }
}

pub(super) async fn list(
    session: &mut Session<'_>,
    store: &Store,
    query: &[(&str, &str)],
    root: &str,
) -> Result<Result<Answer, Trouble>, Trouble> {
    let call = store.call(session, Method::GET, "", query, b"")?;
    let answer = match store.ask(session, call).await? {
        Ok(answer) => answer,
        refused => return Ok(refused),
    };
    let text = answer.text();
    let trouble = if xml::has_root(&text, root) {
        None
    } else if xml::has_root(&text, "ListAllMyBucketsResult") {
        // It did not see the bucket before its host.
        Some(Trouble::new(&outcome::WRONG_STYLE))
    } else if answer.is_cut {
        Some(Trouble::new(&outcome::ANSWER_TOO_LARGE))
    } else {
        Some(
            Trouble::new(&outcome::ANSWER_UNKNOWN)
                .detail(format!("status {}", answer.status.as_u16())),
        )
    };
    drop(text);
    Ok(match trouble {
        None => Ok(answer),
        Some(trouble) => Err(trouble),
    })
}

/// Whether the answer may come from a bucket that stands in the wrong place.
fn is_style_doubtful(store: &Store, answer: &Result<Answer, Trouble>) -> bool {
    let Err(trouble) = answer else { return false };
    let is_unseen = trouble.is(&outcome::NO_SUCH_BUCKET) || trouble.is(&outcome::BUCKET_FORBIDDEN);
    let is_virtual = store.address.style == Style::Virtual;
    store.address.bucket.is_some()
        && (trouble.is(&outcome::WRONG_STYLE) || (is_virtual && is_unseen))
}

/// Tries the other style. Where it works, a stated style is wrong, and a guessed one is turned.
async fn turn(
    session: &mut Session<'_>,
    store: &mut Store,
    answer: &mut Result<Answer, Trouble>,
) -> bool {
    let other = store.address.in_other_style();
    let setting = other.style.setting();
    let is_certain = answer
        .as_ref()
        .is_err_and(|trouble| trouble.is(&outcome::WRONG_STYLE));
    let before = std::mem::replace(&mut store.address, other);
    let tried = first(session, store).await;
    match tried {
        Ok(Ok(listed)) if !store.is_style_stated => {
            *answer = Ok(listed);
            return true;
        }
        Ok(Ok(_)) => {
            *answer = Err(Trouble::new(&outcome::WRONG_STYLE).detail(format!("set {setting}")))
        }
        _ if is_certain => {
            *answer = Err(Trouble::new(&outcome::WRONG_STYLE).detail(format!("try {setting}")))
        }
        _ => {}
    }
    store.address = before;
    false
}

/// Proves the rights to list and to read what is asked for. Says where a workload would write: empty, or
/// with a slash at its end.
pub(super) async fn look(
    session: &mut Session<'_>,
    store: &Store,
    path: Option<&str>,
    first: First,
) -> Result<String, Trouble> {
    session.begin(StepName::Right);
    let listed = match (first, path) {
        (First::Listed(key), _) => key,
        (First::Denied, None) => return Err(Trouble::new(&outcome::MAY_NOT_LIST)),
        (First::Denied, Some(path)) => {
            unlisted(session, store, path).await?;
            return Ok(parent(path));
        }
    };
    session.pass("list");
    session.begin(StepName::Object);
    match (listed, path) {
        (Some(key), _) => {
            let part = fetch(session, store, &key).await?;
            tell(
                session,
                &part,
                format!("first of the list: {}", quoted(&key)),
            )?;
            Ok(store.folder.clone())
        }
        (None, Some(path)) => {
            let part = fetch(session, store, path).await?;
            tell(session, &part, quoted(path))?;
            Ok(parent(path))
        }
        (None, None) => {
            session.skip(StepName::Object, &outcome::EMPTY);
            session.skip(StepName::FirstBytes, &outcome::EMPTY);
            Ok(String::new())
        }
    }
}

/// An object that may be read by whoever may not list.
async fn unlisted(session: &mut Session<'_>, store: &Store, path: &str) -> Result<(), Trouble> {
    let part = fetch(session, store, path).await.map_err(|trouble| {
        match trouble.is(&outcome::MAY_NOT_READ) {
            true if store.keys.is_none() => Trouble::new(&outcome::ANONYMOUS_REFUSED),
            true => Trouble::new(&outcome::BUCKET_FORBIDDEN).detail("neither list nor read"),
            false => trouble,
        }
    })?;
    session.warn(Trouble::new(&outcome::MAY_NOT_LIST).detail("the object itself may be read"));
    session.begin(StepName::Object);
    tell(session, &part, quoted(path))
}

/// Asks for the first bytes of an object, which also proves that it is there and may be read.
pub(super) async fn fetch(
    session: &mut Session<'_>,
    store: &Store,
    key: &str,
) -> Result<Part, Trouble> {
    let call = store.ranged(session, Method::GET, key, &[], b"", Some(FIRST))?;
    let url = call.url.clone();
    let answer = session.send(call).await?;
    let at = |outcome| Err(Trouble::new(outcome).detail(quoted(key)));
    let size = match answer.status.as_u16() {
        // The part that was asked for is not there, because nothing is.
        416 => Some(0),
        206 => answer
            .header("content-range")
            .and_then(|range| range.rsplit('/').next()?.parse().ok()),
        200..=299 => answer
            .header("content-length")
            .and_then(|size| size.parse().ok()),
        401 | 403 => match errors::why(session, &url, &answer, &store.region).await {
            trouble if trouble.is(&outcome::BUCKET_FORBIDDEN) => return at(&outcome::MAY_NOT_READ),
            trouble => return Err(trouble),
        },
        404 => return at(&outcome::NO_SUCH_OBJECT),
        _ => return Err(errors::why(session, &url, &answer, &store.region).await),
    };
    Ok(Part { answer, size })
}

/// The open step `object`, and the one after it.
fn tell(session: &mut Session<'_>, part: &Part, shown: String) -> Result<(), Trouble> {
    session.pass(shown);
    session.begin(StepName::FirstBytes);
    let (status, length) = (part.answer.status.as_u16(), part.answer.body.len());
    if part.size == Some(0) && status != 206 {
        session.pass("the object is empty");
        return Ok(());
    }
    let expected = part.size.map_or(1, |size| size.clamp(1, FIRST as u64));
    if (length as u64) < expected {
        return Err(Trouble::new(&outcome::FIRST_BYTES_SHORT));
    }
    // A service that knows parts says 206, even where the part is the whole.
    match status {
        206 => session.pass(format!("{length} bytes")),
        _ => session.warn(&outcome::PARTS_IGNORED),
    }
    Ok(())
}

/// Writes one small object of our own and deletes it again.
pub(super) async fn write(
    session: &mut Session<'_>,
    store: &Store,
    folder: &str,
) -> Result<(), Trouble> {
    let key = format!("{folder}{OWN}");
    session.begin(StepName::Right);
    let put = store.call(session, Method::PUT, &key, &[], OWN_CONTENT)?;
    let delete = store.call(session, Method::DELETE, &key, &[], b"")?;
    session.owe(delete.clone());
    if let Err(trouble) = store.ask(session, put).await? {
        let trouble = denied(trouble, &outcome::MAY_NOT_WRITE);
        if trouble.is(&outcome::MAY_NOT_WRITE) {
            session.settle();
        }
        return Err(trouble);
    }
    session.pass(format!("write {}", quoted(&key)));
    session.begin(StepName::Right);
    let deleted = store.ask(session, delete).await?;
    session.settle();
    deleted.map_err(|trouble| denied(trouble, &outcome::MAY_NOT_DELETE))?;
    session.pass(format!("delete {}", quoted(&key)));
    Ok(())
}

/// A refusal, as the right that was missing.
pub(super) fn denied(trouble: Trouble, right: &'static outcome::Outcome) -> Trouble {
    if trouble.is(&outcome::BUCKET_FORBIDDEN) {
        Trouble::new(right)
    } else {
        trouble
    }
}

/// Where the siblings of an object are.
fn parent(path: &str) -> String {
    path.rsplit_once('/')
        .map(|(parent, _)| format!("{parent}/"))
        .unwrap_or_default()
}
