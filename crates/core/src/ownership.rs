//! Whose an object is that Bowline would keep under a fixed name; what follows from it is left to
//! `storage_config` and `ca_bundle`.

use std::collections::BTreeMap;
use std::fmt;

use crate::names;

/// Whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// It carries our label.
    Bowline,
    /// Made by OpenShift AI's model controller, which labels what it makes.
    OpenShiftAi,
    /// Somebody asked controllers to keep their hands off, whoever made it.
    OptedOut,
    /// Nobody that we know.
    Other,
}

impl Owner {
    /// Reads it from the object's labels and annotations.
    pub fn of(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> Self {
        let label = |key| labels.get(key).map(String::as_str);
        let (ours, bowline) = names::MANAGED_BY;
        let is_off = annotations
            .get(names::MANAGED)
            .is_some_and(|text| text == "false");
        match label(names::MANAGED_LABEL) {
            Some("false") => Self::OptedOut,
            _ if is_off => Self::OptedOut,
            _ if label(ours) == Some(bowline) => Self::Bowline,
            Some("true") => Self::OpenShiftAi,
            _ => Self::Other,
        }
    }
}

/// A clause after the object's name: "was not made by Bowline".
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bowline => "was made by Bowline",
            Self::OpenShiftAi => "was made by OpenShift AI's model controller",
            Self::OptedOut => "is opted out by its labels or annotations",
            Self::Other => "was not made by Bowline",
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const OURS: (&str, &str) = names::MANAGED_BY;

    #[rstest]
    #[case::no_marks(&[], &[], Owner::Other)]
    #[case::our_label(&[OURS], &[], Owner::Bowline)]
    #[case::label_of_another_tool(&[("app.kubernetes.io/managed-by", "Helm")], &[], Owner::Other)]
    #[case::label_of_the_peer(&[("opendatahub.io/managed", "true")], &[], Owner::OpenShiftAi)]
    #[case::adopted(&[OURS, ("opendatahub.io/managed", "true")], &[], Owner::Bowline)]
    #[case::opted_out_by_label(&[OURS, ("opendatahub.io/managed", "false")], &[], Owner::OptedOut)]
    #[case::opted_out_by_annotation(&[OURS], &[(names::MANAGED, "false")], Owner::OptedOut)]
    #[case::foreign_and_opted_out(&[], &[(names::MANAGED, "false")], Owner::OptedOut)]
    #[case::opted_in(&[OURS], &[(names::MANAGED, "true")], Owner::Bowline)]
    fn an_owner_is_read_from_labels_and_annotations(
        #[case] labels: &[(&str, &str)],
        #[case] annotations: &[(&str, &str)],
        #[case] expected: Owner,
    ) {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            pairs.iter().map(own).collect()
        };
        assert_eq!(Owner::of(&map(labels), &map(annotations)), expected);
    }
}
