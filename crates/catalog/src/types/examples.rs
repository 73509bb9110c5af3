//! Types beyond the pre-installed ones that an installation starts with, and that administrators
//! may change or delete. Their keys are those that `bowline_core::protocol` and the clients read.

use serde_json::Number;

use super::ConnectionType;
use super::builtin::{fresh, hidden, short};
use super::field::{Entry, Field, FieldKind, Section};

/// Who the examples say made them.
const CREATOR: &str = "bowline";

/// The example types.
pub fn all(namespace: &str) -> Vec<ConnectionType> {
    let mut types = vec![
        gcs(namespace),
        azure(namespace),
        git(namespace),
        hugging_face(namespace),
        postgres(namespace),
    ];
    for type_ in &mut types {
        type_.creator = Some(CREATOR.to_owned());
    }
    types
}

fn gcs(namespace: &str) -> ConnectionType {
    let fields = vec![
        file(
            "Key file",
            "gcloud-application-credentials.json",
            &[".json"],
        )
        .required()
        .described("The JSON key of a service account."),
        short("Bucket", "GCS_BUCKET"),
        short("Project", "GOOGLE_CLOUD_PROJECT"),
    ];
    fresh(namespace, "gcs", "Google Cloud Storage", "Object storage")
        .described("A bucket in Google Cloud Storage, with the key of a service account.")
        .with(fields)
}

fn azure(namespace: &str) -> ConnectionType {
    let entries = vec![
        Entry::from(short("Storage account", "AZURE_STORAGE_ACCOUNT").required()),
        Entry::from(short("Container", "AZURE_CONTAINER")),
        section("Key or token", "Enough by itself; either of the two."),
        Entry::from(hidden("Account key", "AZURE_STORAGE_ACCESS_KEY")),
        Entry::from(hidden("SAS token", "AZURE_STORAGE_SAS_TOKEN")),
        section("Service principal", "Instead of a key: all three."),
        Entry::from(short("Client", "AZURE_CLIENT_ID")),
        Entry::from(short("Tenant", "AZURE_TENANT_ID")),
        Entry::from(hidden("Client secret", "AZURE_CLIENT_SECRET")),
    ];
    fresh(namespace, "azure", "Azure Blob Storage", "Object storage")
        .described("A container in an Azure storage account.")
        .with_entries(entries)
}

fn git(namespace: &str) -> ConnectionType {
    let entries = vec![
        Entry::from(
            short("Repository", "GIT_URL")
                .required()
                .described("Over HTTPS or SSH, such as git@github.com:organisation/name.git."),
        ),
        Entry::from(short("Branch, tag or commit", "GIT_REF")),
        section("Over HTTPS", "A token, or a user name and a password."),
        Entry::from(hidden("Token", "GIT_TOKEN")),
        Entry::from(short("User name", "GIT_USERNAME")),
        Entry::from(hidden("Password", "GIT_PASSWORD")),
        section(
            "Over SSH",
            "A key, and the keys by which the server is known.",
        ),
        Entry::from(file("Private key", "ssh-privatekey", &[])),
        Entry::from(Field::new("Known hosts", "known_hosts", FieldKind::Text)),
    ];
    fresh(namespace, "git", "Git repository", "Repository")
        .described("A Git repository over HTTPS or SSH.")
        .with_entries(entries)
}

fn hugging_face(namespace: &str) -> ConnectionType {
    let fields = vec![
        Field::new("Model", "URI", FieldKind::Uri)
            .required()
            .described("The model as hf://organisation/name."),
        hidden("Access token", "HF_TOKEN")
            .described("Needed for models that are private or gated."),
    ];
    fresh(namespace, "huggingface", "Hugging Face", "Model registry")
        .described("A model on the Hugging Face Hub.")
        .with(fields)
}

/// The variables are those that libpq reads. The mode is a text, since a choice is stored as JSON.
fn postgres(namespace: &str) -> ConnectionType {
    let port = FieldKind::Numeric {
        unit: None,
        min: Some(Number::from(1)),
        max: Some(Number::from(65535)),
    };
    let fields = vec![
        short("Host", "PGHOST").required(),
        Field::new("Port", "PGPORT", port).or(5432),
        short("Database", "PGDATABASE").required(),
        short("User", "PGUSER").required(),
        hidden("Password", "PGPASSWORD").required(),
        short("TLS mode", "PGSSLMODE")
            .or("require")
            .described("disable, require, verify-ca or verify-full."),
    ];
    fresh(namespace, "postgres", "PostgreSQL", "Database")
        .described("A PostgreSQL database; clients that use libpq need nothing else.")
        .with(fields)
}

fn section(name: &str, description: &str) -> Entry {
    Entry::Section(Section {
        name: name.to_owned(),
        description: Some(description.to_owned()),
    })
}

fn file(name: &str, env_var: &str, extensions: &[&str]) -> Field {
    let kind = FieldKind::File {
        extensions: extensions.iter().map(|text| (*text).to_owned()).collect(),
        helper_text: None,
    };
    Field::new(name, env_var, kind).deferred()
}
