//! What the status of an answer means whatever the protocol; all else is left to the protocols.

use bowline_core::Kind;
use url::Url;

use crate::dial::Target;
use crate::http::{Answer, Call, DOCUMENT, next_hop};
use crate::outcome;
use crate::session::{Session, quoted};
use crate::trouble::Trouble;

/// Sends a request, and tells the answers that no protocol can do anything with: redirects,
/// failures, pleas to wait, and documents without end.
///
/// # Errors
/// With the outcome, also when no answer comes.
pub(crate) async fn ask(session: &mut Session<'_>, call: Call) -> Result<Answer, Trouble> {
    let url = call.url.clone();
    let is_document = call.most == DOCUMENT;
    let answer = settled(session.send(call).await?)?;
    match next_hop(&url, &answer) {
        Some((next, _)) => Err(sent_on(session, &next).await),
        None if answer.is_cut && is_document => Err(Trouble::new(&outcome::ANSWER_TOO_LARGE)),
        None => Ok(answer),
    }
}

/// Tells failures and pleas to wait.
///
/// # Errors
/// With the outcome.
pub(crate) fn settled(answer: Answer) -> Result<Answer, Trouble> {
    let outcome = match answer.status.as_u16() {
        429 => &outcome::SERVICE_BUSY,
        500..=599 => &outcome::SERVICE_FAILED,
        _ => return Ok(answer),
    };
    Err(Trouble::new(outcome).detail(format!("status {}", answer.status.as_u16())))
}

/// A redirect that is not followed: whether tests could go there at all.
pub(crate) async fn sent_on(session: &mut Session<'_>, next: &Url) -> Trouble {
    let host = quoted(next.host_str().unwrap_or_default());
    let is_web = matches!(next.scheme(), "http" | "https");
    let judged = match Target::of(next).filter(|_| is_web) {
        Some(target) => session.guard.check(&target, session.settings.connect).await,
        None => Err(&outcome::SCHEME_FORBIDDEN),
    };
    let outcome = match judged {
        Err(outcome) if outcome.kind == Some(Kind::Forbidden) => &outcome::REDIRECT_FORBIDDEN,
        _ => &outcome::REDIRECTED,
    };
    Trouble::new(outcome).detail(format!("to {host}"))
}

/// A refusal that nothing better is known about.
pub(crate) fn otherwise(answer: &Answer, reason: Option<&str>) -> Trouble {
    let reason = reason.map(|text| format!(", {}", quoted(text)));
    let detail = format!(
        "status {}{}",
        answer.status.as_u16(),
        reason.unwrap_or_default()
    );
    Trouble::new(&outcome::REFUSED_OTHERWISE).detail(detail)
}

/// What to say when a hop of a redirect gave no answer: that tests never go there, or why.
pub(crate) fn hopped(trouble: Trouble) -> Trouble {
    match trouble.outcome.kind {
        Some(Kind::Forbidden) => Trouble {
            outcome: &outcome::REDIRECT_FORBIDDEN,
            ..trouble
        },
        _ => trouble,
    }
}
