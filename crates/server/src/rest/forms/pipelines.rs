//! The forms of answers about pipelines.
#![allow(dead_code, reason = "only what is derived from them is used")]

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What was rendered, in the form that was asked for.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Rendered {
    Objects(Objects),
    Kustomized(Kustomized),
    HelmValues(HelmValues),
}

/// A Kustomization.
#[derive(Serialize, ToSchema)]
pub(crate) struct Kustomized {
    /// What is in `kustomization.yaml`.
    kustomization: Value,
    /// What is in `objects.yaml` beside it.
    objects: Vec<Value>,
    /// What is to be said about it.
    findings: Vec<FindingInPlace>,
}

/// deployKF's values.
#[derive(Serialize, ToSchema)]
pub(crate) struct HelmValues {
    /// They say the same as the description.
    values: Value,
    /// What is to be said about it, and what they cannot say.
    findings: Vec<FindingInPlace>,
}

/// Objects.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Objects {
    /// Always `v1`.
    api_version: String,
    /// Always `List`.
    kind: String,
    /// The objects, in the order in which they are to be applied.
    items: Vec<Value>,
    /// What is to be said about it.
    findings: Vec<FindingInPlace>,
}

/// Findings about a description.
#[derive(ToSchema)]
pub(crate) struct Findings {
    /// Each with its place in the document.
    findings: Vec<FindingInPlace>,
    /// How many there are.
    #[schema(inline)]
    counts: super::Counts,
}

/// A finding with its place.
#[derive(Serialize, ToSchema)]
pub(crate) struct FindingInPlace {
    /// `error`, `warning` or `note`.
    severity: String,
    /// The rule; stable.
    #[schema(example = "empty-region")]
    rule: String,
    /// The value in question.
    field: String,
    /// What is wrong, without the value.
    message: String,
    /// One next action.
    help: String,
    /// The document.
    #[schema(required)]
    file: Option<String>,
    /// From 1.
    #[schema(required)]
    line: Option<u32>,
    /// From 1.
    #[schema(required)]
    column: Option<u32>,
}

/// Where readers look, and what they find.
#[derive(ToSchema)]
pub(crate) struct Explanation {
    /// What all should find.
    #[schema(inline)]
    described: Finds,
    /// One for each reader and namespace.
    readers: Vec<ReaderView>,
    /// Whether all find what is described.
    consistent: bool,
}

/// What a reader finds; `null` where that cannot be told.
#[derive(ToSchema)]
struct Finds {
    /// Host, and port where it is not the usual one.
    #[schema(required)]
    endpoint: Option<String>,
    /// Whether it speaks TLS.
    #[schema(required)]
    tls: Option<bool>,
    /// The region that it signs for.
    #[schema(required)]
    region: Option<String>,
    /// The bucket.
    #[schema(required)]
    bucket: Option<String>,
    /// What its keys begin with, or the format that they have.
    #[schema(required)]
    keys: Option<String>,
    /// `path` or `virtual`.
    #[schema(required)]
    addressing: Option<String>,
    /// Where its keys come from.
    #[schema(required)]
    credentials: Option<String>,
}

/// A reader.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ReaderView {
    /// Who reads.
    #[schema(example = "v2 launcher")]
    reader: String,
    /// In which namespace.
    namespace: String,
    /// Where it looks.
    looks_in: String,
    /// What it finds there.
    #[schema(inline)]
    finds: Finds,
    /// What of that is not as described.
    differences: Vec<String>,
    /// Why it cannot read at all.
    #[schema(required = false)]
    error: Option<String>,
}

/// What KFP's launcher makes of a root.
#[derive(ToSchema)]
pub(crate) struct Resolved {
    /// `Provider` and `Params`, as a run stores them.
    #[schema(required = false)]
    session: Option<Value>,
    /// What a run dies of.
    #[schema(required = false)]
    error: Option<String>,
    /// What KFP passes over in silence.
    findings: Vec<FindingInPlace>,
}

/// How objects stand to the cluster.
#[derive(ToSchema)]
pub(crate) struct Difference {
    /// Rendered ones, and then those that are no longer rendered.
    objects: Vec<Compared>,
}

/// How an object stands to the cluster.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Compared {
    /// The version of its API.
    api_version: String,
    /// The kind.
    kind: String,
    /// The namespace, where it is in one.
    #[schema(required = false)]
    namespace: String,
    /// The name.
    name: String,
    /// `new`, `changed`, `same` or `stale`.
    state: String,
    /// What would change.
    #[schema(required = false)]
    changes: Vec<Value>,
}

/// What was done with objects.
#[derive(ToSchema)]
pub(crate) struct AppliedObjects {
    /// Each of them.
    objects: Vec<AppliedObject>,
}

/// What was done with an object.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct AppliedObject {
    /// The version of its API.
    api_version: String,
    /// The kind.
    kind: String,
    /// The namespace, where it is in one.
    #[schema(required = false)]
    namespace: String,
    /// The name.
    name: String,
    /// `created`, `changed`, `unchanged` or `deleted`; `agreed` of a source Secret, `opted-in` of a namespace.
    result: String,
}

/// How a check ended.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Checked {
    /// Each reader at each place that it uses.
    readers: Vec<CheckedReader>,
    /// Each profile at what belongs to another.
    isolation: Vec<CheckedPair>,
    /// Each profile at the list of the whole bucket.
    roots: Vec<CheckedRoot>,
    /// Pairs of profiles that were not tried, since there are too many.
    pairs_left_out: u32,
    /// What follows for the installation as a whole.
    findings: Vec<crate::problem::Complaint>,
}

/// A reader at one place of the bucket.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct CheckedReader {
    /// Who.
    reader: String,
    /// In which namespace.
    namespace: String,
    /// What the keys begin with.
    prefix: String,
    /// Where it is told about the store.
    looks_in: String,
    /// Host and port that it goes to.
    #[schema(required)]
    endpoint: Option<String>,
    /// `passed`, `failed`, `warned` or `skipped`.
    state: String,
    /// Why nothing was tried.
    #[schema(required = false)]
    why: Option<Value>,
    /// Whether it may list.
    #[schema(required)]
    list: Option<Value>,
    /// Whether it may write.
    #[schema(required)]
    put: Option<Value>,
    /// Whether it may read.
    #[schema(required)]
    get: Option<Value>,
    /// Whether it may delete what it wrote.
    #[schema(required)]
    delete: Option<Value>,
}

/// A profile at what belongs to another.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct CheckedPair {
    /// Who tries.
    profile: String,
    /// Whose it is.
    other: String,
    /// `refused`, `lost`, `unknown` or `sameKey`: the worst of all that was tried.
    standing: String,
    /// With what it ended, where that is not known.
    #[schema(required = false)]
    outcome: Option<String>,
    /// What that means.
    #[schema(required = false)]
    message: Option<String>,
    /// One next action.
    #[schema(required = false)]
    help: Option<String>,
    /// What exactly was found.
    #[schema(required = false)]
    detail: Option<String>,
    /// How long it took.
    #[schema(required = false)]
    milliseconds: Option<u32>,
    /// At each prefix of the other's: `prefix`, `read`, `write`, `list`.
    trials: Vec<Value>,
}

/// A profile at the list of the whole bucket.
#[derive(ToSchema)]
pub(crate) struct CheckedRoot {
    /// Who tries.
    profile: String,
    /// How that ended.
    list: Value,
}
