//! Who may do what: Roles and bindings, evaluated. Pure but for reading the rules from the store
//! once per change; asking for a decision and wording its refusal is left to the pipeline.

pub(crate) mod bootstrap;
mod cache;
mod escalation;
mod policy;
mod rule;

pub(crate) use cache::PolicyCache;
pub(crate) use escalation::{Grant, check as check_escalation};
pub(crate) use policy::Policy;
pub(crate) use rule::Rule;

use std::fmt;

/// What is asked for, as the rules see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// A path outside of the resources; all else is empty then but the verb.
    pub(crate) path: String,
}

impl Attributes {
    /// `pods`, `pods/status`.
    pub(crate) fn full_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }
}

/// As in `cannot get resource "secrets" in API group "" in the namespace "team-a"`.
impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            return write!(f, "cannot {} path {:?}", self.verb, self.path);
        }
        write!(
            f,
            "cannot {} resource {:?} in API group {:?} ",
            self.verb,
            self.full_resource(),
            self.group
        )?;
        match self.namespace.as_str() {
            "" => f.write_str("at the cluster scope"),
            namespace => write!(f, "in the namespace {namespace:?}"),
        }
    }
}
