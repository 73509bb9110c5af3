//! When a CronJob runs: five fields, or a descriptor. What is wrong is said as Kubernetes' own
//! parser says it.

/// The fields of a schedule: from, to, and names that stand for numbers.
const FIELDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];
const DESCRIPTORS: &[&str] = &[
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];

/// What is wrong with a schedule.
pub(super) fn check(schedule: &str) -> Option<String> {
    if schedule.starts_with('@') {
        let is_known = DESCRIPTORS.contains(&schedule) || schedule.starts_with("@every ");
        return (!is_known).then(|| format!("unrecognized descriptor: {schedule}"));
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let found = fields.len();
        return Some(format!(
            "expected exactly 5 fields, found {found}: [{}]",
            fields.join(" ")
        ));
    }
    let mut ranges = fields
        .iter()
        .zip(&FIELDS)
        .flat_map(|(field, bounds)| field.split(',').map(move |range| (range, bounds)));
    ranges.find_map(|(range, bounds)| check_range(range, bounds))
}

fn check_range(range: &str, (least, most, names): &(u32, u32, &[&str])) -> Option<String> {
    let (span, step) = range.split_once('/').unwrap_or((range, "1"));
    let Ok(step) = step.parse::<u32>() else {
        return Some(format!(
            "failed to parse int from {step}: strconv.Atoi: parsing {step:?}: invalid syntax"
        ));
    };
    if step == 0 {
        return Some(format!(
            "step of range should be a positive number: {range}"
        ));
    }
    if matches!(span, "*" | "?") {
        return None;
    }
    let number = |text: &str| {
        let named = names.iter().position(|name| *name == text.to_lowercase());
        let named = named
            .and_then(|index| u32::try_from(index).ok())
            .map(|index| index + least);
        named.or_else(|| text.parse().ok()).ok_or_else(|| {
            format!(
                "failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"
            )
        })
    };
    let (from, to) = span.split_once('-').unwrap_or((span, span));
    let (from, to) = match (number(from), number(to)) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(why), _) | (_, Err(why)) => return Some(why),
    };
    if from < *least {
        return Some(format!(
            "beginning of range ({from}) below minimum ({least}): {range}"
        ));
    }
    if to > *most {
        return Some(format!(
            "end of range ({to}) above maximum ({most}): {range}"
        ));
    }
    (from > to).then(|| format!("beginning of range ({from}) beyond end of range ({to}): {range}"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use rstest::rstest;

    #[rstest]
    #[case::every_minute("* * * * *")]
    #[case::steps("*/5 0-6/2 1,15 jan-mar MON")]
    #[case::descriptor("@daily")]
    #[case::interval("@every 5m")]
    fn a_schedule_is_understood(#[case] schedule: &str) {
        assert_eq!(check(schedule), None);
    }

    #[rstest]
    #[case::words("sometimes")]
    #[case::six_fields("* * * * * *")]
    #[case::minute_99("99 * * * *")]
    #[case::day_0("* * 0 * *")]
    #[case::backwards("5-1 * * * *")]
    #[case::no_step("*/0 * * * *")]
    #[case::descriptor("@sometimes")]
    fn a_schedule_is_refused(#[case] schedule: &str) {
        assert!(check(schedule).is_some());
    }
}
