//! Suggestions while somebody types, in real shells and in the real `kubectl`.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::Project;

fn project() -> Project {
    let project = Project::new("lagoon");
    for name in ["soundings", "soundscape", "charts"] {
        project.run(&format!(
            "kubectl create secret generic {name} --from-literal=URI=https://a.example"
        ));
        project.run(&format!(
            "kubectl annotate secret {name} opendatahub.io/connection-type-protocol=uri"
        ));
    }
    project
}

/// Whether a program is here; says so loudly where it is not.
fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_err() {
        // Past the capture of the test harness, which would hide it from everybody.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `{program}` here");
    }
    found.is_ok()
}

const BASH: &str = "source <(bowline completion bash); COMP_WORDS=($WORDS); \
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _clap_complete_bowline bowline \"${COMP_WORDS[COMP_CWORD]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";

#[test]
fn bash_suggests_commands_and_names() {
    let project = project();
    project.file("complete.sh", BASH);
    project
        .run("WORDS='bowline sh' bash complete.sh")
        .lists(&["show"]);
    project
        .run("WORDS='bowline show soun' bash complete.sh")
        .lists(&["soundings", "soundscape"]);
    project
        .run("WORDS=\"bowline run -n $PROJECT charts soun\" bash complete.sh")
        .lists(&["soundings", "soundscape"]);
}

#[test]
fn fish_suggests_names() {
    if has("fish") {
        let script = "bowline completion fish | source; complete -C 'bowline show soun'";
        project()
            .file("complete.fish", script)
            .run("fish complete.fish")
            .lists(&["soundings", "soundscape"]);
    }
}

#[test]
fn zsh_takes_the_script() {
    if has("zsh") {
        let script = "autoload -Uz compinit; compinit -D; source <(bowline completion zsh); print ${_comps[bowline]}";
        project()
            .file("complete.zsh", script)
            .run("zsh -f complete.zsh")
            .prints("_clap_dynamic_completer_bowline");
    }
}

#[test]
fn a_cluster_that_does_not_answer_suggests_nothing_in_time_and_says_nothing() {
    let project = project();
    project.file("complete.sh", BASH);
    // A host of a network that is set aside for documentation: nobody answers there.
    project.run(
        "sed 's#server\":\"[^\"]*\"#server\":\"https://192.0.2.1:6443\"#' kubeconfig > silent",
    );
    let start = Instant::now();
    let outcome = project.run("KUBECONFIG=silent WORDS='bowline show soun' bash complete.sh");
    assert_eq!((outcome.stdout.trim(), outcome.stderr.as_str()), ("", ""));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn kubectl_runs_and_completes_the_plugin() {
    let project = project();
    project.run("mkdir bin; ln -s $(command -v bowline) bin/kubectl-bowline; ln -s $(command -v bowline) bin/kubectl_complete-bowline");
    let help = project.run("PATH=$PWD/bin:$PATH kubectl bowline show --help");
    help.prints("Usage: kubectl bowline show")
        .prints("  kubectl bowline show training-data\n");
    project
        .run("PATH=$PWD/bin:$PATH kubectl bowline show charts -o name")
        .is("charts");
    if project.has_kubectl(26) {
        let outcome = project.run("PATH=$PWD/bin:$PATH kubectl __complete bowline show soun");
        outcome
            .prints("soundings\n")
            .prints("soundscape\n")
            .prints(":4\n");
    }
}
