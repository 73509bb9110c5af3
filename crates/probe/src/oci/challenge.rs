//! Reading `WWW-Authenticate`: how a registry wants people to sign in. Pure.

/// How to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// With a token of the service at `realm`.
    Bearer {
        realm: String,
        service: Option<String>,
    },
    /// With user and password.
    Basic,
}

impl Challenge {
    /// The challenge to answer among several headers; tokens come first.
    pub(super) fn find(headers: &[&str]) -> Option<Self> {
        let all = || headers.iter().flat_map(|header| split(header));
        let bearer = all().find_map(|(scheme, rest)| {
            let is_bearer = scheme.eq_ignore_ascii_case("bearer");
            let realm = is_bearer.then(|| parameter(rest, "realm")).flatten()?;
            Some(Self::Bearer {
                realm,
                service: parameter(rest, "service"),
            })
        });
        let basic = || all().any(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        bearer.or_else(|| basic().then_some(Self::Basic))
    }
}

/// The challenges of one header: a scheme, and what follows it up to the next one.
fn split(header: &str) -> Vec<(&str, &str)> {
    let mut starts = Vec::new();
    let mut is_quoted = false;
    let mut is_start = true;
    for (at, c) in header.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            ',' => is_start = true,
            ' ' => {}
            _ if is_start => {
                is_start = false;
                let word = header[at..].split([',', '"']).next().unwrap_or_default();
                // A parameter has its `=` at once, a scheme has a blank first.
                let first = word.split([' ', '=']).next().unwrap_or_default();
                if !word[first.len()..].trim_start().starts_with('=') {
                    starts.push((at, first));
                }
            }
            _ => {}
        }
    }
    let ends = starts
        .iter()
        .skip(1)
        .map(|(at, _)| *at)
        .chain([header.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((at, scheme), end)| (*scheme, &header[at + scheme.len()..end]))
        .collect()
}

/// A parameter's value, quoted or not.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.trim_matches([' ', ',']).eq_ignore_ascii_case(name) {
            return Some(value.trim().to_owned());
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        }
    }

    #[rstest]
    #[case(&[r#"Bearer realm="https://a.io/token",service="a.io""#], Some(bearer("https://a.io/token", Some("a.io"))))]
    #[case(&[r#"bearer service="a, b", realm="https://a.io/t?x=1""#], Some(bearer("https://a.io/t?x=1", Some("a, b"))))]
    #[case(&["Bearer realm=https://a.io/token"], Some(bearer("https://a.io/token", None)))]
    #[case(&[r#"Basic realm="x", Bearer realm="https://a.io/t""#], Some(bearer("https://a.io/t", None)))]
    #[case(&[r#"Basic realm="x""#, r#"Bearer realm="https://a.io/t""#], Some(bearer("https://a.io/t", None)))]
    #[case(&[r#"BASIC realm="Bearer realm=y""#], Some(Challenge::Basic))]
    #[case(&["Basic"], Some(Challenge::Basic))]
    #[case(&["Bearer"], None)]
    #[case(&["Negotiate"], None)]
    #[case(&[], None)]
    fn a_challenge_is_read(#[case] headers: &[&str], #[case] expected: Option<Challenge>) {
        assert_eq!(Challenge::find(headers), expected);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in r#"[a-zé=",\\ ]{0,40}"#) {
            let _ = Challenge::find(&[header.as_str()]);
        }
    }
}
