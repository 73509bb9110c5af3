use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// Something of a certificate's form, told apart by its filling.
fn certificate(filling: u8) -> String {
    let mut der = vec![0x30, 0x82, 0x01, 0x00];
    der.extend([filling; 256]);
    let mut text = String::new();
    write(&mut text, &der);
    text
}

#[test]
fn each_certificate_is_there_once_in_the_order_of_the_sources() {
    let (a, b) = (certificate(1), certificate(2));
    let joined = join([format!("{b}{a}").as_str(), b.as_str()]);
    assert_eq!((joined.text, joined.certificates), (format!("{b}{a}"), 2));
}

#[test]
fn comments_and_odd_line_ends_make_no_difference() {
    let plain = certificate(1);
    let odd = format!("# a comment\n{}", plain.replace('\n', "\r\n"));
    assert_eq!(join([odd.as_str()]).text, plain);
}

#[rstest]
#[case::no_base64("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----")]
#[case::no_end("-----BEGIN CERTIFICATE-----\nMIIB")]
#[case::something_else("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----")]
#[case::empty("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----")]
fn a_broken_block_is_left_out_and_counted(#[case] broken: &str) {
    let good = certificate(1);
    let joined = join([broken, good.as_str()]);
    assert_eq!((joined.text, joined.broken), (good, 1));
}

#[test]
fn a_private_key_never_gets_in() {
    let key = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
    assert_eq!(join([key]), Bundle::default());
}

proptest! {
    #[test]
    fn joining_what_was_joined_changes_nothing(parts in proptest::collection::vec(0_u8..5, 0..8)) {
        let texts: Vec<String> = parts.into_iter().map(certificate).collect();
        let once = join(texts.iter().map(String::as_str));
        prop_assert_eq!(join([once.text.as_str()]), once);
    }

    #[test]
    fn any_text_is_read_without_a_fault(text in "(-----BEGIN CERTIFICATE-----|-----END CERTIFICATE-----|MII|\n|[ -~]){0,30}") {
        join([text.as_str()]);
    }
}
