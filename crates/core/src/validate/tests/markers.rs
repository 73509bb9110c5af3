use rstest::rstest;

use super::*;

fn by(key: &str, value: &str) -> Given {
    s3().unannotate(names::PROTOCOL)
        .unannotate(names::LEGACY_TYPE)
        .annotate(key, value)
}

#[rstest]
#[case(names::DASHBOARD_LABEL)]
#[case(names::MANAGED_LABEL)]
#[case(names::ALAUDA_DASHBOARD_LABEL)]
fn a_label_counts_only_with_the_text_true(#[case] key: &str) {
    for value in ["True", "yes", "1", "", " true"] {
        s3().label(key, value).breaks("label-not-true", key);
    }
    s3().label(key, "true").keeps("label-not-true");
    s3().label(key, "false").keeps("label-not-true");
}

#[rstest]
#[case("labels", names::MANAGED_LABEL)]
#[case("annotations", names::PROTOCOL)]
#[case("annotations", names::KSERVE_S3_USE_HTTPS)]
fn a_value_without_quotes_is_named(#[case] map: &str, #[case] key: &str) {
    let secret = Secret::from_value(&json!({
        "kind": "Secret", "metadata": {"name": "c", map: {key: true, "mine": 1}},
    }));
    let findings = findings(&secret.expect("a Secret"));
    let found: Vec<_> = findings
        .iter()
        .map(|f| (f.rule, f.field.as_str()))
        .collect();
    assert_eq!(found, [("not-a-string", key)]);
}

#[rstest]
#[case("S3", "capital letters and blanks count: `s3`")]
#[case(" s3", "capital letters and blanks count: `s3`")]
#[case("s4", "did you mean `s3`?")]
#[case("gsc", "did you mean `gcs`?")]
#[case("uri-v1", "its protocol is `uri`")]
fn an_unknown_protocol_gets_the_nearest_one(#[case] stated: &str, #[case] hint: &str) {
    let findings = by(names::PROTOCOL, stated).findings();
    let finding = findings
        .iter()
        .find(|f| f.rule == "unknown-protocol")
        .expect("the finding");
    assert!(finding.message.contains(hint), "{}", finding.message);
    assert!(
        finding.help.starts_with("kubectl -n team-a annotate"),
        "{}",
        finding.help
    );
}

#[test]
fn an_unknown_protocol_without_a_near_one_gets_the_list() {
    let findings = by(names::ALAUDA_PROTOCOL, "postgres").findings();
    let finding = findings
        .iter()
        .find(|f| f.rule == "unknown-protocol")
        .expect("the finding");
    assert!(
        finding
            .help
            .contains("one of s3, uri, oci, gcs, azure, git"),
        "{}",
        finding.help
    );
}

#[test]
fn a_wrong_protocol_does_not_fall_back_to_a_good_reference() {
    s3().annotate(names::PROTOCOL, "S3")
        .annotate(names::TYPE_REF, "s3")
        .breaks("unknown-protocol", names::PROTOCOL);
}

#[test]
fn a_custom_type_whose_keys_say_nothing_is_for_variables_only() {
    let given = Given::new(OPAQUE, &[("PGHOST", "db")]).annotate(names::TYPE_REF, "postgres");
    given.breaks("other-type", names::TYPE_REF);
}

#[test]
fn a_legacy_type_other_than_s3_is_an_error() {
    by(names::LEGACY_TYPE, "hdfs").breaks("unknown-type", names::LEGACY_TYPE);
}

#[test]
fn a_custom_type_with_known_keys_should_state_the_protocol() {
    by(names::TYPE_REF, "our-store").breaks("custom-type", names::TYPE_REF);
    by(names::ALAUDA_TYPE_REF, "ct-s3-storage").breaks("custom-type", names::ALAUDA_TYPE_REF);
}

#[test]
fn a_reference_alone_is_deprecated() {
    by(names::TYPE_REF, "s3").breaks("ref-without-protocol", names::TYPE_REF);
    s3().annotate(names::TYPE_REF, "s3")
        .keeps("ref-without-protocol");
}

#[test]
fn a_legacy_type_alone_is_not_enough() {
    by(names::LEGACY_TYPE, "s3").breaks("legacy-type-only", names::LEGACY_TYPE);
}

#[rstest]
#[case(names::TYPE_REF, "uri-v1")]
#[case(names::ALAUDA_PROTOCOL, "oci")]
fn markers_that_disagree_are_named(#[case] key: &str, #[case] value: &str) {
    s3().annotate(key, value).breaks("types-disagree", key);
    s3().annotate(names::TYPE_REF, "our-store")
        .keeps("types-disagree");
}

#[test]
fn an_empty_annotation_is_skipped_and_named() {
    s3().annotate(names::PROTOCOL, "")
        .breaks("empty-annotation", names::PROTOCOL);
}

#[test]
fn what_storage_config_needs_is_a_note_with_all_commands() {
    let bare = Given(Secret {
        labels: Default::default(),
        ..s3().0
    })
    .unannotate(names::LEGACY_TYPE);
    let findings = bare.findings();
    let finding = findings
        .iter()
        .find(|f| f.rule == "storage-config")
        .expect("the finding");
    assert_eq!(
        finding.help.matches("kubectl -n team-a").count(),
        3,
        "{}",
        finding.help
    );
    uri().keeps("storage-config");
}

#[test]
fn what_upstream_kserve_needs_is_a_note_that_names_keys_and_no_value() {
    let proposed = |given: &Given| {
        let mut advice = advice(&given.0).into_iter();
        advice.find(|finding| finding.rule == "kserve-annotations")
    };
    let finding = proposed(&s3()).expect("the finding");
    for key in [
        names::KSERVE_S3_ENDPOINT,
        names::KSERVE_S3_REGION,
        names::KSERVE_S3_USE_HTTPS,
    ] {
        assert!(finding.message.contains(key), "{}", finding.message);
    }
    assert!(!format!("{finding:?}").contains("minio"), "{finding:?}");
    let line = "`kubectl -n team-a get secret c -o yaml | bowline convert -f - --to kserve`";
    assert!(finding.help.contains(line), "{}", finding.help);
    let annotated = s3()
        .annotate(names::KSERVE_S3_ENDPOINT, "minio.store.svc:9000")
        .annotate(names::KSERVE_S3_REGION, "us-east-1");
    let broken = s3().set("AWS_S3_ENDPOINT", "minio");
    for quiet in [annotated, kserve_s3(), uri(), broken] {
        assert_eq!(proposed(&quiet), None);
    }
}

#[test]
fn what_kubectl_apply_remembers_is_a_warning() {
    s3().annotate(names::LAST_APPLIED, "{}")
        .breaks("last-applied", names::LAST_APPLIED);
}

#[test]
fn a_candidate_is_told_how_to_become_a_connection() {
    let given = Given::new(
        OPAQUE,
        &[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")],
    );
    given.breaks("candidate", "data");
    let help = &given.findings()[0].help;
    assert!(
        help.ends_with("opendatahub.io/connection-type-protocol=s3"),
        "{help}"
    );
}

#[test]
fn other_secrets_have_no_findings() {
    assert_eq!(
        Given::new("kubernetes.io/tls", &[("tls.key", PEM)]).findings(),
        []
    );
}
