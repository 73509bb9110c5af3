use rstest::rstest;
use serde_json::{Map, Value, json};

use super::*;
use crate::secret::{DOCKER_CONFIG_JSON, OPAQUE};

const S3_KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

fn secret(type_: &str, annotations: &[(&str, &str)], keys: &[&str]) -> Secret {
    let pairs: Vec<_> = keys.iter().map(|key| (*key, "v")).collect();
    with_values(type_, annotations, &pairs)
}

fn with_values(type_: &str, annotations: &[(&str, &str)], data: &[(&str, &str)]) -> Secret {
    let map = |pairs: &[(&str, &str)]| -> Map<String, Value> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect()
    };
    let object = json!({
        "kind": "Secret", "type": type_, "stringData": map(data),
        "metadata": {"name": "c", "annotations": map(annotations)},
    });
    Secret::from_value(&object).expect("a Secret")
}

fn connection(secret: Secret) -> Connection {
    match Connection::from_secret(secret) {
        Recognition::Connection(connection) => *connection,
        other => panic!("must be a connection: {other:?}"),
    }
}

fn candidate(secret: Secret) -> Candidate {
    match Connection::from_secret(secret) {
        Recognition::Candidate(candidate) => *candidate,
        other => panic!("must be a candidate: {other:?}"),
    }
}

fn s3(annotations: &[(&str, &str)], data: &[(&str, &str)]) -> Connection {
    let all: Vec<_> = [(names::PROTOCOL, "s3")]
        .iter()
        .chain(annotations)
        .copied()
        .collect();
    connection(with_values(OPAQUE, &all, data))
}

#[rstest]
#[case(names::PROTOCOL, "s3", Marker::Protocol, Some(Protocol::S3))]
#[case(names::PROTOCOL, "git", Marker::Protocol, Some(Protocol::Git))]
#[case(names::PROTOCOL, "S3", Marker::Protocol, None)]
#[case(names::PROTOCOL, " s3", Marker::Protocol, None)]
#[case(names::PROTOCOL, "uri-v1", Marker::Protocol, None)]
#[case(names::TYPE_REF, "s3", Marker::TypeRef, Some(Protocol::S3))]
#[case(names::TYPE_REF, "uri-v1", Marker::TypeRef, Some(Protocol::Uri))]
#[case(names::TYPE_REF, "oci-v1", Marker::TypeRef, Some(Protocol::Oci))]
#[case(names::TYPE_REF, "uri", Marker::TypeRef, None)]
#[case(names::LEGACY_TYPE, "s3", Marker::LegacyType, Some(Protocol::S3))]
#[case(names::LEGACY_TYPE, "hdfs", Marker::LegacyType, None)]
#[case(
    names::ALAUDA_PROTOCOL,
    "oci",
    Marker::AlaudaProtocol,
    Some(Protocol::Oci)
)]
#[case(names::ALAUDA_TYPE_REF, "ct-custom", Marker::AlaudaTypeRef, None)]
fn an_annotation_makes_a_connection(
    #[case] key: &str,
    #[case] value: &str,
    #[case] marker: Marker,
    #[case] protocol: Option<Protocol>,
) {
    let connection = connection(secret(OPAQUE, &[(key, value)], &[]));
    assert_eq!((connection.marker, connection.protocol), (marker, protocol));
    assert_eq!(connection.dialect, marker.dialect());
    assert_eq!(connection.stated.as_deref(), Some(value));
}

#[test]
fn the_markers_win_in_their_order() {
    let mut annotations = vec![
        (names::PROTOCOL, "uri"),
        (names::TYPE_REF, "oci-v1"),
        (names::ALAUDA_PROTOCOL, "gcs"),
        (names::ALAUDA_TYPE_REF, "ct-x"),
        (names::LEGACY_TYPE, "s3"),
        (names::KSERVE_S3_ENDPOINT, "host"),
    ];
    let mut order = Vec::new();
    while !annotations.is_empty() {
        order.push(connection(secret(OPAQUE, &annotations, &[])).marker);
        annotations.remove(0);
    }
    let mut expected = Marker::STATED.to_vec();
    expected.push(Marker::KServeAnnotations);
    assert_eq!(order, expected);
}

