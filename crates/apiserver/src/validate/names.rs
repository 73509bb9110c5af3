//! The grammar of names, label keys and label values. Each function returns what is wrong, in
//! Kubernetes' wording; where the text stands is left to the callers.

/// The grammar that the names of a kind follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// RFC 1123 subdomain: most kinds.
    Subdomain,
    /// RFC 1123 label: namespaces, and what gives its name to hosts.
    Label,
    /// Whatever can be one segment of a path: access rules.
    PathSegment,
}

impl NameRule {
    /// What is wrong with `name`.
    pub(crate) fn check(self, name: &str) -> Vec<String> {
        match self {
            Self::Subdomain => subdomain(name),
            Self::Label => label(name),
            Self::PathSegment => path_segment(name),
        }
    }
}

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
    and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
    alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
    and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
    validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' \
    (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const VARIABLE: &str = "a valid environment variable name must consist only of printable ASCII characters other than '='";

/// An RFC 1123 subdomain.
pub(crate) fn subdomain(text: &str) -> Vec<String> {
    findings(text, 253, text.split('.').all(is_label), SUBDOMAIN)
}

/// An RFC 1123 label.
pub(crate) fn label(text: &str) -> Vec<String> {
    if text.contains('.') {
        return vec!["must not contain dots".to_owned()];
    }
    findings(text, 63, is_label(text), LABEL)
}

fn path_segment(text: &str) -> Vec<String> {
    if text == "." || text == ".." {
        return vec![format!("may not be '{text}'")];
    }
    let found = ["/", "%"].into_iter().filter(|part| text.contains(part));
    found
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

/// The key of a label or annotation: an optional subdomain and `/` before a name.
pub(crate) fn qualified(text: &str) -> Vec<String> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if name.contains('/') {
        return vec![format!(
            "a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )];
    }
    let mut found = Vec::new();
    match prefix {
        Some("") => found.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => found.extend(
            subdomain(prefix)
                .into_iter()
                .map(|text| format!("prefix part {text}")),
        ),
        None => {}
    }
    if name.is_empty() {
        found.push("name part must be non-empty".to_owned());
    }
    found.extend(
        in_bytes(name, is_qualified(name), QUALIFIED)
            .into_iter()
            .map(|text| format!("name part {text}")),
    );
    found
}

/// The value of a label.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    in_bytes(text, text.is_empty() || is_qualified(text), LABEL_VALUE)
}

/// A key in the data of a Secret or ConfigMap.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut found = findings(
        text,
        253,
        !text.is_empty() && text.chars().all(is_plain),
        CONFIG_KEY,
    );
    if text == "." {
        found.push("must not be '.'".to_owned());
    } else if text == ".." {
        found.push("must not be '..'".to_owned());
    } else if text.starts_with("..") {
        found.push("must not start with '..'".to_owned());
    }
    found
}

/// The name of a variable in a container's environment.
pub(crate) fn variable(text: &str) -> Vec<String> {
    let is_well_formed = text.bytes().all(|c| matches!(c, b' '..=b'~') && c != b'=');
    findings(
        text,
        usize::MAX,
        is_well_formed && !text.is_empty(),
        VARIABLE,
    )
}

/// The name of a port.
pub(crate) fn port(text: &str) -> Vec<String> {
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let rules = [
        (text.len() > 15, "must be no more than 15 characters"),
        (
            text.is_empty() || !text.bytes().all(is_plain),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (
            !text.bytes().any(|c| c.is_ascii_lowercase()),
            "must contain at least one letter (a-z)",
        ),
        (text.contains("--"), "must not contain consecutive hyphens"),
        (
            text.starts_with('-') || text.ends_with('-'),
            "must not begin or end with a hyphen",
        ),
    ];
    let broken = rules.into_iter().filter(|(is_broken, _)| *is_broken);
    broken.map(|(_, why)| why.to_owned()).collect()
}

/// What is wrong with a part of a label.
fn in_bytes(text: &str, is_well_formed: bool, grammar: &str) -> Vec<String> {
    let found = findings(text, 63, is_well_formed, grammar).into_iter();
    found
        .map(|why| why.replace("63 characters", "63 bytes"))
        .collect()
}

fn findings(text: &str, limit: usize, is_well_formed: bool, grammar: &str) -> Vec<String> {
    let mut found = Vec::new();
    if text.len() > limit {
        found.push(format!("must be no more than {limit} characters"));
    }
    if !is_well_formed {
        found.push(grammar.to_owned());
    }
    found
}

fn is_label(text: &str) -> bool {
    let is_lower = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    has_ends(text, is_lower) && text.bytes().all(|c| is_lower(c) || c == b'-')
}

fn is_qualified(text: &str) -> bool {
    has_ends(text, |c| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
}

fn has_ends(text: &str, is_end: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|c| is_end(*c)) && bytes.last().is_some_and(|c| is_end(*c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("training-data", true)]
    #[case::dotted("a.b-1.c", true)]
    #[case::upper("Training", false)]
    #[case::underscore("a_b", false)]
    #[case::leading_dash("-a", false)]
    #[case::empty("", false)]
    #[case::double_dot("a..b", false)]
    #[case::look_alike("аbc", false)]
    #[case::longest(&"a".repeat(253), true)]
    #[case::too_long(&"a".repeat(254), false)]
    fn a_subdomain_keeps_its_grammar(#[case] name: &str, #[case] is_valid: bool) {
        assert_eq!(subdomain(name).is_empty(), is_valid);
    }

    #[rstest]
    #[case::plain("app", true)]
    #[case::prefixed("opendatahub.io/dashboard", true)]
    #[case::two_slashes("a/b/c", false)]
    #[case::no_prefix("/b", false)]
    #[case::no_name("a/", false)]
    #[case::upper_prefix("A.io/b", false)]
    #[case::too_long(&"a".repeat(64), false)]
    fn a_label_key_keeps_its_grammar(#[case] key: &str, #[case] is_valid: bool) {
        assert_eq!(qualified(key).is_empty(), is_valid);
    }

    #[rstest]
    #[case::empty("", true)]
    #[case::truth("true", true)]
    #[case::blank("a b", false)]
    #[case::dash_at_end("a-", false)]
    #[case::too_long(&"a".repeat(64), false)]
    fn a_label_value_keeps_its_grammar(#[case] value: &str, #[case] is_valid: bool) {
        assert_eq!(label_value(value).is_empty(), is_valid);
    }

    #[rstest]
    #[case::variable("AWS_ACCESS_KEY_ID", true)]
    #[case::dotted(".dockerconfigjson", true)]
    #[case::parent("..", false)]
    #[case::slash("a/b", false)]
    #[case::empty("", false)]
    fn a_data_key_keeps_its_grammar(#[case] key: &str, #[case] is_valid: bool) {
        assert_eq!(config_key(key).is_empty(), is_valid);
    }
}
