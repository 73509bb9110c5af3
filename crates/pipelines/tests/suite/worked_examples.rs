//! The worked examples, each by its heading.

use crate::tables::cases;

fn play(name: &str) {
    let cases = cases("worked-examples");
    let case = cases.iter().find(|case| case.name == name);
    let mistakes = case.expect("the example is there").mistakes();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn keys_one_shared_secret() {
    play("keys, one shared Secret");
}

#[test]
fn keys_one_secret_per_profile() {
    play("keys, one Secret per profile");
}

#[test]
fn keys_one_secret_per_profile_in_the_default_namespace() {
    play("keys, one Secret per profile, in the default namespace");
}

#[test]
fn one_profile_overrides() {
    play("one profile overrides");
}

#[test]
fn irsa() {
    play("IRSA");
}

#[test]
fn irsa_with_one_profile_that_has_keys() {
    play("IRSA, and one profile with keys");
}

#[test]
fn gcs_through_the_xml_api() {
    play("GCS through the XML API");
}

#[test]
fn embedded_minio() {
    play("embedded MinIO");
}

#[test]
fn non_aws_host_with_region_port_and_plain_http() {
    play("non-AWS host with region, port and plain HTTP");
}
