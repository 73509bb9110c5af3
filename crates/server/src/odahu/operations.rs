//! What each operation does, in ODAHU's order: whether anything may be changed, reading, judging,
//! looking whether it is there, storing.

use std::time::Instant;

use axum::extract::Request;
use bowline_catalog::odahu::{
    self, Draft, Page, Record, Verdict, decode, decrypted, masked, select, to_secret,
};
use bowline_core::Sensitive;
use bowline_probe::outcome::NOT_TOLD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use jiff::Timestamp;
use serde_json::Value;

use super::answer::Answer;
use super::route::Operation;
use super::scan;
use super::store::{Failure, Store, Stored};
use super::{Face, Settings};
use crate::audit::{Act, Underway};
use crate::callers::Caller;
use crate::guard::{MAX_BODY, RequestId};
use crate::problem::Problem;
use crate::testing::{Right, has};

/// How many connections there are on all pages of a list.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");
/// How often a change is made anew when somebody else was quicker.
const TRIES: usize = 8;

/// Carries out what a known sender wants.
pub(super) async fn carry_out(
    face: &Face,
    caller: Caller,
    operation: Operation,
    request: Request,
) -> Answer {
    let settings = &face.settings;
    if settings.is_read_only && !operation.is_reading() {
        return Answer::message(StatusCode::BAD_REQUEST, "This API is disabled");
    }
    let (parts, body) = request.into_parts();
    let work = Work {
        face,
        caller: &caller,
        store: Store::new(caller.client.clone(), &settings.project),
        headers: &parts.headers,
    };
    // It begins before the work, so that nothing is done in silence for who does not wait for it.
    let request_id = parts.extensions.get::<RequestId>();
    let mut underway = operation.verb().zip(request_id).map(|(verb, request)| {
        let act = act(verb, settings, operation.id());
        Underway::begin(&caller, request, act)
    });
    let done = match &operation {
        Operation::List => work.list(parts.uri.query()).await,
        Operation::Get(id) => work.get(id, masked).await,
        Operation::Decrypted(id) => work.get(id, decrypted).await,
        Operation::Test(id) => work.test(id).await,
        Operation::Delete(id) => work.delete(id).await,
        Operation::Create | Operation::Update => {
            let is_change = operation == Operation::Update;
            match work.judged(body, is_change).await {
                Err(refusal) => Err(refusal),
                Ok(verdict) => {
                    if let Some(underway) = &mut underway {
                        underway.on(&verdict.id);
                    }
                    match is_change {
                        true => work.update(verdict).await,
                        false => work.create(verdict).await,
                    }
                }
            }
        }
        Operation::Redirect(_) | Operation::None => return Answer::no_such_page(),
    };
    let answer = done.unwrap_or_else(same);
    if let Some(underway) = underway {
        underway.end(answer.status);
    }
    answer
}

fn act<'a>(verb: &'static str, settings: &'a Settings, id: &'a str) -> Act<'a> {
    Act {
        verb,
        kind: "connection",
        project: &settings.project,
        // An id is what a client says it is, until it has been judged.
        name: if odahu::is_id(id) { id } else { "" },
        is_dry_run: false,
    }
}

/// A refusal is an answer too.
fn same(answer: Answer) -> Answer {
    answer
}

/// What operations work with.
struct Work<'a> {
    face: &'a Face,
    caller: &'a Caller,
    store: Store,
    headers: &'a HeaderMap,
}

/// The answer, or the one that says why not.
type Done = Result<Answer, Answer>;

