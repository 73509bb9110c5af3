//! Tokens of ServiceAccounts: one that was changed anywhere, or made by anybody else, is refused.
#![no_main]

use std::sync::LazyLock;

use bowline_apiserver::fuzzing::Tokens;
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<(Tokens, String)> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory");
    let tokens = Tokens::open(&directory.path().join("accounts.key")).expect("a key is made");
    let token = tokens.sign().expect("it signs");
    assert!(tokens.accept(&token));
    (tokens, token)
});

fuzz_target!(|input: (&str, Vec<(u16, u8)>, u16)| {
    let (foreign, edits, cut) = input;
    let (tokens, good) = &*KEY;
    assert!(!tokens.accept(foreign));
    let mut bytes = good.clone().into_bytes();
    for (place, byte) in edits {
        let place = usize::from(place) % bytes.len();
        bytes[place] = byte;
    }
    bytes.truncate(bytes.len() - usize::from(cut) % bytes.len());
    let Ok(changed) = String::from_utf8(bytes) else { return };
    assert_eq!(tokens.accept(&changed), changed == *good);
});
