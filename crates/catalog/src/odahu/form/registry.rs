//! Registries: a login as the kubelet reads it, and for Amazon's the keys with which a login is had.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::{Connection, Sensitive, docker_config, names};
use serde_json::{Map, Value, json};

use super::super::host;
use super::super::record::{Member, Spec, Type};
use super::{Form, text};

/// Where the login is kept.
pub(in super::super) const LOGIN: &str = ".dockerconfigjson";

pub(super) fn write(spec: &Spec, form: &mut Form) {
    form.put("OCI_HOST", spec.get(Member::Uri));
    form.put(LOGIN, Some(&own_login(spec)));
    form.annotate(names::TYPE_REF, "oci-v1");
    if spec.type_ == Type::Ecr {
        form.put("AWS_ACCESS_KEY_ID", spec.get(Member::KeyId));
        form.put("AWS_SECRET_ACCESS_KEY", spec.get(Member::KeySecret));
        form.put("AWS_DEFAULT_REGION", spec.get(Member::Region));
    }
}

/// The login of a connection as the only one.
fn own_login(spec: &Spec) -> Sensitive {
    let mut auths = Map::new();
    if let (Some(host), Some(login)) = (host::registry(spec.text(Member::Uri)), login(spec)) {
        auths.insert(host, login);
    }
    Sensitive::new(json!({"auths": auths}).to_string())
}

/// A docker config with the login of a connection in place of the one it had; logins for other
/// registries stay as they are.
pub(in super::super) fn exchange_login(config: &Sensitive, old: &Spec, new: &Spec) -> Sensitive {
    let Ok(Value::Object(mut config)) = serde_json::from_slice(config.expose()) else {
        return own_login(new);
    };
    let auths = config.entry("auths").or_insert_with(|| json!({}));
    if let Value::Object(auths) = auths {
        let key = |auths: &Map<String, Value>, host: &str| {
            auths.keys().find(|key| is_for(key, host)).cloned()
        };
        let (left, wanted) = (
            host::registry(old.text(Member::Uri)),
            host::registry(new.text(Member::Uri)),
        );
        let gone = left.filter(|left| wanted.as_ref() != Some(left) || login(new).is_none());
        if let Some(gone) = gone.and_then(|host| key(auths, &host)) {
            auths.remove(&gone);
        }
        if let (Some(wanted), Some(login)) = (wanted, login(new)) {
            let key = key(auths, &wanted).unwrap_or(wanted);
            auths.insert(key, login);
        }
    }
    Sensitive::new(Value::Object(config).to_string())
}

fn is_for(key: &str, wanted: &str) -> bool {
    key == wanted || host::registry(key).as_deref() == Some(wanted)
}

fn login(spec: &Spec) -> Option<Value> {
    let user = spec.text(Member::Username);
    let password = spec.get(Member::Password).filter(|_| !user.is_empty())?;
    let pair = [user.as_bytes(), b":", password.expose()].concat();
    let auth = STANDARD.encode(&pair);
    drop(Sensitive::new(pair));
    Some(match password.expose_str() {
        Some(password) => json!({"username": user, "password": password, "auth": auth}),
        None => json!({"auth": auth}),
    })
}

pub(super) fn read(connection: &Connection, spec: Spec) -> Spec {
    let value = |key| connection.secret.value(key);
    let config = value(LOGIN);
    let uri = text(value("OCI_HOST"))
        .cloned()
        .or_else(|| only_host(config?));
    let mut spec = spec.with(Member::Uri, uri.as_ref());
    if spec.type_ == Type::Ecr {
        spec = spec
            .with(Member::KeyId, value("AWS_ACCESS_KEY_ID"))
            .with(Member::KeySecret, value("AWS_SECRET_ACCESS_KEY"))
            .with(Member::Region, text(value("AWS_DEFAULT_REGION")));
    }
    let wanted = host::registry(spec.text(Member::Uri));
    match config
        .zip(wanted)
        .and_then(|(config, wanted)| find(config, &wanted))
    {
        Some((user, password)) => spec
            .with(Member::Username, Some(&user))
            .with(Member::Password, Some(&password)),
        None => spec,
    }
}

fn only_host(config: &Sensitive) -> Option<Sensitive> {
    let hosts = docker_config::parse(config.expose()).ok()?.hosts;
    match hosts.as_slice() {
        [host] => Some(Sensitive::from(host.as_str())),
        _ => None,
    }
}

/// User and password for a registry.
fn find(config: &Sensitive, wanted: &str) -> Option<(Sensitive, Sensitive)> {
    let config: Value = serde_json::from_slice(config.expose()).ok()?;
    let auths = config.get("auths")?.as_object()?;
    let (_, login) = auths.iter().find(|(key, _)| is_for(key, wanted))?;
    let text = |key| login.get(key).and_then(Value::as_str);
    if let (Some(user), Some(password)) = (text("username"), text("password")) {
        return Some((Sensitive::from(user), Sensitive::from(password)));
    }
    let pair = Sensitive::new(STANDARD.decode(text("auth")?).ok()?);
    let colon = pair.expose().iter().position(|byte| *byte == b':')?;
    let user = std::str::from_utf8(&pair.expose()[..colon]).ok()?;
    Some((
        Sensitive::from(user),
        Sensitive::new(&pair.expose()[colon + 1..]),
    ))
}
