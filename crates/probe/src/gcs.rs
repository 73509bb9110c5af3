//! Proves a Google Cloud Storage connection: the key file is taken, the bucket can be listed, and
//! the object read; on request that something can be written.
//!
//! After the reference of the service's JSON API. What workloads do with the data is left to them.

mod federation;
mod key;
mod token;

use bowline_core::Sensitive;
use http::header::{AUTHORIZATION, HeaderValue, RANGE};
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::http::{Answer, Call};
use crate::outcome::{self, Outcome};
use crate::report::StepName;
use crate::session::{Place, Session, is_at, quoted};
use crate::status::{ask, otherwise};
use crate::trouble::Trouble;
pub use federation::token_audience;

use federation::Federation;
use key::Key;

/// What is written, where that was asked for, and removed again.
const OWN: &str = ".bowline-probe/probe";

/// A bucket, with what shows the service who is there.
struct Bucket {
    service: Url,
    name: String,
    header: Sensitive,
}

/// What shows the service who is there.
enum Login {
    Key(Key),
    /// Whom this workload is taken for, and the token that shows which workload it is.
    Workload(Federation, Sensitive),
}

impl Login {
    /// `None` where it is of a kind that is not tried, or not from here.
    fn of(session: &Session<'_>) -> Result<Option<Self>, Trouble> {
        if let Some(key) = Key::of(session.connection)? {
            return Ok(Some(Self::Key(key)));
        }
        let federation = Federation::of(key::text(session.connection));
        let workload = session.request.workload.cloned();
        Ok(federation
            .zip(workload)
            .map(|(federation, token)| Self::Workload(federation, token)))
    }

    async fn token(&self, session: &mut Session<'_>) -> Result<Sensitive, Trouble> {
        match self {
            Self::Key(key) => token::get(session, key).await,
            Self::Workload(whom, token) => federation::get(session, whom, token).await,
        }
    }

    /// Who it is, for people.
    fn shown(&self) -> String {
        let own = "by this workload's own identity";
        match self {
            Self::Key(key) => key.shown(),
            Self::Workload(federation, _) => match &federation.account {
                Some(email) => format!("as {}, {own}", quoted(email)),
                None => own.to_owned(),
            },
        }
    }
}

pub(crate) async fn run(session: &mut Session<'_>, place: &Place) -> Result<(), Trouble> {
    session.begin(StepName::SignIn);
    let Some(login) = Login::of(session)? else {
        session.warn(&outcome::CREDENTIALS_KIND_UNTRIED);
        return Ok(());
    };
    let service = Url::parse(&session.settings.google);
    let service = service.map_err(|_| Trouble::new(&outcome::ADDRESS_UNREADABLE))?;
    session.reach(&service).await?;
    session.begin(StepName::SignIn);
    let token = login.token(session).await?;
    session.pass(login.shown());

    let Some(name) = place.root.clone() else {
        session.skip(
            StepName::Object,
            Trouble::new(&outcome::NOT_ASKED).detail("no bucket is named"),
        );
        return Ok(());
    };
    let text = token.expose_str().unwrap_or_default();
    let bucket = Bucket {
        service,
        name,
        header: Sensitive::new(format!("Bearer {text}")),
    };
    let path = place.path.as_deref().unwrap_or_default();
    session.begin(StepName::Right);
    let mut first = list(session, &bucket, path).await?;
    session.pass("list");
    if first.as_ref().is_some_and(|name| !is_at(name, path)) {
        // Something beside it comes first: `model-2` stands before `model/`.
        first = list(session, &bucket, &format!("{path}/")).await?;
    }
    session.begin(StepName::Object);
    match first {
        Some(first) => {
            session.pass(format!(
                "{} in bucket {}",
                quoted(&first),
                quoted(&bucket.name)
            ));
            session.begin(StepName::FirstBytes);
            read(session, &bucket, &first).await?;
        }
        None if path.is_empty() => session.warn(&outcome::EMPTY),
        None => return Err(Trouble::new(&outcome::NO_SUCH_OBJECT).detail(quoted(path))),
    }
    if session.ask.write {
        write(session, &bucket, path).await?;
    }
    Ok(())
}

