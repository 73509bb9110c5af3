//! A private file and an editor for it. The file is gone when the session ends, however it ends: a
//! guard process waits for the end of a pipe that only we hold, and removes the folder.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Failure, Kind};

/// Where the editor's name is looked for.
const EDITORS: [&str; 3] = ["KUBE_EDITOR", "VISUAL", "EDITOR"];
const DEFAULT_EDITOR: &str = "vi";
/// Waits until stdin is closed, then removes the folder. Editors leave files of their own beside it.
const GUARD: &str = "trap '' HUP INT TERM; cat > /dev/null; rm -rf -- \"$1\"";

/// A private folder with the file, and what watches over it.
pub struct Session {
    file: PathBuf,
    guard: Child,
}

impl Session {
    /// Makes the folder, for a file of this name.
    ///
    /// # Errors
    /// When the folder cannot be made or not be guarded.
    pub fn start(file: &str) -> Result<Self, Failure> {
        let fail = |what: &'static str| {
            move |error: io::Error| Failure::new(Kind::Internal, what).caused_by(&error)
        };
        // Only its owner can look into it, and where there is such a place it is never on a disk.
        let mut builder = tempfile::Builder::new();
        builder
            .prefix("bowline-edit-")
            .permissions(Permissions::from_mode(0o700));
        let folder = match std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => builder.tempdir_in(dir).or_else(|_| builder.tempdir()),
            None => builder.tempdir(),
        };
        let folder = folder.map_err(fail("there is no place for the file to edit"))?;
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "bowline-edit"]).arg(folder.path());
        // Ctrl-C in the editor's terminal is not for the guard.
        guard
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let guard = guard
            .spawn()
            .map_err(fail("the file to edit cannot be guarded"))?;
        Ok(Self {
            file: folder.keep().join(file),
            guard,
        })
    }

    /// Lets a person edit a text.
    ///
    /// # Errors
    /// When the editor cannot be started, ends with an error, or leaves no text.
    pub fn edit(&self, text: &str) -> Result<String, Failure> {
        let fail = |error: io::Error| {
            Failure::new(Kind::Internal, "the file to edit cannot be used").caused_by(&error)
        };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&self.file).map_err(fail)?;
        file.write_all(text.as_bytes()).map_err(fail)?;
        drop(file);
        // Ctrl-C belongs to the editor; handled, it does not end us.
        let _interrupts = signal(SignalKind::interrupt()).map_err(fail)?;
        let _quits = signal(SignalKind::quit()).map_err(fail)?;
        let editor = editor();
        let status = Command::new("sh")
            .args(["-c", &format!("{editor} \"$1\""), "editor"])
            .arg(&self.file)
            .status()
            .map_err(fail)?;
        if !status.success() {
            return Err(Failure::new(
                Kind::Usage,
                format!("the editor `{editor}` failed; nothing was changed"),
            )
            .cause(status.to_string())
            .help("choose another with `EDITOR`"));
        }
        fs::read_to_string(&self.file).map_err(fail)
    }

    /// Removes the file and all beside it.
    pub fn end(mut self) {
        // Without its pipe the guard does what it is there for.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn editor() -> String {
    EDITORS
        .into_iter()
        .filter_map(|key| std::env::var(key).ok())
        .find(|editor| !editor.trim().is_empty())
        .unwrap_or_else(|| DEFAULT_EDITOR.to_owned())
}
