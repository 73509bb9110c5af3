//! Handing values to shells and programs: `bowline env` and `bowline run`, as processes.

use rstest::rstest;

use crate::project::Project;

const CONNECTIONS: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: soundings
  annotations: {opendatahub.io/connection-type-protocol: s3}
stringData:
  AWS_ACCESS_KEY_ID: reader
  AWS_SECRET_ACCESS_KEY: $CANARY
  AWS_S3_ENDPOINT: https://s3.wharf.example
  AWS_S3_BUCKET: soundings
  odd-name: \"it's $HOME `x` \\\"q\\\"\\n\"
---
apiVersion: v1
kind: Secret
metadata:
  name: charts
  annotations: {opendatahub.io/connection-type-protocol: s3}
stringData:
  AWS_S3_BUCKET: charts
";

fn project() -> Project {
    let project = Project::new("cove");
    project.file("connections.yaml", CONNECTIONS);
    project.run("kubectl create -f connections.yaml");
    project
}

#[test]
fn an_evaluated_connection_is_in_the_environment() {
    let project = project();
    let script = "eval \"$(bowline env soundings 2>/dev/null)\"; env";
    let expected = format!("AWS_SECRET_ACCESS_KEY={}\n", project.canary);
    project
        .run(script)
        .prints(&expected)
        .prints("AWS_S3_BUCKET=soundings\n");
}

#[rstest]
#[case("sh", "export AWS_S3_BUCKET=soundings;\n")]
#[case("fish", "set -gx AWS_S3_BUCKET 'soundings';\n")]
#[case("dotenv", "AWS_S3_BUCKET=soundings\n")]
#[case("json", "  \"AWS_S3_BUCKET\": \"soundings\"")]
fn every_form_of_variables_is_printed(#[case] format: &str, #[case] expected: &str) {
    let project = project();
    project
        .run(&format!("bowline env soundings --format {format}"))
        .prints(expected);
}

#[test]
fn a_key_that_no_shell_knows_is_told() {
    let outcome = project().run("bowline env soundings");
    outcome.complains("`odd-name` cannot be the name of a variable in a shell");
    assert!(!outcome.stdout.contains("odd-name"));
}

#[test]
fn a_command_gets_every_key_byte_for_byte() {
    let project = project();
    let canary = project.canary.clone();
    let print = "bowline run soundings -- python3 -c 'import os; print(os.environ[\"AWS_SECRET_ACCESS_KEY\"] + os.environ[\"odd-name\"], end=\"|\")'";
    project
        .run(print)
        .is(&format!("{canary}it's $HOME `x` \"q\"\n|"));
}

#[rstest]
#[case::of_the_command("sh -c 'exit 42'", 42)]
#[case::of_a_signal("sh -c 'kill -TERM $$'", 143)]
#[case::without_such_a_command("no-such-command", 127)]
#[case::with_a_file_that_is_no_program("/etc/passwd", 126)]
fn the_exit_code_is_that_of_the_command(#[case] command: &str, #[case] code: u8) {
    let project = project();
    let script = format!("bowline run soundings -- {command} 2>/dev/null; echo $?");
    project.run(&script).is(&code.to_string());
}

/// The process is the same, so whatever is sent to it is sent to the command.
#[rstest]
#[case("TERM")]
#[case("INT")]
#[case("HUP")]
#[case("WINCH")]
#[case("USR1")]
fn a_signal_reaches_the_command(#[case] signal: &str) {
    let project = project();
    project.file(
        "wait.sh",
        &format!(
            "trap 'echo got {signal}; exit 7' {signal}\ntouch ready\nwhile :; do sleep 0.02; done\n"
        ),
    );
    // A shell starts jobs in the background with SIGINT ignored, so python does it here; and whoever
    // started the tests may have ignored a signal too.
    project.file(
        "start.py",
        &format!(
            "import os, signal, subprocess, time\n\
             signal.signal(signal.SIG{signal}, signal.SIG_DFL)\n\
             job = subprocess.Popen(['bowline', 'run', 'soundings', '--', 'bash', 'wait.sh'])\n\
             end = time.monotonic() + 60\n\
             while not os.path.exists('ready') and time.monotonic() < end: time.sleep(0.02)\n\
             job.send_signal(signal.SIG{signal})\n\
             try: print(job.wait(60))\n\
             finally: job.kill()\n"
        ),
    );
    project
        .run("python3 start.py")
        .is(&format!("got {signal}\n7"));
}

#[test]
fn the_command_is_the_process_and_in_its_group() {
    let project = project();
    let script = "sh -c 'echo $$ $(ps -o pgid= -p $$); exec bowline run soundings -- sh -c \"echo \\$\\$ \\$(ps -o pgid= -p \\$\\$)\"'";
    let outcome = project.run(script);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], lines[1]);
}

