//! Connection types: form templates that are stored as ConfigMaps. What a type is, in every dialect;
//! reading and writing the ConfigMap, the rules of saving and the types that come along are the
//! modules below, talking to Kubernetes is left to `connection_types`.

pub mod builtin;
pub mod examples;
pub mod field;
pub mod keys;
pub mod read;
pub mod reserved;
pub mod rules;
mod wire;
pub mod write;

use bowline_core::Protocol;
use serde::{Deserialize, Serialize, Serializer};

pub use field::{Entry, Field, FieldKind, Item, Section, Variant};
pub use read::Broken;
pub use read::read;

use crate::compatibility::{self, Tag};

/// Whose labels, annotations and namespace a type uses.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum TypeDialect {
    /// Open Data Hub and OpenShift AI.
    #[default]
    OpenDataHub,
    /// Alauda AI.
    Alauda,
}

/// A connection type.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionType {
    /// Name of the ConfigMap; connections refer to it.
    pub name: String,
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// Whose labels and annotations it uses.
    pub dialect: TypeDialect,
    /// What people call it; the resource name where nobody gave one.
    pub display_name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// For display, search and filter only.
    pub categories: Vec<String>,
    /// Fields and section headings, in the order of the form.
    pub fields: Vec<Entry>,
    /// Whether new connections may be made with it.
    pub is_enabled: bool,
    /// The protocol that it states, whatever its fields fit.
    pub stated_protocol: Option<Protocol>,
    /// Who made it, where that is known.
    pub creator: Option<String>,
    /// Whether it came with the platform, and so is protected.
    pub is_preinstalled: bool,
    /// When it was made, as the API writes times.
    pub created: Option<String>,
    /// The version that was read; none where the type is compiled in only.
    pub resource_version: Option<String>,
}

impl ConnectionType {
    /// The fields without the section headings.
    pub fn data_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter_map(Entry::as_field)
    }

    /// The field behind a key of the Secret.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.data_fields().find(|field| field.env_var == key)
    }

    /// Whether it has fields for all of these keys.
    pub fn has_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.field(key).is_some())
    }

    /// The protocol that is stated, or else the one that the fields fit; of those the first three in
    /// the order of OpenShift AI's dashboard.
    pub fn protocol(&self) -> Option<Protocol> {
        if self.stated_protocol.is_some() {
            return self.stated_protocol;
        }
        let order = [
            Protocol::S3,
            Protocol::Oci,
            Protocol::Uri,
            Protocol::Gcs,
            Protocol::Azure,
            Protocol::Git,
        ];
        order
            .into_iter()
            .find(|protocol| self.has_all(compatibility::keys_of(*protocol)))
    }

    /// A short text that changes whenever the fields do, by which a connection remembers what it
    /// was made with. It is FNV-1a over the fields as JSON: it tells versions apart, and proves
    /// nothing to anybody.
    pub fn revision(&self) -> String {
        let fields: Vec<_> = self.fields.iter().map(wire::to_value).collect();
        let text = serde_json::Value::Array(fields).to_string();
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

/// What people and programs are shown: all there is, the protocol and the compatibility tags.
impl Serialize for ConnectionType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown<'a> {
            name: &'a str,
            namespace: &'a str,
            dialect: TypeDialect,
            display_name: &'a str,
            description: &'a str,
            categories: &'a [String],
            fields: &'a [Entry],
            is_enabled: bool,
            is_preinstalled: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            creator: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            created: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            resource_version: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            stated_protocol: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            protocol: Option<&'static str>,
            tags: Vec<Tag>,
        }
        let shown = Shown {
            name: &self.name,
            namespace: &self.namespace,
            dialect: self.dialect,
            display_name: &self.display_name,
            description: &self.description,
            categories: &self.categories,
            fields: &self.fields,
            is_enabled: self.is_enabled,
            is_preinstalled: self.is_preinstalled,
            creator: self.creator.as_deref(),
            created: self.created.as_deref(),
            resource_version: self.resource_version.as_deref(),
            stated_protocol: self.stated_protocol.map(Protocol::as_str),
            protocol: self.protocol().map(Protocol::as_str),
            tags: compatibility::tags_of_type(self),
        };
        shown.serialize(serializer)
    }
}

/// What a person gives to create or change a type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeInput {
    /// Resource name; made from the display name when absent, and never changed by an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose dialect a new type is written in.
    #[serde(default)]
    pub dialect: TypeDialect,
    /// What people call it.
    #[serde(default)]
    pub display_name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// For display, search and filter.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Fields and section headings, in order.
    #[serde(default)]
    pub fields: Vec<Entry>,
    /// Whether new connections may be made with it.
    #[serde(default = "yes")]
    pub is_enabled: bool,
    /// The protocol of its connections, by name; empty where the fields are to tell it. Absent, an
    /// edit leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_protocol: Option<String>,
    /// The version that the editor saw; a change by somebody else since then is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
}

const fn yes() -> bool {
    true
}

impl From<&ConnectionType> for TypeInput {
    fn from(type_: &ConnectionType) -> Self {
        Self {
            name: Some(type_.name.clone()),
            dialect: type_.dialect,
            display_name: type_.display_name.clone(),
            description: type_.description.clone(),
            categories: type_.categories.clone(),
            fields: type_.fields.clone(),
            is_enabled: type_.is_enabled,
            stated_protocol: Some(
                type_
                    .stated_protocol
                    .map_or("", Protocol::as_str)
                    .to_owned(),
            ),
            resource_version: type_.resource_version.clone(),
        }
    }
}
