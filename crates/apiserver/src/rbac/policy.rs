//! All bindings with the rules they grant, as of one moment.

use super::{Attributes, Rule};
use crate::identity::{MASTERS, UserInfo};
use crate::object;
use crate::selector::LabelSelector;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// What one subject of a binding is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    User(String),
    Group(String),
    ServiceAccount { namespace: String, name: String },
}

/// One binding: whom it grants which rules.
#[derive(Clone, Debug)]
struct Grant {
    subjects: Vec<Subject>,
    rules: Arc<[Rule]>,
    /// Which binding and role this is, for people.
    source: String,
}

/// The objects that a policy is made from.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) roles: Vec<Value>,
    pub(crate) cluster_roles: Vec<Value>,
    pub(crate) bindings: Vec<Value>,
    pub(crate) cluster_bindings: Vec<Value>,
}

/// The access rules of one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    everywhere: Vec<Grant>,
    by_namespace: HashMap<String, Vec<Grant>>,
    roles: HashMap<(String, String), Arc<[Rule]>>,
}

impl Policy {
    /// Resolves the bindings.
    pub(crate) fn new(sources: &Sources) -> Self {
        let mut policy = Self {
            roles: roles(sources),
            ..Self::default()
        };
        for binding in &sources.cluster_bindings {
            let grant = policy.grant(binding);
            policy.everywhere.push(grant);
        }
        for binding in &sources.bindings {
            let grant = policy.grant(binding);
            policy
                .by_namespace
                .entry(object::namespace(binding).to_owned())
                .or_default()
                .push(grant);
        }
        policy
    }

    fn grant(&self, binding: &Value) -> Grant {
        let (kind, name) = (object::text(binding, "/kind"), object::name(binding));
        let name = match object::namespace(binding) {
            "" => name.to_owned(),
            namespace => format!("{name}/{namespace}"),
        };
        let subjects = binding
            .get("subjects")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        Grant {
            subjects: subjects.filter_map(subject).collect(),
            rules: self.bound_rules(binding).unwrap_or_default(),
            source: format!(
                "{} {name:?} of {} {:?}",
                kind.unwrap_or_default(),
                object::text(binding, "/roleRef/kind").unwrap_or_default(),
                object::text(binding, "/roleRef/name").unwrap_or_default()
            ),
        }
    }

    /// The rules of the role that a binding names; none where the role does not exist.
    pub(crate) fn bound_rules(&self, binding: &Value) -> Option<Arc<[Rule]>> {
        let namespace = match object::text(binding, "/roleRef/kind") {
            Some("Role") => object::namespace(binding),
            _ => "",
        };
        let name = object::text(binding, "/roleRef/name").unwrap_or_default();
        self.roles
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned()
    }

    /// Why a user may do something; none where they may not.
    pub(crate) fn allows(&self, user: &UserInfo, asked: &Attributes) -> Option<String> {
        if user.is_in(MASTERS) {
            return Some(String::new());
        }
        let mut grants = self.grants(user, &asked.namespace);
        let found = grants.find(|grant| grant.rules.iter().any(|rule| rule.allows(asked)))?;
        Some(format!(
            "RBAC: allowed by {} to {}",
            found.source,
            found.reached(user)
        ))
    }

    /// Every rule that a user has in a namespace, those for everywhere included.
    pub(crate) fn rules(&self, user: &UserInfo, namespace: &str) -> Vec<Rule> {
        if user.is_in(MASTERS) {
            return everything();
        }
        self.grants(user, namespace)
            .flat_map(|grant| grant.rules.iter().cloned())
            .collect()
    }

    fn grants<'a>(
        &'a self,
        user: &'a UserInfo,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Grant> {
        let there = self
            .by_namespace
            .get(namespace)
            .filter(|_| !namespace.is_empty());
        let all = self.everywhere.iter().chain(there.into_iter().flatten());
        all.filter(|grant| grant.subjects.iter().any(|subject| subject.is(user)))
    }
}

impl Grant {
    /// By which of its subjects it reaches a user, for people.
    fn reached(&self, user: &UserInfo) -> String {
        match self.subjects.iter().find(|subject| subject.is(user)) {
            Some(Subject::Group(name)) => format!("Group {name:?}"),
            Some(Subject::ServiceAccount { namespace, name }) => {
                let whole = format!("{name}/{namespace}");
                format!("ServiceAccount {whole:?}")
            }
            _ => format!("User {:?}", user.name),
        }
    }
}

impl Subject {
    fn is(&self, user: &UserInfo) -> bool {
        match self {
            Self::User(name) => *name == user.name,
            Self::Group(name) => user.is_in(name),
            Self::ServiceAccount { namespace, name } => {
                user.service_account() == Some((namespace.as_str(), name.as_str()))
            }
        }
    }
}

fn subject(subject: &Value) -> Option<Subject> {
    let text = |member: &str| {
        subject
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    match subject.get("kind").and_then(Value::as_str)? {
        "User" => Some(Subject::User(text("name"))),
        "Group" => Some(Subject::Group(text("name"))),
        "ServiceAccount" => Some(Subject::ServiceAccount {
            namespace: text("namespace"),
            name: text("name"),
        }),
        _ => None,
    }
}

/// Every role's rules; a ClusterRole that gathers others has theirs too.
fn roles(sources: &Sources) -> HashMap<(String, String), Arc<[Rule]>> {
    let key = |role: &Value| {
        (
            object::namespace(role).to_owned(),
            object::name(role).to_owned(),
        )
    };
    let plain = sources
        .roles
        .iter()
        .map(|role| (key(role), Rule::of_role(role).into()));
    let cluster = sources.cluster_roles.iter().map(|role| {
        let mut rules = Rule::of_role(role);
        let selectors = role
            .pointer("/aggregationRule/clusterRoleSelectors")
            .and_then(Value::as_array);
        let selectors = selectors.into_iter().flatten();
        for selector in selectors.filter_map(LabelSelector::of_object) {
            let chosen = sources
                .cluster_roles
                .iter()
                .filter(|other| selector.matches(object::labels(other)));
            rules.extend(
                chosen
                    .filter(|other| object::name(other) != object::name(role))
                    .flat_map(Rule::of_role),
            );
        }
        (key(role), rules.into())
    });
    plain.chain(cluster).collect()
}

/// What only those have who may do all there is to do.
pub(super) fn everything() -> Vec<Rule> {
    let all = || vec!["*".to_owned()];
    vec![
        Rule {
            groups: all(),
            resources: all(),
            verbs: all(),
            ..Rule::default()
        },
        Rule {
            urls: all(),
            verbs: all(),
            ..Rule::default()
        },
    ]
}
