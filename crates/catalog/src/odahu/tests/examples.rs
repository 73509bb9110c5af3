//! Good records are good connections to everybody else.

use bowline_core::{Connection, Protocol, Recognition, Secret, Severity, validate};
use rstest::rstest;

use super::*;
use Member::*;

const KEY: (Member, &str) = (KeyId, "AKIAIOSFODNN7EXAMPLE");
const SECRET: (Member, &str) = (KeySecret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
const REGION: (Member, &str) = (Region, "eu-central-1");
const SERVICE_ACCOUNT: &str = r#"{"type":"service_account","client_email":"a@b.example",
    "private_key":"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"}"#;
const SSH_KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n";
const SAS: &str = "https://myaccount.blob.core.windows.net/?sv=2019-02-02&sig=F%2BV";

#[rstest]
#[case::s3(Type::S3, &[(Uri, "s3://raw-data/model/input"), KEY, SECRET, REGION])]
#[case::s3_elsewhere(Type::S3, &[(Uri, "s3+https://minio.example:9000/raw-data/a"), KEY, SECRET, (Region, "us-east-1")])]
#[case::s3_in_query(Type::S3, &[(Uri, "s3://raw-data/a?endpoint=http://minio.example:9000"), KEY, SECRET, REGION])]
#[case::s3_with_password(Type::S3, &[(Uri, "s3://raw-data"), KEY, SECRET, REGION, (Password, "unused")])]
#[case::gcs(Type::Gcs, &[(Uri, "gsc://raw-data/model"), (Region, "us-central2"), (KeySecret, SERVICE_ACCOUNT)])]
#[case::azure(Type::AzureBlob, &[(Uri, "raw-data/model/input"), (KeySecret, SAS)])]
#[case::azure_url(Type::AzureBlob, &[(Uri, "https://myaccount.blob.core.windows.net/raw-data/a"), (KeySecret, SAS)])]
#[case::azure_elsewhere(Type::AzureBlob, &[(Uri, "raw-data"), (KeySecret, "http://127.0.0.1:10000/devstoreaccount1?sig=a")])]
#[case::git(Type::Git, &[(Uri, "git@github.com:odahu/odahu-examples.git"), (KeySecret, SSH_KEY), (Reference, "main")])]
#[case::git_other_port(Type::Git, &[(Uri, "ssh://git@git-host.example:2222/a/b.git"), (KeySecret, SSH_KEY)])]
#[case::git_over_https(Type::Git, &[(Uri, "https://github.com/odahu/odahu-examples.git")])]
#[case::docker(Type::Docker, &[(Uri, "gcr.io/project/odahuflow"), (Username, "_json_key"), (Password, "word")])]
#[case::docker_hub(Type::Docker, &[(Uri, "docker.io/odahu/"), (Username, "user"), (Password, "mypassword")])]
#[case::docker_without_login(Type::Docker, &[(Uri, "registry.example/odahu")])]
#[case::ecr(Type::Ecr, &[(Uri, "5555555555.dkr.ecr.eu-central-1.amazonaws.com/odahuflow"), KEY, SECRET, REGION])]
fn a_good_record_is_a_good_connection(#[case] type_: Type, #[case] members: &[(Member, &str)]) {
    let secret = Secret::from_value(&stored(&record(type_, members))).unwrap();
    let Recognition::Connection(connection) = Connection::from_secret(secret) else {
        panic!("it is a connection")
    };
    assert_eq!(connection.protocol, Some(type_.protocol()));
    let findings = validate(&connection);
    let errors: Vec<_> = findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn connection(type_: Type, members: &[(Member, &str)]) -> Connection {
    let secret = Secret::from_value(&stored(&record(type_, members))).unwrap();
    match Connection::from_secret(secret) {
        Recognition::Connection(connection) => *connection,
        _ => panic!("it is a connection"),
    }
}

#[rstest]
#[case("s3://bucket/a/b", "https://s3.eu-central-1.amazonaws.com")]
#[case("s3+https://minio:9000/bucket/a", "https://minio:9000")]
#[case("s3+http://[::1]:9000/bucket", "http://[::1]:9000")]
#[case("s3://bucket/a?endpoint=https%3A%2F%2Fminio", "https://minio")]
#[case("bucket/a", "https://s3.eu-central-1.amazonaws.com")]
fn an_s3_location_tells_bucket_and_endpoint(#[case] uri: &str, #[case] endpoint: &str) {
    let connection = connection(Type::S3, &[(Uri, uri), REGION]);
    assert_eq!(connection.protocol, Some(Protocol::S3));
    assert_eq!(
        (connection.bucket(), connection.endpoint().as_deref()),
        (Some("bucket"), Some(endpoint))
    );
}

#[rstest]
#[case("docker.io/odahu/", "https://index.docker.io/v1/")]
#[case("https://gcr.io/project", "gcr.io")]
#[case("registry.example:5000/a", "registry.example:5000")]
fn a_login_is_for_the_host_of_the_location(#[case] uri: &str, #[case] host: &str) {
    let connection = connection(
        Type::Docker,
        &[(Uri, uri), (Username, "u"), (Password, "p")],
    );
    let login: serde_json::Value =
        serde_json::from_str(connection.secret.line(".dockerconfigjson").unwrap()).unwrap();
    assert_eq!(login["auths"][host]["auth"], "dTpw");
}

#[test]
fn the_secret_of_an_s3_connection_as_it_is_stored() {
    let record = record(
        Type::S3,
        &[
            (Uri, "s3a://raw-data/in"),
            KEY,
            SECRET,
            REGION,
            (Role, "reader"),
            (WebUiLink, "https://a.example"),
        ],
    );
    insta::assert_json_snapshot!(to_secret(&record, "reef", Some("mara")));
}

#[rstest]
#[case("git@github.com:a/b.git", Some(("github.com", None)))]
#[case("git@git-host.example:a/b.git", Some(("git-host.example", None)))]
#[case("ssh://git@gitlab.example.com:2222/a/b.git", Some(("gitlab.example.com", Some(2222))))]
#[case("ssh://git@[2001:db8::1]:2222/a", Some(("2001:db8::1", Some(2222))))]
#[case("git@[2001:db8::1]:a", Some(("2001:db8::1", None)))]
#[case("ssh://git@host/a", Some(("host", None)))]
#[case("git@host", None)]
#[case("https://github.com/a/b", None)]
#[case("git@-oProxyCommand=x:a", None)]
#[case("ssh://git@-v/a", None)]
#[case("ssh://git@host:99999/a", None)]
#[case("", None)]
fn the_host_whose_keys_are_needed(
    #[case] uri: &str,
    #[case] expected: Option<(&str, Option<u16>)>,
) {
    let mut draft = Draft::default();
    draft.type_ = "git".to_owned();
    draft.set(Uri, uri);
    let expected = expected.map(|(host, port)| HostKeys {
        host: host.to_owned(),
        port,
    });
    assert_eq!(host_keys(&draft), expected);
}
