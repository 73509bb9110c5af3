//! What the chart allows its ServiceAccount, one line for each thing: read from its roles by way of
//! its bindings.

use std::fmt;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::audit::Request;

/// One thing that a role allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    role: String,
    /// Where; everywhere if in no namespace.
    namespace: Option<String>,
    verb: String,
    group: String,
    /// With its subresource, where it is about one.
    resource: String,
    /// Of which objects; of any if without a name.
    name: Option<String>,
}

impl Grant {
    /// Whether this allows `request`.
    pub(super) fn allows(&self, request: &Request) -> bool {
        let is_there = |here: &Option<String>, there: &str| match here {
            Some(here) => here == there,
            None => true,
        };
        self.verb == request.verb
            && self.group == request.group
            && self.resource == request.resource
            && is_there(&self.namespace, &request.namespace)
            // The name of what is made is not known to the rules.
            && is_there(&self.name, &request.name)
    }

    /// Whether both allow the same, by whatever role.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let role = String::new();
        Self {
            role,
            ..self.clone()
        } == Self {
            role: String::new(),
            ..other.clone()
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            role,
            verb,
            group,
            resource,
            ..
        } = self;
        let dot = if group.is_empty() { "" } else { "." };
        write!(f, "{role}: {verb} {resource}{dot}{group}")?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        if let Some(namespace) = &self.namespace {
            write!(f, " in `{namespace}`")?;
        }
        Ok(())
    }
}

/// Everything that the roles among `objects` allow.
pub(super) fn grants(objects: &[Value]) -> Result<Vec<Grant>> {
    let mut grants = Vec::new();
    let mut bound = 0;
    for binding in objects {
        let namespace = match binding["kind"].as_str() {
            Some("ClusterRoleBinding") => None,
            Some("RoleBinding") => Some(text(&binding["metadata"]["namespace"])?),
            _ => continue,
        };
        let reference = &binding["roleRef"];
        let role = objects.iter().find(|object| {
            object["kind"] == reference["kind"] && object["metadata"]["name"] == reference["name"]
        });
        let role = role.with_context(|| format!("no role for {reference}"))?;
        bound += 1;
        for rule in list(&role["rules"]) {
            grants.extend(of_rule(
                &text(&reference["name"])?,
                namespace.as_deref(),
                rule,
            )?);
        }
    }
    let is_role = |object: &&Value| object["kind"] == "Role" || object["kind"] == "ClusterRole";
    let roles = objects.iter().filter(is_role).count();
    ensure!(roles == bound, "{roles} roles, {bound} bindings");
    Ok(grants)
}

fn of_rule(role: &str, namespace: Option<&str>, rule: &Value) -> Result<Vec<Grant>> {
    ensure!(
        rule.get("nonResourceURLs").is_none(),
        "not looked at: {rule}"
    );
    let names = match rule.get("resourceNames") {
        Some(names) => list(names)
            .iter()
            .map(|name| text(name).map(Some))
            .collect::<Result<_>>()?,
        None => vec![None],
    };
    let mut grants = Vec::new();
    for group in list(&rule["apiGroups"]) {
        for resource in list(&rule["resources"]) {
            for verb in list(&rule["verbs"]) {
                for name in &names {
                    let grant = Grant {
                        role: role.to_owned(),
                        namespace: namespace.map(str::to_owned),
                        verb: text(verb)?,
                        group: text(group)?,
                        resource: text(resource)?,
                        name: name.clone(),
                    };
                    ensure!(
                        !format!("{grant}").contains('*'),
                        "{grant}: everything is never what is needed"
                    );
                    grants.push(grant);
                }
            }
        }
    }
    Ok(grants)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Result<String> {
    Ok(value
        .as_str()
        .with_context(|| format!("{value} is no text"))?
        .to_owned())
}
