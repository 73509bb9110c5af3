//! Nobody may grant what they do not have: what a role or binding would give is compared with
//! what its author has.

use super::policy::everything;
use super::{Attributes, Policy, Rule};
use crate::identity::UserInfo;
use crate::object;
use crate::validate::rbac::GROUP;
use serde_json::Value;

/// What is granted is compared with what its author has in so many steps at most.
const ATOMS_LIMIT: usize = 10_000;
/// About so many bytes at most: each step holds a copy of its names.
const BYTES_LIMIT: usize = 16 << 20;

/// A role or binding that somebody wants to write.
pub(crate) struct Grant<'a> {
    /// The plural of its kind.
    pub(crate) plural: &'a str,
    /// The name that the request is about; empty where that names none, as when something is created.
    pub(crate) name: &'a str,
    pub(crate) object: &'a Value,
    /// What it was before.
    pub(crate) old: Option<&'a Value>,
}

/// What the author would grant without having it, as a text for people; none where all is well.
pub(crate) fn check(policy: &Policy, user: &UserInfo, grant: &Grant<'_>) -> Option<String> {
    let Grant { object, plural, .. } = *grant;
    if grant.old.is_some_and(|old| frees_only(object, old)) {
        return None;
    }
    let namespace = object::namespace(object);
    let may = |verb: &str, resource: &str, namespace: &str, name: &str| {
        let asked = Attributes {
            verb: verb.to_owned(),
            group: GROUP.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..Attributes::default()
        };
        policy.allows(user, &asked).is_some()
    };
    let granted = match plural {
        "roles" | "clusterroles" => {
            if may("escalate", plural, namespace, grant.name) {
                return None;
            }
            Rule::of_role(object)
        }
        "rolebindings" | "clusterrolebindings" => {
            let bound = match object::text(object, "/roleRef/kind") {
                Some("Role") => "roles",
                _ => "clusterroles",
            };
            let name = object::text(object, "/roleRef/name").unwrap_or_default();
            if may("bind", bound, namespace, name) {
                return None;
            }
            match policy.bound_rules(object) {
                Some(rules) => rules.to_vec(),
                // Bound in advance, it would grant whatever the role says once it exists.
                None => return Some(format!("{bound}.{GROUP} {name:?} not found")),
            }
        }
        _ => return None,
    };
    if let Some(why) = incomparable(&granted) {
        return Some(why);
    }
    let own = policy.rules(user, namespace);
    let described = describe(user, &missing(&own, &granted));
    // A role that gathers others grants whatever they will ever have; and one that did may not be
    // cut off from what its owners meant it to have.
    let gathers = plural == "clusterroles" && (gathers(object) || grant.old.is_some_and(gathers));
    described.or_else(|| {
        let lacks = gathers && !missing(&own, &everything()).is_empty();
        lacks.then(|| "must have cluster-admin privileges to use the aggregationRule".to_owned())
    })
}

/// Whether nothing is different but what decides when the object goes: who owns it, and who holds
/// it back. All else counts, labels above all, as they decide which roles have its rules too.
fn frees_only(object: &Value, old: &Value) -> bool {
    const FREEING: &[&str] = &[
        "finalizers",
        "ownerReferences",
        "managedFields",
        "resourceVersion",
        "selfLink",
    ];
    let rest = |object: &Value| {
        let mut rest = object.clone();
        let metadata = object::metadata_mut(&mut rest);
        metadata.retain(|member, _| !FREEING.contains(&member.as_str()));
        rest
    };
    rest(object) == rest(old)
}

fn gathers(role: &Value) -> bool {
    let selectors = role.pointer("/aggregationRule/clusterRoleSelectors");
    selectors
        .and_then(Value::as_array)
        .is_some_and(|selectors| !selectors.is_empty())
}

