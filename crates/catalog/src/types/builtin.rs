//! The three types that every installation of Open Data Hub has. They are compiled in, and count as
//! present where a cluster has none.

use super::field::{Entry, Field, FieldKind, Item, Variant};
use super::{ConnectionType, TypeDialect};

/// The pre-installed types, in the order in which people are shown them.
pub fn all(namespace: &str) -> Vec<ConnectionType> {
    vec![s3(namespace), uri(namespace), oci(namespace)]
}

/// A pre-installed type by name.
pub fn get(name: &str, namespace: &str) -> Option<ConnectionType> {
    all(namespace).into_iter().find(|type_| type_.name == name)
}

fn s3(namespace: &str) -> ConnectionType {
    let fields = vec![
        short("Access key", "AWS_ACCESS_KEY_ID").required(),
        hidden("Secret key", "AWS_SECRET_ACCESS_KEY").required(),
        short("Endpoint", "AWS_S3_ENDPOINT").required(),
        short("Region", "AWS_DEFAULT_REGION"),
        short("Bucket", "AWS_S3_BUCKET"),
    ];
    preinstalled(
        namespace,
        "s3",
        "S3 compatible object storage - v1",
        "Object storage",
    )
    .described(
        "A bucket in AWS S3 or in any store that speaks its protocol, such as MinIO or Ceph.",
    )
    .with(fields)
}

fn uri(namespace: &str) -> ConnectionType {
    preinstalled(namespace, "uri-v1", "URI - v1", "URI")
        .described("A model or a data set at one address.")
        .with(vec![Field::new("URI", "URI", FieldKind::Uri).required()])
}

/// Nothing is required, as in Open Data Hub since December 2025.
fn oci(namespace: &str) -> ConnectionType {
    let item = |label: &str, value: &str| Item {
        label: label.to_owned(),
        value: value.to_owned(),
    };
    let access = FieldKind::Dropdown {
        variant: Variant::Multi,
        items: vec![item("Push secret", "Push"), item("Pull secret", "Pull")],
    };
    let login = FieldKind::File {
        extensions: vec![".dockerconfigjson".to_owned(), ".json".to_owned()],
        helper_text: Some(
            "The login in the form that `docker login` and `podman login` write.".to_owned(),
        ),
    };
    let fields = vec![
        Field::new("Access type", "ACCESS_TYPE", access)
            .described("Whether the login may pull, push, or both; nothing chosen means both."),
        Field::new("Secret details", ".dockerconfigjson", login)
            .deferred()
            .described("The file with the login to the registry."),
        short("Registry host", "OCI_HOST").described(
            "The registry, such as quay.io or registry.example.com:5000/models, without a scheme.",
        ),
    ];
    preinstalled(
        namespace,
        "oci-v1",
        "OCI compliant registry - v1",
        "Container registry",
    )
    .described("A registry that holds images or models as OCI artifacts.")
    .with(fields)
}

fn preinstalled(namespace: &str, name: &str, display_name: &str, category: &str) -> ConnectionType {
    ConnectionType {
        is_preinstalled: true,
        ..fresh(namespace, name, display_name, category)
    }
}

/// An enabled type without fields.
pub(super) fn fresh(
    namespace: &str,
    name: &str,
    display_name: &str,
    category: &str,
) -> ConnectionType {
    ConnectionType {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        dialect: TypeDialect::OpenDataHub,
        display_name: display_name.to_owned(),
        description: String::new(),
        categories: vec![category.to_owned()],
        fields: Vec::new(),
        is_enabled: true,
        stated_protocol: None,
        creator: None,
        is_preinstalled: false,
        created: None,
        resource_version: None,
    }
}

pub(super) fn short(name: &str, env_var: &str) -> Field {
    Field::new(name, env_var, FieldKind::ShortText)
}

pub(super) fn hidden(name: &str, env_var: &str) -> Field {
    Field::new(name, env_var, FieldKind::Hidden).deferred()
}

impl ConnectionType {
    pub(super) fn described(mut self, description: &str) -> Self {
        self.description = description.to_owned();
        self
    }

    pub(super) fn with(self, fields: Vec<Field>) -> Self {
        self.with_entries(fields.into_iter().map(Entry::from).collect())
    }

    pub(super) fn with_entries(mut self, entries: Vec<Entry>) -> Self {
        self.fields = entries;
        self
    }
}

impl Field {
    pub(super) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub(super) const fn deferred(mut self) -> Self {
        self.is_deferred = true;
        self
    }

    pub(super) fn described(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }

    pub(super) fn or(mut self, default: impl Into<serde_json::Value>) -> Self {
        self.default = Some(default.into());
        self
    }
}
