use rstest::rstest;

use super::*;

#[rstest]
#[case("AWS_ACCESS_KEY_ID")]
#[case("AWS_SECRET_ACCESS_KEY")]
#[case("AWS_S3_ENDPOINT")]
#[case("AWS_S3_BUCKET")]
fn a_required_key_is_missed_when_absent_empty_or_blank(#[case] key: &str) {
    s3().unset(key).breaks("missing-key", key);
    s3().set(key, "").breaks("missing-key", key);
    s3().set(key, " \n").breaks("missing-key", key);
}

#[test]
fn alauda_calls_the_bucket_optional() {
    let given = s3()
        .unannotate(names::PROTOCOL)
        .unannotate(names::LEGACY_TYPE);
    let given = given
        .annotate(names::ALAUDA_PROTOCOL, "s3")
        .unset("AWS_S3_BUCKET");
    given.breaks("bucket-missing", "AWS_S3_BUCKET");
    given.keeps("missing-key");
}

#[test]
fn a_role_needs_no_keys_but_no_half_of_them_either() {
    let role = "arn:aws:iam::123456789012:role/reader";
    let given = s3().set("AWS_ROLE_ARN", role).unset("AWS_ACCESS_KEY_ID");
    given.clone().breaks("missing-key", "AWS_ACCESS_KEY_ID");
    given.unset("AWS_SECRET_ACCESS_KEY").keeps("missing-key");
}

#[test]
fn kserve_needs_keys_but_neither_endpoint_nor_bucket() {
    kserve_s3()
        .unset("awsSecretAccessKey")
        .breaks("missing-key", "AWS_SECRET_ACCESS_KEY");
    kserve_s3()
        .unannotate(names::KSERVE_S3_ENDPOINT)
        .keeps("missing-key");
}

#[rstest]
#[case("minio.store.svc:9000", "endpoint-scheme")]
#[case("s3://minio.store.svc", "endpoint-scheme")]
#[case("HTTPS//minio", "endpoint-scheme")]
#[case("https://", "endpoint-syntax")]
#[case("https:///bucket", "endpoint-syntax")]
#[case("https://minio:0", "endpoint-syntax")]
#[case("https://minio:99999", "endpoint-syntax")]
#[case("https://mi nio", "endpoint-syntax")]
#[case("https://minio..svc", "endpoint-syntax")]
#[case("https://ada:pw@minio.store.svc", "endpoint-userinfo")]
#[case("https://minio.store.svc/?x=1", "endpoint-query")]
#[case("https://minio.store.svc/#x", "endpoint-query")]
#[case("https://minio.store.svc/training", "endpoint-path")]
#[case("https://training.s3.amazonaws.com", "endpoint-bucket")]
#[case("https://other.s3.us-east-1.amazonaws.com", "endpoint-bucket")]
#[case("https://training.minio.store.svc", "endpoint-bucket")]
fn a_bad_endpoint_is_named(#[case] endpoint: &str, #[case] rule: &str) {
    s3().set("AWS_S3_ENDPOINT", endpoint)
        .breaks(rule, "AWS_S3_ENDPOINT");
}

#[rstest]
#[case("https://s3.amazonaws.com")]
#[case("https://s3.us-east-1.amazonaws.com/")]
#[case("https://s3.dualstack.us-east-1.amazonaws.com")]
#[case("https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com")]
#[case("http://10.0.0.7:9000")]
#[case("http://[::1]:9000")]
#[case("https://storage.googleapis.com")]
#[case("http://training-minio.svc:9000")]
fn a_good_endpoint_passes(#[case] endpoint: &str) {
    assert_eq!(s3().set("AWS_S3_ENDPOINT", endpoint).findings(), []);
}

#[test]
fn an_endpoint_annotation_may_lack_the_scheme_but_not_the_host() {
    let key = names::KSERVE_S3_ENDPOINT;
    kserve_s3()
        .annotate(key, "https://minio.store.svc")
        .keeps("endpoint-scheme");
    kserve_s3()
        .annotate(key, "ftp://minio.store.svc")
        .breaks("endpoint-scheme", key);
    kserve_s3()
        .annotate(key, ":9000")
        .breaks("endpoint-syntax", key);
}

#[rstest]
#[case("s3://training")]
#[case("training/models")]
#[case("ab")]
#[case("tr aining")]
fn a_bad_bucket_is_an_error_everywhere(#[case] bucket: &str) {
    s3().set("AWS_S3_BUCKET", bucket)
        .breaks("bucket-name", "AWS_S3_BUCKET");
}

#[rstest]
#[case("Training")]
#[case("training_data")]
#[case("-training")]
#[case("training..data")]
#[case("192.168.0.1")]
#[case(&"a".repeat(64))]
fn a_bucket_that_aws_refuses_is_an_error_there_and_a_warning_elsewhere(#[case] bucket: &str) {
    let given = s3().set("AWS_S3_BUCKET", bucket);
    given.breaks("bucket-portability", "AWS_S3_BUCKET");
    let given = given.set("AWS_S3_ENDPOINT", "https://s3.us-east-1.amazonaws.com");
    given.breaks("bucket-name", "AWS_S3_BUCKET");
}