/// Why it would take too much to compare rules with others.
fn incomparable(granted: &[Rule]) -> Option<String> {
    let sum = granted.iter().map(n_atoms).fold(0, usize::saturating_add);
    if sum > ATOMS_LIMIT {
        return Some(format!(
            "its rules have more than {ATOMS_LIMIT} combinations of verbs and resources: split them"
        ));
    }
    let n_bytes = |rule: &Rule| n_atoms(rule).saturating_mul(longest(rule));
    if granted.iter().map(n_bytes).fold(0, usize::saturating_add) > BYTES_LIMIT {
        let why = "its rules have names that are too long to be compared: shorten them";
        return Some(why.to_owned());
    }
    None
}

/// What of `granted` is not among `own`.
fn missing(own: &[Rule], granted: &[Rule]) -> Vec<Rule> {
    let atoms = granted.iter().flat_map(atoms);
    atoms.filter(|atom| !is_covered(own, atom)).collect()
}

fn describe(user: &UserInfo, missing: &[Rule]) -> Option<String> {
    if missing.is_empty() {
        return None;
    }
    let texts: Vec<String> = missing.iter().map(Rule::to_string).collect();
    Some(format!(
        "user {:?} (groups={:?}) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        user.groups,
        texts.join("\n")
    ))
}

/// How many [`atoms`] a rule has.
fn n_atoms(rule: &Rule) -> usize {
    let resources = rule.groups.len() * rule.resources.len() * rule.names.len().max(1);
    rule.verbs.len().saturating_mul(rule.urls.len() + resources)
}

/// How long one of its [`atoms`] may be.
fn longest(rule: &Rule) -> usize {
    let lists = [
        &rule.verbs,
        &rule.groups,
        &rule.resources,
        &rule.names,
        &rule.urls,
    ];
    let longest = |list: &&Vec<String>| list.iter().map(String::len).max().unwrap_or_default();
    lists.iter().map(longest).sum()
}

/// A rule as rules with one verb, one group, one resource and one name each.
fn atoms(rule: &Rule) -> Vec<Rule> {
    let mut atoms = Vec::new();
    for verb in &rule.verbs {
        let one = |text: &String| vec![text.clone()];
        for url in &rule.urls {
            atoms.push(Rule {
                verbs: one(verb),
                urls: one(url),
                ..Rule::default()
            });
        }
        for (group, resource) in rule
            .groups
            .iter()
            .flat_map(|g| rule.resources.iter().map(move |r| (g, r)))
        {
            let whole = Rule {
                verbs: one(verb),
                groups: one(group),
                resources: one(resource),
                ..Rule::default()
            };
            if rule.names.is_empty() {
                atoms.push(whole);
            } else {
                atoms.extend(rule.names.iter().map(|name| Rule {
                    names: one(name),
                    ..whole.clone()
                }));
            }
        }
    }
    atoms
}

/// An atom is covered where one rule has all of it; a `*` is only covered by a `*`.
fn is_covered(own: &[Rule], atom: &Rule) -> bool {
    let has = |list: &[String], wanted: &[String]| {
        wanted
            .iter()
            .all(|w| list.iter().any(|l| l == "*" || l == w))
    };
    own.iter().any(|rule| {
        has(&rule.verbs, &atom.verbs)
            && if atom.urls.is_empty() {
                has(&rule.groups, &atom.groups)
                    && atom
                        .resources
                        .iter()
                        .all(|wanted| rule.resources.iter().any(|own| covers(own, wanted)))
                    && (rule.names.is_empty()
                        || (!atom.names.is_empty() && has(&rule.names, &atom.names)))
            } else {
                atom.urls
                    .iter()
                    .all(|wanted| rule.urls.iter().any(|own| covers_url(own, wanted)))
            }
    })
}

fn covers(own: &str, wanted: &str) -> bool {
    let subresource = |name: &str| name.split_once('/').map(|(_, sub)| sub.to_owned());
    let any_of_subresource = own.starts_with("*/") && subresource(own) == subresource(wanted);
    own == "*" || own == wanted || any_of_subresource
}

fn covers_url(own: &str, wanted: &str) -> bool {
    own == wanted
        || own
            .strip_suffix('*')
            .is_some_and(|prefix| wanted.starts_with(prefix))
}
