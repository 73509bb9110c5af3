//! Registry logins as docker and the kubelet keep them: the JSON that stands under
//! `.dockerconfigjson`.

use std::collections::BTreeMap;

use bowline_core::{Protocol, Secret, Sensitive, docker_config};
use serde_json::{Map, Value, json};

use super::lost::{Losses, Taking};
use super::neutral::{of_values, protocol};
use super::{Read, ReadError, Written};

const KEY: &str = ".dockerconfigjson";
/// Members of a docker config that are no logins.
const HELPERS: [&str; 2] = ["credsStore", "credHelpers"];

pub(super) fn read(input: &[u8], name: &str) -> Result<Read, ReadError> {
    let config = docker_config::parse(input)?;
    let mut losses = Losses::default();
    let value: Value = serde_json::from_slice(input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input))
        .map_err(|_| ReadError::Content("it is not JSON".to_owned()))?;
    let members = value.as_object().into_iter().flat_map(Map::keys);
    for key in members.filter(|key| *key != "auths") {
        let why = match HELPERS.contains(&key.as_str()) {
            true => "the kubelet runs no credential helpers",
            false => "only the logins are taken over",
        };
        losses.ignored(name, key, why);
    }
    let logins = json!({"auths": value["auths"]});
    let mut data = BTreeMap::from([(KEY.to_owned(), Sensitive::new(logins.to_string()))]);
    match config.hosts.as_slice() {
        [host] if !host.contains('*') => {
            data.insert("OCI_HOST".to_owned(), Sensitive::from(host.as_str()));
        }
        _ => losses.ignored(
            name,
            "OCI_HOST",
            "there is not exactly one registry, so the connection names none",
        ),
    }
    Ok(Read {
        secrets: vec![of_values(name, Some(Protocol::Oci), data, &mut losses)],
        findings: losses.0,
    })
}

pub(super) fn write(secrets: &[Secret]) -> Written {
    let mut losses = Losses::default();
    let mut auths = Map::new();
    for secret in secrets {
        if protocol(secret) != Some(Protocol::Oci) {
            losses.impossible(
                secret,
                "a docker config holds connections of protocol `oci` only",
            );
            continue;
        }
        let mut taking = Taking::new(secret);
        let Some(logins) = logins(secret) else {
            losses.impossible(secret, format!("`{KEY}` is missing or is no docker config"));
            continue;
        };
        taking.skip(KEY);
        if taking
            .line("OCI_HOST")
            .is_some_and(|host| is_elsewhere(secret, host))
        {
            losses.lost(
                secret,
                "OCI_HOST",
                "`OCI_HOST` is none of the registries that the logins are for",
            );
        }
        for (host, login) in logins {
            if auths.insert(host, login).is_some() {
                losses.ignored(
                    &secret.name,
                    KEY,
                    "two connections log in to the same registry; the latter wins",
                );
            }
        }
        taking.finish("a docker config", &mut losses);
    }
    Written {
        text: Sensitive::new(format!("{:#}\n", json!({"auths": auths}))),
        findings: losses.0,
    }
}

fn logins(secret: &Secret) -> Option<Map<String, Value>> {
    let bytes = secret.value(KEY)?.expose();
    docker_config::parse(bytes).ok()?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    match value.get_mut("auths").map(Value::take)? {
        Value::Object(logins) => Some(logins),
        _ => None,
    }
}

fn is_elsewhere(secret: &Secret, host: &str) -> bool {
    let config = secret
        .value(KEY)
        .and_then(|bytes| docker_config::parse(bytes.expose()).ok());
    config.is_none_or(|config| !config.is_login_for(host))
}
