//! Times of the built-in kinds, as strict as Go reads them. Their schemas name two formats: by the
//! second, and by the microsecond, whose readers want exactly six digits.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use regex::Regex;
use std::sync::LazyLock;

pub(in crate::schema) const SECONDS: &str = "date-time";
pub(in crate::schema) const MICROSECONDS: &str = "microtime";

/// A leap second is none in Go. What else there is no such day or hour of is left to the calendar.
static FORM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9])(?:\.([0-9]+))?",
        r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))$",
    ))
    .expect("a regular expression")
});

/// The one text in which this time is stored: in UTC, and no finer than its format.
pub(in crate::schema) fn settled(text: &str, format: &str) -> Option<String> {
    let parts = FORM.captures(text)?;
    let part = |index| parts.get(index).map(|found| found.as_str());
    let local: DateTime = part(1)?.parse().ok()?;
    let utc = local.checked_sub(offset(part(3), part(4), part(5))?).ok()?;
    if utc.year() < 0 {
        return None;
    }
    match part(2) {
        _ if format != MICROSECONDS => Some(format!("{utc}Z")),
        Some(fraction) if fraction.len() == 6 => Some(format!("{utc}.{fraction}Z")),
        _ => None,
    }
}

/// How far ahead of UTC a place is. Go takes a day and an hour of sixty minutes, too.
fn offset(
    sign: Option<&str>,
    hours: Option<&str>,
    minutes: Option<&str>,
) -> Option<SignedDuration> {
    let number = |digits: Option<&str>| digits.map_or(Ok(0), str::parse::<i64>).ok();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let ahead = SignedDuration::from_mins(hours * 60 + minutes);
    let is_known = hours <= 24 && minutes <= 60;
    is_known.then(|| if sign == Some("-") { -ahead } else { ahead })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::utc("2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z")]
    #[case::behind("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z")]
    #[case::day_ahead("2026-11-23T07:00:00+24:60", "2026-11-22T06:00:00Z")]
    #[case::no_offset("2026-11-23T07:00:00-00:00", "2026-11-23T07:00:00Z")]
    #[case::first("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z")]
    #[case::early("0987-01-01T00:00:00Z", "0987-01-01T00:00:00Z")]
    #[case::fraction("2026-11-23T08:00:00.9999999999Z", "2026-11-23T08:00:00Z")]
    fn a_time_is_settled_in_utc(#[case] text: &str, #[case] stored: &str) {
        assert_eq!(settled(text, SECONDS).as_deref(), Some(stored));
    }

    #[rstest]
    #[case::hour("2026-11-23T24:00:00Z")]
    #[case::no_fraction("2026-11-23T07:00:00.Z")]
    #[case::short("2026-11-23T7:0:0Z")]
    #[case::offset("2026-11-23T07:00:00+2:00")]
    #[case::other_digits("٢026-11-23T07:00:00Z")]
    #[case::before_all_years("0000-01-01T00:00:00+01:00")]
    #[case::after_all_years("9999-12-31T23:59:59-01:00")]
    #[case::more("2026-11-23T07:00:00Z\n")]
    fn what_is_no_time_is_not_settled(#[case] text: &str) {
        assert_eq!(settled(text, SECONDS), None);
    }
}
