//! The command line as people see it: what goes in, and all that comes out.

mod cluster;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use bowline_testkit::canary;
use insta::assert_snapshot;
use rstest::rstest;
use tempfile::TempDir;

const CONNECTIONS: &str = include_str!("cli/connections.yaml");
const WORKLOADS: &str = include_str!("cli/workloads.yaml");

/// An empty folder to run in, with nothing of the machine's own settings.
struct Sandbox(TempDir);

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// With the manifests that most tests use.
    fn with_manifests() -> Self {
        Self::new()
            .file("connections.yaml", CONNECTIONS)
            .file("workloads.yaml", WORKLOADS)
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.0.path().join(name), text).expect("a file");
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::cargo_bin("bowline").expect("the binary");
        command
            .env_clear()
            .env("HOME", self.path())
            .current_dir(self.path());
        command.args(line.split_whitespace());
        command
    }

    /// Exit code, stdout and stderr of a command line, for a snapshot.
    fn run(&self, line: &str) -> String {
        let output = self.command(line).output().expect("the binary runs");
        canary::keep(&[output.stdout.as_slice(), &output.stderr].concat());
        self.shown(line, &output)
    }

    fn shown(&self, line: &str, output: &Output) -> String {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).expect("text");
            text.replace(&self.path().display().to_string(), "~")
        };
        let mut shown = format!("$ bowline {line}\n{}", text(&output.stdout));
        let errors = text(&output.stderr);
        if !errors.is_empty() {
            let _ = write!(shown, "--- stderr\n{errors}");
        }
        let _ = write!(
            shown,
            "--- exit code {}",
            output.status.code().expect("an exit code")
        );
        shown
    }
}

/// Every page of help, so that a change of the command line is seen for what it is.
#[rstest]
#[case("bowline", "--help")]
#[case("up", "up --help")]
#[case("inject", "inject --help")]
#[case("lint", "lint --help")]
#[case("list", "list --help")]
#[case("show", "show --help")]
#[case("create", "create --help")]
#[case("set", "set --help")]
#[case("unset", "unset --help")]
#[case("edit", "edit --help")]
#[case("types", "types --help")]
#[case("export", "export --help")]
#[case("import", "import --help")]
#[case("test", "test --help")]
#[case("usage", "usage --help")]
#[case("delete", "delete --help")]
#[case("env", "env --help")]
#[case("run", "run --help")]
#[case("convert", "convert --help")]
#[case("store", "store --help")]
#[case("store_backup", "store backup --help")]
#[case("store_check", "store check --help")]
#[case("store_restore", "store restore --help")]
#[case("store_rekey", "store rekey --help")]
#[case("completion", "completion --help")]
fn help_reads_well(#[case] name: &str, #[case] line: &str) {
    assert_snapshot!(format!("help_{name}"), Sandbox::new().run(line));
}

#[test]
fn inject_prints_all_manifests_after_admission() {
    let sandbox = Sandbox::with_manifests();
    assert_snapshot!(sandbox.run("inject -f connections.yaml -f workloads.yaml"));
}

#[test]
fn inject_shows_what_changes() {
    let sandbox = Sandbox::with_manifests();
    let shown = sandbox.run("inject -f connections.yaml workloads.yaml --diff");
    assert!(!shown.contains("canary"), "{shown}");
    assert_snapshot!(shown);
}

#[test]
fn injecting_twice_is_injecting_once() {
    let sandbox = Sandbox::with_manifests();
    let once = sandbox
        .command("inject -f connections.yaml workloads.yaml")
        .output()
        .expect("runs");
    let again = sandbox
        .command("inject -f -")
        .write_stdin(once.stdout.clone())
        .output();
    let twice = again.expect("runs").stdout;
    assert_eq!(
        String::from_utf8_lossy(&once.stdout),
        String::from_utf8_lossy(&twice)
    );
}

#[test]
fn inject_denies_all_bad_workloads_and_prints_nothing() {
    let sandbox = Sandbox::with_manifests();
    assert_snapshot!(sandbox.run("inject -f workloads.yaml"));
}

#[test]
fn inject_reads_stdin_and_takes_the_namespace_from_the_flag() {
    let sandbox = Sandbox::new();
    let manifest = CONNECTIONS.replace("  namespace: team-a\n", "")
        + "---\n"
        + &WORKLOADS.replace("  namespace: team-a\n", "");
    let denied = sandbox
        .command("inject -f -")
        .write_stdin(manifest.clone())
        .output();
    let denied = sandbox.shown("inject -f -", &denied.expect("runs"));
    let tied = sandbox
        .command("inject -f - -n team-a")
        .write_stdin(manifest)
        .output();
    assert_eq!(tied.expect("runs").status.code(), Some(0));
    assert_snapshot!(denied);
}

