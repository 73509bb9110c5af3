//! `bowline edit` with editors that are programs.

use super::project;

#[test]
fn the_text_explains_fields_and_shows_no_secret() {
    let project = project();
    let outcome = project.run("EDITOR=cat bowline edit tides");
    assert!(!outcome.stdout.contains(&project.canary));
    let shown = outcome.stdout.replace(&project.name, "PROJECT");
    insta::assert_snapshot!(shown);
}

#[test]
fn a_changed_line_changes_the_field_and_keeps_what_is_hidden() {
    let project = project();
    project
        .run("EDITOR='sed -i s/soundings/charts/' bowline edit tides")
        .prints("changed");
    assert_eq!(project.value("tides", "AWS_S3_BUCKET"), "charts");
    assert_eq!(
        project.value("tides", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

#[test]
fn a_removed_line_removes_the_field_and_a_typed_secret_is_stored() {
    let project = project();
    project.run("EDITOR='sed -i -e /AWS_S3_BUCKET/d -e s/AWS_SECRET_ACCESS_KEY:.*/AWS_SECRET_ACCESS_KEY:_new/ -e s/:_/:\\ /' bowline edit tides");
    assert_eq!(project.value("tides", "AWS_S3_BUCKET"), "");
    assert_eq!(project.value("tides", "AWS_SECRET_ACCESS_KEY"), "new");
}

/// The second time the editor finds the findings in front, and mends what they are about.
#[test]
fn findings_bring_the_editor_back() {
    let project = project();
    project.file(
        "editor.sh",
        "if grep -q '# ERROR: AWS_SECRET_ACCESS_KEY' \"$1\"; then sed -i s/elsewhere/wharf/ \"$1\"; else sed -i -e s/wharf/elsewhere/ -e s/soundings/charts/ \"$1\"; fi\n",
    );
    project
        .run("EDITOR='sh editor.sh' bowline edit tides")
        .prints("changed");
    assert_eq!(project.value("tides", "AWS_S3_BUCKET"), "charts");
}

#[test]
fn a_text_that_stays_broken_changes_nothing_and_says_why() {
    let project = project();
    project
        .fails("EDITOR='sed -i s/wharf/elsewhere/' bowline edit tides")
        .complains("connection `tides` was not changed")
        .complains("must be typed again");
    assert_eq!(
        project.value("tides", "AWS_S3_ENDPOINT"),
        "https://s3.wharf.example"
    );
}

#[test]
fn a_change_of_somebody_else_meanwhile_is_merged_and_shown_again() {
    let project = project();
    project.file(
        "editor.sh",
        "if [ ! -e first ]; then touch first; bowline set tides --description Tides; sed -i s/soundings/charts/ \"$1\"; else cp \"$1\" second; fi\n",
    );
    project
        .run("EDITOR='sh editor.sh' bowline edit tides")
        .prints("changed");
    project
        .run("cat second")
        .prints("# NEWS: ")
        .prints("description: Tides\n")
        .prints("AWS_S3_BUCKET: charts\n");
    assert_eq!(project.value("tides", "AWS_S3_BUCKET"), "charts");
    project.run("bowline show tides").prints("Tides");
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    project()
        .fails("EDITOR=false bowline edit tides")
        .complains("nothing was changed");
}

/// The file is private while it is there, and gone afterwards, even when everything is killed.
#[test]
fn the_file_is_private_and_gone_even_after_a_kill() {
    let project = project();
    project.file("editor.sh", "stat -c '%a %n' \"$1\" \"$(dirname \"$1\")\" > seen.new; mv seen.new seen; exec sleep 600\n");
    project.file(
        "kill.py",
        "import os, signal, subprocess, time\n\
         def wait(done):\n\
         \x20 end = time.monotonic() + 60\n\
         \x20 while not done() and time.monotonic() < end: time.sleep(0.02)\n\
         job = subprocess.Popen(['bowline', 'edit', 'tides'], env={**os.environ, 'EDITOR': 'sh editor.sh'}, start_new_session=True)\n\
         wait(lambda: os.path.exists('seen'))\n\
         lines = [line.split() for line in open('seen')]\n\
         os.killpg(job.pid, signal.SIGKILL)\n\
         job.wait(60)\n\
         wait(lambda: not os.path.exists(lines[1][1]))\n\
         print([line[0] for line in lines], [os.path.exists(line[1]) for line in lines])\n",
    );
    project
        .run("python3 kill.py")
        .is("['600', '700'] [False, False]");
}
