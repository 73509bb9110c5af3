//! What the status of an answer means whatever the protocol; all else is left to the protocols.

use bowline_core::Kind;

use crate::http::Answer;
use crate::outcome;
use crate::trouble::Trouble;

/// Tells the answers that no protocol can do anything with: redirects, failures, and pleas to wait.
///
/// # Errors
/// With the outcome.
pub(crate) fn usable(answer: Answer) -> Result<Answer, Trouble> {
    let outcome = match answer.status.as_u16() {
        300..=399 => &outcome::REDIRECTED,
        429 => &outcome::SERVICE_BUSY,
        500..=599 => &outcome::SERVICE_FAILED,
        _ => return Ok(answer),
    };
    Err(Trouble::new(outcome).detail(format!("status {}", answer.status.as_u16())))
}

/// A refusal that nothing better is known about.
pub(crate) fn otherwise(answer: &Answer, reason: Option<&str>) -> Trouble {
    let reason = reason.map(|text| format!(", {}", crate::session::quoted(text)));
    let detail = format!("status {}{}", answer.status.as_u16(), reason.unwrap_or_default());
    Trouble::new(&outcome::REFUSED_OTHERWISE).detail(detail)
}

/// What to say when a hop of a redirect gave no answer: that tests never go there, or why.
pub(crate) fn hopped(trouble: Trouble) -> Trouble {
    match trouble.outcome.kind {
        Some(Kind::Forbidden) => Trouble { outcome: &outcome::REDIRECT_FORBIDDEN, ..trouble },
        _ => trouble,
    }
}
