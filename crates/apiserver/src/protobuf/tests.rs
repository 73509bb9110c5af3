//! Bodies and what they must become.
//!
//! `tests/kubectl.txt` holds the bodies that kubectl 1.32 sent for the commands written above them,
//! as a small server on the loopback address received them. `tests/filled.txt` holds one object of
//! every kind, filled by a Go program with arbitrary values (empty ones among them) and encoded by
//! the protobuf serializer of k8s.io/apimachinery v0.34.2. The JSON of both is what that Go library
//! made of the body, but for two things: members that are null are left out, and lists that it would
//! show as null for want of `omitempty` are `[]`.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

/// A title, the body and its JSON.
fn bodies() -> impl Iterator<Item = (&'static str, Vec<u8>, Value)> {
    let text = concat!(
        include_str!("tests/kubectl.txt"),
        include_str!("tests/filled.txt")
    );
    let lines: Vec<&str> = text.lines().collect();
    let triples: Vec<[&str; 3]> = lines.as_chunks().0.to_vec();
    triples.into_iter().map(|[title, body, expected]| {
        let body = STANDARD.decode(body).expect("base64");
        (title, body, serde_json::from_str(expected).expect("JSON"))
    })
}

#[test]
fn bodies_become_the_json_of_the_go_types() {
    for (title, body, expected) in bodies() {
        assert_eq!(decode(&body).expect(title), expected, "{title}");
    }
}

#[test]
fn every_kind_that_may_be_a_body_has_one() {
    let titles: Vec<&str> = bodies().map(|(title, ..)| title).collect();
    let kinds = include_str!("messages.txt")
        .lines()
        .filter_map(|line| Some(line.split_once("*:")?.0));
    let lost: Vec<&str> = kinds
        .filter(|kind| !titles.iter().any(|t| t.ends_with(&format!(" {kind}"))))
        .collect();
    assert_eq!(lost, Vec::<&str>::new());
}

/// A field of a message: its number below 16, and its bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend(bytes);
    field
}

fn enveloped(api_version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
    let type_meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
    [MAGIC.to_vec(), field(1, &type_meta), field(2, object)].concat()
}

fn refused(object: &[u8]) -> String {
    decode(&enveloped("v1", "Secret", object))
        .expect_err("refused")
        .to_string()
}

#[test]
fn a_body_without_the_magic_is_refused() {
    assert!(matches!(decode(b"{}"), Err(ProtobufError::NoMagic)));
}

#[rstest]
#[case::unknown("v1", "Toaster")]
#[case::of_another_group("apps/v1", "Secret")]
#[case::part_of_an_object("v1", "PodSpec")]
fn a_kind_without_a_message_is_refused(#[case] api_version: &str, #[case] kind: &str) {
    assert!(matches!(
        decode(&enveloped(api_version, kind, b"")),
        Err(ProtobufError::UnknownKind)
    ));
}

#[rstest]
#[case::compressed(3, "gzip")]
#[case::json(4, "application/json")]
fn an_object_encoded_further_is_refused(#[case] number: u8, #[case] text: &str) {
    let body = [
        enveloped("v1", "Secret", b""),
        field(number, text.as_bytes()),
    ]
    .concat();
    assert!(matches!(decode(&body), Err(ProtobufError::Encoded)));
}

#[test]
fn fields_the_table_lacks_are_passed_over() {
    let object = [
        field(15, b"new"),
        vec![0x70, 1],
        vec![0x6d, 0, 0, 0, 0],
        field(3, b"Opaque"),
    ]
    .concat();
    let secret = decode(&enveloped("v1", "Secret", &object)).expect("a Secret");
    assert_eq!(
        secret,
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {}, "type": "Opaque"})
    );
}

#[test]
fn numbers_may_be_packed() {
    // spec (2), securityContext (14), supplementalGroups (4)
    let object = field(2, &field(14, &field(4, &[1, 0x96, 1])));
    let pod = decode(&enveloped("v1", "Pod", &object)).expect("a Pod");
    assert_eq!(
        pod.pointer("/spec/securityContext/supplementalGroups"),
        Some(&json!([1, 150]))
    );
}

#[rstest]
#[case::not_utf8(field(3, b"hunter2\xff"), "field `type` of", Flaw::NotUtf8)]
#[case::cut_short(vec![0x1a, 9, b'h', b'u'], "the body cannot", Flaw::CutShort)]
#[case::wrong_wire_type(vec![0x18, 1], "field `type` of", Flaw::WrongType)]
#[case::twice([field(3, b"a"), field(3, b"b")].concat(), "field `type` of", Flaw::Twice)]
#[case::key_twice([field(2, &field(1, b"k")), field(2, &field(1, b"k"))].concat(), "field `data` of", Flaw::Twice)]
#[case::time(
    field(1, &field(8, &[0x08, 255, 255, 255, 255, 255, 255, 127])),
    "field `metadata.creationTimestamp` of",
    Flaw::Time
)]
#[case::group(vec![0x1b, 0x1c], "the body cannot", Flaw::WireType)]
#[case::broken_json(
    field(1, &[vec![0x8a, 1, 12], field(7, &field(1, b"{hunter2"))].concat()),
    "field `metadata.managedFields.fieldsV1` of",
    Flaw::NotJson
)]
fn an_error_names_the_field(#[case] object: Vec<u8>, #[case] start: &str, #[case] flaw: Flaw) {
    let message = refused(&object);
    assert!(
        message.starts_with(start) && message.contains(&flaw.to_string()),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn a_short_body_does_not_become_a_huge_object() {
    // spec (2), containers (2): each empty one would have members that are always shown.
    let object = field(2, &[0x12, 0].repeat(100_000));
    let error = decode(&enveloped("v1", "Pod", &object)).expect_err("refused");
    assert!(
        error.to_string().contains(&Flaw::TooMany.to_string()),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = decode(&bytes);
        let _ = decode(&[MAGIC, &bytes].concat());
        for kind in ["Pod", "Secret", "Event"] {
            let _ = decode(&enveloped("v1", kind, &bytes));
        }
    }

    #[test]
    fn no_change_of_a_body_makes_the_reader_panic(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
    ) {
        let bodies: Vec<Vec<u8>> = bodies().map(|(_, body, _)| body).collect();
        let mut body = which.get(&bodies).clone();
        for (place, byte) in changes {
            let place = place.index(body.len());
            body[place] = byte;
        }
        let _ = decode(&body);
        let _ = decode(&body[..length.index(body.len())]);
    }
}
