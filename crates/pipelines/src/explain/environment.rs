//! The environment of a container, with what it refers to.

use serde_json::Value;

use super::login::Login;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// A value.
    Text(String),
    /// A key of a Secret of the namespace.
    Secret(String, String),
    /// A key of something that is not among the objects.
    Elsewhere,
}

/// A container's variables.
pub(super) struct Environment<'a> {
    variables: &'a [Value],
    namespace: &'a str,
    objects: &'a [Value],
}

impl<'a> Environment<'a> {
    /// The first container of a pod template that has a variable.
    pub(super) fn with(object: &'a Value, variable: &str, objects: &'a [Value]) -> Option<Self> {
        let pod = object
            .pointer("/spec/template/spec")
            .unwrap_or(&Value::Null);
        let containers = pod["containers"].as_array()?;
        let found = containers.iter().find_map(|container| {
            let variables = container["env"].as_array()?;
            let has = variables.iter().any(|it| it["name"] == variable);
            has.then_some(variables)
        });
        Some(Self {
            variables: found?,
            namespace: text(&object["metadata"]["namespace"]),
            objects,
        })
    }

    /// One over variables that stand somewhere else than in a pod template.
    pub(super) fn of(variables: &'a [Value], namespace: &'a str, objects: &'a [Value]) -> Self {
        Self {
            variables,
            namespace,
            objects,
        }
    }

    /// What a variable holds; nothing when it is absent.
    pub(super) fn get(&self, name: &str) -> Option<Held> {
        let variable = self.variables.iter().find(|it| it["name"] == name)?;
        let from = &variable["valueFrom"];
        if let Some(secret) = from.get("secretKeyRef") {
            return Some(Held::Secret(
                text(&secret["name"]).to_owned(),
                text(&secret["key"]).to_owned(),
            ));
        }
        if let Some(reference) = from.get("configMapKeyRef") {
            let found = config_map(self.objects, self.namespace, text(&reference["name"]));
            let value = found.and_then(|map| map["data"][text(&reference["key"])].as_str());
            return Some(value.map_or(Held::Elsewhere, |value| Held::Text(value.to_owned())));
        }
        Some(Held::Text(text(&variable["value"]).to_owned()))
    }

    /// The text of a variable; nothing when it is absent or not known.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Held::Text(text) => Some(text),
            Held::Secret(..) | Held::Elsewhere => None,
        }
    }

    /// Where a pair of keys comes from.
    pub(super) fn credentials(&self, access: &str, secret: &str, absent: Login) -> Option<Login> {
        match (self.get(access), self.get(secret)) {
            (Some(Held::Secret(name, access)), Some(Held::Secret(_, secret))) => {
                Some(Login::of(&name, &access, &secret))
            }
            (Some(Held::Text(access)), Some(Held::Text(secret)))
                if access.is_empty() && secret.is_empty() =>
            {
                Some(Login::Environment)
            }
            (None, None) => Some(absent),
            // Typed in clear, which is not ours to repeat.
            _ => Some(Login::Other),
        }
    }
}

/// The ConfigMap of a name.
pub(super) fn config_map<'a>(
    objects: &'a [Value],
    namespace: &str,
    name: &str,
) -> Option<&'a Value> {
    objects.iter().find(|object| {
        object["kind"] == "ConfigMap"
            && object["metadata"]["name"] == name
            && object["metadata"]["namespace"] == namespace
    })
}

/// A text, or nothing.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
