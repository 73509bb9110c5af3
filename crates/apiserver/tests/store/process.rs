//! The test binary started again as another process, to run one test in another role.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

const FOLDER: &str = "BOWLINE_STORE_TEST_FOLDER";
const STATE: &str = "BOWLINE_STORE_TEST_STATE";
/// What lines that are meant for the parent begin with.
const MARK: &str = "> ";

/// The folder to work on and what to know, where this is the process that suffers.
pub(crate) fn role() -> Option<(PathBuf, String)> {
    let folder = std::env::var_os(FOLDER)?;
    Some((folder.into(), std::env::var(STATE).unwrap_or_default()))
}

/// Tells the parent one line, at once.
pub(crate) fn tell(line: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    // The harness may have begun a line. Whoever was to be told may be gone.
    let _ = writeln!(out, "\n{MARK}{line}");
}

/// A child and what it tells.
pub(crate) struct Other {
    child: Child,
    lines: mpsc::Receiver<String>,
    reader: JoinHandle<()>,
}

impl Other {
    /// Starts one test in its other role; `wrapped` is a command line that ends by running the
    /// program and the arguments that are appended.
    pub(crate) fn start(wrapped: &[&str], test: &str, folder: &Path, state: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = match wrapped.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        let mut child = command
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(STATE, state)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            // A line that was cut by a kill was never told.
            while output.read_line(&mut line).is_ok_and(|length| length > 0) && line.ends_with('\n')
            {
                if let Some(told) = line.trim_end().strip_prefix(MARK) {
                    let _ = sender.send(told.to_owned());
                }
                line.clear();
            }
        });
        Self {
            child,
            lines,
            reader,
        }
    }

    /// The next line; none where the process has ended.
    pub(crate) fn line(&self) -> Option<String> {
        self.lines.recv().ok()
    }

    /// Ends it as a crash would; returns all that it told before.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reader.join().unwrap();
        self.lines.try_iter().collect()
    }

    /// Waits for its end; returns whether it ended well, and what it told.
    pub(crate) fn finish(mut self) -> (bool, Vec<String>) {
        let is_well = self.child.wait().unwrap().success();
        self.reader.join().unwrap();
        (is_well, self.lines.try_iter().collect())
    }
}
