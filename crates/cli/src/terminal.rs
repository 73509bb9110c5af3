//! What people see: styles, text made safe for a terminal, and writing it out. Whether colours are
//! wanted is left to `anstream`, which knows `NO_COLOR` and pipes.

use std::borrow::Cow;
use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, Style};
use bowline_core::{Finding, Severity};
use bowline_probe::State;

use crate::failure::{Failure, Kind};

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub const HELP: Style = AnsiColor::Cyan.on_default().bold();
pub const ADDED: Style = AnsiColor::Green.on_default();
pub const REMOVED: Style = AnsiColor::Red.on_default();

/// The style of a severity.
pub const fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => ERROR,
        Severity::Warning => WARNING,
        Severity::Note => HELP,
    }
}

/// The sign of a step's state, and its style.
pub const fn mark(state: State) -> (Style, &'static str) {
    match state {
        State::Passed => (ADDED, "✓"),
        State::Failed => (ERROR, "✗"),
        State::Warned => (WARNING, "!"),
        State::Skipped => (DIM, "-"),
    }
}

/// Text that somebody else wrote, with everything escaped that could forge a line, move the cursor
/// or reverse the reading direction.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| match is_unsafe(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    Cow::Owned(text.chars().map(escape).collect())
}

fn is_unsafe(c: char) -> bool {
    let is_direction =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_line_end = matches!(c, '\u{2028}' | '\u{2029}');
    is_direction || is_line_end || c.is_control()
}

/// Writes a whole result to stdout.
///
/// # Errors
/// When stdout cannot take it; a reader that has seen enough (`| head`) is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Kind::Internal, "stdout cannot be written").caused_by(&error))
        }
        _ => Ok(()),
    }
}

/// Writes bytes to stdout as they are, for a program to read: nothing is taken out of them, as
/// [`print()`] does with colours.
///
/// # Errors
/// When stdout cannot take them; whoever reads them needs all of them.
pub fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::new(Kind::Internal, "stdout cannot be written").caused_by(&error))
}

/// Tells a person a finding that is not part of the result.
pub fn tell(name: &str, finding: &Finding) {
    let (severity, style) = (finding.severity, style(finding.severity));
    let place = match name {
        "" => String::new(),
        name => format!("{}: ", plain(name)),
    };
    let (message, help) = (plain(&finding.message), plain(&finding.help));
    let rule = finding.rule;
    // Where stderr is closed there is nobody left to tell.
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{style}{severity}[{rule}]{style:#}: {place}{message}");
    let _ = writeln!(err, "{HELP}  help:{HELP:#} {help}");
}

/// Tells a person something that is not part of the result.
pub fn warn(text: &str) {
    // Where stderr is closed there is nobody left to tell.
    let _ = writeln!(
        anstream::stderr().lock(),
        "{WARNING}warning:{WARNING:#} {}",
        plain(text)
    );
}

/// Shows a person what goes with the result: on stderr, as it is.
pub fn aside(text: &str) {
    // Where stderr is closed there is nobody left to tell.
    let _ = write!(anstream::stderr().lock(), "{text}");
}

/// A count with its noun, in the plural where that is due.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("models – prod", "models – prod")]
    #[case("a\nb\r", "a\\nb\\r")]
    #[case("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}")]
    #[case("\u{202e}txt", "\\u{202e}txt")]
    fn text_is_made_safe(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(plain(text), shown);
    }

    #[rstest]
    #[case(0, "0 errors")]
    #[case(1, "1 error")]
    #[case(2, "2 errors")]
    fn a_count_has_its_plural(#[case] number: usize, #[case] shown: &str) {
        assert_eq!(count(number, "error"), shown);
    }
}
