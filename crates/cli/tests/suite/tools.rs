//! Programs that tests need and that a script of `scripts/` installs or finds; where one cannot be
//! had, that is said loudly.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The exit code by which a script says that there is none for this machine.
const UNAVAILABLE: i32 = 69;

/// The path that `scripts/NAME.sh` prints; `None` where it cannot be had.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../scripts/{name}.sh"));
    let output = Command::new(script)
        .stderr(Stdio::inherit())
        .output()
        .expect("a script");
    if output.status.code() == Some(UNAVAILABLE) {
        // Past the capture of the test harness, which would hide it from everybody.
        let mut stderr = std::io::stderr();
        let _ = writeln!(stderr, "SKIPPED: there is no `{name}` here; see above why");
        return None;
    }
    assert!(
        output.status.success(),
        "scripts/{name}.sh: {}",
        output.status
    );
    Some(PathBuf::from(
        String::from_utf8_lossy(&output.stdout).trim(),
    ))
}
