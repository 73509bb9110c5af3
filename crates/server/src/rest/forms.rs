//! The forms of what the catalog takes and gives, as the document describes them. They are never
//! made: tests compare them with what is really sent and answered.
#![allow(dead_code, reason = "only what is derived from them is used")]

pub(super) mod pipelines;

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Complaint;

/// A connection without its values; or a Secret that only looks like one.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Row {
    /// The namespace.
    #[schema(rename = "namespace", example = "team-a")]
    namespace: String,
    /// The name of the Secret.
    #[schema(example = "tides")]
    name: String,
    /// What people call it.
    #[schema(example = "Tides")]
    display_name: String,
    /// What it is for.
    #[schema(required, example = "Hourly readings of the harbour")]
    description: Option<String>,
    /// Whether it only looks like a connection.
    is_candidate: bool,
    /// The connection type that it was made from.
    #[schema(rename = "type", required, example = "s3")]
    type_: Option<String>,
    /// How the data is reached.
    #[schema(required, example = "s3")]
    protocol: Option<String>,
    /// Whose annotations and keys it uses.
    #[schema(example = "opendatahub")]
    dialect: String,
    /// What makes it a connection, or a candidate.
    why: String,
    /// The command that would make a candidate a connection.
    #[schema(required)]
    help: Option<String>,
    /// What models can be served from it as: `s3`, `uri`, `oci`.
    #[schema(example = json!(["s3"]))]
    tags: Vec<String>,
    /// Why no model can be served from it; empty when nothing stands in the way.
    not_deployable: Vec<String>,
    /// What OpenShift AI's own dashboard would miss, such as `dashboard-label`.
    missing: Vec<String>,
    /// Who made it.
    #[schema(required, example = "ada")]
    creator: Option<String>,
    /// When it was made.
    #[schema(required, format = "date-time")]
    created: Option<String>,
    /// How its last test went.
    #[schema(required, inline)]
    test: Option<Test>,
    /// Whether it turns the check of certificates off.
    is_tls_unverified: bool,
    /// How much there is to say about it.
    #[schema(inline)]
    findings: Counts,
    /// The keys of its values.
    #[schema(example = json!(["AWS_S3_BUCKET", "AWS_S3_ENDPOINT"]))]
    keys: Vec<String>,
    /// The type of the Secret.
    #[schema(example = "Opaque")]
    secret_type: String,
    /// Whether it must not be deleted.
    is_vital: bool,
    /// Whether it was made for one workload and is hidden from lists.
    is_hidden: bool,
    /// Its version.
    #[schema(example = "42")]
    resource_version: String,
    /// How many objects need it; `null` where that was not looked at.
    #[schema(required, minimum = 0)]
    used_by: Option<u32>,
}

/// How a test went.
#[derive(ToSchema)]
struct Test {
    /// `not-tested`, `testing`, `verified` or `failed`, or what else somebody wrote.
    status: String,
    /// When, as it was written.
    #[schema(required)]
    timestamp: Option<String>,
    /// What was said.
    #[schema(required)]
    message: Option<String>,
    /// Whether the connection has changed since.
    is_stale: bool,
}

/// How much there is to say.
#[derive(ToSchema)]
struct Counts {
    /// It cannot work.
    errors: u32,
    /// It may not work everywhere.
    warnings: u32,
    /// Worth knowing.
    notes: u32,
}

/// A page of rows.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Rows {
    /// The rows.
    items: Vec<Row>,
    /// How many fit, on all pages.
    total: u32,
    /// The `cursor` of the next page; `null` on the last one.
    #[schema(required)]
    next: Option<String>,
    /// Kinds of objects that were not looked at for users.
    not_looked_at: Vec<NotLooked>,
}

/// A kind of object that was not looked at, so that nobody takes silence for an answer.
#[derive(ToSchema)]
struct NotLooked {
    /// The kind.
    #[schema(example = "RayCluster")]
    kind: String,
    /// `notInstalled`, `notAllowed` or `notAnswered`.
    #[schema(example = "notInstalled")]
    why: String,
}

/// A connection without its values, and all that there is to say about it.
#[derive(ToSchema)]
pub(super) struct Connection {
    #[schema(inline)]
    #[serde(flatten)]
    row: Row,
    /// Everything that there is to say.
    details: Vec<Complaint>,
}

/// A new connection.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "type": "s3", "displayName": "Tides", "description": "Hourly readings of the harbour",
    "values": {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "the secret key",
        "AWS_S3_ENDPOINT": "https://s3.example.org", "AWS_DEFAULT_REGION": "us-east-1", "AWS_S3_BUCKET": "tides",
    },
}))]
pub(super) struct NewConnection {
    /// The connection type.
    #[schema(rename = "type")]
    type_: String,
    /// What people call it; the resource name where it is empty.
    #[schema(required = false)]
    display_name: String,
    /// The resource name; made from the display name where there is none.
    name: Option<String>,
    /// What it is for.
    #[schema(required = false)]
    description: String,
    /// Whether it must not be deleted.
    #[schema(required = false)]
    is_vital: bool,
    /// The values by key.
    #[schema(required = false)]
    values: BTreeMap<String, FieldValue>,
}

