//! The login that a docker config has for one registry. Which registries there are, and what is
//! wrong with a config, is left to the module above.

use base64::Engine as _;
use serde_json::{Map, Value};

use super::{LENIENT, host, text};
use crate::sensitive::Sensitive;

/// What a registry is told about who is there.
#[derive(Debug, Clone)]
pub enum Login {
    /// A user and a password, or a token in its place.
    Password {
        /// The user.
        username: String,
        /// His password.
        password: Sensitive,
    },
    /// A token that is exchanged for others (`identitytoken`).
    Identity(Sensitive),
    /// A token that the registry itself takes (`registrytoken`).
    Bearer(Sensitive),
}

impl Login {
    /// The login for a registry, given as host, optional port and optional path.
    ///
    /// Of several entries the one for the longest part of the path is taken, as the kubelet does; one
    /// for a part below the path comes after all that cover it. `None` also where the config cannot
    /// be read.
    pub fn find(config: &[u8], registry: &str) -> Option<Self> {
        let text = std::str::from_utf8(config).ok()?;
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
        let wanted = host::normal(registry);
        let entries = value.get("auths")?.as_object()?.iter();
        let entries = entries.map(|(key, login)| (host::normal(key), login));
        let fitting = entries.filter(|(entry, _)| host::covers(entry, &wanted));
        let rank = |entry: &str| (entry.len() <= wanted.len(), entry.len());
        let (_, login) = fitting.max_by_key(|(entry, _)| rank(entry))?;
        Self::read(login.as_object()?)
    }

    fn read(login: &Map<String, Value>) -> Option<Self> {
        let token = |key| text(login, key).map(Sensitive::from);
        let bearer = token("registrytoken").map(Self::Bearer);
        let identity = || token("identitytoken").map(Self::Identity);
        bearer.or_else(identity).or_else(|| Self::pair(login))
    }

    fn pair(login: &Map<String, Value>) -> Option<Self> {
        if let Some(auth) = text(login, "auth") {
            let pair = Sensitive::new(LENIENT.decode(auth).ok()?);
            let (username, password) = pair.expose_str()?.split_once(':')?;
            // Some programs pad the password with NUL.
            let password = Sensitive::from(password.trim_end_matches('\0'));
            return Some(Self::Password {
                username: username.to_owned(),
                password,
            });
        }
        let username = text(login, "username")?.to_owned();
        let password = Sensitive::from(text(login, "password")?);
        Some(Self::Password { username, password })
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn user(auths: &Value, registry: &str) -> Option<String> {
        let config = json!({"auths": auths}).to_string();
        match Login::find(config.as_bytes(), registry)? {
            Login::Password { username, .. } => Some(username),
            Login::Identity(_) => Some("identity".to_owned()),
            Login::Bearer(_) => Some("bearer".to_owned()),
        }
    }

    #[rstest]
    #[case("quay.io", Some("all"))]
    #[case("quay.io/other/app", Some("all"))]
    #[case("quay.io/team/app", Some("team"))]
    #[case("ghcr.io", None)]
    fn the_entry_for_the_longest_part_of_the_path_is_taken(
        #[case] registry: &str,
        #[case] expected: Option<&str>,
    ) {
        let entry = |user: &str| json!({"auth": STANDARD.encode(format!("{user}:p:w"))});
        let auths = json!({"quay.io": entry("all"), "quay.io/team": entry("team")});
        assert_eq!(user(&auths, registry).as_deref(), expected);
    }

    #[rstest]
    #[case(json!({"username": "ada", "password": "p"}), Some("ada"))]
    #[case(json!({"auth": "YWRhOnA", "identitytoken": "t"}), Some("identity"))]
    #[case(json!({"registrytoken": "t"}), Some("bearer"))]
    #[case(json!({"username": "ada"}), None)]
    #[case(json!({"auth": "%"}), None)]
    fn every_form_of_an_entry_is_read(#[case] entry: Value, #[case] expected: Option<&str>) {
        let auths = json!({"quay.io": entry});
        assert_eq!(user(&auths, "quay.io").as_deref(), expected);
    }
}
