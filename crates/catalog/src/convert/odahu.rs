//! Manifests of ODAHU-flow's connections, as its command line reads and prints them. What a record
//! means is left to `crate::odahu`.

use bowline_core::{Secret, Sensitive, manifest};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::lost::Losses;
use super::{Read, ReadError, Written, neutral};
use crate::odahu::{self, Record};

pub(super) fn read(input: &[u8]) -> Result<Read, ReadError> {
    let mut losses = Losses::default();
    let mut secrets = Vec::new();
    for object in manifest::parse(input)? {
        if !is_record(&object) {
            continue;
        }
        let body = Sensitive::new(object.to_string());
        let read = odahu::decode(body.expose()).and_then(|draft| draft.judge_new(None));
        let record = read
            .map_err(ReadError::Content)?
            .create(Timestamp::UNIX_EPOCH);
        let secret = Secret::from_value(&odahu::to_secret(&record, "", None))?;
        let secret = neutral(&secret);
        if record.spec.is_vital {
            losses.ignored(
                &secret.name,
                "vital",
                "a connection is protected by an annotation, which conversions do not carry",
            );
        }
        secrets.push(secret);
    }
    if secrets.is_empty() {
        return Err(ReadError::Content(
            "it holds no connection of ODAHU".to_owned(),
        ));
    }
    Ok(Read {
        secrets,
        findings: losses.0,
    })
}

/// The record that ODAHU would make of a manifest, or its text with all that is wrong.
fn judged(object: &Value) -> Result<Record, String> {
    let body = Sensitive::new(object.to_string());
    let verdict = odahu::decode(body.expose())?.judge_new(None)?;
    Ok(verdict.create(Timestamp::UNIX_EPOCH))
}

fn is_record(object: &Value) -> bool {
    let kind = object.get("kind").and_then(Value::as_str);
    kind.is_none_or(|kind| kind == "Connection") && object.get("spec").is_some()
}

pub(super) fn write(secrets: &[Secret]) -> Written {
    let mut losses = Losses::default();
    let mut objects = Vec::new();
    for secret in secrets {
        let Some(record) = record(secret) else {
            losses.impossible(secret, "ODAHU has no connections of this protocol");
            continue;
        };
        tell(secret, &record, &mut losses);
        let answer = odahu::decrypted(&record);
        let object = json!({"kind": "Connection", "id": record.id, "spec": answer["spec"]});
        if let Err(why) = judged(&object) {
            losses.refused(secret, format!("ODAHU would not accept it: {why}"));
        }
        objects.push(object);
    }
    Written {
        text: Sensitive::new(manifest::render(&objects)),
        findings: losses.0,
    }
}

fn record(secret: &Secret) -> Option<Record> {
    odahu::from_secret(&super::manifest::opendatahub::object(secret))
}

/// What does not come back from the record is lost; what ODAHU would refuse is told too.
fn tell(secret: &Secret, record: &Record, losses: &mut Losses) {
    let back = Secret::from_value(&odahu::to_secret(record, "", None)).ok();
    let back = back.as_ref().map(neutral);
    for (key, value) in &secret.data {
        let kept = back.as_ref().and_then(|back| back.value(key));
        if kept.is_none_or(|kept| kept.expose() != value.expose()) {
            losses.lost(
                secret,
                key,
                format!("a record of ODAHU has no place for `{key}` as it is"),
            );
        }
    }
}
