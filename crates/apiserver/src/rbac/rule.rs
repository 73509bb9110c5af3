//! One rule of a Role: which verbs on which resources or paths.

use super::Attributes;
use serde_json::{Map, Value};
use std::fmt;

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) urls: Vec<String>,
    pub(crate) verbs: Vec<String>,
}

impl Rule {
    /// The rules of a Role.
    pub(crate) fn of_role(role: &Value) -> Vec<Rule> {
        let rules = role.get("rules").and_then(Value::as_array);
        rules.into_iter().flatten().map(Rule::from_value).collect()
    }

    fn from_value(rule: &Value) -> Rule {
        let list = |member: &str| {
            let entries = rule
                .get(member)
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            entries
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        Rule {
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            urls: list("nonResourceURLs"),
            verbs: list("verbs"),
        }
    }

    /// The rule as a Role holds it.
    pub(crate) fn to_value(&self) -> Value {
        let members = [
            ("verbs", &self.verbs),
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.urls),
        ];
        let filled = members.into_iter().filter(|(_, list)| !list.is_empty());
        Value::Object(
            filled
                .map(|(name, list)| (name.to_owned(), list.clone().into()))
                .collect::<Map<_, _>>(),
        )
    }

    /// Whether it allows what is asked for.
    pub(crate) fn allows(&self, asked: &Attributes) -> bool {
        if !holds(&self.verbs, &asked.verb) {
            return false;
        }
        if !asked.path.is_empty() {
            return self.urls.iter().any(|url| covers_path(url, &asked.path));
        }
        holds(&self.groups, &asked.group)
            && self
                .resources
                .iter()
                .any(|own| covers_resource(own, &asked.resource, &asked.subresource))
            && (self.names.is_empty() || self.names.contains(&asked.name))
    }
}

fn holds(own: &[String], wanted: &str) -> bool {
    own.iter().any(|entry| entry == "*" || entry == wanted)
}

fn covers_resource(own: &str, resource: &str, subresource: &str) -> bool {
    match own.split_once('/') {
        _ if own == "*" => true,
        Some((before, after)) => {
            (before == "*" || before == resource) && after == subresource && !after.is_empty()
        }
        None => own == resource && subresource.is_empty(),
    }
}

fn covers_path(own: &str, path: &str) -> bool {
    match own.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => own == path,
    }
}

/// As Kubernetes shows rules that are missing.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("ResourceNames", &self.names),
            ("NonResourceURLs", &self.urls),
            ("Verbs", &self.verbs),
        ];
        let filled = members.into_iter().filter(|(_, list)| !list.is_empty());
        let texts: Vec<String> = filled
            .map(|(name, list)| format!("{name}:{list:?}"))
            .collect();
        write!(f, "{{{}}}", texts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn ask(verb: &str, resource: &str, subresource: &str, name: &str) -> Attributes {
        Attributes {
            verb: verb.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            name: name.into(),
            ..Attributes::default()
        }
    }

    #[rstest]
    #[case::exact(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}), true)]
    #[case::every_verb(json!({"verbs": ["*"], "apiGroups": [""], "resources": ["secrets"]}), true)]
    #[case::every_resource(json!({"verbs": ["get"], "apiGroups": ["*"], "resources": ["*"]}), true)]
    #[case::by_name(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]}), true)]
    #[case::other_name(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["b"]}), false)]
    #[case::other_verb(json!({"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"]}), false)]
    #[case::other_group(json!({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["secrets"]}), false)]
    #[case::only_subresource(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets/status"]}), false)]
    #[case::no_group(json!({"verbs": ["get"], "resources": ["secrets"]}), false)]
    fn a_rule_allows_a_secret_to_be_read(#[case] rule: Value, #[case] allowed: bool) {
        assert_eq!(
            Rule::from_value(&rule).allows(&ask("get", "secrets", "", "a")),
            allowed
        );
    }

    #[rstest]
    #[case::whole("*", true)]
    #[case::this("pods/status", true)]
    #[case::any_resource("*/status", true)]
    #[case::parent("pods", false)]
    #[case::other("pods/log", false)]
    fn a_subresource_needs_its_own_rule(#[case] resource: &str, #[case] allowed: bool) {
        let rule = Rule::from_value(
            &json!({"verbs": ["patch"], "apiGroups": [""], "resources": [resource]}),
        );
        assert_eq!(rule.allows(&ask("patch", "pods", "status", "a")), allowed);
    }

    #[rstest]
    #[case::exact("/metrics", true)]
    #[case::prefix("/met*", true)]
    #[case::all("*", true)]
    #[case::longer("/metrics/more", false)]
    fn a_path_is_covered(#[case] url: &str, #[case] allowed: bool) {
        let rule = Rule::from_value(&json!({"verbs": ["get"], "nonResourceURLs": [url]}));
        let asked = Attributes {
            verb: "get".into(),
            path: "/metrics".into(),
            ..Attributes::default()
        };
        assert_eq!(rule.allows(&asked), allowed);
    }
}
