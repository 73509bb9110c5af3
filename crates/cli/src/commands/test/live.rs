//! What is shown while tests run: steps as they end, and on a terminal a line that says what is
//! being tried. Nothing of it for programs.

use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bowline_core::Connection;
use bowline_probe::News;

use super::{Tested, text};
use crate::args::TestOutput;
use crate::terminal::{self, DIM};

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// How long one sign of it stands.
const TURN: Duration = Duration::from_millis(100);
const CLEAR: &str = "\r\u{1b}[2K";

/// The line at the bottom, and what is above it.
pub(in crate::commands) struct Live {
    is_text: bool,
    has_line: bool,
    of: usize,
    done: usize,
    turn: usize,
    /// What the line says; empty where there is none.
    text: String,
}

/// Does some work, and lets the line show that it goes on.
pub(super) async fn turning<T>(live: &Mutex<Live>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut timer = tokio::time::interval(TURN);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = timer.tick() => shown(live).turn(),
        }
    }
}

/// What is shown, for as long as it takes to change it.
pub(super) fn shown(live: &Mutex<Live>) -> MutexGuard<'_, Live> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
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
            done: 0,
            turn: 0,
            text: String::new(),
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
    pub(super) fn heading(&mut self, connection: &Connection) {
        self.say(&text::heading(connection));
    }

    /// A step of the only one has begun or ended.
    pub(super) fn news(&mut self, news: News<'_>) {
        match news {
            News::Begun(name) => self.line(&format!("  {} …", name.as_str())),
            News::Ended(step) => self.say(&text::step(step)),
        }
    }

    /// A whole test is done: of the only one every step is told, of one of many what went wrong.
    pub(super) fn result(&mut self, tested: &Tested<'_>) {
        self.done += 1;
        self.say(&match self.of {
            1 => text::whole(tested),
            _ => text::block(tested),
        });
        self.line(&format!("{} of {} tested", self.done, self.of));
    }

    /// Pods test, which tell all at their end.
    pub(super) fn in_pods(&mut self) {
        self.line("waiting for what pods tell");
    }

    /// Takes the line away.
    pub(in crate::commands) fn clear(&mut self) {
        self.text.clear();
        if self.has_line {
            let _ = write!(anstream::stderr().lock(), "{CLEAR}");
        }
    }

    fn say(&mut self, text: &str) {
        if self.is_text && !text.is_empty() {
            self.clear();
            // Whoever reads no further is told at the end.
            let _ = terminal::print(text);
        }
    }

    fn line(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.turn();
    }

    /// The same line with the next sign.
    fn turn(&mut self) {
        if self.has_line && !self.text.is_empty() {
            self.turn += 1;
            let text = &self.text;
            let spinner = SPINNER[self.turn % SPINNER.len()];
            let mut out = anstream::stderr().lock();
            let _ = write!(out, "{CLEAR}{DIM}{spinner} {text}{DIM:#}");
            let _ = out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_turns_while_nothing_is_new() {
        let live = Mutex::new(Live {
            has_line: true,
            ..Live::new(TestOutput::Text, 1)
        });
        let work = async {
            shown(&live).news(News::Begun(bowline_probe::StepName::Connect));
            tokio::time::sleep(4 * TURN).await;
        };
        turning(&live, work).await;
        let turned = shown(&live).turn;
        assert!(turned > 2, "{turned}");
        shown(&live).clear();
        turning(&live, tokio::time::sleep(2 * TURN)).await;
        assert_eq!(shown(&live).turn, turned, "there is no line");
    }
}
