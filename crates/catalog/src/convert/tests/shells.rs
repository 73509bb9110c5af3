//! Real shells give back the bytes that were written for them.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use super::*;

/// Values that have broken somebody's quoting.
const VALUES: [&[u8]; 22] = [
    b"plain",
    b"",
    b" blanks ",
    b"it's",
    b"'",
    b"''",
    b"\"double\"",
    b"both ' and \"",
    b"back\\slash",
    b"ends in \\",
    b"\\\\ \\' \\n",
    b"$HOME ${HOME} $(echo no) `echo no`",
    b"two\nlines",
    b"ends in a line end\n",
    b"carriage\r\nreturn",
    b"# no comment",
    b"a;b|c&d<e>f(g)h{i}j*k?l[m]n~o!p",
    b"=ls",
    b"a:=ls:~root",
    b"~root",
    b"wJalrXUtnFEMI/K7MDENG+bPxRfiCY==",
    b"not utf-8: \xff\xfe",
];

fn connection() -> Secret {
    let data = VALUES
        .iter()
        .enumerate()
        .map(|(index, value)| (format!("KEY_{index:02}"), Sensitive::new(*value)))
        .collect();
    super::super::neutral::made(String::new(), "tides".to_owned(), Default::default(), data)
}

/// Evaluates lines in a shell and gives back what a program started from it finds; `None` where the
/// shell is not installed.
fn environment(shell: &[&str], script: &[u8]) -> Option<Vec<Vec<u8>>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("script");
    fs::write(&file, script).expect("a script");
    let output = Command::new(shell[0])
        .args(&shell[1..])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path())
        .env("FILE", &file)
        .output();
    let Ok(output) = output else {
        // Past the capture of the test harness, which would hide it from everybody.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `{}` here", shell[0]);
        return None;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let variables = output.stdout.split(|byte| *byte == 0);
    let found = |index: usize| {
        let name = format!("KEY_{index:02}=").into_bytes();
        let variable = variables
            .clone()
            .find(|variable| variable.starts_with(&name));
        variable.map_or_else(
            || panic!("no KEY_{index:02}"),
            |variable| variable[name.len()..].to_vec(),
        )
    };
    Some((0..VALUES.len()).map(found).collect())
}

#[rstest]
#[case::bash(&["bash", "-c", "eval \"$(cat $FILE)\"; env -0"])]
#[case::dash(&["dash", "-c", "eval \"$(cat $FILE)\"; env -0"])]
#[case::zsh(&["zsh", "-fc", "eval \"$(cat $FILE)\"; env -0"])]
fn an_evaluated_export_gives_the_same_bytes(#[case] shell: &[&str]) {
    let written = export(Shell::Sh, &[connection()]);
    if let Some(found) = environment(shell, written.text.expose()) {
        assert_eq!(found, VALUES);
    }
}

#[rstest]
#[case::bash(&["bash", "-c", "set -a; . $FILE; env -0"])]
#[case::dash(&["dash", "-c", "set -a; . $FILE; env -0"])]
#[case::zsh(&["zsh", "-fc", "set -a; . $FILE; env -0"])]
fn a_sourced_env_file_gives_the_same_bytes(#[case] shell: &[&str]) {
    let written = write(Format::Env, &[connection()]);
    if let Some(found) = environment(shell, written.text.expose()) {
        assert_eq!(found, VALUES);
    }
}

#[test]
fn fish_gives_the_same_bytes() {
    let written = export(Shell::Fish, &[connection()]);
    let shell = ["fish", "--no-config", "-c", "source $FILE; env -0"];
    if let Some(found) = environment(&shell, written.text.expose()) {
        assert_eq!(found, VALUES);
    }
}

/// What a reader of `.env` files reads otherwise than shells is told, and nothing else is.
#[test]
fn an_env_file_tells_which_values_libraries_read_otherwise() {
    let written = write(Format::Env, &[connection()]);
    let told: Vec<usize> = written
        .findings
        .iter()
        .filter_map(|told| told.finding.field.strip_prefix("KEY_")?.parse().ok())
        .collect();
    assert_eq!(told, [7, 9, 10, 11, 14, 21]);
}
