//! What is shown while tests run: steps as they end, and on a terminal a line that says what is
//! being tried. Nothing of it for programs.

use std::io::{IsTerminal, Write};

use bowline_core::Connection;
use bowline_probe::News;

use super::{Tested, text};
use crate::args::TestOutput;
use crate::terminal::{self, DIM};

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const CLEAR: &str = "\r\u{1b}[2K";

/// The line at the bottom, and what is above it.
pub(in crate::commands) struct Live {
    is_text: bool,
    has_line: bool,
    of: usize,
    turn: usize,
}

impl Live {
    /// Shows so many tests in this form.
    pub(super) fn new(output: TestOutput, of: usize) -> Self {
        let is_text = output == TestOutput::Text;
        let is_terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let has_line = is_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            is_text,
            has_line,
            of,
            turn: 0,
        }
    }

    /// Shows parts of which nobody knows beforehand how many there are.
    pub(in crate::commands) fn of(output: TestOutput) -> Self {
        Self::new(output, 0)
    }

    /// A part is done: what there is to say about it, and how far it all is.
    pub(in crate::commands) fn part(&mut self, said: &str, so_far: &str) {
        self.say(said);
        self.line(so_far);
    }

    /// The name of the only one.
    pub(super) fn heading(&self, connection: &Connection) {
        self.say(&text::heading(connection));
    }

    /// A step of the only one has begun or ended.
    pub(super) fn news(&mut self, news: News<'_>) {
        match news {
            News::Begun(name) => self.line(&format!("  {} …", name.as_str())),
            News::Ended(step) => self.say(&text::step(step)),
        }
    }

    /// One of many is done.
    pub(super) fn result(&mut self, tested: &Tested<'_>, done: usize) {
        self.say(&text::block(tested));
        self.line(&format!("{done} of {} tested", self.of));
    }

    /// Takes the line away.
    pub(in crate::commands) fn clear(&self) {
        if self.has_line {
            let _ = write!(anstream::stderr().lock(), "{CLEAR}");
        }
    }

    fn say(&self, text: &str) {
        if self.is_text && !text.is_empty() {
            self.clear();
            // Whoever reads no further is told at the end.
            let _ = terminal::print(text);
        }
    }

    fn line(&mut self, text: &str) {
        if self.has_line {
            self.turn += 1;
            let spinner = SPINNER[self.turn % SPINNER.len()];
            let mut out = anstream::stderr().lock();
            let _ = write!(out, "{CLEAR}{DIM}{spinner} {text}{DIM:#}");
            let _ = out.flush();
        }
    }
}
