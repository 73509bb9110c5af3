//! Which variables connections become, by the rules of a container's `envFrom`. Pure.

use std::collections::BTreeMap;

use bowline_core::{Secret, Sensitive};

use crate::failure::{Failure, Kind};

/// The longest `KEY=value` with its end that Linux hands to a program.
const LONGEST: usize = 128 * 1024;

/// What a command gets, and what a person should know about it.
pub struct Injected {
    /// Variables, each name once.
    pub variables: Vec<(String, Sensitive)>,
    /// Keys that were left out, and who won where two set the same.
    pub told: Vec<String>,
}

/// The variables of connections; the last one wins, as in a container.
///
/// # Errors
/// When a value cannot be a variable, with which a container would not start either.
pub fn variables(secrets: &[Secret]) -> Result<Injected, Failure> {
    let mut found: BTreeMap<&str, (&Secret, &Sensitive)> = BTreeMap::new();
    let mut told = Vec::new();
    for secret in secrets {
        for (key, value) in &secret.data {
            let (name, bytes) = (&secret.name, value.expose());
            if !is_variable(key) {
                told.push(format!("`{key}` of connection `{name}` cannot be the name of a variable and is left out"));
                continue;
            }
            if bytes.contains(&0) {
                return Err(unfit(secret, key, "it holds a NUL byte"));
            }
            if key.len() + bytes.len() + 2 > LONGEST {
                return Err(unfit(secret, key, "it is longer than 128 KiB"));
            }
            if let Some((loser, _)) = found.insert(key, (secret, value)) {
                let loser = &loser.name;
                told.push(format!(
                    "`{loser}` and `{name}` both set `{key}`; `{name}` wins"
                ));
            }
        }
    }
    let variables = found
        .into_iter()
        .map(|(key, (_, value))| (key.to_owned(), value.clone()))
        .collect();
    Ok(Injected { variables, told })
}

fn unfit(secret: &Secret, key: &str, why: &str) -> Failure {
    let what = format!(
        "`{key}` of connection `{}` cannot be a variable",
        secret.name
    );
    Failure::new(Kind::Invalid, what)
        .cause(why)
        .help("`kubectl get secret` gives the bytes; let the command read them from a file")
}

/// The names that the kubelet makes variables of.
fn is_variable(key: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let is_path = key == "." || key.starts_with("..");
    !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(is_allowed)
        && !is_path
}

#[cfg(test)]
mod tests {
    use bowline_core::secret::OPAQUE;
    use rstest::rstest;

    use super::*;

    fn secret(name: &str, data: &[(&str, &[u8])]) -> Secret {
        Secret {
            namespace: "team-a".to_owned(),
            name: name.to_owned(),
            type_: OPAQUE.to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            mistyped: Vec::new(),
            data: data
                .iter()
                .map(|(key, value)| ((*key).to_owned(), Sensitive::new(*value)))
                .collect(),
        }
    }

    #[rstest]
    #[case("AWS_S3_BUCKET", true)]
    #[case("https-host", true)]
    #[case("ssh-privatekey", true)]
    #[case(".dockerconfigjson", true)]
    #[case("0", false)]
    #[case("..data", false)]
    #[case(".", false)]
    #[case("a=b", false)]
    #[case("a b", false)]
    fn a_key_is_a_variable_as_for_the_kubelet(#[case] key: &str, #[case] expected: bool) {
        assert_eq!(is_variable(key), expected);
    }

    #[test]
    fn the_last_connection_wins_and_that_is_told() {
        let secrets = [
            secret("tides", &[("A", b"1"), ("B", b"2")]),
            secret("charts", &[("A", b"3")]),
        ];
        let injected = variables(&secrets).expect("variables");
        let values: Vec<_> = injected
            .variables
            .iter()
            .map(|(key, value)| (key.as_str(), value.expose()))
            .collect();
        assert_eq!(values, [("A", &b"3"[..]), ("B", b"2")]);
        assert_eq!(
            injected.told,
            ["`tides` and `charts` both set `A`; `charts` wins"]
        );
    }

    #[rstest]
    #[case(b"a\0b", "it holds a NUL byte")]
    #[case(&[b'x'; LONGEST], "it is longer than 128 KiB")]
    fn a_value_that_no_program_can_get_is_refused_by_name(#[case] value: &[u8], #[case] why: &str) {
        let failure = variables(&[secret("tides", &[("A", value)])])
            .err()
            .expect("must fail");
        let text = format!("{failure:?}");
        assert!(text.contains("`A`") && text.contains(why), "{text}");
    }
}
