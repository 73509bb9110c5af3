//! Where the programs of the control plane are, by envtest's convention; saying so loudly when
//! there are none.

use std::io::Write as _;
use std::path::PathBuf;

/// Folder with `etcd` and `kube-apiserver`.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// The folder with `etcd` and `kube-apiserver`; without one, says that this test is skipped.
pub fn assets() -> Option<PathBuf> {
    let folder = std::env::var_os(ASSETS)
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from);
    if folder.is_none() {
        skipped(&format!(
            "{ASSETS} names no folder with etcd and kube-apiserver; `make test-cluster` provides one"
        ));
    }
    folder
}

/// Says that the running test is skipped, past the capture of the test harness, which would hide
/// it from everybody.
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {why}");
}
