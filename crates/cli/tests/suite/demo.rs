//! The two-minute try: `make demo` shows what the README says, leaves nothing behind, and its
//! examples are free of findings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const README: &str = include_str!("../../../../README.md");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The demo's show, with a folder of its own for what it writes.
fn demo(folder: &Path) -> Output {
    Command::new(root().join("scripts/demo.sh"))
        .arg("--once")
        .env("BOWLINE", env!("CARGO_BIN_EXE_bowline"))
        .envs([("TMPDIR", folder), ("HOME", folder)])
        .env_remove("KUBECONFIG")
        .output()
        .expect("the demo runs")
}

/// What the README shows of one workload.
fn sample() -> Vec<&'static str> {
    let block = README
        .split("```\n")
        .find(|block| block.contains("\ngot\n"));
    block.expect("a sample of the demo").lines().collect()
}

/// Command lines of running processes that name a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&folder))
        .collect()
}

#[test]
fn the_demo_shows_what_the_readme_says_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = demo(folder.path());
    let shown = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}{errors}");

    let sample = sample();
    let start = shown
        .find(&format!("\n{}\n", sample[0]))
        .expect("the workload");
    let mut rest = shown[start..].lines();
    for line in sample.iter().filter(|line| line.starts_with("  +")) {
        assert!(rest.any(|shown| shown == *line), "no `{line}` in {shown}");
    }
    assert!(!shown.contains("controller-uid"), "{shown}");

    assert_eq!(processes_in(folder.path()), [""; 0]);
    let left = fs::read_dir(folder.path()).expect("the folder");
    let left: Vec<_> = left
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        // kubectl's own.
        .filter(|name| !name.starts_with(".kube"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn lint_has_nothing_to_say_about_the_examples() {
    let files = fs::read_dir(root().join("examples")).expect("the examples");
    let files = files.map(|file| file.expect("a file").path());
    let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(["lint", "-f"])
        .args(files)
        .output()
        .expect("lint runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("no findings in "), "{said}");
}
