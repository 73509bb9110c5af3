//! `http://` and `https://`: the head, then the first bytes, with the headers of the connection for
//! the host that they are for. Redirects are followed by hand, each hop judged anew.

use bowline_core::Connection;
use http::header::{HeaderName, HeaderValue, RANGE};
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::http::{Answer, Call, MOST_HOPS, authority, next_hop};
use crate::outcome::{self, Outcome};
use crate::report::StepName;
use crate::session::{Session, quoted};
use crate::trouble::Trouble;

/// Bytes that are read.
pub(super) const FIRST: usize = 1024;

/// A login that goes to one host only.
pub(super) struct Login {
    /// Host, with its port where it is not the scheme's own; empty for a login that goes nowhere.
    pub(super) authority: String,
    pub(super) headers: Vec<(HeaderName, String)>,
}

pub(super) async fn run(session: &mut Session<'_>, url: Url) -> Result<(), Trouble> {
    let login = login(session.connection, &url);
    session.reach(&url).await?;
    session.begin(StepName::SignIn);
    let (at, answer) = get(session, Method::HEAD, url.clone(), &login).await?;
    // Not every server knows HEAD; what follows asks for the bytes anyway.
    let is_head_known = !matches!(answer.status.as_u16(), 405 | 501);
    if is_head_known {
        judge(&answer, &login)?;
    }
    session.pass(if login.headers.is_empty() {
        "without headers"
    } else {
        "with the connection's headers"
    });
    session.begin(StepName::Object);
    session.pass(match at == url {
        true => String::new(),
        false => format!("sent on to {}", quoted(at.host_str().unwrap_or_default())),
    });
    first_bytes(
        session,
        url,
        &login,
        answer.header("content-length").filter(|_| is_head_known) == Some("0"),
    )
    .await
}

/// Reads the first bytes.
pub(super) async fn first_bytes(
    session: &mut Session<'_>,
    url: Url,
    login: &Login,
    is_empty: bool,
) -> Result<(), Trouble> {
    session.begin(StepName::FirstBytes);
    if is_empty {
        session.pass("it is empty");
        return Ok(());
    }
    let (_, answer) = get(session, Method::GET, url, login).await?;
    judge(&answer, login)?;
    if answer.status == StatusCode::RANGE_NOT_SATISFIABLE {
        session.pass("it is empty");
        return Ok(());
    }
    if answer.body.is_empty() {
        return Err(Trouble::new(&outcome::FIRST_BYTES_SHORT));
    }
    match answer.status.as_u16() {
        206 => session.pass(format!("{} bytes", answer.body.len())),
        _ => session.warn(&outcome::PARTS_IGNORED),
    }
    Ok(())
}

/// Asks, and follows where it is sent on to; says where it ended.
pub(super) async fn get(
    session: &mut Session<'_>,
    method: Method,
    mut url: Url,
    login: &Login,
) -> Result<(Url, Answer), Trouble> {
    for hop in 0..=MOST_HOPS {
        let mut call = Call::new(method.clone(), url.clone());
        call.most = FIRST;
        if method == Method::GET {
            call = call.header(RANGE, HeaderValue::from_static("bytes=0-1023"));
        }
        if authority(&url) == login.authority {
            for (name, value) in &login.headers {
                call = call.secret(name.clone(), value);
            }
        }
        let answer = session.send(call).await.map_err(|trouble| {
            if hop == 0 {
                trouble
            } else {
                sent_on(trouble, &url)
            }
        })?;
        let Some((next, _)) = next_hop(&url, &answer) else {
            return Ok((url, answer));
        };
        // What was safe on its way must not go on in clear, where anybody could change it.
        if url.scheme() == "https" && next.scheme() == "http" {
            return Err(Trouble::new(&outcome::REDIRECTED).detail(format!(
                "to {} without TLS",
                quoted(next.host_str().unwrap_or_default())
            )));
        }
        url = next;
    }
    Err(Trouble::new(&outcome::REDIRECT_ENDLESS))
}

/// A trouble at a place that the connection did not name.
fn sent_on(trouble: Trouble, url: &Url) -> Trouble {
    let host = quoted(url.host_str().unwrap_or_default());
    let is_forbidden = [
        &outcome::ADDRESS_FORBIDDEN,
        &outcome::ADDRESS_OWN,
        &outcome::ADDRESS_DENIED,
        &outcome::SCHEME_FORBIDDEN,
    ];
    if is_forbidden
        .into_iter()
        .any(|outcome: &'static Outcome| trouble.is(outcome))
    {
        return Trouble::new(&outcome::REDIRECT_FORBIDDEN).detail(format!("to {host}"));
    }
    trouble.or_detail(format!("sent on to {host}"))
}

/// What a status means to whoever wants to read.
fn judge(answer: &Answer, login: &Login) -> Result<(), Trouble> {
    let status = answer.status;
    let has_login = !login.headers.is_empty();
    let outcome = match status.as_u16() {
        _ if status.is_success() => return Ok(()),
        // The part that was asked for is not there, because nothing is.
        416 => return Ok(()),
        401 if has_login => &outcome::WRONG_LOGIN,
        401 => &outcome::LOGIN_NEEDED,
        403 if has_login => &outcome::MAY_NOT_READ_LOCATION,
        403 => &outcome::LOGIN_NEEDED,
        404 | 410 => &outcome::NO_SUCH_LOCATION,
        _ => of_status(status),
    };
    Err(Trouble::new(outcome).detail(format!("status {}", status.as_u16())))
}

pub(super) fn of_status(status: StatusCode) -> &'static Outcome {
    match status.as_u16() {
        429 | 503 => &outcome::SERVICE_BUSY,
        500..=599 => &outcome::SERVICE_FAILED,
        _ => &outcome::REFUSED_OTHERWISE,
    }
}

/// The headers of a connection, for the host of `https-host`. A URL there is Open Data Hub's way of
/// naming the location itself.
fn login(connection: &Connection, url: &Url) -> Login {
    let host = connection.https_host().unwrap_or_default().trim();
    let authority = match Url::parse(host).ok().filter(|_| host.contains("://")) {
        Some(named) => authority(&named),
        None if host == url.host_str().unwrap_or_default() => authority(url),
        None => host.to_ascii_lowercase(),
    };
    let text = connection
        .read("headers")
        .map_or("", |reading| reading.text);
    let object = serde_json::from_str::<Value>(text).unwrap_or_default();
    let pairs = object.as_object().into_iter().flatten();
    let headers =
        pairs.filter_map(|(name, value)| Some((name.parse().ok()?, value.as_str()?.to_owned())));
    Login {
        authority,
        headers: headers.filter(|(name, _)| is_allowed(name)).collect(),
    }
}

/// Headers that decide how the request itself is read are not a login.
fn is_allowed(name: &HeaderName) -> bool {
    ![
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "range",
        "accept-encoding",
    ]
    .contains(&name.as_str())
}
