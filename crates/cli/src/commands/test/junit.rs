//! Results as build servers read them: JUnit's XML, one case for each connection. The format is that
//! of <https://github.com/testmoapp/junitxml>.

use std::fmt::Write as _;
use std::time::Duration;

use bowline_probe::{State, Step};

use super::Tested;

/// The document.
pub(super) fn render(all: &[Tested<'_>]) -> String {
    let failed = all
        .iter()
        .filter(|tested| tested.report.kind().is_some())
        .count();
    let total = all
        .iter()
        .map(|tested| tested.report.took)
        .max()
        .unwrap_or_default();
    let skipped = all
        .iter()
        .filter(|tested| tested.report.is_untested())
        .count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\" time=\"{}\"",
        all.len(),
        seconds(total)
    );
    let cases: String = all.iter().map(case).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"bowline test\" {counts}>\n{cases}  </testsuite>\n</testsuites>\n"
    )
}

fn case(tested: &Tested<'_>) -> String {
    let (secret, report) = (&tested.connection.secret, &tested.report);
    let steps: String = report.steps.iter().map(step).collect();
    let mut case = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\">\n",
        escaped(&secret.namespace),
        escaped(&secret.name),
        seconds(report.took),
    );
    let outcome = report.verdict.outcome;
    let shown = match report.verdict.state {
        State::Failed => writeln!(
            case,
            "      <failure type=\"{}\" message=\"{}\">{}</failure>",
            outcome.id,
            escaped(outcome.sentence),
            escaped(&steps)
        ),
        State::Skipped => writeln!(
            case,
            "      <skipped message=\"{}\"/>\n      <system-out>{}</system-out>",
            escaped(outcome.sentence),
            escaped(&steps)
        ),
        State::Passed | State::Warned => {
            writeln!(case, "      <system-out>{}</system-out>", escaped(&steps))
        }
    };
    // Writing to a text cannot fail.
    let _ = shown;
    case + "    </testcase>\n"
}

fn step(step: &Step) -> String {
    let state = match step.state {
        State::Passed => "passed",
        State::Failed => "failed",
        State::Skipped => "skipped",
        State::Warned => "warned",
    };
    let mut line = format!("{} {state}: {}", step.name.as_str(), step.outcome.sentence);
    for (name, text) in [
        ("detail", step.detail.as_deref()),
        ("field", step.field.as_deref()),
        ("help", Some(step.outcome.help)),
    ] {
        if let Some(text) = text.filter(|text| !text.is_empty() && step.state != State::Skipped) {
            let _ = write!(line, "; {name}: {text}");
        }
    }
    line + "\n"
}

pub(in crate::commands) fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// Text that may stand in XML, between quotes too; what may not be there at all is spelled out.
pub(in crate::commands) fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\n' | '\t' => c.to_string(),
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
            c.escape_default().to_string()
        }
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a < b & \"c\"", "a &lt; b &amp; &quot;c&quot;")]
    #[case("\u{1b}[2J]]>", "\\u{1b}[2J]]&gt;")]
    fn text_cannot_leave_its_place(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(escaped(text), expected);
    }
}