#[test]
fn a_wrong_protocol_never_falls_back() {
    let annotations = [(names::PROTOCOL, "S3"), (names::TYPE_REF, "s3")];
    assert_eq!(
        connection(secret(OPAQUE, &annotations, &S3_KEYS)).protocol,
        None
    );
}

#[test]
fn an_empty_protocol_gives_way_to_the_reference() {
    let annotations = [(names::PROTOCOL, ""), (names::TYPE_REF, "uri-v1")];
    assert_eq!(
        connection(secret(OPAQUE, &annotations, &[])).marker,
        Marker::TypeRef
    );
}

#[rstest]
#[case(&S3_KEYS, Some(Protocol::S3))]
#[case(&["URI"], Some(Protocol::Uri))]
#[case(&[".dockerconfigjson", "OCI_HOST"], Some(Protocol::Oci))]
#[case(&["PGHOST"], None)]
fn a_custom_type_is_explained_by_its_keys(
    #[case] keys: &[&str],
    #[case] protocol: Option<Protocol>,
) {
    for key in [names::TYPE_REF, names::ALAUDA_TYPE_REF] {
        let connection = connection(secret(OPAQUE, &[(key, "our-type")], keys));
        assert_eq!(connection.protocol, protocol);
        assert!(!connection.is_protocol_stated());
    }
}

#[test]
fn kserves_annotations_make_an_s3_connection() {
    let connection = connection(secret(OPAQUE, &[(names::KSERVE_S3_ENDPOINT, "host")], &[]));
    assert_eq!(
        (connection.protocol, connection.dialect),
        (Some(Protocol::S3), Dialect::KServe)
    );
    assert!(connection.is_protocol_stated());
}

#[rstest]
#[case(&S3_KEYS, Protocol::S3)]
#[case(&["awsAccessKeyID", "awsSecretAccessKey"], Protocol::S3)]
#[case(&["AWS_S3_BUCKET"], Protocol::S3)]
#[case(&["URI"], Protocol::Uri)]
#[case(&["https-host", "headers"], Protocol::Uri)]
#[case(&["HF_TOKEN"], Protocol::Uri)]
#[case(&["gcloud-application-credentials.json"], Protocol::Gcs)]
#[case(&["AZURE_STORAGE_ACCESS_KEY"], Protocol::Azure)]
#[case(&["AZ_CLIENT_ID", "AZ_CLIENT_SECRET"], Protocol::Azure)]
#[case(&["GIT_URL"], Protocol::Git)]
fn known_keys_alone_make_a_candidate(#[case] keys: &[&str], #[case] protocol: Protocol) {
    let candidate = candidate(secret(OPAQUE, &[], keys));
    assert_eq!(
        (candidate.marker, candidate.protocol),
        (Marker::KServeKeys, Some(protocol))
    );
    let command = format!(
        "annotate --overwrite secret c {}={protocol}",
        names::PROTOCOL
    );
    assert!(candidate.help.ends_with(&command), "{}", candidate.help);
}

#[test]
fn a_registry_login_is_a_candidate() {
    let candidate = candidate(secret(DOCKER_CONFIG_JSON, &[], &[".dockerconfigjson"]));
    assert_eq!(
        (candidate.marker, candidate.protocol),
        (Marker::DockerConfig, Some(Protocol::Oci))
    );
}

#[test]
fn the_dashboards_label_without_a_type_makes_a_candidate() {
    let mut plain = secret(OPAQUE, &[], &["MY_VARIABLE"]);
    plain
        .labels
        .insert(names::DASHBOARD_LABEL.into(), "true".into());
    let candidate = candidate(plain);
    assert_eq!(
        (candidate.marker, candidate.protocol),
        (Marker::DashboardLabel, None)
    );
}

