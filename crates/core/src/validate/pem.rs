//! The frame of PEM files; what is inside is left to the crypto libraries of readers.

/// Whether the text holds a begin and an end line whose label ends in the given words.
pub(super) fn has_frame(text: &str, label: &str) -> bool {
    let find = |edge: &str| {
        text.lines().map(str::trim).position(|line| {
            let inner = line
                .strip_prefix(edge)
                .and_then(|rest| rest.strip_suffix("-----"));
            inner.is_some_and(|inner| inner.ends_with(label))
        })
    };
    let (begin, end) = (find("-----BEGIN "), find("-----END "));
    begin.is_some_and(|begin| end.is_some_and(|end| begin < end))
}
