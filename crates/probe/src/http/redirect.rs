//! Where an answer sends on to. Pure; whether tests may go there is left to the dialler, which
//! judges every hop anew.

use http::HeaderValue;
use url::Url;

use super::Answer;

/// Hops that are followed.
pub(crate) const MOST_HOPS: usize = 5;

/// The next address, when the answer is a redirect: and whether it is at the same host, so that a
/// login may go there too.
pub(crate) fn next_hop(from: &Url, answer: &Answer) -> Option<(Url, bool)> {
    if !matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer
        .headers
        .get(http::header::LOCATION)
        .map(HeaderValue::as_bytes)?;
    let mut next = from.join(std::str::from_utf8(location).ok()?).ok()?;
    // A login that the peer puts there is neither the connection's nor wanted.
    let _ = next.set_username("");
    let _ = next.set_password(None);
    let is_same = next.origin() == from.origin();
    Some((next, is_same))
}
