//! Rules about registry connections.

use super::report::{Report, is_given};
use super::rules;
use crate::connection::{Access, Connection, Reading};
use crate::docker_config::{self, DockerConfig};
use crate::location::{is_registry, registry_root};
use crate::secret::DOCKER_CONFIG_JSON;

const LOGIN: &str = ".dockerconfigjson";

pub(super) fn check(connection: &Connection, report: &mut Report) {
    if connection.secret.type_ != DOCKER_CONFIG_JSON {
        let message =
            format!("the Secret's type is not `{DOCKER_CONFIG_JSON}`, so the kubelet skips it");
        let help = format!("delete the Secret and create it with `type: {DOCKER_CONFIG_JSON}`");
        report.add(&rules::SECRET_TYPE, "type", message, help);
    }
    let login = login(connection, report);
    match connection.read("OCI_HOST") {
        Some(host) => check_host(host, login.as_ref(), report),
        None => {
            let message = "`OCI_HOST` is missing, so no location can be built from a path";
            let help = "set it to host and organisation, such as `quay.io/organisation`";
            report.add(&rules::OCI_HOST_MISSING, "OCI_HOST", message, help);
        }
    }
    if let Some(Err(error)) = connection
        .read("ACCESS_TYPE")
        .map(|text| Access::parse(text.text))
    {
        let message = format!("`ACCESS_TYPE`: {error}");
        let help = "write `[\"Pull\"]`, `[\"Push\"]` or `[\"Push\", \"Pull\"]`";
        report.add(&rules::ACCESS_TYPE, "ACCESS_TYPE", message, help);
    }
}

fn login(connection: &Connection, report: &mut Report) -> Option<DockerConfig> {
    if !is_given(connection, LOGIN) {
        report.missing(
            connection,
            LOGIN,
            "set it to the `config.json` that `docker login` writes",
        );
        return None;
    }
    let parsed = docker_config::parse(connection.value(LOGIN)?.expose());
    parsed
        .map_err(|error| {
            let message = format!("`{LOGIN}`: {error}");
            let help = "make it anew with `kubectl create secret docker-registry`";
            report.add(&rules::DOCKER_CONFIG, LOGIN, message, help);
        })
        .ok()
}

fn check_host(host: Reading<'_>, login: Option<&DockerConfig>, report: &mut Report) {
    let field = host.field;
    if host.text.contains("://") {
        let message = format!("`{field}` has a scheme, which readers put into the location twice");
        report.add(
            &rules::OCI_HOST_SCHEME,
            field,
            message,
            "write host and path only",
        );
    }
    let root = registry_root(host.text);
    let (authority, path) = root.split_once('/').unwrap_or((&root, ""));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !is_registry(authority) || !path.chars().all(is_plain) || host.text.contains('@') {
        let message = format!("`{field}` is not a host with an optional port and path");
        report.add(
            &rules::OCI_HOST_SYNTAX,
            field,
            message,
            "write it like `quay.io/organisation`",
        );
    } else if login.is_some_and(|login| !login.is_login_for(&root)) {
        let message = format!("`{LOGIN}` has no login for the registry in `{field}`");
        let help = "log in to that registry, or correct the host";
        report.add(&rules::DOCKER_CONFIG_HOST, field, message, help);
    }
}
