//! `.dockerconfigjson` as people paste it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = bowline_core::docker_config::parse(bytes);
});
