//! Connections in the forms of other tools: read without panic or hang, what was read is written in
//! every form, and our own form keeps every value.
#![no_main]

use bowline_catalog::convert::{Format, guess, read, write};
use bowline_core::Secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = guess(input);
    for form in Format::ALL {
        if let Ok(found) = read(form, input, "fuzzed") {
            for form in Format::ALL {
                let _ = write(form, &found.secrets);
            }
            keeps(&found.secrets);
        }
    }
});

fn keeps(secrets: &[Secret]) {
    let written = write(Format::Json, secrets).text;
    let again = read(Format::Json, written.expose(), "fuzzed").expect("it was written here");
    assert_eq!(again.secrets.len(), secrets.len());
    for (secret, again) in secrets.iter().zip(&again.secrets) {
        let values = |secret: &Secret| -> Vec<(String, Vec<u8>)> {
            let all = secret.data.iter();
            all.map(|(key, value)| (key.clone(), value.expose().to_vec())).collect()
        };
        assert!(values(secret) == values(again), "a value is lost");
    }
}
