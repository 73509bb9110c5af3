//! Judging a shared access signature by what it says about itself, before it is sent: when it ends,
//! what it permits, from where. After "Create an account SAS" and "Create a service SAS" of the
//! service's reference. Pure.

use bowline_core::Sensitive;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use url::{Url, form_urlencoded};

use crate::outcome;
use crate::session::quoted;
use crate::trouble::Trouble;

/// What works all the same, but should be known.
///
/// # Errors
/// With what cannot work.
pub(super) fn judge(
    token: &Sensitive,
    now: Timestamp,
    endpoint: &Url,
) -> Result<Vec<Trouble>, Trouble> {
    let text = token.expose_str().unwrap_or_default();
    let fields: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect();
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    };
    if field("sig").is_none() {
        return Err(Trouble::new(&outcome::SAS_UNSIGNED));
    }
    let time = |name| field(name).and_then(moment);
    if let Some(end) = time("se").filter(|end| *end <= now) {
        return Err(Trouble::new(&outcome::SAS_EXPIRED).detail(format!("it ended at {end}")));
    }
    if let Some(start) = time("st").filter(|start| *start > now) {
        return Err(Trouble::new(&outcome::SAS_TOO_EARLY).detail(format!("it begins at {start}")));
    }
    if endpoint.scheme() == "http" && field("spr") == Some("https") {
        return Err(Trouble::new(&outcome::SAS_NEEDS_TLS));
    }
    let lacks = |name: &str, letter: char| field(name).is_some_and(|value| !value.contains(letter));
    if lacks("ss", 'b') {
        return Err(Trouble::new(&outcome::SAS_FOR_OTHERS).detail("`ss` has no `b`"));
    }
    if lacks("srt", 'c') || lacks("srt", 'o') {
        return Err(Trouble::new(&outcome::SAS_FOR_OTHERS).detail("`srt` has no `c` or no `o`"));
    }
    let mut doubts = Vec::new();
    let missing: String = ['r', 'l']
        .into_iter()
        .filter(|letter| lacks("sp", *letter))
        .collect();
    if !missing.is_empty() {
        doubts.push(Trouble::new(&outcome::SAS_NARROW).detail(format!("`sp` has no `{missing}`")));
    }
    if let Some(range) = field("sip") {
        doubts.push(Trouble::new(&outcome::SAS_BY_ADDRESS).detail(for_range(range)));
    }
    let week = jiff::SignedDuration::from_hours(7 * 24);
    if let Some(end) = time("se").filter(|end| end.duration_since(now) < week) {
        doubts.push(Trouble::new(&outcome::SAS_ENDS_SOON).detail(format!("it ends at {end}")));
    }
    Ok(doubts)
}

/// From where a signature is good, for people.
pub(super) fn range(token: &Sensitive) -> Option<String> {
    let text = token.expose_str().unwrap_or_default();
    let mut fields = form_urlencoded::parse(text.as_bytes());
    let (_, range) = fields.find(|(key, _)| key == "sip")?;
    Some(for_range(&range))
}

fn for_range(range: &str) -> String {
    format!("it is good from {}", quoted(range))
}

/// A time in one of the forms that signatures have: to the second, to the minute, or a day.
fn moment(text: &str) -> Option<Timestamp> {
    let civil = |text: &str| -> Option<DateTime> {
        let short = text.strip_suffix('Z')?;
        short
            .parse()
            .ok()
            .or_else(|| format!("{short}:00").parse().ok())
    };
    let day = || text.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0));
    let time = text.parse().ok();
    time.or_else(|| {
        civil(text)
            .or_else(day)?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|it| it.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn judged(token: &str) -> String {
        let now = "2026-03-01T12:00:00Z".parse().expect("a time");
        let endpoint = Url::parse("http://127.0.0.1/ada").expect("a URL");
        match judge(&Sensitive::from(token), now, &endpoint) {
            Ok(doubts) => doubts
                .iter()
                .map(|it| it.outcome.id)
                .collect::<Vec<_>>()
                .join(" "),
            Err(trouble) => format!("error {}", trouble.outcome.id),
        }
    }

    #[rstest]
    #[case("sig=a&sp=rl&se=2027-01-01T00:00:00Z", "")]
    #[case("sp=rl", "error sas-unsigned")]
    #[case("sig=a&se=2026-03-01T12:00:00Z", "error sas-expired")]
    #[case("sig=a&se=2026-03-01T11%3A59Z", "error sas-expired")]
    #[case("sig=a&se=2026-02-28", "error sas-expired")]
    #[case("sig=a&st=2026-03-02", "error sas-too-early")]
    #[case("sig=a&spr=https", "error sas-needs-tls")]
    #[case("sig=a&ss=qf", "error sas-for-others")]
    #[case("sig=a&ss=b&srt=s", "error sas-for-others")]
    #[case("sig=a&sp=w", "sas-narrow")]
    #[case("sig=a&sp=rl&sip=10.0.0.1", "sas-by-address")]
    #[case("sig=a&se=2026-03-02", "sas-ends-soon")]
    #[case("sig=a&se=whenever", "")]
    fn a_signature_is_judged_by_what_it_says(#[case] token: &str, #[case] expected: &str) {
        assert_eq!(judged(token), expected);
    }

    #[test]
    fn from_where_a_signature_is_good_is_told() {
        let token = Sensitive::from("sig=a&sp=rl&sip=10.0.0.1-10.0.0.9");
        let now = "2026-03-01T12:00:00Z".parse().expect("a time");
        let endpoint = Url::parse("http://127.0.0.1/ada").expect("a URL");
        let doubts = judge(&token, now, &endpoint).expect("it may work");
        let told = Some("it is good from `10.0.0.1-10.0.0.9`".to_owned());
        assert_eq!(doubts[0].detail, told);
        assert_eq!(range(&token), told);
    }
}