#[test]
fn lint_tells_people_everything() {
    let sandbox = Sandbox::with_manifests();
    let shown = sandbox.run("lint -f connections.yaml -f workloads.yaml");
    assert!(!shown.contains("canary"), "{shown}");
    assert_snapshot!(shown);
}

#[rstest]
#[case("json")]
#[case("sarif")]
fn lint_tells_programs_the_same(#[case] format: &str) {
    let sandbox = Sandbox::with_manifests();
    let line = format!("lint -f connections.yaml -f workloads.yaml --output {format}");
    let output = sandbox.command(&line).output().expect("runs");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = json
        .get("findings")
        .or_else(|| json.pointer("/runs/0/results"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        found.and_then(|found| found.as_array()).map(Vec::len),
        Some(2)
    );
}

#[test]
fn lint_without_errors_succeeds() {
    let sandbox = Sandbox::new().file("workloads.yaml", WORKLOADS);
    assert_snapshot!(sandbox.run("lint -f workloads.yaml"));
}

#[rstest]
#[case::of_something_else("replicas: 3\n")]
#[case::empty("")]
#[case::of_an_empty_list("apiVersion: v1\nkind: List\nitems: []\n")]
fn lint_says_that_there_is_nothing_to_check_in_a_file(#[case] text: &str) {
    let sandbox = Sandbox::new().file("values.yaml", text);
    assert_snapshot!("lint_of_nothing", sandbox.run("lint -f values.yaml"));
}

#[rstest]
#[case::a_workload("workloads.yaml")]
#[case::an_object_that_has_nothing_to_do_with_connections("other.yaml")]
fn files_without_objects_do_not_stop_the_lint_of(#[case] other: &str) {
    let sandbox = Sandbox::with_manifests()
        .file("values.yaml", "replicas: 3\n")
        .file(
            "other.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        );
    let output = sandbox
        .command(&format!("lint -f values.yaml {other}"))
        .output();
    assert_eq!(output.expect("runs").status.code(), Some(0));
}

#[rstest]
#[case("unknown_command", "injekt -f a.yaml")]
#[case("unknown_flag", "list --all-namespace")]
#[case("unknown_format", "list --output jsn")]
#[case("both_scopes", "list -A -n team-a")]
#[case("no_files", "inject")]
#[case("missing_file", "inject -f connection.yaml")]
#[case("folder", "lint -f .")]
#[case("not_a_manifest", "lint -f broken.yaml")]
#[case("no_kubeconfig", "list")]
#[case("unreachable", "list --kubeconfig kubeconfig.yaml")]
#[case(
    "unknown_context",
    "show a --kubeconfig kubeconfig.yaml --context locl"
)]
#[case("broken_kubeconfig", "list --kubeconfig broken.yaml")]
fn a_mistake_is_explained(#[case] name: &str, #[case] line: &str) {
    let sandbox = Sandbox::with_manifests()
        .file("broken.yaml", "token: [canary\n  more: canary")
        .file("kubeconfig.yaml", include_str!("cli/kubeconfig.yaml"));
    let shown = sandbox.run(line);
    assert!(!shown.contains("canary"), "{shown}");
    assert_snapshot!(format!("mistake_{name}"), shown);
}

#[test]
fn a_kubeconfig_of_up_that_is_not_exported_is_named() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path().join(".local/share/bowline");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("kubeconfig"), "").expect("a file");
    let shown = sandbox.run("list");
    assert!(
        shown.contains("help: `export KUBECONFIG=~/.local/share/bowline/kubeconfig` chooses"),
        "{shown}"
    );
}

#[test]
fn colours_are_for_terminals_only_unless_asked_for() {
    let sandbox = Sandbox::with_manifests();
    let line = "inject -f connections.yaml workloads.yaml --diff";
    let piped = sandbox.command(line).output().expect("runs").stdout;
    let forced = sandbox
        .command(line)
        .env("CLICOLOR_FORCE", "1")
        .output()
        .expect("runs")
        .stdout;
    let refused = sandbox
        .command(line)
        .env("NO_COLOR", "1")
        .output()
        .expect("runs")
        .stdout;
    assert!(!piped.contains(&0x1b) && !refused.contains(&0x1b) && forced.contains(&0x1b));
}