/// A change; what is absent stays.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"description": "Readings of two harbours", "values": {"AWS_S3_BUCKET": "tides-2"}}))]
pub(super) struct Change {
    /// Another display name.
    display_name: Option<String>,
    /// Another description; empty removes it.
    description: Option<String>,
    /// Whether it must not be deleted from now on.
    is_vital: Option<bool>,
    /// Another connection type.
    #[schema(rename = "type")]
    type_: Option<String>,
    /// Values to change; `null` removes one.
    #[schema(required = false)]
    values: BTreeMap<String, FieldValue>,
    /// The version that the sender has seen, where there is no `If-Match`.
    resource_version: Option<String>,
}

/// A value: a string, a number, a boolean, a list of strings, `null`, or a file as an object of
/// `fileName` and either `content` or `base64`.
#[derive(ToSchema)]
#[schema(value_type = Value)]
pub(super) struct FieldValue(Value);

/// The values of a connection, in clear.
#[derive(ToSchema)]
pub(super) struct Values {
    /// The values by key.
    values: BTreeMap<String, FieldValue>,
    /// Keys that faces mask until somebody asks to see them.
    hidden: Vec<String>,
}

/// What a workload would do with a connection.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"path": "2026/"}))]
pub(super) struct Asked {
    /// Path below the bucket, container, repository or location that must be there.
    path: Option<String>,
    /// Branch, tag, commit or digest that must be there.
    reference: Option<String>,
    /// Whether one small object is written below `.bowline-probe/`, and deleted again.
    #[schema(required = false)]
    write: bool,
    /// Whether the right to push is tried.
    #[schema(required = false)]
    push: bool,
    /// A change that is not saved yet.
    change: Option<Change>,
}

/// A connection that is not saved yet, and what a workload would do with it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "connection": {"type": "uri-v1", "values": {"URI": "https://data.example.org/tides.csv"}},
}))]
pub(super) struct Unsaved {
    /// The connection; its names do not matter.
    connection: NewConnection,
    /// Path below the bucket, container, repository or location that must be there.
    path: Option<String>,
    /// Branch, tag, commit or digest that must be there.
    reference: Option<String>,
    /// Whether one small object is written below `.bowline-probe/`, and deleted again.
    #[schema(required = false)]
    write: bool,
    /// Whether the right to push is tried.
    #[schema(required = false)]
    push: bool,
}

/// How a test of a connection ended.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Tested {
    /// What the steps amount to.
    verdict: Verdict,
    /// The steps, in the order in which they ended.
    steps: Vec<Step>,
    /// How long all took.
    milliseconds: u64,
    /// Whether the connection's annotations say so now.
    is_recorded: bool,
}

/// What a test amounts to.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Verdict {
    /// `passed`, `warned` or `failed`; `skipped` where nothing was proved, since nobody was asked.
    #[schema(example = "failed")]
    state: String,
    /// The outcome; stable.
    #[schema(example = "wrong-secret-key")]
    outcome: String,
    /// What happened, as a sentence.
    message: String,
    /// One next action.
    help: Option<String>,
}

/// One step of a test.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Step {
    /// `fields`, `name`, `connect`, `tls`, `sign-in`, `right`, `object` or `first-bytes`.
    #[schema(example = "sign-in")]
    name: String,
    /// `passed`, `warned`, `failed` or `skipped`.
    #[schema(example = "failed")]
    state: String,
    /// The outcome; stable.
    #[schema(example = "wrong-secret-key")]
    outcome: String,
    /// What happened, as a sentence.
    message: String,
    /// One next action.
    help: Option<String>,
    /// The field to look at.
    #[schema(example = "AWS_SECRET_ACCESS_KEY")]
    field: Option<String>,
    /// What exactly was tried or found; never a value.
    detail: Option<String>,
    /// How long it took.
    milliseconds: u64,
}

/// What a deletion did.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Deletion {
    /// Whether there was a connection to delete.
    existed: bool,
    /// The objects that it was taken out of.
    detached: Vec<ObjectRef>,
    /// Kinds that were not looked at for users.
    not_looked_at: Vec<NotLooked>,
}

/// An object.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct ObjectRef {
    /// Its kind.
    #[schema(example = "Notebook")]
    kind: String,
    /// The version of the API that it was read in.
    #[schema(example = "kubeflow.org/v1")]
    api_version: String,
    /// Its namespace.
    namespace: String,
    /// Its name.
    name: String,
}

/// An object that uses a connection.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct User {
    #[serde(flatten)]
    #[schema(inline)]
    object: ObjectRef,
    /// Who owns it, where that is no kind that is looked at.
    owned_by: Option<String>,
    /// Where it says so.
    places: Vec<UserPlace>,
}