/// There is no process of ours left that could be killed apart from the command.
#[test]
fn killing_what_was_started_kills_the_command() {
    let project = project();
    project.file(
        "kill.py",
        "import os, subprocess, time\n\
         job = subprocess.Popen(['bowline', 'run', 'soundings', '--', 'sh', '-c', 'echo $$ > pid.new; mv pid.new pid; exec sleep 600'])\n\
         end = time.monotonic() + 60\n\
         while not os.path.exists('pid') and time.monotonic() < end: time.sleep(0.02)\n\
         pid = int(open('pid').read())\n\
         job.kill()\n\
         job.wait(60)\n\
         print(pid == job.pid, os.path.exists(f'/proc/{pid}'))\n",
    );
    project.run("python3 kill.py").is("True False");
}

#[test]
fn the_terminal_and_stdin_are_those_of_the_command() {
    let project = project();
    project
        .run("script -qec \"bowline run soundings -- sh -c 'test -t 0 && test -t 1 && echo on a terminal'\" /dev/null")
        .prints("on a terminal");
    project
        .run("echo through | bowline run soundings -- cat")
        .is("through");
}

#[test]
fn the_last_connection_wins_as_in_a_container() {
    let project = project();
    project
        .run("bowline run soundings charts -- sh -c 'echo $AWS_S3_BUCKET'")
        .complains("`soundings` and `charts` both set `AWS_S3_BUCKET`; `charts` wins")
        .is("charts");
}

/// What belongs to `bowline` itself is not handed on; all else is, or with `--clean` what makes a
/// command at home.
#[test]
fn the_environment_is_handed_on_without_our_own_variables() {
    let project = project();
    let set = "BOWLINE_TOKEN=own BOWLINE_CONTEXT=up OTHER=kept LC_ALL=C";
    let outcome = project.run(&format!("{set} bowline run soundings -- env"));
    outcome.prints("OTHER=kept\n").prints("KUBECONFIG=");
    assert!(!outcome.stdout.contains("BOWLINE_"), "{}", outcome.stdout);
    let outcome = project.run(&format!("{set} bowline run --clean soundings -- env"));
    outcome
        .prints("PATH=")
        .prints("LC_ALL=C\n")
        .prints("AWS_S3_BUCKET=soundings\n");
    assert!(!outcome.stdout.contains("OTHER") && !outcome.stdout.contains("KUBECONFIG"));
}

/// A session token or a profile of one's own beside the connection's keys would be a mixed account.
#[test]
fn variables_of_the_same_accounts_are_left_out_and_named() {
    let project = project();
    let set = "AWS_SESSION_TOKEN=stale AWS_PROFILE=prod AWS_S3_BUCKET=mine AZURE_CLIENT_ID=other";
    let outcome = project.run(&format!("{set} bowline run soundings -- env"));
    outcome
        .prints("AWS_S3_BUCKET=soundings\n")
        .prints("AZURE_CLIENT_ID=other\n")
        .complains("AWS_PROFILE, AWS_SESSION_TOKEN; `--keep-env` keeps them");
    assert!(!outcome.stdout.contains("stale") && !outcome.stdout.contains("prod"));
    project
        .run(&format!("{set} bowline run --keep-env soundings -- env"))
        .prints("AWS_PROFILE=prod\n")
        .prints("AWS_SESSION_TOKEN=stale\n")
        .prints("AWS_S3_BUCKET=soundings\n");
}

/// Everybody on a machine may read the arguments of all processes.
#[test]
fn no_value_is_in_the_arguments_of_any_process() {
    let project = project();
    // Of whatever runs on this machine.
    let outcome = project.run(
        "bowline run soundings -- sh -c 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr \"\\0\" \" \"'",
    );
    assert!(
        outcome.stdout.contains("/cmdline"),
        "the search sees itself"
    );
    assert!(!outcome.stdout.contains(&project.canary));
}

#[test]
fn a_value_that_no_command_can_get_is_refused_by_name() {
    let project = project();
    project.run("head -c 140000 /dev/zero | tr '\\0' x > long; kubectl create secret generic long --from-file=AWS_CA=long");
    project.run("kubectl annotate secret long opendatahub.io/connection-type-protocol=s3");
    project
        .fails("bowline run long -- true")
        .complains("`AWS_CA` of connection `long` cannot be a variable");
}

#[test]
fn a_name_that_is_not_there_gets_the_nearest_one() {
    project()
        .fails("bowline run sounding -- true")
        .complains("did you mean `soundings`?");
}
