//! Showing text that somebody else wrote: in backticks, shortened, with control characters escaped
//! so that it cannot forge a log line or move a terminal's cursor.

/// Long enough for every annotation value that makes sense, short enough for one line.
const LONGEST: usize = 60;

/// The text in backticks, fit for a message.
pub(crate) fn quoted(text: &str) -> String {
    let shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    let shown = shown
        .replace("\\'", "'")
        .replace("\\\"", "\"")
        .replace('`', "'");
    let more = if text.chars().count() > LONGEST {
        "…"
    } else {
        ""
    };
    format!("`{shown}{more}`")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::quoted;

    #[rstest]
    #[case("s3", "`s3`")]
    #[case("it's", "`it's`")]
    #[case("a\u{1b}[2Jb\n", "`a\\u{1b}[2Jb\\n`")]
    #[case("`s3`", "`'s3'`")]
    fn text_is_shown_on_one_line(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(quoted(text), shown);
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(
            quoted(&"é".repeat(1000)).chars().count(),
            super::LONGEST + 3
        );
    }
}
