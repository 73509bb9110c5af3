//! A child process that ends with its parent, however that ends. What the child is, is left to the
//! caller.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// Starts the program and says its id, then kills it once nobody holds our standard input: when the
/// parent closes it, or is no more. Ends as the program does, having removed what shall not outlive
/// it.
const GUARD: &str = r#"
state=$1
shift
exec 3<&0
"$@" < /dev/null 3<&- >&2 &
program=$!
echo $program
{ read -r _ <&3; kill -KILL $program; } > /dev/null 2>&1 &
watcher=$!
wait $program 2> /dev/null
code=$?
kill $watcher 2> /dev/null
[ -z "$state" ] || rm -rf -- "$state"
exit $code
"#;

/// A running program.
#[derive(Debug)]
pub(crate) struct Process {
    guard: Child,
    id: u32,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; all it writes is added to the file `log`. The folder `state`, where there
    /// is one, is removed when the program ends.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        log: PathBuf,
        state: Option<&Path>,
    ) -> Result<Self> {
        let output: File = OpenOptions::new().create(true).append(true).open(&log)?;
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(state.unwrap_or(Path::new("")))
            .arg(program)
            .args(arguments)
            // A group of its own: the terminal's Ctrl-C goes to the parent, whose end is enough.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let mut line = String::new();
        let stdout = guard.stdout.take().context("no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let id = line.trim().parse().context("the shell says no id")?;
        Ok(Self { guard, id, log })
    }

    /// Its process id.
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// Sends it a signal, such as `TERM`.
    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        let status = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$2""#, "signal", signal])
            .arg(self.id.to_string())
            .status()?;
        anyhow::ensure!(status.success(), "process {} gets no signal", self.id);
        Ok(())
    }

    /// How it ended, by the rules of shells; nothing while it runs.
    pub(crate) fn code(&mut self) -> Result<Option<i32>> {
        let status = self.guard.try_wait()?;
        Ok(status.and_then(|status| status.code()))
    }

    /// All that it wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The last lines of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// The log of a program: where it is searched for secret values, else in `folder`.
pub(crate) fn log_file(folder: &Path, name: &str) -> PathBuf {
    std::env::var_os("BOWLINE_CANARY_DIR")
        .map_or_else(|| folder.to_owned(), PathBuf::from)
        .join(format!("{name}.log"))
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
