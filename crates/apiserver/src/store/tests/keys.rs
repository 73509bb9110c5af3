//! Where keys come from; keys that others can read are among the refusals in `opening`.

use super::*;
use rstest::rstest;
use std::fs;
use std::time::{Duration, Instant};

const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

fn with_command(directory: &Path, words: &[&str]) -> Options {
    Options {
        key: KeySource::Command(words.iter().map(|word| (*word).to_owned()).collect()),
        ..options(directory)
    }
}

#[tokio::test]
async fn a_program_gives_the_key_and_no_file_does() {
    let directory = tempfile::tempdir().unwrap();
    let options = || with_command(directory.path(), &["echo", KEY]);
    let secret = key(SECRETS, "a", "one");
    one(&Store::open(options()).unwrap(), create(&secret, "x"))
        .await
        .unwrap();
    assert!(!directory.path().join("store.db.key").exists());
    let store = Store::open(options()).unwrap();
    assert!(store.get(&secret).await.unwrap().is_some());
}

#[test]
fn a_key_is_the_same_wherever_it_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    drop(Store::open(with_command(directory.path(), &["echo", KEY])).unwrap());
    let path = directory.path().join("store.db.key");
    drop(super::super::key::private_file(&path).unwrap());
    fs::write(&path, [7; 32]).unwrap();
    open_in(directory.path());
}

#[test]
fn what_a_shell_would_do_is_not_done() {
    let directory = tempfile::tempdir().unwrap();
    let planted = directory.path().join("planted");
    let word = format!("$(touch {})", planted.display());
    let refused = Store::open(with_command(directory.path(), &["echo", &word])).err();
    assert!(matches!(refused, Some(StoreError::KeyMalformed { .. })));
    assert!(!planted.exists());
}

#[rstest]
#[case::missing(&["there-is-no-such-program"], "cannot be started")]
#[case::failing(&["false"], "ended with exit status: 1")]
#[case::nothing(&[], "names no program")]
fn a_program_that_gives_no_key_is_told_apart(#[case] words: &[&str], #[case] why: &str) {
    let directory = tempfile::tempdir().unwrap();
    let refused = Store::open(with_command(directory.path(), words))
        .err()
        .unwrap();
    assert!(refused.to_string().contains(why), "{refused}");
    assert!(!directory.path().join("store.db").exists());
}

#[rstest]
#[case::no_key("nothing of the kind")]
#[case::without_an_end("y")]
fn what_a_program_prints_is_not_repeated(#[case] word: &str) {
    let directory = tempfile::tempdir().unwrap();
    let program = if word == "y" { "yes" } else { "echo" };
    let began = Instant::now();
    let refused = Store::open(with_command(directory.path(), &[program, word]))
        .err()
        .unwrap();
    assert!(!format!("{refused} {refused:?}").contains("nothing of"));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_program_with_another_key_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(Store::open(with_command(directory.path(), &["echo", KEY])).unwrap());
    let other = "08".repeat(32);
    let refused = Store::open(with_command(directory.path(), &["echo", &other])).err();
    let text = refused.unwrap().to_string();
    assert!(
        text.contains("key command `echo` holds key") && !text.contains(&other),
        "{text}"
    );
}
