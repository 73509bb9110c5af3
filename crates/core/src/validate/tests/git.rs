use rstest::rstest;

use super::*;

#[test]
fn a_url_is_needed() {
    git().unset("GIT_URL").breaks("missing-key", "GIT_URL");
}

#[rstest]
#[case("git.example/team/repo")]
#[case("https://git.example")]
#[case("https:///team/repo")]
#[case("file:///srv/repo.git")]
#[case("git://git.example/team/repo")]
#[case("ext::sh -c id")]
#[case("ext::sh")]
#[case("git@git.example:-oProxyCommand=id")]
#[case("https://git.example/team repo")]
fn a_url_is_https_or_ssh(#[case] url: &str) {
    git().set("GIT_URL", url).breaks("git-url", "GIT_URL");
}

#[rstest]
#[case("ssh://git@git.example:2222/team/repo.git")]
#[case("git@git.example:team/repo.git")]
fn a_url_for_ssh_passes(#[case] url: &str) {
    assert_eq!(git_ssh().set("GIT_URL", url).findings(), []);
}

#[test]
fn ssh_needs_a_key_and_should_know_the_host() {
    git_ssh()
        .unset("ssh-privatekey")
        .breaks("missing-key", "ssh-privatekey");
    git_ssh()
        .unset("known_hosts")
        .breaks("known-hosts", "known_hosts");
}

#[rstest]
#[case("MIIB")]
#[case("ssh-ed25519 AAAAC3 somebody")]
#[case("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n")]
fn an_ssh_key_has_its_frame(#[case] key: &str) {
    git_ssh()
        .set("ssh-privatekey", key)
        .breaks("private-key", "ssh-privatekey");
}

#[test]
fn an_ssh_key_ends_with_a_line_break() {
    let given = git_ssh().set("ssh-privatekey", PEM.trim_end());
    given.breaks("git-key-newline", "ssh-privatekey");
}

#[test]
fn https_without_credentials_is_a_note() {
    git().unset("GIT_TOKEN").breaks("git-anonymous", "GIT_URL");
}

#[test]
fn a_user_name_needs_a_password() {
    git()
        .unset("GIT_TOKEN")
        .set("GIT_USERNAME", "ada")
        .breaks("missing-key", "GIT_PASSWORD");
}

#[test]
fn credentials_over_plain_http_are_a_warning() {
    git()
        .set("GIT_URL", "http://git.example/team/repo")
        .breaks("git-plain-http", "GIT_URL");
}

#[test]
fn a_login_in_the_url_is_a_warning() {
    let given = git().set("GIT_URL", "https://ada:pw@git.example/team/repo");
    given.breaks("git-userinfo", "GIT_URL");
}