/// Where an object says that it uses a connection.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct UserPlace {
    /// The field.
    #[schema(example = "spec.template.spec.containers[0].envFrom[1].secretRef.name")]
    at: String,
    /// What for, such as `envFrom`, `env`, `volume` or `annotation`.
    #[schema(example = "envFrom")]
    how: String,
    /// The object that has the field, where that is one that the user owns.
    via: Option<ObjectRef>,
    /// Whether it goes by itself when the connection goes.
    is_derived: bool,
}

/// A connection with its users.
#[derive(ToSchema)]
struct Usage {
    /// Namespace of the connection.
    namespace: String,
    /// Its name.
    name: String,
    /// Who uses it.
    users: Vec<User>,
}

/// Connections with their users.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Used {
    /// Those that have any.
    items: Vec<Usage>,
    /// Kinds of objects that were not looked at.
    not_looked_at: Vec<NotLooked>,
}

/// The users of a connection.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Users {
    /// Those that the sender may list.
    users: Vec<User>,
    /// Kinds of objects that were not looked at.
    not_looked_at: Vec<NotLooked>,
}

/// A connection type.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct ConnectionType {
    /// The resource name.
    #[schema(example = "ct-lake")]
    name: String,
    /// The namespace of the ConfigMap.
    #[schema(example = "opendatahub")]
    namespace: String,
    /// `opendatahub` or `alauda`.
    #[schema(example = "opendatahub")]
    dialect: String,
    /// What people call it.
    #[schema(example = "Lake")]
    display_name: String,
    /// What it is for.
    description: String,
    /// For display and search.
    categories: Vec<String>,
    /// Fields and section headings, in order.
    fields: Vec<Field>,
    /// Whether new connections may be made with it.
    is_enabled: bool,
    /// Whether it came with the platform, and so is protected.
    is_preinstalled: bool,
    /// Who made it.
    #[schema(nullable = false)]
    creator: Option<String>,
    /// When it was made.
    created: Option<String>,
    /// Its version; absent where it is compiled in only.
    resource_version: Option<String>,
    /// The protocol that it states, whatever its fields fit.
    stated_protocol: Option<String>,
    /// The protocol that it states, or else the one that its fields fit.
    protocol: Option<String>,
    /// How models can be served from connections of it.
    tags: Vec<String>,
}

/// A ConfigMap that says that it is a connection type and cannot be read as one.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct BrokenType {
    /// The name of the ConfigMap.
    name: String,
    /// Its namespace.
    namespace: String,
    /// What is wrong with it.
    error: String,
    /// Whether it came with the platform.
    is_preinstalled: bool,
}

/// A type, or why it cannot be read.
#[derive(ToSchema)]
#[serde(untagged)]
pub(super) enum ListedType {
    /// A type.
    Type(Box<ConnectionType>),
    /// One that cannot be read.
    Broken(BrokenType),
}

/// All types.
#[derive(ToSchema)]
pub(super) struct Types {
    /// By name.
    items: Vec<ListedType>,
}

/// A type as it was saved, and what is doubtful about it.
#[derive(ToSchema)]
pub(super) struct WrittenType {
    #[serde(flatten)]
    #[schema(inline)]
    type_: ConnectionType,
    /// Warnings and notes.
    details: Vec<Complaint>,
}

/// A line of a type's form: a section heading (`type`: `section`, `name`, `description`) or a field
/// in the form of Open Data Hub: `type` (`short-text`, `text`, `hidden`, `uri`, `boolean`, `numeric`,
/// `dropdown` or `file`), `name`, `description`, `envVar`, `required`, `properties`.
#[derive(ToSchema)]
#[schema(value_type = Object)]
pub(super) struct Field(Value);

/// A type to create, or to replace another with.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "displayName": "Lake", "description": "Object storage of the harbour", "categories": ["Object storage"],
    "fields": [
        {"type": "section", "name": "Where"},
        {"type": "short-text", "name": "Host", "envVar": "LAKE_HOST", "required": true, "properties": {}},
        {"type": "hidden", "name": "Key", "envVar": "LAKE_KEY", "required": true, "properties": {}},
    ],
}))]
pub(super) struct TypeInput {
    /// The resource name, only when it is created.
    name: Option<String>,
    /// `opendatahub` or `alauda`, only when it is created.
    #[schema(required = false, example = "opendatahub")]
    dialect: String,
    /// What people call it.
    #[schema(required = false)]
    display_name: String,
    /// What it is for.
    #[schema(required = false)]
    description: String,
    /// For display and search.
    #[schema(required = false)]
    categories: Vec<String>,
    /// Fields and section headings, in order.
    #[schema(required = false)]
    fields: Vec<Field>,
    /// Whether new connections may be made with it.
    #[schema(required = false, default = true)]
    is_enabled: bool,
    /// The protocol of its connections: `s3`, `uri`, `oci`, `gcs`, `azure` or `git`; empty where the
    /// fields are to tell it. Where it is absent, a change leaves it as it is.
    stated_protocol: Option<String>,
    /// The version that the sender has seen, where there is no `If-Match`.
    resource_version: Option<String>,
}
