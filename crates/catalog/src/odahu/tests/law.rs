//! Nothing is lost: any record, kept as a Secret, comes back byte for byte.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Locations of every form, some of which no type expects.
fn uri() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![
        Just(""),
        Just("s3://"),
        Just("s3a://"),
        Just("gs://"),
        Just("gsc://"),
        Just("https://"),
        Just("s3+https://"),
        Just("s3+http://"),
        Just("ssh://git@"),
        Just("git@"),
        Just("/"),
    ];
    let rest = prop_oneof![
        "[a-z0-9.:@/?=&-]{1,40}",
        ".{1,20}",
        Just("bucket/a?endpoint=https://minio:9000/".to_owned()),
        Just("user:word@host/a?sig=x".to_owned()),
        Just("bucket\n".to_owned()),
    ];
    (scheme, rest).prop_map(|(scheme, rest)| format!("{scheme}{rest}"))
}

fn secret() -> impl Strategy<Value = Vec<u8>> {
    let sas = "https://[a-z0-9.:-]{1,12}(\\.blob\\.core\\.windows\\.net)?/?\\??sig=[a-z%]{0,9}\n?";
    prop_oneof![
        Just(Vec::new()),
        vec(any::<u8>(), 1..40),
        ".{1,30}".prop_map(String::into_bytes),
        "[a-z:]{1,12}\r?\n{0,2}".prop_map(String::into_bytes),
        sas.prop_map(String::into_bytes),
        Just(b"*****".to_vec()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), ".{1,20}", "[a-z0-9:-]{1,12}\n?"]
}

prop_compose! {
    fn records()(
        type_ in proptest::sample::select(&Type::ALL),
        uri in uri(),
        texts in vec(text(), 6),
        secrets in vec(secret(), 4),
        is_vital in any::<bool>(),
        nanos in 0..i64::MAX / 2,
        names in vec(proptest::option::of(text()), 2),
    ) -> Record {
        let mut record = record(type_, &[(Member::Uri, &uri)]);
        let plain = Member::ALL.into_iter().filter(|m| !m.is_encoded() && *m != Member::Uri);
        for (member, text) in plain.zip(&texts) {
            record.spec.set(member, Sensitive::from(text.as_str()));
        }
        for (member, value) in Member::ENCODED.into_iter().zip(&secrets) {
            record.spec.set(member, Sensitive::new(value.clone()));
        }
        record.spec.is_vital = is_vital;
        record.updated_at = jiff::Timestamp::from_nanosecond(nanos.into()).unwrap();
        record.status.secret_name = names[0].clone();
        record.status.service_account = names[1].clone();
        record
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_record_comes_back_as_it_was(record in records()) {
        let back = from_secret(&stored(&record)).expect("it is recognised");
        prop_assert_eq!(decrypted(&back), decrypted(&record));
    }

    #[test]
    fn a_changed_record_is_the_wanted_one(old in records(), new in records()) {
        let before = stored(&old);
        let after = match change(&before, &old, &new) {
            Change::Merge(patch) => super::change::merged(&before, &patch),
            Change::Replace(secret) => secret,
        };
        let back = from_secret(&after).expect("it is recognised");
        prop_assert_eq!(decrypted(&back), decrypted(&new));
    }

    #[test]
    fn no_annotation_or_label_holds_a_secret_value(mut record in records()) {
        for member in Member::ENCODED {
            record.spec.set(member, Sensitive::from("Canary/0123456789abcdef"));
        }
        record.spec.set(Member::Uri, Sensitive::from("https://user:Canary/0123456789abcdef@host/a"));
        let shown = stored(&record)["metadata"].to_string();
        prop_assert!(!shown.contains("Canary/"), "{}", shown);
    }

    #[test]
    fn a_mask_keeps_what_is_stored(record in records()) {
        let mut sent = masked(&record);
        // A location that is judged by its type.
        if record.spec.type_ == Type::Ecr { return Ok(()); }
        sent["createdAt"] = serde_json::Value::Null;
        let draft = decode(sent.to_string().as_bytes()).unwrap();
        // Many random records break rules; those that do not must come back unchanged.
        if let Ok(verdict) = draft.judge_change(None) {
            let kept = verdict.replace(&record, record.updated_at).expect("all is stored");
            prop_assert_eq!(decrypted(&kept), decrypted(&record));
        }
    }
}
