use super::*;
use std::os::unix::fs::PermissionsExt as _;

fn authority(directory: &tempfile::TempDir) -> Authority {
    Authority::in_directory(directory.path()).expect("an authority")
}

#[test]
fn an_authority_and_its_certificate_are_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = authority(&directory);
    let serving = first
        .serving(&["localhost", "127.0.0.1"])
        .expect("a certificate");
    let again = authority(&directory);
    assert_eq!(again.certificate_pem(), first.certificate_pem());
    let same = again
        .serving(&["localhost", "127.0.0.1"])
        .expect("a certificate");
    assert_eq!(same.certificate_pem(), serving.certificate_pem());
}

#[test]
fn other_names_get_another_certificate() {
    let directory = tempfile::tempdir().expect("a directory");
    let authority = authority(&directory);
    let one = authority.serving(&["localhost"]).expect("a certificate");
    let other = authority
        .serving(&["localhost", "bowline.test"])
        .expect("a certificate");
    assert_ne!(one.certificate_pem(), other.certificate_pem());
}

#[test]
fn a_certificate_that_ends_soon_is_made_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let before = authority(&directory)
        .serving(&["localhost"])
        .expect("a certificate");
    let ends = Timestamp::now()
        .to_zoned(TimeZone::UTC)
        .date()
        .saturating_add(3.days());
    let validity = Validity {
        ends: ends.to_string(),
        names: vec!["localhost".to_owned()],
    };
    files::write_validity(&directory.path().join("server.json"), &validity).expect("written");
    let after = authority(&directory)
        .serving(&["localhost"])
        .expect("a certificate");
    assert_ne!(before.certificate_pem(), after.certificate_pem());
}

#[test]
fn a_new_authority_signs_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let before = authority(&directory)
        .serving(&["localhost"])
        .expect("a certificate");
    std::fs::remove_file(directory.path().join("ca.json")).expect("removed");
    let after = authority(&directory)
        .serving(&["localhost"])
        .expect("a certificate");
    assert_ne!(before.certificate_pem(), after.certificate_pem());
}

#[test]
fn keys_are_for_their_owner_only() {
    let directory = tempfile::tempdir().expect("a directory");
    authority(&directory)
        .serving(&["localhost"])
        .expect("a certificate");
    for key in ["ca.key", "server.key"] {
        let mode = std::fs::metadata(directory.path().join(key))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
}
