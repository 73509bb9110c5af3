use base64::engine::general_purpose::STANDARD as BASE64;
use rstest::rstest;
use serde_json::json;

use super::*;

fn config(host: &str) -> DockerConfig {
    let auth = BASE64.encode("ada:pw");
    parse(
        json!({"auths": {host: {"auth": auth}}})
            .to_string()
            .as_bytes(),
    )
    .expect("a good config")
}

#[rstest]
#[case(&b"\xff\xfe"[..], DockerConfigError::NotUtf8)]
#[case(b"", DockerConfigError::NotJson { line: 1, column: 0 })]
#[case(b"{\n x", DockerConfigError::NotJson { line: 2, column: 2 })]
#[case(b"[]", DockerConfigError::NoAuths { has_helper: false })]
#[case(br#"{"auths": []}"#, DockerConfigError::NoAuths { has_helper: false })]
#[case(br#"{"credsStore": "desktop"}"#, DockerConfigError::NoAuths { has_helper: true })]
#[case(br#"{"auths": {"a.io": 1}}"#, DockerConfigError::EntryForm { entry: 1 })]
#[case(br#"{"auths": {"a.io": {}}}"#, DockerConfigError::NoLogin { entry: 1 })]
#[case(br#"{"auths": {"a.io": {"username": "u"}}}"#, DockerConfigError::NoLogin { entry: 1 })]
#[case(br#"{"auths": {"a.io": {"auth": "%"}}}"#, DockerConfigError::AuthEncoding { entry: 1 })]
#[case(br#"{"auths": {"a.io": {"auth": "YWRh"}}}"#, DockerConfigError::AuthForm { entry: 1 })]
#[case(
    br#"{"auths": {"a.io": {"auth": "YTpi"}, "b.io": {"auth": "YWRh"}}}"#,
    DockerConfigError::AuthForm { entry: 2 }
)]
fn a_bad_config_names_the_step(#[case] bytes: &[u8], #[case] expected: DockerConfigError) {
    assert_eq!(parse(bytes), Err(expected));
}

#[rstest]
#[case(r#"{"auths": {}}"#)]
#[case(r#"{"auths": {"a.io": {"auth": "YTpi"}}}"#)]
#[case("\u{feff}{\"auths\": {\"a.io\": {\"auth\": \"YTpi\"}}}")]
#[case(r#"{"auths": {"a.io": {"auth": "YTpiYw"}}}"#)]
#[case(r#"{"auths": {"a.io": {"username": "u", "password": "p"}}}"#)]
#[case(r#"{"auths": {"a.io": {"identitytoken": "t"}}}"#)]
fn a_good_config_is_read(#[case] text: &str) {
    assert!(parse(text.as_bytes()).is_ok());
}

#[rstest]
#[case("quay.io", "quay.io", true)]
#[case("https://quay.io/", "quay.io", true)]
#[case("QUAY.io", "https://quay.io", true)]
#[case("quay.io", "quay.io/org/model", true)]
#[case("quay.io/org", "quay.io/org/model", true)]
#[case("quay.io/org", "quay.io", true)]
#[case("quay.io/org", "quay.io/other", false)]
#[case("quay.io/org", "quay.io/organisation", false)]
#[case("quay.io", "ghcr.io", false)]
#[case("quay.io", "evil.quay.io", false)]
#[case("https://index.docker.io/v1/", "docker.io", true)]
#[case("https://index.docker.io/v1/", "registry-1.docker.io/library", true)]
#[case("docker.io", "index.docker.io", true)]
#[case("registry.example:5000", "registry.example:5000", true)]
#[case("registry.example:5000", "registry.example", false)]
#[case("registry.example:443", "registry.example", true)]
#[case("*.azurecr.io", "team.azurecr.io", true)]
#[case("*.azurecr.io", "a.b.azurecr.io", false)]
#[case("team-*.azurecr.io", "team-a.azurecr.io/x", true)]
fn a_login_is_found_by_host(#[case] entry: &str, #[case] host: &str, #[case] expected: bool) {
    assert_eq!(config(entry).is_login_for(host), expected);
}

#[test]
fn a_login_in_the_host_is_dropped() {
    assert_eq!(config("https://ada:pw@quay.io").hosts, ["quay.io"]);
}
