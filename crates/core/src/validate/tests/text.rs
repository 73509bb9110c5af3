use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rstest::rstest;

use super::*;

#[rstest]
#[case("trainer\n", "trailing-newline")]
#[case("trainer\r\n", "trailing-newline")]
#[case("trainer\r\n", "carriage-return")]
#[case("trai\nner", "line-break")]
#[case(" trainer", "surrounding-blanks")]
#[case("trainer\t\n", "surrounding-blanks")]
#[case("trainer\u{a0}", "surrounding-blanks")]
#[case("\"trainer\"", "surrounding-quotes")]
#[case("'trainer'", "surrounding-quotes")]
#[case("\u{feff}trainer", "byte-order-mark")]
#[case("trai\0ner", "nul-byte")]
#[case("<access-key>", "placeholder")]
#[case("<Your Access Key>", "placeholder")]
#[case("${ACCESS_KEY}", "placeholder")]
#[case("{{ access_key }}", "placeholder")]
#[case("CHANGEME", "placeholder")]
#[case("undefined", "placeholder")]
#[case("your-access-key", "placeholder")]
fn what_editors_and_shells_leave_behind_is_named(#[case] value: &str, #[case] rule: &str) {
    s3().set("AWS_ACCESS_KEY_ID", value)
        .breaks(rule, "AWS_ACCESS_KEY_ID");
}

#[test]
fn a_placeholder_inside_a_location_is_named() {
    uri()
        .set("URI", "s3://<bucket>/model")
        .breaks("placeholder", "URI");
}

#[rstest]
#[case("changeme")]
#[case("undefined")]
#[case("a<b>c")]
fn a_secret_may_be_any_word(#[case] value: &str) {
    s3().set("AWS_SECRET_ACCESS_KEY", value)
        .keeps("placeholder");
}

#[test]
fn a_value_that_is_not_utf8_is_named_once() {
    let given = s3().set_bytes("AWS_ACCESS_KEY_ID", b"\xff\xfe");
    given.breaks("not-utf8", "AWS_ACCESS_KEY_ID");
    given.keeps("missing-key");
}

#[test]
fn other_spellings_are_judged_under_their_own_name() {
    kserve_s3()
        .set("awsAccessKeyID", "trainer\n")
        .breaks("trailing-newline", "awsAccessKeyID");
}

#[test]
fn files_may_end_with_a_line_break() {
    let login = json!({"auths": {"quay.io": {"auth": AUTH}}}).to_string() + "\n";
    oci()
        .set(".dockerconfigjson", &login)
        .keeps("trailing-newline");
    git_ssh().keeps("trailing-newline");
}

#[test]
fn files_with_windows_line_ends_are_named() {
    let key = PEM.replace('\n', "\r\n");
    git_ssh()
        .set("ssh-privatekey", &key)
        .breaks("carriage-return", "ssh-privatekey");
}

#[test]
fn unknown_keys_are_judged_as_lines_only() {
    s3().set("MY_NOTE", "note\n")
        .breaks("trailing-newline", "MY_NOTE");
    let given = s3()
        .set("my.cfg", "a\nb\n")
        .set("my.b64", &STANDARD.encode("a long printable text"));
    assert_eq!(given.set_bytes("my.bin", b"\xff").findings(), []);
}

#[rstest]
#[case("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")]
#[case("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE\n")]
#[case("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00")]
#[case("AWS_S3_ENDPOINT", "https://minio.store.svc:9000")]
#[case("AWS_S3_BUCKET", "training-data-of-the-team")]
#[case("AWS_DEFAULT_REGION", "eu-central-1")]
#[case("AWS_S3_VERIFY_SSL", "true")]
fn a_value_encoded_twice_is_named(#[case] key: &str, #[case] value: &str) {
    s3().set(key, &STANDARD.encode(value))
        .breaks("double-base64", key);
}

/// Too short to tell from a password that happens to decode.
#[test]
fn a_short_word_is_not_taken_for_base64() {
    s3().set("AWS_SECRET_ACCESS_KEY", &STANDARD.encode("abcdef"))
        .keeps("double-base64");
}

#[test]
fn a_login_encoded_twice_is_named() {
    let login = STANDARD.encode(json!({"auths": {}}).to_string());
    oci()
        .set(".dockerconfigjson", &login)
        .breaks("double-base64", ".dockerconfigjson");
}

proptest::proptest! {
    /// Secret keys of AWS are base64 letters themselves: 30 random bytes, so never text.
    #[test]
    fn a_random_key_is_not_taken_for_base64(key in "[A-Za-z0-9+/]{40}", hex in "[0-9a-f]{32}") {
        s3().set("AWS_SECRET_ACCESS_KEY", &key).keeps("double-base64");
        s3().set("AWS_SECRET_ACCESS_KEY", &hex).keeps("double-base64");
    }

    #[test]
    fn a_plain_word_is_not_taken_for_base64(word in "[a-z]{3,20}", name in "[a-z]{3,12}-[a-z]{3,12}") {
        s3().set("AWS_S3_BUCKET", &word).set("AWS_ACCESS_KEY_ID", &name).keeps("double-base64");
    }
}
