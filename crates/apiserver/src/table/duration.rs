//! Durations as people read them, short and ever coarser: `45s`, `5m30s`, `3h`, `2d4h`, `1y`.

use jiff::Timestamp;

/// How long ago a time of the API was; `<unknown>` where there is none.
pub(super) fn since(time: Option<&str>, now: Timestamp) -> String {
    match time.map(str::parse::<Timestamp>) {
        None => "<unknown>".to_owned(),
        Some(Ok(then)) => text(now.duration_since(then).as_secs()),
        Some(Err(_)) => "<invalid>".to_owned(),
    }
}

/// How long between two times of the API, the later being now where there is none.
pub(super) fn between(start: &str, end: Option<&str>, now: Timestamp) -> String {
    match end.map_or(Ok(now), str::parse) {
        Ok(end) => since(Some(start), end),
        Err(_) => "<invalid>".to_owned(),
    }
}

/// Clocks differ a little, so one second in the future is still now.
fn text(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    let with_rest = |number, unit, rest, rest_unit| match rest {
        0 => format!("{number}{unit}"),
        rest => format!("{number}{unit}{rest}{rest_unit}"),
    };
    match () {
        () if seconds < -1 => "<invalid>".to_owned(),
        () if seconds < 120 => format!("{}s", seconds.max(0)),
        () if minutes < 10 => with_rest(minutes, 'm', seconds % 60, 's'),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => with_rest(hours, 'h', minutes % 60, 'm'),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => with_rest(days, 'd', hours % 24, 'h'),
        () if years < 2 => format!("{days}d"),
        () if years < 8 => with_rest(years, 'y', days % 365, 'd'),
        () => format!("{years}y"),
    }
}