#[rstest]
#[case(OPAQUE, &["password"])]
#[case(OPAQUE, &["AWS_ACCESS_KEY_ID"])]
#[case("kubernetes.io/tls", &["tls.crt", "tls.key"])]
#[case("kubernetes.io/service-account-token", &["token", "ca.crt"])]
#[case("kubernetes.io/dockercfg", &[".dockercfg"])]
#[case("helm.sh/release.v1", &["release"])]
#[case("helm.sh/release.v1", &["URI"])]
fn other_secrets_are_left_alone(#[case] type_: &str, #[case] keys: &[&str]) {
    let recognition = Connection::from_secret(secret(type_, &[], keys));
    assert!(
        matches!(recognition, Recognition::Other(_)),
        "{recognition:?}"
    );
}

#[rstest]
#[case(&[(names::PROTOCOL, "s3")], "annotation `opendatahub.io/connection-type-protocol` says `s3`")]
#[case(&[(names::TYPE_REF, "our-type")],
    "annotation `opendatahub.io/connection-type-ref` says `our-type`, and its keys look like `s3`")]
#[case(&[(names::KSERVE_S3_REGION, "x")],
    "annotation `serving.kserve.io/s3-region` belongs to KServe's S3 dialect")]
fn a_connection_says_why_it_is_one(#[case] annotations: &[(&str, &str)], #[case] why: &str) {
    assert_eq!(connection(secret(OPAQUE, annotations, &S3_KEYS)).why(), why);
}

#[test]
fn what_somebody_wrote_cannot_forge_a_line() {
    let connection = connection(secret(
        OPAQUE,
        &[(names::PROTOCOL, "s3\nERROR \u{1b}[31m")],
        &[],
    ));
    assert!(
        connection.why().ends_with("says `s3\\nERROR \\u{1b}[31m`"),
        "{}",
        connection.why()
    );
}

#[test]
fn a_display_name_is_read_in_both_dialects() {
    assert_eq!(
        s3(&[(names::DISPLAY_NAME, "Training data")], &[]).display_name(),
        "Training data"
    );
    assert_eq!(
        s3(&[(names::ALAUDA_DISPLAY_NAME, "Models")], &[]).display_name(),
        "Models"
    );
    assert_eq!(s3(&[], &[]).display_name(), "c");
}

#[rstest]
#[case(&[], &[("AWS_S3_ENDPOINT", "https://minio:9000/\n")], Some("https://minio:9000"))]
#[case(&[], &[("AWS_S3_ENDPOINT", "minio:9000")], Some("https://minio:9000"))]
#[case(&[(names::KSERVE_S3_ENDPOINT, "minio:9000")], &[], Some("https://minio:9000"))]
#[case(&[(names::KSERVE_S3_ENDPOINT, "minio:9000"), (names::KSERVE_S3_USE_HTTPS, "0")], &[],
    Some("http://minio:9000"))]
#[case(&[(names::KSERVE_S3_ENDPOINT, "http://minio")], &[], Some("http://minio"))]
#[case(&[(names::KSERVE_S3_ENDPOINT, "a")], &[("AWS_S3_ENDPOINT", "http://b")], Some("http://b"))]
#[case(&[], &[("S3_ENDPOINT", "minio"), ("S3_USE_HTTPS", "0")], Some("http://minio"))]
#[case(&[], &[("AWS_S3_ENDPOINT", "\n")], None)]
fn an_endpoint_is_read_in_each_spelling(
    #[case] annotations: &[(&str, &str)],
    #[case] data: &[(&str, &str)],
    #[case] expected: Option<&str>,
) {
    assert_eq!(s3(annotations, data).endpoint().as_deref(), expected);
}

