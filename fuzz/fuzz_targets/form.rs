//! What the server's REST and ODAHU's API are sent: connections, changes, types, pages.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bowline_catalog::draft::{Circumstances, NewConnection, draft};
use bowline_catalog::edit::{Change, Subject, edit};
use bowline_catalog::odahu::{self, Page};
use bowline_catalog::types::{self, ConnectionType, builtin};
use bowline_core::Secret;
use bowline_fuzz::parts;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static TYPES: LazyLock<Vec<ConnectionType>> = LazyLock::new(|| builtin::all("types"));

fuzz_target!(|input: &[u8]| {
    let [first, second] = parts(input);
    if let Ok(new) = serde_json::from_slice::<NewConnection>(first) {
        let change = serde_json::from_slice::<Change>(second);
        for type_ in TYPES.iter() {
            connection(&new, type_, change.as_ref().ok());
        }
    }
    if let Ok(object) = serde_json::from_slice::<Value>(first) {
        type_of(&object);
        secret_of(&object);
    }
    record(first);
    if let Ok(query) = std::str::from_utf8(first) {
        let _ = Page::parse(query).map(|page| odahu::select(Vec::new(), &page));
    }
});

/// A new connection that is accepted can be edited by its type.
fn connection(new: &NewConnection, type_: &ConnectionType, change: Option<&Change>) {
    let circumstances = Circumstances { namespace: "team-a", creator: None, random: "abc" };
    let Ok(made) = draft(new, type_, circumstances) else { return };
    let subject = Subject {
        secret: &made.secret,
        type_: Some(type_),
        other_type: None,
        editor: None,
    };
    let nothing = edit(subject, &Change::default());
    assert!(nothing.is_ok_and(|edited| edited.data.is_empty()), "no change changes a value");
    if let Some(change) = change {
        let _ = edit(subject, change).map(|edited| edited.expose_merge_patch(None));
    }
}

/// A type that can be read is written so that it reads back the same.
fn type_of(object: &Value) {
    let Ok(read) = types::read::read(object) else { return };
    let _ = types::rules::check(&read, &TYPES);
    let _ = types::rules::cleaned(&read);
    let written = types::write::config_map(&read);
    let again = types::read::read(&written).expect("what is written can be read");
    assert_eq!(again.fields, read.fields);
}

fn secret_of(object: &Value) {
    if let Ok(secret) = Secret::from_value(object) {
        let _ = bowline_catalog::edit::type_name(&secret);
        let _ = odahu::from_secret(object);
    }
}

/// A record of ODAHU that makes sense comes back from its Secret.
fn record(body: &[u8]) {
    let Ok(draft) = odahu::decode(body) else { return };
    let _ = odahu::host_keys(&draft);
    let Ok(verdict) = draft.judge_new(None) else { return };
    let record = verdict.create(jiff::Timestamp::UNIX_EPOCH);
    let secret = odahu::to_secret(&record, "team-a", None);
    let again = odahu::from_secret(&secret).expect("it is a record");
    let shown: [BTreeMap<String, Value>; 2] = [&record, &again].map(|record| {
        serde_json::from_value(odahu::decrypted(record)).expect("an object")
    });
    assert_eq!(shown[0].get("spec"), shown[1].get("spec"));
    let _ = odahu::masked(&again);
}
