use rstest::rstest;

use super::*;

#[test]
fn a_uri_or_a_full_https_host_is_needed() {
    uri().unset("URI").breaks("missing-key", "URI");
    uri()
        .unset("URI")
        .set("https-host", "models.example")
        .breaks("missing-key", "URI");
    uri()
        .unset("URI")
        .set("https-host", "https://models.example/a")
        .keeps("missing-key");
}

#[rstest]
#[case("models/a", "uri-scheme")]
#[case("httpss://models.example", "uri-scheme")]
#[case("ftp://models.example/a", "uri-scheme")]
#[case("https:///a", "uri-syntax")]
#[case("hf://model", "uri-syntax")]
#[case("pvc:///a", "uri-syntax")]
#[case("oci://quay.io", "uri-syntax")]
#[case("s3://", "uri-syntax")]
#[case("gs://a b/c", "uri-syntax")]
#[case("https://ada:pw@models.example/a", "uri-userinfo")]
#[case("https://b.s3.amazonaws.com/a?X-Amz-Signature=1", "uri-signed")]
fn a_bad_uri_is_named(#[case] value: &str, #[case] rule: &str) {
    uri().set("URI", value).breaks(rule, "URI");
}

#[rstest]
#[case("https://models.example/a.onnx")]
#[case("http://models.example/a.onnx")]
#[case("hf://org/model:main")]
#[case("pvc://models/a")]
#[case("oci://quay.io/org/model:v1")]
#[case("s3://bucket/a")]
#[case("gs://bucket/a")]
#[case("hdfs://node/a")]
fn a_good_uri_passes(#[case] value: &str) {
    assert_eq!(uri().set("URI", value).findings(), []);
}

#[test]
fn an_https_host_with_a_path_or_blank_is_malformed() {
    uri()
        .set("https-host", "models.example/a")
        .breaks("https-host-syntax", "https-host");
    uri()
        .set("https-host", "models example")
        .breaks("https-host-syntax", "https-host");
}

#[test]
fn an_https_host_that_is_a_url_is_doubtful() {
    let given = uri().set("https-host", "https://models.example/a");
    given.breaks("https-host-url", "https-host");
    given.breaks("uri-and-https-host", "https-host");
    given
        .set("URI", "https://models.example/a")
        .keeps("uri-and-https-host");
}

#[test]
fn an_https_host_is_judged_as_a_location() {
    uri()
        .set("https-host", "https:///a")
        .breaks("uri-syntax", "https-host");
}

#[rstest]
#[case("Authorization: Bearer x")]
#[case(r#"["a"]"#)]
#[case(r#"{"a": 1}"#)]
fn headers_are_an_object_of_strings(#[case] value: &str) {
    let given = uri()
        .set("https-host", "models.example")
        .set("headers", value);
    given.breaks("headers", "headers");
}

#[test]
fn headers_alone_are_not_read() {
    uri()
        .set("headers", "{}")
        .breaks("headers-alone", "headers");
}
