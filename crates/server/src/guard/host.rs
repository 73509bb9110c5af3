//! For which server a request is meant. A page of another site that makes its own name point here
//! (DNS rebinding) sends that name, and gets nothing.

use std::str::FromStr;

use axum::extract::Request;
use http::uri::Authority;
use http::{StatusCode, header};

use crate::problem::Problem;

/// The names, with ports, under which the server is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

/// A text that is no name of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name such as `bowline.example.org` or `bowline.example.org:8443`")]
pub struct BadHost(String);

impl Hosts {
    /// The names of loopback, on a port.
    pub fn loopback(port: u16) -> Self {
        Self(
            ["localhost", "127.0.0.1", "[::1]"]
                .map(|host| format!("{host}:{port}"))
                .into(),
        )
    }

    /// Further names.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn and<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Result<Self, BadHost> {
        for name in names {
            let parsed = Authority::from_str(name)
                .ok()
                .filter(|_| !name.contains('@'));
            let authority = parsed.ok_or_else(|| BadHost(name.to_owned()))?;
            self.0.push(authority.as_str().to_ascii_lowercase());
        }
        Ok(self)
    }

    /// Whether a name, as the header `Host` has it, is ours.
    pub fn have(&self, host: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    pub(super) fn check(&self, request: &Request) -> Result<(), Problem> {
        let host = named(request);
        if host.is_some_and(|host| self.have(host)) {
            return Ok(());
        }
        let detail = "the request is meant for a server of another name";
        Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail)
            .help("use a name that the server was told it has; see `--host`"))
    }
}

/// The name in the one header `Host`, or else, in HTTP/2, in the request's target.
pub(super) fn named(request: &Request) -> Option<&str> {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let in_header = headers.next().and_then(|value| value.to_str().ok());
    let in_target = request.uri().authority().map(Authority::as_str);
    match (in_header, in_target) {
        _ if headers.next().is_some() => None,
        (Some(header), Some(target)) if !header.eq_ignore_ascii_case(target) => None,
        (header, target) => header.or(target),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("127.0.0.1:8080", true)]
    #[case("localhost:8080", true)]
    #[case("LOCALHOST:8080", true)]
    #[case("[::1]:8080", true)]
    #[case("bowline.example.org", true)]
    #[case("127.0.0.1", false)]
    #[case("127.0.0.1:8081", false)]
    #[case("evil.test:8080", false)]
    #[case("localhost:8080.evil.test", false)]
    #[case("localhost:8080@evil.test", false)]
    #[case("", false)]
    fn only_our_own_names_are_ours(#[case] host: &str, #[case] expected: bool) {
        let hosts = Hosts::loopback(8080)
            .and(["Bowline.example.org"])
            .expect("names");
        let request = Request::builder().header("host", host).body(Body::empty());
        let checked = hosts.check(&request.expect("a request"));
        assert_eq!(checked.is_ok(), expected);
    }

    #[test]
    fn two_hosts_or_none_are_nobodys() {
        let hosts = Hosts::loopback(80);
        let two = Request::builder()
            .header("host", "localhost:80")
            .header("host", "localhost:80");
        assert!(
            hosts
                .check(&two.body(Body::empty()).expect("a request"))
                .is_err()
        );
        assert!(hosts.check(&Request::new(Body::empty())).is_err());
    }

    #[test]
    fn a_login_is_no_name() {
        assert!(Hosts::default().and(["me@example.org"]).is_err());
    }
}
