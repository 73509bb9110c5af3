use rstest::rstest;

use super::*;

/// The address of the proxy that is trusted here.
const PROXY: &str = "192.0.2.7";

fn of(peer: &str, headers: &[(&'static str, &str)]) -> Result<Credentials, Refusal> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().expect("a header value"));
    }
    let proxies = Proxies(vec![PROXY.parse().expect("a network")]);
    let peer = Peer(peer.parse().expect("an address"));
    Credentials::of(&map, Some(peer), None, &proxies)
}

fn proxied(peer: &str, headers: &[(&'static str, &str)]) -> Option<User> {
    match of(peer, headers).expect("understood") {
        Credentials::Proxy(user) => Some(user),
        _ => None,
    }
}

#[rstest]
#[case(&[("x-remote-user", "ada"), ("x-remote-group", "a"), ("x-remote-group", "b,c")], &["a", "b,c"])]
#[case(&[("x-forwarded-user", "ada"), ("x-forwarded-groups", "a, b")], &["a", "b"])]
fn a_trusted_proxy_says_who_it_is(
    #[case] headers: &[(&'static str, &str)],
    #[case] groups: &[&str],
) {
    let user = proxied(PROXY, headers).expect("a user");
    assert_eq!(
        (user.name.as_str(), user.groups),
        ("ada", groups.iter().map(ToString::to_string).collect())
    );
}

#[test]
fn extra_fields_of_a_trusted_proxy_are_kept() {
    let headers = [
        ("x-remote-user", "ada"),
        ("x-remote-extra-scopes", "read"),
        ("x-remote-extra-scopes", "write"),
    ];
    let user = proxied(PROXY, &headers).expect("a user");
    assert_eq!(user.extra["scopes"], ["read", "write"]);
}

#[rstest]
#[case("x-remote-user")]
#[case("x-forwarded-user")]
fn from_others_a_proxys_headers_mean_nothing(#[case] header: &'static str) {
    assert!(matches!(
        of("192.0.2.8", &[(header, "admin")]),
        Ok(Credentials::Anonymous)
    ));
}

#[rstest]
#[case::from_anybody("192.0.2.8")]
#[case::from_the_proxy(PROXY)]
fn impersonation_headers_mean_nothing(#[case] peer: &str) {
    let headers = [
        ("impersonate-user", "admin"),
        ("impersonate-group", "system:masters"),
    ];
    assert!(matches!(of(peer, &headers), Ok(Credentials::Anonymous)));
}

#[rstest]
#[case::basic(&[("authorization", "Basic YTpi")])]
#[case::nothing_after(&[("authorization", "Bearer ")])]
#[case::two(&[("authorization", "Bearer a"), ("authorization", "Bearer b")])]
fn a_strange_authorization_is_refused(#[case] headers: &[(&'static str, &str)]) {
    assert!(matches!(of("192.0.2.8", headers), Err(Refusal::Unknown(_))));
}

#[test]
fn two_users_of_one_proxy_are_refused() {
    let headers = [("x-remote-user", "ada"), ("x-remote-user", "admin")];
    assert!(of(PROXY, &headers).is_err());
}

#[test]
fn a_token_counts_before_what_a_proxy_says() {
    let headers = [("authorization", "Bearer t"), ("x-remote-user", "ada")];
    assert!(matches!(of(PROXY, &headers), Ok(Credentials::Token(_))));
}
