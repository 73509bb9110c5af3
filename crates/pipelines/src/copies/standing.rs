//! What the metadata of a namespace says about it: whether it is a profile's, and whether it opted in.

use std::collections::BTreeMap;

use super::OPTED_IN;

/// The label that Kubeflow gives the namespaces of profiles.
pub(super) const PROFILE_LABEL: (&str, &str) = ("app.kubernetes.io/part-of", "kubeflow-profile");
/// The group and kind of profiles.
const PROFILE: (&str, &str) = ("kubeflow.org", "Profile");

/// Who controls an object, as its owner references say.
#[derive(Debug, Clone, Copy)]
pub struct Controller<'a> {
    /// Group and version.
    pub api_version: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// Name.
    pub name: &'a str,
}

/// How a namespace stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether it has the label of profiles.
    has_label: bool,
    /// Whether the Profile of its name controls it.
    has_controller: bool,
    /// Whether it agreed to be given keys.
    is_opted_in: bool,
}

impl Standing {
    /// Reads it from a namespace's metadata.
    pub fn of(
        name: &str,
        labels: &BTreeMap<String, String>,
        controller: Option<Controller<'_>>,
    ) -> Self {
        let is_labelled =
            |(label, value): (&str, &str)| labels.get(label).is_some_and(|text| text == value);
        let is_profile = |owner: Controller<'_>| {
            let group = owner.api_version.split_once('/').map(|(group, _)| group);
            (group, owner.kind, owner.name) == (Some(PROFILE.0), PROFILE.1, name)
        };
        Self {
            has_label: is_labelled(PROFILE_LABEL),
            has_controller: controller.is_some_and(is_profile),
            is_opted_in: is_labelled(OPTED_IN),
        }
    }

    /// Whether it is a profile's.
    pub const fn is_profile(self) -> bool {
        self.has_label && self.has_controller
    }

    /// Whether it may be a profile's, so that what is in it is nobody else's.
    pub(super) const fn is_somebodys(self) -> bool {
        self.has_label || self.has_controller
    }

    /// Whether it agreed to be given keys.
    pub const fn is_opted_in(self) -> bool {
        self.is_opted_in
    }
}
