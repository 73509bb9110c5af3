//! What holds for every input and every connection.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("AWS_ACCESS_KEY_ID".to_owned()),
        Just("AWS_SECRET_ACCESS_KEY".to_owned()),
        Just("AWS_DEFAULT_REGION".to_owned()),
        Just("URI".to_owned()),
        "[A-Z_][A-Z0-9_]{0,8}",
        "[a-z.-]{1,8}",
    ]
}

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..24),
        "[ -~\n\r\t'\"\\\\$`{}#;=é]{0,24}".prop_map(String::into_bytes),
        "[A-Za-z0-9+/=:._-]{1,32}".prop_map(String::into_bytes),
    ]
}

fn any_secret() -> impl Strategy<Value = Secret> {
    (
        btree_map(any_key(), any_value(), 1..6),
        prop::option::of("s3|uri|gcs|azure|git|oci|s2"),
    )
        .prop_map(|(data, protocol)| {
            let data: BTreeMap<_, _> = data
                .into_iter()
                .map(|(key, value)| (key, Sensitive::new(value)))
                .collect();
            let annotations = protocol
                .into_iter()
                .map(|protocol| (names::PROTOCOL.to_owned(), protocol))
                .collect();
            neutral(&super::super::neutral::made(
                String::new(),
                "tides".to_owned(),
                annotations,
                data,
            ))
        })
}

proptest! {
    #[test]
    fn a_neutral_value_is_its_own_neutral_value(secret in any_secret()) {
        let again = neutral(&secret);
        prop_assert_eq!(values(&again), values(&secret));
        prop_assert_eq!(&again.annotations, &secret.annotations);
    }

    #[test]
    fn forms_that_hold_everything_give_everything_back(
        secret in any_secret(),
        format in prop::sample::select(vec![Format::OpenDataHub, Format::Json]),
    ) {
        let written = write(format, std::slice::from_ref(&secret));
        let back = read(format, written.text.expose(), "").expect("what was written is read");
        prop_assert_eq!(values(&back.secrets[0]), values(&secret));
    }

    #[test]
    fn every_key_of_an_env_file_comes_back_or_was_told(secret in any_secret()) {
        let written = write(Format::Env, std::slice::from_ref(&secret));
        // Bytes that are no text are for shells; a file with them is none for libraries.
        prop_assume!(written.text.expose_str().is_some());
        let told: Vec<&str> = written.findings.iter().map(|told| told.finding.field.as_str()).collect();
        let back = match read(Format::Env, written.text.expose(), "tides") {
            Ok(back) => back.secrets[0].data.clone(),
            Err(_) => BTreeMap::new(),
        };
        for (key, value) in &secret.data {
            let is_back = back.get(key).is_some_and(|back| back.expose() == value.expose());
            prop_assert!(is_back || told.contains(&key.as_str()), "{}", key);
        }
    }

    #[test]
    fn no_input_makes_a_reader_panic(
        input in prop_oneof![vec(any::<u8>(), 0..200), "[\\[\\]{}=:'\"\\\\\n a-cA-C#;$-]{0,80}".prop_map(String::into_bytes)],
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        let _ = guess(&input);
        if let Ok(back) = read(format, &input, "tides") {
            for format in Format::ALL {
                let _ = write(format, &back.secrets);
            }
        }
    }
}
