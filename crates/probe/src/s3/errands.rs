//! Single requests at the keys of one bucket, as one reader of it would send them: list, put, get,
//! delete. What they should come to, and for whom, is left to whoever asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde::Serialize;
use tokio::time::timeout;

use super::address::Style;
use super::{Store, steps};
use crate::dial::{Guard, Target};
use crate::outcome::{self, Outcome};
use crate::report::{News, milliseconds};
use crate::session::{Place, Session, quoted};
use crate::trouble::Trouble;
use crate::{Request, Settings};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Asks for one of the keys that begin so; empty for any.
    List(String),
    /// Writes a small object of our own.
    Put(String),
    /// Reads the first bytes of an object.
    Get(String),
    /// Deletes an object.
    Delete(String),
}

/// What became of an errand.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// With what it ended.
    #[serde(flatten)]
    pub outcome: &'static Outcome,
    /// What exactly was tried or found, escaped and cut; never a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How long it took.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub took: Duration,
}

impl Done {
    /// One that was not tried, or not to its end.
    pub const fn not_tried(outcome: &'static Outcome) -> Self {
        Self {
            outcome,
            detail: None,
            took: Duration::ZERO,
        }
    }

    /// Whether it did what it was to do.
    pub fn is_passed(&self) -> bool {
        self.is(&outcome::PASSED)
    }

    /// Whether the service knows the key, and does not let it do this.
    pub fn is_refused(&self) -> bool {
        is_refusal(self.outcome)
    }

    /// Whether it ended so.
    pub fn is(&self, outcome: &'static Outcome) -> bool {
        self.outcome.id == outcome.id
    }
}

fn is_refusal(outcome: &Outcome) -> bool {
    let rights = [
        &outcome::MAY_NOT_LIST,
        &outcome::MAY_NOT_READ,
        &outcome::MAY_NOT_WRITE,
        &outcome::MAY_NOT_DELETE,
    ];
    rights.iter().any(|right| right.id == outcome.id)
}

/// Runs errands one after another over one connection, with the endpoint, region, bucket, style and
/// keys of the request's connection. A stated style is used as it is stated.
///
/// What fails otherwise than for a missing right ends the list. A delete of something that was put is
/// carried out all the same, also when `stop` is set or the time is over; where the put was never
/// sent, or was refused, there is nothing to delete.
pub async fn errands(
    request: &Request<'_>,
    all: &[Errand],
    guard: &Guard,
    settings: &Settings,
    stop: &AtomicBool,
) -> Vec<Done> {
    let mut quiet = |_: News<'_>| {};
    let session = Session::new(*request, guard, settings, &mut quiet);
    let place = Place::of(request.connection, request.ask);
    let store = match Store::of(request.connection, request.identity, &place) {
        Ok(Some(store)) if store.role.is_none() => Ok(store),
        Ok(_) => Err(Trouble::new(&outcome::IDENTITY_ELSEWHERE)),
        Err(trouble) => Err(trouble),
    };
    let mut round = Round {
        session,
        deadline: Instant::now() + settings.total,
        stop,
        is_over: false,
        put: Vec::new(),
    };
    let mut done = Vec::with_capacity(all.len());
    for errand in all {
        done.push(match &store {
            Ok(store) => round.next(store, errand).await,
            Err(trouble) => round.without_store(trouble),
        });
    }
    done
}

/// A list of errands under way.
struct Round<'a> {
    session: Session<'a>,
    deadline: Instant,
    stop: &'a AtomicBool,
    /// Whether nothing more is tried but deletes.
    is_over: bool,
    /// What was put, and whether the object may be there.
    put: Vec<(String, bool)>,
}

