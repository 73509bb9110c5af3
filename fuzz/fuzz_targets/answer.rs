//! What strange servers answer a probe: XML, refs of Git, `WWW-Authenticate`; and `known_hosts`.
#![no_main]
#![allow(dead_code, reason = "the modules are taken as they stand in the probe")]

use bowline_fuzz::{parts, texts};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/probe/src/git/advertisement.rs"]
mod advertisement;
#[path = "../../crates/probe/src/oci/challenge.rs"]
mod challenge;
#[path = "../../crates/probe/src/git/known_hosts.rs"]
mod known_hosts;
#[path = "../../crates/probe/src/xml.rs"]
mod xml;

use advertisement::{End, Refs};
use challenge::Challenge;
use known_hosts::{HostKey, Judgement, judge, kinds};

fuzz_target!(|input: &[u8]| {
    refs(input);
    let Some([first, second]) = texts(input) else { return };
    document(first);
    let _ = (Challenge::find(&[first]), Challenge::find(&[first, second]));
    hosts(first, second);
});

/// An advertisement ends in the same place, however it arrives.
fn refs(input: &[u8]) {
    let [bytes, more] = parts(input);
    let read = Refs::parse(bytes);
    if let Ok(refs) = &read {
        let _ = (refs.look_for("main"), refs.look_for("4a4bfc4"), refs.is_empty(), refs.len());
    }
    let whole = [bytes, more].concat();
    let mut end = End::default();
    let is_early = end.is_in(bytes);
    assert_eq!(is_early || end.is_in(&whole), End::default().is_in(&whole));
}

/// An element holds no markup, and resolving its entities makes it no longer.
fn document(text: &str) {
    for name in ["Code", "Error", "NextMarker"] {
        let _ = xml::has_root(text, name);
        if let Some(element) = xml::element(text, name) {
            assert!(!element.contains('<'));
            assert!(xml::unescaped(element).len() <= element.len());
        }
    }
}

/// A host that is known has a key of that kind, and one that is revoked is known no more.
fn hosts(file: &str, host: &str) {
    let key = HostKey { kind: "ssh-ed25519", blob: "AAAA" };
    for port in [22, 2222] {
        let judgement = judge(file, host, port, key);
        if judgement == Judgement::Known {
            assert!(kinds(file, host, port).contains(&key.kind));
            let revoked = format!("{file}\n@revoked * ssh-ed25519 AAAA");
            assert_eq!(judge(&revoked, host, port, key), Judgement::Revoked);
        }
    }
}
