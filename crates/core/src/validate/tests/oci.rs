use rstest::rstest;

use super::*;

#[rstest]
#[case(OPAQUE)]
#[case("kubernetes.io/dockercfg")]
fn the_kubelet_reads_one_type_only(#[case] type_: &str) {
    oci().typed(type_).breaks("secret-type", "type");
}

#[test]
fn a_login_is_needed() {
    oci()
        .unset(".dockerconfigjson")
        .breaks("missing-key", ".dockerconfigjson");
    oci()
        .set(".dockerconfigjson", "")
        .breaks("missing-key", ".dockerconfigjson");
}

#[rstest]
#[case("quay.io")]
#[case("{}")]
#[case(r#"{"auths": {"quay.io": {}}}"#)]
#[case(r#"{"auths": {"quay.io": {"auth": "robot:token"}}}"#)]
#[case(r#"{"auths": {"quay.io": {"auth": "cm9ib3Q="}}}"#)]
fn a_malformed_login_is_named(#[case] value: &str) {
    oci()
        .set(".dockerconfigjson", value)
        .breaks("docker-config", ".dockerconfigjson");
}

#[rstest]
#[case("ghcr.io/org")]
#[case("evil.quay.io")]
fn a_login_for_another_registry_is_doubtful(#[case] host: &str) {
    oci()
        .set("OCI_HOST", host)
        .breaks("docker-config-host", "OCI_HOST");
}

#[test]
fn without_a_host_there_is_a_note() {
    oci()
        .unset("OCI_HOST")
        .breaks("oci-host-missing", "OCI_HOST");
}

#[rstest]
#[case("https://quay.io/org")]
#[case("oci://quay.io")]
fn a_host_has_no_scheme(#[case] host: &str) {
    let given = oci().set("OCI_HOST", host);
    given.breaks("oci-host-scheme", "OCI_HOST");
    given.keeps("docker-config-host");
}

#[rstest]
#[case("quay io")]
#[case("quay.io:port")]
#[case("quay.io/org?x=1")]
#[case("ada:pw@quay.io")]
#[case("/")]
fn a_host_is_host_port_and_path(#[case] host: &str) {
    oci()
        .set("OCI_HOST", host)
        .breaks("oci-host-syntax", "OCI_HOST");
}

#[rstest]
#[case(r#"["pull"]"#)]
#[case(r#"["Delete"]"#)]
#[case("Pull,Push")]
fn an_access_type_is_a_list_of_known_words(#[case] value: &str) {
    oci()
        .set("ACCESS_TYPE", value)
        .breaks("access-type", "ACCESS_TYPE");
}

#[rstest]
#[case("Pull")]
#[case("[]")]
#[case(r#"["Push","Pull"]"#)]
fn an_access_type_as_forms_write_it_passes(#[case] value: &str) {
    assert_eq!(oci().set("ACCESS_TYPE", value).findings(), []);
}