impl Round<'_> {
    /// The first errand says what is wrong.
    fn without_store(&mut self, trouble: &Trouble) -> Done {
        let is_first = !std::mem::replace(&mut self.is_over, true);
        Done {
            detail: trouble.detail.clone().filter(|_| is_first),
            ..Done::not_tried(if is_first {
                trouble.outcome
            } else {
                &outcome::NOT_REACHED
            })
        }
    }

    async fn next(&mut self, store: &Store, errand: &Errand) -> Done {
        let patience = match errand {
            Errand::Delete(key) => {
                let put = self.put.iter().find(|(put, _)| put == key);
                if put.is_some_and(|(_, may_be_there)| !may_be_there) {
                    return Done::not_tried(&outcome::NOT_NEEDED);
                }
                self.session.settings.connect + self.session.settings.answer
            }
            errand => {
                if let Some(outcome) = self.end() {
                    if let Errand::Put(key) = errand {
                        self.put.push((key.clone(), false));
                    }
                    return Done::not_tried(outcome);
                }
                self.deadline.saturating_duration_since(Instant::now())
            }
        };
        let began = Instant::now();
        let ended = match timeout(patience, carry_out(&mut self.session, store, errand)).await {
            Ok(ended) => ended,
            Err(_) => Err(Trouble::new(&outcome::TOO_SLOW)),
        };
        let trouble = ended.err();
        let outcome = trouble.as_ref().map_or(&outcome::PASSED, |it| it.outcome);
        if let Errand::Put(key) = errand {
            self.put.push((key.clone(), !is_refusal(outcome)));
        }
        let is_object = outcome.id == outcome::NO_SUCH_OBJECT.id;
        self.is_over |= trouble.is_some() && !is_refusal(outcome) && !is_object;
        Done {
            outcome,
            detail: self.session.shown(trouble.and_then(|it| it.detail)),
            took: began.elapsed(),
        }
    }

    /// Why nothing more is tried but deletes.
    fn end(&self) -> Option<&'static Outcome> {
        let is_late = self.stop.load(Ordering::Relaxed) || Instant::now() >= self.deadline;
        match (self.is_over, is_late) {
            (true, _) => Some(&outcome::NOT_REACHED),
            (false, true) => Some(&outcome::TOO_SLOW),
            (false, false) => None,
        }
    }
}

async fn carry_out(
    session: &mut Session<'_>,
    store: &Store,
    errand: &Errand,
) -> Result<(), Trouble> {
    let ended = match errand {
        Errand::List(prefix) => list(session, store, prefix).await,
        Errand::Put(key) => put(session, store, key).await,
        Errand::Get(key) => steps::fetch(session, store, key).await.map(drop),
        Errand::Delete(key) => delete(session, store, key).await,
    };
    match ended {
        Err(trouble) if trouble.is(&outcome::NAME_UNKNOWN) => {
            Err(of_style(session, store, trouble).await)
        }
        ended => ended,
    }
}

async fn list(session: &mut Session<'_>, store: &Store, prefix: &str) -> Result<(), Trouble> {
    let mut query = vec![("list-type", "2"), ("max-keys", "1")];
    if !prefix.is_empty() {
        query.push(("prefix", prefix));
    }
    let answer = steps::list(session, store, &query, "ListBucketResult").await?;
    let denied = |trouble| steps::denied(trouble, &outcome::MAY_NOT_LIST);
    answer.map(drop).map_err(denied)
}

async fn put(session: &mut Session<'_>, store: &Store, key: &str) -> Result<(), Trouble> {
    let call = store.call(session, Method::PUT, key, &[], steps::OWN_CONTENT)?;
    let answer = store.ask(session, call).await?;
    let denied = |trouble| steps::denied(trouble, &outcome::MAY_NOT_WRITE);
    answer.map(drop).map_err(denied)
}

async fn delete(session: &mut Session<'_>, store: &Store, key: &str) -> Result<(), Trouble> {
    let call = store.call(session, Method::DELETE, key, &[], b"")?;
    let answer = store.ask(session, call).await?;
    let denied = |trouble| steps::denied(trouble, &outcome::MAY_NOT_DELETE);
    answer.map(drop).map_err(denied)
}

/// A name that does not exist only since the bucket stands in it.
async fn of_style(session: &mut Session<'_>, store: &Store, trouble: Trouble) -> Trouble {
    let endpoint = store.address.endpoint();
    let Some(target) = Target::of(endpoint).filter(|_| store.address.style == Style::Virtual)
    else {
        return trouble;
    };
    match session.guard.check(&target, session.settings.connect).await {
        Ok(()) => Trouble::new(&outcome::WRONG_STYLE).detail(format!(
            "{} exists, and no bucket stands before it",
            quoted(&target.host())
        )),
        Err(_) => trouble,
    }
}
