//! What stands as comments in a text that somebody edits: explanations, and in front of all else what
//! is wrong and what has happened meanwhile.

use std::fmt::Write as _;

/// What lines of errors begin with.
const ERROR: &str = "# ERROR: ";
/// What lines begin with that tell what has happened meanwhile.
pub(in crate::commands) const NEWS: &str = "# NEWS: ";

/// The text with errors in front, in place of those that stood there.
pub(in crate::commands) fn with_errors(text: &str, errors: &[String]) -> String {
    let mut out = String::new();
    errors
        .iter()
        .for_each(|error| comment(&mut out, ERROR, error));
    for line in text
        .lines()
        .filter(|line| !line.starts_with(ERROR) && !line.starts_with(NEWS))
    {
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// The errors that stand in front of a text.
pub(in crate::commands) fn errors(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix(ERROR))
}

/// A comment; a text of many lines stays one.
pub(in crate::commands) fn comment(out: &mut String, mark: &str, text: &str) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{mark}{line}");
    }
}
