//! Good Secrets of each dialect and protocol have nothing to complain about.

use rstest::rstest;

use super::*;
use crate::connection::Dialect;

fn by(given: Given, key: &str, value: &str) -> Given {
    given.unannotate(names::PROTOCOL).annotate(key, value)
}

fn anonymous() -> Given {
    kserve_s3()
        .unset("awsAccessKeyID")
        .unset("awsSecretAccessKey")
        .annotate(names::KSERVE_S3_ANONYMOUS, "true")
}

fn alauda_s3() -> Given {
    by(s3(), names::ALAUDA_PROTOCOL, "s3")
        .unannotate(names::LEGACY_TYPE)
        .label(names::ALAUDA_DASHBOARD_LABEL, "true")
        .annotate(names::ALAUDA_TYPE_REF, "ct-s3-storage")
        .annotate(names::KSERVE_S3_ENDPOINT, "minio.store.svc:9000")
        .annotate(names::KSERVE_S3_REGION, "us-east-1")
}

fn principal() -> Given {
    azure()
        .unset("AZURE_STORAGE_ACCESS_KEY")
        .set("AZ_CLIENT_ID", "id")
        .set("AZ_TENANT_ID", "tenant")
        .set("AZ_CLIENT_SECRET", "a-long-secret")
}

#[rstest]
#[case::s3(s3(), Dialect::OpenDataHub, Protocol::S3)]
#[case::uri(uri(), Dialect::OpenDataHub, Protocol::Uri)]
#[case::uri_for_kserve(uri().set("https-host", "models.example").set("headers", r#"{"A": "b"}"#),
    Dialect::OpenDataHub, Protocol::Uri)]
#[case::oci(oci(), Dialect::OpenDataHub, Protocol::Oci)]
#[case::gcs(gcs(), Dialect::OpenDataHub, Protocol::Gcs)]
#[case::azure(azure(), Dialect::OpenDataHub, Protocol::Azure)]
#[case::azure_principal(principal(), Dialect::OpenDataHub, Protocol::Azure)]
#[case::git(git(), Dialect::OpenDataHub, Protocol::Git)]
#[case::git_over_ssh(git_ssh(), Dialect::OpenDataHub, Protocol::Git)]
#[case::alauda_s3(alauda_s3(), Dialect::Alauda, Protocol::S3)]
#[case::alauda_uri(
    by(uri(), names::ALAUDA_PROTOCOL, "uri"),
    Dialect::Alauda,
    Protocol::Uri
)]
#[case::alauda_oci(
    by(oci(), names::ALAUDA_PROTOCOL, "oci"),
    Dialect::Alauda,
    Protocol::Oci
)]
#[case::alauda_gcs(
    by(gcs(), names::ALAUDA_PROTOCOL, "gcs"),
    Dialect::Alauda,
    Protocol::Gcs
)]
#[case::alauda_azure(
    by(azure(), names::ALAUDA_PROTOCOL, "azure"),
    Dialect::Alauda,
    Protocol::Azure
)]
#[case::alauda_git(
    by(git(), names::ALAUDA_PROTOCOL, "git"),
    Dialect::Alauda,
    Protocol::Git
)]
#[case::kserve_s3(kserve_s3(), Dialect::KServe, Protocol::S3)]
#[case::kserve_anonymous(anonymous(), Dialect::KServe, Protocol::S3)]
fn a_good_connection_has_no_findings(
    #[case] given: Given,
    #[case] dialect: Dialect,
    #[case] protocol: Protocol,
) {
    let Recognition::Connection(connection) = Connection::from_secret(given.0.clone()) else {
        panic!("must be a connection");
    };
    assert_eq!(
        (connection.dialect, connection.protocol),
        (dialect, Some(protocol))
    );
    assert_eq!(given.findings(), []);
}

/// Connections by deprecated references work, so they get no error.
#[rstest]
#[case(by(s3(), names::TYPE_REF, "s3"), Protocol::S3)]
#[case(by(uri(), names::TYPE_REF, "uri-v1"), Protocol::Uri)]
#[case(by(oci(), names::TYPE_REF, "oci-v1"), Protocol::Oci)]
#[case(by(s3(), names::TYPE_REF, "our-store"), Protocol::S3)]
#[case(by(s3(), names::LEGACY_TYPE, "s3"), Protocol::S3)]
#[case(by(s3(), names::ALAUDA_TYPE_REF, "ct-s3-storage").unannotate(names::LEGACY_TYPE), Protocol::S3)]
fn a_connection_by_an_older_marker_has_no_errors(#[case] given: Given, #[case] protocol: Protocol) {
    let Recognition::Connection(connection) = Connection::from_secret(given.0.clone()) else {
        panic!("must be a connection");
    };
    assert_eq!(connection.protocol, Some(protocol));
    let findings = given.findings();
    assert!(
        findings.iter().all(|f| f.severity < Severity::Error),
        "{findings:#?}"
    );
}
