//! Git over HTTP(S): the refs that a server advertises to the connection's login.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::{Connection, Sensitive};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};
use url::Url;

use super::advertisement::{NotRefs, Refs};
use super::remote::decoded;
use super::{LONGEST, Service, look_for};
use crate::http::{Answer, Call, MOST_HOPS, next_hop};
use crate::outcome::{self, Outcome};
use crate::report::StepName;
use crate::session::{Session, quoted};
use crate::status::{hopped, otherwise, settled};
use crate::trouble::Trouble;

/// The user beside a token where the connection names none; most servers do not look at it.
const TOKEN_USER: &str = "oauth2";

/// Who is there, and what it means when the server does not believe it.
struct Login {
    header: Sensitive,
    wrong: &'static Outcome,
}

impl Login {
    /// The login of a connection: a token, else a password, else what stands in the URL.
    fn of(connection: &Connection, url: &Url) -> Option<Self> {
        let read = |key| connection.read(key).map(|reading| reading.text.to_owned());
        let user = || read("GIT_USERNAME");
        if let Some(token) = read("GIT_TOKEN").map(Sensitive::new) {
            let user = user().unwrap_or_else(|| TOKEN_USER.to_owned());
            return Some(Self::new(&user, &token, &outcome::WRONG_GIT_TOKEN));
        }
        if let Some(password) = read("GIT_PASSWORD").map(Sensitive::new) {
            return Some(Self::new(&user()?, &password, &outcome::WRONG_GIT_PASSWORD));
        }
        let password = Sensitive::new(decoded(url.password().unwrap_or_default()));
        let user = decoded(url.username());
        (!user.is_empty()).then(|| Self::new(&user, &password, &outcome::WRONG_GIT_PASSWORD))
    }

    fn new(user: &str, password: &Sensitive, wrong: &'static Outcome) -> Self {
        let pair = Sensitive::new([user.as_bytes(), b":", password.expose()].concat());
        let header = Sensitive::new(format!("Basic {}", STANDARD.encode(pair.expose())));
        Self { header, wrong }
    }
}

pub(super) async fn run(
    session: &mut Session<'_>,
    url: &Url,
    wanted: Option<&str>,
) -> Result<(), Trouble> {
    let login = Login::of(session.connection, url);
    session.reach(url).await?;
    session.begin(StepName::SignIn);
    let answer = ask(session, url, login.as_ref(), Service::Fetch).await?;
    let shown = url.path().trim_start_matches('/').to_owned();
    match (answer.status, &login) {
        (StatusCode::UNAUTHORIZED, Some(login)) => return Err(Trouble::new(login.wrong)),
        (StatusCode::UNAUTHORIZED, None) => return Err(Trouble::new(&outcome::GIT_LOGIN_NEEDED)),
        (_, Some(_)) => session.pass(""),
        (_, None) => session.skip(
            StepName::SignIn,
            Trouble::new(&outcome::NOT_NEEDED).detail("no login is given"),
        ),
    }
    session.begin(StepName::Right);
    let refs = match answer.status {
        StatusCode::OK => refs(&answer)?,
        StatusCode::FORBIDDEN => return Err(Trouble::new(&outcome::GIT_FORBIDDEN).detail(shown)),
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            return Err(Trouble::new(&outcome::NO_SUCH_GIT_REPOSITORY).detail(shown));
        }
        _ => return Err(otherwise(&answer, None)),
    };
    session.pass("read");
    look_for(session, &refs, wanted)?;
    if session.ask.push {
        session.begin(StepName::Right);
        let answer = ask(session, url, login.as_ref(), Service::Push).await?;
        if answer.status != StatusCode::OK {
            return Err(Trouble::new(&outcome::MAY_NOT_PUSH).detail(shown));
        }
        session.pass("push");
    }
    Ok(())
}

fn refs(answer: &Answer) -> Result<Refs, Trouble> {
    let kind = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind != "application/x-git-upload-pack-advertisement" {
        return Err(Trouble::new(&outcome::NOT_GIT));
    }
    Refs::parse(&answer.body).map_err(|error| match error {
        NotRefs::Refused(reason) => Trouble::new(&outcome::GIT_FORBIDDEN).detail(quoted(&reason)),
        NotRefs::Unreadable if answer.is_cut => Trouble::new(&outcome::ANSWER_TOO_LARGE),
        NotRefs::Unreadable => Trouble::new(&outcome::NOT_GIT),
    })
}

/// Asks for the refs. Servers move repositories, so redirects are followed as `git` does, but the
/// login is for the first host only.
async fn ask(
    session: &mut Session<'_>,
    url: &Url,
    login: Option<&Login>,
    service: Service,
) -> Result<Answer, Trouble> {
    let mut next = url.clone();
    // The login goes into a header.
    let _ = next.set_username("");
    let _ = next.set_password(None);
    next.set_path(&format!("{}/info/refs", url.path().trim_end_matches('/')));
    next.set_query(Some(&format!("service={}", service.name())));
    let mut login = login;
    for hops in 0..=MOST_HOPS {
        let mut call = Call::new(Method::GET, next.clone());
        call.most = LONGEST;
        if let Some(header) = login.and_then(|login| login.header.expose_str()) {
            call = call.secret(AUTHORIZATION, header);
        }
        let answer = session.send(call).await;
        let answer = if hops > 0 {
            answer.map_err(hopped)?
        } else {
            answer?
        };
        let Some((hop, is_same)) = next_hop(&next, &answer) else {
            return settled(answer);
        };
        if !is_same {
            login = None;
        }
        next = hop;
    }
    Err(Trouble::new(&outcome::REDIRECT_ENDLESS))
}
