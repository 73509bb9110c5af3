//! The labels and annotations of connection types in both dialects; nothing here interprets them.

use bowline_core::names;

use super::TypeDialect;

/// Label that the platform's operator puts on what it installs; its presence alone counts.
pub const PART_OF: &str = "platform.opendatahub.io/part-of";

/// The keys of one dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys {
    /// The two labels that must be `true`.
    pub(crate) labels: [&'static str; 2],
    /// Where the display name is written, and where else it may be found.
    pub(crate) display_name: [&'static str; 2],
    pub(crate) description: &'static str,
    pub(crate) disabled: &'static str,
    pub(crate) protocol: &'static str,
    pub(crate) creator: &'static str,
}

const OPEN_DATA_HUB: Keys = Keys {
    labels: [names::DASHBOARD_LABEL, names::LEGACY_TYPE],
    display_name: [names::DISPLAY_NAME, names::DISPLAY_NAME],
    description: names::DESCRIPTION,
    disabled: "opendatahub.io/disabled",
    protocol: names::PROTOCOL,
    creator: "opendatahub.io/username",
};

/// ConfigMaps spell the display name with an underscore, Secrets with a hyphen. For description and
/// creator no key of Alauda's is documented.
const ALAUDA: Keys = Keys {
    labels: [names::ALAUDA_DASHBOARD_LABEL, "cpaas.io/connection-type"],
    display_name: ["cpaas.io/display_name", names::ALAUDA_DISPLAY_NAME],
    description: names::DESCRIPTION,
    disabled: "cpaas.io/disabled",
    protocol: names::ALAUDA_PROTOCOL,
    creator: crate::keys::CREATOR,
};

impl TypeDialect {
    /// Both dialects, the one that wins first.
    pub const ALL: [Self; 2] = [Self::OpenDataHub, Self::Alauda];

    pub(crate) const fn keys(self) -> Keys {
        match self {
            Self::OpenDataHub => OPEN_DATA_HUB,
            Self::Alauda => ALAUDA,
        }
    }

    /// The label selector that finds the types of this dialect.
    pub fn selector(self) -> String {
        let [dashboard, type_] = self.keys().labels;
        format!("{dashboard}=true,{type_}=true")
    }
}