impl Bucket {
    fn call(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> Call {
        let mut url = self.service.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Call::new(method, url).secret(AUTHORIZATION, self.header.expose_str().unwrap_or_default())
    }

    fn object(&self, method: Method, name: &str, query: &[(&str, &str)]) -> Call {
        self.call(
            method,
            &["storage", "v1", "b", &self.name, "o", name],
            query,
        )
    }
}

/// The first object whose name begins like this.
async fn list(
    session: &mut Session<'_>,
    bucket: &Bucket,
    prefix: &str,
) -> Result<Option<String>, Trouble> {
    let query = [
        ("maxResults", "1"),
        ("prefix", prefix),
        ("fields", "items(name)"),
    ];
    let call = bucket.call(
        Method::GET,
        &["storage", "v1", "b", &bucket.name, "o"],
        &query,
    );
    let answer = ask(session, call).await?;
    let shown = quoted(&bucket.name);
    match answer.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => {
            session.skip(StepName::Right, &outcome::NOT_REACHED);
            session.begin(StepName::Object);
            return Err(Trouble::new(&outcome::NO_SUCH_BUCKET).detail(shown));
        }
        _ => return Err(refused(&answer, &outcome::GCS_MAY_NOT_LIST).or_detail(shown)),
    }
    let unknown = || Trouble::new(&outcome::ANSWER_UNKNOWN).detail("the list is not JSON");
    let list: Value = serde_json::from_slice(&answer.body).map_err(|_| unknown())?;
    Ok(list
        .pointer("/items/0/name")
        .and_then(Value::as_str)
        .map(str::to_owned))
}

async fn read(session: &mut Session<'_>, bucket: &Bucket, name: &str) -> Result<(), Trouble> {
    let mut call = bucket.object(Method::GET, name, &[("alt", "media")]);
    call = call.header(RANGE, HeaderValue::from_static("bytes=0-0"));
    call.most = 1;
    let answer = ask(session, call).await?;
    match answer.status.as_u16() {
        // 416 is what an empty object answers when its first byte is asked for.
        200 | 206 | 416 => session.pass(""),
        _ => return Err(refused(&answer, &outcome::GCS_MAY_NOT_READ)),
    }
    Ok(())
}

async fn write(session: &mut Session<'_>, bucket: &Bucket, path: &str) -> Result<(), Trouble> {
    let folder = path
        .rsplit_once('/')
        .map(|(folder, _)| format!("{folder}/"));
    let name = format!("{}{OWN}", folder.unwrap_or_default());
    session.begin(StepName::Right);
    let query = [("uploadType", "media"), ("name", &*name)];
    let path = ["upload", "storage", "v1", "b", &bucket.name, "o"];
    let mut call = bucket.call(Method::POST, &path, &query);
    call.body = "a test of this connection\n".into();
    let delete = bucket.object(Method::DELETE, &name, &[]);
    session.owe(delete.clone());
    let answer = ask(session, call).await?;
    if !answer.status.is_success() {
        session.settle();
        return Err(refused(&answer, &outcome::GCS_MAY_NOT_WRITE));
    }
    session.pass(format!("write {}", quoted(&name)));
    session.begin(StepName::Right);
    let answer = ask(session, delete).await?;
    session.settle();
    if !answer.status.is_success() {
        return Err(refused(&answer, &outcome::GCS_MAY_NOT_DELETE));
    }
    session.pass(format!("delete {}", quoted(&name)));
    Ok(())
}

/// A refusal, as the right that was missing where it is one.
fn refused(answer: &Answer, right: &'static Outcome) -> Trouble {
    match answer.status {
        StatusCode::FORBIDDEN => Trouble::new(right),
        StatusCode::UNAUTHORIZED => Trouble::new(&outcome::GCS_TOKEN_REFUSED),
        _ => otherwise(answer, None),
    }
}
