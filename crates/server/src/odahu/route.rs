//! Which operation a method and a path mean. Verbs that a path does not have are pages that are not
//! there, as ODAHU has it.

use http::Method;
use url::form_urlencoded;

/// Where connections are.
pub(super) const BASE: &str = "/api/v1/connection";

/// What a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    List,
    Create,
    Update,
    Get(String),
    Decrypted(String),
    Delete(String),
    /// No operation of ODAHU's: its clients never send it.
    Test(String),
    /// The path has a slash too many.
    Redirect(String),
    /// There is no such page.
    None,
}

impl Operation {
    pub(super) const fn is_reading(&self) -> bool {
        matches!(
            self,
            Self::List | Self::Get(_) | Self::Decrypted(_) | Self::Test(_)
        )
    }

    /// What the audit log calls it; `None` where it is left to the access log.
    pub(super) const fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Create => Some("create"),
            Self::Update => Some("change"),
            Self::Delete(_) => Some("delete"),
            Self::Decrypted(_) => Some("read-values"),
            Self::Test(_) => Some("test"),
            Self::List | Self::Get(_) | Self::Redirect(_) | Self::None => None,
        }
    }

    /// The id in its path; empty where there is none.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Get(id) | Self::Decrypted(id) | Self::Delete(id) | Self::Test(id) => id,
            _ => "",
        }
    }
}

/// The operation of a request.
pub(super) fn of(method: &Method, path: &str, query: Option<&str>) -> Operation {
    match path.strip_suffix('/') {
        None => direct(method, path),
        Some(shorter) if direct(method, shorter) == Operation::None => Operation::None,
        Some(shorter) => {
            let query = query.map(|query| format!("?{query}"));
            Operation::Redirect(format!("{shorter}{}", query.unwrap_or_default()))
        }
    }
}

fn direct(method: &Method, path: &str) -> Operation {
    let rest = path.strip_prefix(BASE).unwrap_or_default();
    let parts: Vec<&str> = rest.split('/').skip(1).collect();
    match (method.as_str(), parts.as_slice()) {
        ("GET", []) => Operation::List,
        ("POST", []) => Operation::Create,
        ("PUT", []) => Operation::Update,
        (_, ["", ..]) => Operation::None,
        ("GET", [id]) => Operation::Get(decoded(id)),
        ("DELETE", [id]) => Operation::Delete(decoded(id)),
        ("POST", [id, "test"]) => Operation::Test(decoded(id)),
        ("GET", [id, "decrypted"]) => Operation::Decrypted(decoded(id)),
        _ => Operation::None,
    }
}

/// An id without its percent escapes. A plus sign is no blank in a path.
fn decoded(text: &str) -> String {
    let text = format!("id={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs
        .next()
        .map(|(_, id)| id.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("GET", "", Operation::List)]
    #[case("POST", "", Operation::Create)]
    #[case("PUT", "", Operation::Update)]
    #[case("DELETE", "", Operation::None)]
    #[case("PATCH", "", Operation::None)]
    #[case("HEAD", "", Operation::None)]
    #[case("GET", "/a", Operation::Get("a".into()))]
    #[case("GET", "/%61%2Bb+c%26d=e", Operation::Get("a+b+c&d=e".into()))]
    #[case("GET", "/a%2Fdecrypted", Operation::Get("a/decrypted".into()))]
    #[case("GET", "/a/decrypted", Operation::Decrypted("a".into()))]
    #[case("PUT", "/a", Operation::None)]
    #[case("DELETE", "/a", Operation::Delete("a".into()))]
    #[case("DELETE", "/a/decrypted", Operation::None)]
    #[case("POST", "/a/test", Operation::Test("a".into()))]
    #[case("GET", "/a/test", Operation::None)]
    #[case("POST", "/a", Operation::None)]
    #[case("GET", "/a/b", Operation::None)]
    #[case("GET", "/", Operation::Redirect("/api/v1/connection?type=s3".into()))]
    #[case("DELETE", "/", Operation::None)]
    #[case("GET", "//", Operation::None)]
    #[case("GET", "/a/", Operation::Redirect("/api/v1/connection/a?type=s3".into()))]
    #[case("GET", "/a/decrypted/", Operation::Redirect("/api/v1/connection/a/decrypted?type=s3".into()))]
    fn paths(#[case] method: &str, #[case] rest: &str, #[case] expected: Operation) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(
            of(&method, &format!("{BASE}{rest}"), Some("type=s3")),
            expected
        );
    }
}