#[test]
fn keys_are_read_in_kserves_spelling() {
    let connection = s3(
        &[],
        &[("awsAccessKeyID", "id\n"), ("awsSecretAccessKey", "key\n")],
    );
    assert_eq!(connection.access_key_id(), Some("id"));
    assert_eq!(
        connection.secret_access_key().expect("a key").expose(),
        b"key"
    );
}

#[rstest]
#[case(&[], &[], (None, true, false))]
#[case(&[], &[("AWS_S3_USE_PATH_STYLE", "true"), ("AWS_S3_VERIFY_SSL", "false")], (Some(true), false, false))]
#[case(&[(names::KSERVE_S3_VIRTUAL_BUCKET, "true"), (names::KSERVE_S3_VERIFY_SSL, "0")], &[], (Some(false), false, false))]
#[case(&[(names::KSERVE_S3_ANONYMOUS, "true")], &[], (None, true, true))]
#[case(&[], &[("AWS_S3_USE_PATH_STYLE", "maybe"), ("AWS_S3_VERIFY_SSL", "maybe")], (None, true, false))]
fn on_off_settings_are_read_in_each_spelling(
    #[case] annotations: &[(&str, &str)],
    #[case] data: &[(&str, &str)],
    #[case] expected: (Option<bool>, bool, bool),
) {
    let c = s3(annotations, data);
    assert_eq!(
        (c.use_path_style(), c.verify_ssl(), c.is_anonymous()),
        expected
    );
}

#[rstest]
#[case(Protocol::S3, "AWS_S3_BUCKET")]
#[case(Protocol::Gcs, "GCS_BUCKET")]
#[case(Protocol::Azure, "AZURE_CONTAINER")]
fn a_bucket_is_read_for_each_protocol(#[case] protocol: Protocol, #[case] key: &str) {
    let annotations = [(names::PROTOCOL, protocol.as_str())];
    let connection = connection(with_values(OPAQUE, &annotations, &[(key, "training\n")]));
    assert_eq!(connection.bucket(), Some("training"));
}

#[rstest]
#[case(&[("URI", "hf://org/model\n")], Some("hf://org/model"))]
#[case(&[("URI", "hf://org/model"), ("https-host", "models.example")], Some("hf://org/model"))]
#[case(&[("URI", "hf://org/model"), ("https-host", "https://models.example/a")], Some("https://models.example/a"))]
#[case(&[("https-host", "models.example")], None)]
#[case(&[("URI", "")], None)]
fn a_uri_wins_over_a_bare_host_only(#[case] data: &[(&str, &str)], #[case] expected: Option<&str>) {
    let connection = connection(with_values(OPAQUE, &[(names::PROTOCOL, "uri")], data));
    assert_eq!(connection.uri().map(|uri| uri.text), expected);
}

#[test]
fn a_registry_is_read_without_its_scheme() {
    let data = [
        ("OCI_HOST", "https://quay.io/org/\n"),
        ("ACCESS_TYPE", "[\"Push\"]"),
    ];
    let connection = connection(with_values(OPAQUE, &[(names::PROTOCOL, "oci")], &data));
    assert_eq!(connection.registry().as_deref(), Some("quay.io/org"));
    assert_eq!(
        connection.access(),
        Access {
            pull: false,
            push: true
        }
    );
}

#[test]
fn an_access_type_that_cannot_be_read_grants_nothing() {
    let data = [("ACCESS_TYPE", "everything!")];
    let connection = connection(with_values(OPAQUE, &[(names::PROTOCOL, "oci")], &data));
    assert_eq!(connection.access(), Access::default());
}

#[test]
fn a_commands_place_is_named_when_known() {
    let mut login = secret(DOCKER_CONFIG_JSON, &[], &[".dockerconfigjson"]);
    login.namespace = "team-a".into();
    assert!(
        candidate(login)
            .help
            .starts_with("kubectl -n team-a annotate")
    );
}