#[rstest]
#[case("xn--training")]
#[case("training-s3alias")]
fn a_bucket_name_reserved_by_aws_is_an_error_there(#[case] bucket: &str) {
    s3().set("AWS_S3_BUCKET", bucket).keeps("bucket-name");
    let given = s3().set("AWS_S3_ENDPOINT", "https://s3.us-east-1.amazonaws.com");
    given
        .set("AWS_S3_BUCKET", bucket)
        .breaks("bucket-name", "AWS_S3_BUCKET");
}

#[test]
fn dots_in_a_bucket_are_a_warning() {
    s3().set("AWS_S3_BUCKET", "data.example")
        .breaks("bucket-portability", "AWS_S3_BUCKET");
}

#[test]
fn googles_rules_hold_at_googles_endpoint() {
    let google = s3().set("AWS_S3_ENDPOINT", "https://storage.googleapis.com");
    google
        .clone()
        .set("AWS_S3_BUCKET", "training_data")
        .keeps("bucket-name");
    google
        .set("AWS_S3_BUCKET", "goog-training")
        .breaks("bucket-name", "AWS_S3_BUCKET");
}

#[test]
fn aws_needs_a_region_and_others_do_not() {
    let given = s3().unset("AWS_DEFAULT_REGION");
    given.keeps("region-missing");
    let given = given.set("AWS_S3_ENDPOINT", "https://s3.amazonaws.com");
    given.breaks("region-missing", "AWS_DEFAULT_REGION");
}

#[rstest]
#[case("https://s3.eu-central-1.amazonaws.com")]
#[case("https://s3-eu-west-1.amazonaws.com")]
#[case("https://s3.cn-north-1.amazonaws.com.cn")]
#[case("https://s3.dualstack.eu-west-1.amazonaws.com")]
fn a_region_other_than_the_endpoints_is_an_error(#[case] endpoint: &str) {
    s3().set("AWS_S3_ENDPOINT", endpoint)
        .breaks("region-contradiction", "AWS_DEFAULT_REGION");
}

#[rstest]
#[case("us-east-1a")]
#[case("Frankfurt")]
#[case("eu_central_1")]
fn a_strange_region_is_a_warning_at_aws_only(#[case] region: &str) {
    let given = s3().set("AWS_DEFAULT_REGION", region);
    given.keeps("region-syntax");
    let given = given.set("AWS_S3_ENDPOINT", "https://s3.amazonaws.com");
    given.breaks("region-syntax", "AWS_DEFAULT_REGION");
}

#[test]
fn swapped_keys_are_seen() {
    let given = s3().set("AWS_SECRET_ACCESS_KEY", "AKIAIOSFODNN7EXAMPLE");
    given.breaks("keys-swapped", "AWS_SECRET_ACCESS_KEY");
}

#[test]
fn a_temporary_key_needs_its_session_token() {
    let given = s3().set("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE");
    given.breaks("session-token-missing", "AWS_SESSION_TOKEN");
    given
        .set("AWS_SESSION_TOKEN", "a-long-token")
        .keeps("session-token-missing");
}

#[rstest]
#[case("AWS_S3_USE_PATH_STYLE", "yes")]
#[case("AWS_S3_USE_PATH_STYLE", "True")]
#[case("AWS_S3_VERIFY_SSL", "1")]
fn an_on_off_setting_is_true_or_false(#[case] key: &str, #[case] value: &str) {
    s3().set(key, value).breaks("not-a-boolean", key);
}

#[test]
fn kserves_own_spelling_of_on_and_off_passes() {
    kserve_s3()
        .annotate(names::KSERVE_S3_VERIFY_SSL, "1")
        .keeps("not-a-boolean");
}

#[test]
fn certificates_that_are_not_verified_are_a_warning_in_each_spelling() {
    s3().set("AWS_S3_VERIFY_SSL", "false")
        .breaks("tls-not-verified", "AWS_S3_VERIFY_SSL");
    let key = names::KSERVE_S3_VERIFY_SSL;
    kserve_s3()
        .annotate(key, "0")
        .breaks("tls-not-verified", key);
}

#[rstest]
#[case("/etc/ssl/ca.crt")]
#[case("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")]
fn a_ca_bundle_that_is_a_path_or_pem_passes(#[case] value: &str) {
    assert_eq!(s3().set("AWS_CA_BUNDLE", value).findings(), []);
}

#[rstest]
#[case("ca.crt")]
#[case("-----BEGIN CERTIFICATE-----\nMIIB")]
fn any_other_ca_bundle_is_doubtful(#[case] value: &str) {
    s3().set("AWS_CA_BUNDLE", value)
        .breaks("ca-bundle", "AWS_CA_BUNDLE");
}

#[test]
fn two_spellings_with_different_values_are_a_warning() {
    let key = names::KSERVE_S3_ENDPOINT;
    s3().annotate(key, "minio.store.svc:9000")
        .keeps("spellings-disagree");
    s3().annotate(key, "minio.other.svc:9000")
        .breaks("spellings-disagree", key);
}
