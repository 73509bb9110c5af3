//! Flags about connection types that several commands share.

use bowline_catalog::connection_types::Homes;

/// Where connection types are.
#[derive(Debug, Clone, clap::Args)]
pub struct Home {
    /// Namespace of the connection types
    #[arg(
        long,
        value_name = "NAME",
        default_value = "opendatahub",
        env = "BOWLINE_TYPES_NAMESPACE",
        hide_env_values = true
    )]
    pub types_namespace: String,
}

impl Home {
    /// The namespaces of both dialects.
    pub fn homes(&self) -> Homes {
        Homes {
            opendatahub: self.types_namespace.clone(),
            ..Homes::default()
        }
    }
}
