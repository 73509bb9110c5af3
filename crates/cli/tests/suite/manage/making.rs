//! Creating and changing connections field by field.

use rstest::rstest;

use super::{empty, project};

const CREATE: &str = "bowline create tides --type s3 --set AWS_ACCESS_KEY_ID=reader \
    --set AWS_S3_ENDPOINT=https://s3.wharf.example --set AWS_S3_BUCKET=soundings";

#[test]
fn a_connection_is_created_with_a_secret_from_stdin() {
    let project = project();
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
    project.run("bowline list -o name").is("tides");
}

#[test]
fn a_secret_is_read_from_a_file_without_the_line_end_of_an_editor() {
    let project = empty();
    project.file("key", "$CANARY\n");
    project
        .run(&format!("{CREATE} --set AWS_SECRET_ACCESS_KEY=@key"))
        .complains("note[line-end]");
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

#[rstest]
#[case::lines("AWS_SECRET_ACCESS_KEY='%s'\\n")]
#[case::json("{\"AWS_SECRET_ACCESS_KEY\": \"%s\"}")]
fn values_are_read_from_stdin(#[case] form: &str) {
    let project = empty();
    project.run(&format!(
        "printf '{}' \"$CANARY\" | {CREATE} --from-stdin",
        form.replace('\'', "'\\''")
    ));
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

#[test]
fn a_profile_of_aws_becomes_a_connection() {
    let project = empty();
    let profile = "[tides]\naws_access_key_id = reader\naws_secret_access_key = $CANARY\n";
    project.file("credentials", profile).run(
        "bowline create tides --from-file aws:credentials --set AWS_S3_ENDPOINT=https://s3.wharf.example",
    );
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

#[test]
fn a_secret_as_an_argument_is_refused_with_the_way_to_do_it() {
    let project = empty();
    let outcome = project.fails(&format!("{CREATE} --set AWS_SECRET_ACCESS_KEY=typed"));
    outcome
        .complains("cannot be an argument")
        .complains("AWS_SECRET_ACCESS_KEY=@FILE");
    assert!(!outcome.stderr.contains("=typed"), "{}", outcome.stderr);
    assert!(!project.has("secret/tides"));
}

#[rstest]
#[case("bowline create tides --type s3 --set \"$CANARY\"")]
#[case("bowline create tides --type s3 --set \"AWS_SECRET_ACCESS_KEY=$CANARY\"")]
#[case("bowline set tides \"$CANARY\"")]
#[case("bowline set tides \"AWS_SECRET_ACCESS_KEY=$CANARY\"")]
fn a_value_in_the_wrong_place_is_not_repeated(#[case] line: &str) {
    // What fails is searched for the canary by the project.
    project().fails(line);
}

#[rstest]
#[case::as_an_argument("URI=https://user:secret@a.example", "cannot be an argument")]
#[case::from_a_file("URI=@place", "login-in-value")]
fn a_place_with_a_login_is_refused_before_it_is_stored(#[case] given: &str, #[case] why: &str) {
    let project = empty();
    project
        .file("place", "https://user:$CANARY@a.example")
        .fails(&format!("bowline create tides --type uri-v1 --set {given}"))
        .complains(why)
        .complains("leave user name and password out");
    assert!(!project.has("secret/tides"));
}

#[test]
fn what_is_vital_is_kept_until_that_is_lifted() {
    let project = empty();
    project.run("bowline create tides --type uri-v1 --set URI=https://a.example --vital");
    project
        .fails("bowline delete tides --yes")
        .complains("bowline set tides");
    project.run("bowline set tides --vital=false");
    project.run("bowline set tides --vital");
    project.fails("bowline delete tides --yes");
    project.run("bowline set tides --vital=false && bowline delete tides --yes");
}

#[test]
fn what_is_hidden_is_listed_where_it_is_asked_for() {
    let project = project();
    project.run("kubectl annotate secret tides opendatahub.io/connection-hidden=true");
    project.run("bowline list -o name").is("");
    project.run("bowline list --hidden -o name").is("tides");
}

#[test]
fn a_state_of_a_test_that_there_is_not_is_no_condition() {
    empty()
        .fails("bowline list --test bogus")
        .complains("not-tested, testing, verified, failed, stale");
}

#[test]
fn all_findings_are_told_at_once() {
    empty()
        .fails("bowline create tides --type s3 --set NO_FIELD=1 --set AWS_S3_BUCKET=soundings < /dev/null")
        .complains("`Access key` is required")
        .complains("`Secret key` is required")
        .complains("`Endpoint` is required")
        .complains("NO_FIELD");
}

#[test]
fn a_dry_run_writes_nothing() {
    let project = empty();
    project
        .run(&format!(
            "echo x | {CREATE} --set AWS_SECRET_ACCESS_KEY=- --dry-run"
        ))
        .prints("connection `tides` would be created");
    assert!(!project.has("secret/tides"));
}

#[test]
fn a_taken_name_is_a_conflict() {
    let project = project();
    let again = format!("echo x | {CREATE} --set AWS_SECRET_ACCESS_KEY=-");
    project
        .run(&format!("{again} 2> /dev/null; echo $?"))
        .is("4");
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

#[rstest]
#[case("json", "\"name\": \"tides\"")]
#[case("yaml", "name: tides\n")]
#[case("name", "tides\n")]
#[case("jsonpath='{.protocol}'", "s3")]
fn what_was_changed_is_shown_without_secrets(#[case] form: &str, #[case] expected: &str) {
    let project = project();
    let outcome = project.run(&format!("bowline set tides AWS_S3_BUCKET=charts -o {form}"));
    outcome.prints(expected);
    assert!(!outcome.stdout.contains(&project.canary));
}

#[test]
fn a_changed_field_leaves_the_others_as_they_are() {
    let project = project();
    project.run("kubectl label secret tides harbour=north");
    project
        .run("bowline set tides AWS_S3_BUCKET=charts")
        .prints("connection `tides` changed");
    assert_eq!(project.value("tides", "AWS_S3_BUCKET"), "charts");
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
    assert_eq!(
        project.object("secret/tides")["metadata"]["labels"]["harbour"],
        "north"
    );
    project
        .run("bowline set tides AWS_S3_BUCKET=charts")
        .prints("is as it was");
}

#[test]
fn an_endpoint_elsewhere_asks_for_the_secret_again() {
    project()
        .fails("bowline set tides AWS_S3_ENDPOINT=https://elsewhere.example")
        .complains("retype-secret");
}

#[test]
fn a_field_is_removed() {
    let project = project();
    project.run("bowline unset tides AWS_S3_BUCKET");
    assert_eq!(project.value("tides", "AWS_S3_BUCKET"), "");
    project
        .fails("bowline unset tides NO_FIELD")
        .complains("has no field `NO_FIELD`");
}

/// A terminal of its own, on which the value is typed after the prompt.
#[rstest]
#[case::new(
    "bowline create tides --type s3 --set AWS_ACCESS_KEY_ID=reader --set AWS_S3_ENDPOINT=https://s3.wharf.example --set AWS_S3_BUCKET=soundings"
)]
#[case::old("bowline set tides AWS_SECRET_ACCESS_KEY")]
fn a_secret_is_asked_for_on_a_terminal_and_not_shown(#[case] line: &str) {
    let project = if line.contains("create") {
        empty()
    } else {
        project()
    };
    project.file("type.py", TYPE);
    let outcome = project.run(&format!(
        "python3 type.py 'Secret key (AWS_SECRET_ACCESS_KEY): ' typed-on-a-terminal {line}"
    ));
    assert!(
        !outcome.stdout.contains("typed-on-a-terminal"),
        "{}",
        outcome.stdout
    );
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        "typed-on-a-terminal"
    );
}

/// Starts a command on a terminal, waits for a prompt, types, and passes on all that is shown.
const TYPE: &str = "\
import os, pty, sys, termios, time
prompt, answer, command = sys.argv[1], sys.argv[2], sys.argv[3:]
child, terminal = pty.fork()
if child == 0: os.execvp(command[0], command)
shown, is_typed = b'', False
while True:
    try: piece = os.read(terminal, 4096)
    except OSError: break
    if not piece: break
    shown += piece
    if not is_typed and prompt.encode() in shown:
        # Nobody types in the instant between the prompt and the end of the echo.
        deadline = time.monotonic() + 10
        while termios.tcgetattr(terminal)[3] & termios.ECHO and time.monotonic() < deadline: time.sleep(0.001)
        os.write(terminal, answer.encode() + b'\\n')
        is_typed = True
sys.stdout.write(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";

/// Everybody on a machine may read the arguments of all processes.
#[test]
fn no_value_is_in_the_arguments_while_it_is_set() {
    let project = project();
    project.file(
        "watch.py",
        "import glob, os, subprocess, sys\n\
         canary = os.environ['CANARY'].encode()\n\
         job = subprocess.Popen(['bowline', 'set', 'tides', 'AWS_SECRET_ACCESS_KEY=-'], stdin=subprocess.PIPE, env={k: v for k, v in os.environ.items() if k != 'CANARY'})\n\
         own = {str(os.getpid()), str(os.getppid())}\n\
         seen = set()\n\
         while job.poll() is None:\n\
         \x20 if job.stdin and not job.stdin.closed: job.stdin.write(canary + b'2'); job.stdin.close()\n\
         \x20 for name in ('cmdline', 'environ'):\n\
         \x20   try: text = open(f'/proc/{job.pid}/{name}', 'rb').read()\n\
         \x20   except OSError: continue\n\
         \x20   seen.add(name)\n\
         \x20   assert canary not in text, name\n\
         print(job.returncode, sorted(seen))\n",
    );
    project
        .run("python3 watch.py")
        .prints("0 ['cmdline', 'environ']");
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        format!("{}2", project.canary)
    );
}