impl Work<'_> {
    async fn list(&self, query: Option<&str>) -> Done {
        let page = Page::parse(query.unwrap_or_default()).map_err(bad)?;
        let records = self
            .store
            .list()
            .await
            .map_err(|failure| failure.answer(""))?;
        let (shown, total) = select(records, &page);
        let list = shown.iter().map(masked).collect();
        Ok(Answer::json(StatusCode::OK, &Value::Array(list)).with(TOTAL, &total.to_string()))
    }

    async fn get(&self, id: &str, show: impl Fn(&Record) -> Value) -> Done {
        let stored = self.stored(id).await?;
        let answer = Answer::json(StatusCode::OK, &show(&stored.record));
        Ok(tagged(answer, stored.version()))
    }

    /// Reads and judges what was sent.
    async fn judged(&self, body: axum::body::Body, is_change: bool) -> Result<Verdict, Answer> {
        let draft = decode(&whole(body).await?).map_err(bad)?;
        let host_keys = self.host_keys(&draft, is_change).await?;
        let verdict = match is_change {
            true => draft.judge_change(host_keys),
            false => draft.judge_new(host_keys),
        };
        verdict.map_err(bad)
    }

    /// Fetches the host keys that a draft lacks, for whoever may store it: whether a host answers
    /// is nobody else's business.
    async fn host_keys(
        &self,
        draft: &Draft,
        is_change: bool,
    ) -> Result<Option<Result<Sensitive, String>>, Answer> {
        let (tests, settings) = (&self.face.tests, &self.face.settings);
        let server = odahu::host_keys(draft).filter(|_| settings.scans_host_keys);
        let Some(server) = server else {
            return Ok(None);
        };
        let right = match is_change {
            true => Right::change_secret(&settings.project, &draft.id),
            false => Right::create_secrets(&settings.project),
        };
        let may_store = has(self.caller, &right).await;
        if !may_store.map_err(Answer::problem)? {
            let message = "storing this connection is not allowed; ask an administrator of the \
                           project for the right to create and change Secrets there";
            return Err(Answer::message(StatusCode::FORBIDDEN, message));
        }
        tests.count(self.caller).map_err(Answer::problem)?;
        let (started, guard) = (Instant::now(), tests.guard(&settings.project));
        let fetched = scan::host_keys(&server, &guard).await;
        if fetched.is_ok() || !tests.hides(&guard) {
            return Ok(Some(fetched));
        }
        // Whether a port is closed or filtered can be told from times too.
        tokio::time::sleep_until((started + scan::PATIENCE).into()).await;
        Ok(Some(Err(NOT_TOLD.sentence.to_owned())))
    }

    async fn create(&self, verdict: Verdict) -> Done {
        let record = verdict.create(Timestamp::now());
        let secret = to_secret(&record, self.project(), Some(&self.caller.user.name));
        let created = self.store.create(secret).await;
        let version = created.map_err(|failure| failure.answer(&record.id))?;
        Ok(tagged(
            Answer::json(StatusCode::CREATED, &masked(&record)),
            &version,
        ))
    }

    async fn update(&self, verdict: Verdict) -> Done {
        let id = verdict.id.clone();
        for _ in 0..TRIES {
            let stored = self.stored(&id).await?;
            self.check_version(&stored)?;
            let new = verdict.clone().replace(&stored.record, Timestamp::now());
            let new = new.map_err(bad)?;
            match self.store.replace(&stored, &new).await {
                Ok(version) => {
                    return Ok(tagged(
                        Answer::json(StatusCode::OK, &masked(&new)),
                        &version,
                    ));
                }
                Err(Failure::Changed) => {}
                Err(failure) => return Err(failure.answer(&id)),
            }
        }
        Err(Failure::Changed.answer(&id))
    }

    async fn delete(&self, id: &str) -> Done {
        for _ in 0..TRIES {
            let stored = self.stored(id).await?;
            self.check_version(&stored)?;
            if stored.record.spec.is_vital {
                return Err(bad(format!(
                    "{id} connection is vital, it cannot be deleted; to lift this, update it with \
                     `vital` set to false"
                )));
            }
            match self.store.delete_unused(&stored).await {
                Ok(()) => {
                    let message = format!("Connection {id} was deleted");
                    return Ok(Answer::message(StatusCode::OK, message));
                }
                Err(Failure::Changed) => {}
                Err(failure) => return Err(failure.answer(id)),
            }
        }
        Err(Failure::Changed.answer(id))
    }

    /// Tries the connection against its endpoint, with the sender's rights.
    async fn test(&self, id: &str) -> Done {
        if !odahu::is_id(id) {
            return Err(Failure::NotFound.answer(id));
        }
        let tests = &self.face.tests;
        let tested = async {
            let (types, project) = (&self.face.types, self.project());
            let subject = tests.stored(self.caller, types, project, id).await?;
            let trial = tests
                .prepare(subject, bowline_probe::Ask::default())
                .await?;
            Ok::<_, Problem>(trial.run(|_| ()).await)
        };
        let finished = tested.await.map_err(|problem| match problem.status() {
            StatusCode::NOT_FOUND => Failure::NotFound.answer(id),
            _ => Answer::problem(problem),
        })?;
        // A report is a plain object, which always has a JSON form.
        let report = serde_json::to_value(&finished).unwrap_or_default();
        Ok(Answer::json(StatusCode::OK, &report))
    }

    fn project(&self) -> &str {
        &self.face.settings.project
    }

    async fn stored(&self, id: &str) -> Result<Stored, Answer> {
        let stored = self.store.get(id).await;
        stored.map_err(|failure| failure.answer(id))
    }

    /// Whether the connection is of the version that the sender means, if they say.
    fn check_version(&self, stored: &Stored) -> Result<(), Answer> {
        let Some(wanted) = self.headers.get(header::IF_MATCH) else {
            return Ok(());
        };
        let wanted = wanted.to_str().unwrap_or_default();
        let mut tags = wanted.split(',').map(str::trim);
        if tags.any(|tag| tag == "*" || tag == tag_of(stored.version())) {
            return Ok(());
        }
        let id = &stored.record.id;
        let message = format!("entity {id:?} has changed in the meantime; read it again");
        Err(Answer::message(StatusCode::PRECONDITION_FAILED, message))
    }
}

fn bad(message: String) -> Answer {
    Answer::message(StatusCode::BAD_REQUEST, message)
}

fn tagged(answer: Answer, version: &str) -> Answer {
    answer.with(header::ETAG, &tag_of(version))
}

fn tag_of(version: &str) -> String {
    format!("\"{version}\"")
}

/// The whole body, of whatever media type: ODAHU's web page sends JSON as plain text.
async fn whole(body: axum::body::Body) -> Result<Bytes, Answer> {
    let body = Limited::new(body, MAX_BODY).collect().await;
    body.map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                let message = format!("the body has more than {MAX_BODY} bytes; send less");
                Answer::message(StatusCode::PAYLOAD_TOO_LARGE, message)
            } else {
                bad("unexpected EOF".to_owned())
            }
        })
}
