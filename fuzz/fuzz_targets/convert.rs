//! Connections in the forms of other tools: read without panic or hang, and what was read is written in
//! every form.
#![no_main]

use bowline_catalog::convert::{Format, guess, read, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = guess(input);
    for form in Format::ALL {
        if let Ok(found) = read(form, input, "fuzzed") {
            for form in Format::ALL {
                let _ = write(form, &found.secrets);
            }
        }
    }
});
