//! The bodies of requests about pipelines: documents as texts, and the options of the command line.
//! None of them has `Debug`, since texts may hold keys.

use std::fmt::Display;
use std::str::FromStr;

use bowline_core::{Finding, Secret};
use bowline_pipelines::render::{Names, Options};
use bowline_pipelines::{Deployment, Given, Input, InputFile};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::guard::Body;
use crate::problem::Problem;

/// Profiles of one description.
const MOST_PROFILES: usize = 1000;

/// A document.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Document {
    /// How it is called in findings.
    #[serde(default)]
    #[schema(required = false)]
    name: String,
    /// What it holds: YAML or JSON.
    text: String,
}

/// Where the description of the store comes from, and what is installed. One of `values`, `dspa` and
/// `store` is needed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Description {
    /// Values of deployKF; later ones override earlier ones.
    #[serde(default)]
    #[schema(required = false)]
    values: Vec<Document>,
    /// Manifest of a DataSciencePipelinesApplication.
    dspa: Option<Document>,
    /// Manifest of a PipelineStore or an ObjectBucketClaim, with the objects that it names.
    store: Option<Document>,
    /// Manifests of the source Secrets.
    #[serde(default)]
    #[schema(required = false)]
    secrets: Vec<Document>,
    /// Release of deployKF whose defaults count, such as `0.1.5`.
    deploykf: Option<String>,
    /// Release of Kubeflow Pipelines, such as `2.15`.
    kfp: Option<String>,
    /// Release of Argo Workflows, such as `3.5`.
    argo: Option<String>,
}

/// Whose names and ways the objects have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Layout {
    /// Ours.
    Native,
    /// deployKF's own.
    Deploykf,
}

impl Layout {
    const fn names(self) -> Names {
        match self {
            Self::Native => Names::Native,
            Self::Deploykf => Names::Deploykf,
        }
    }
}

/// In which form a rendering is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Output {
    /// A `List` of objects.
    #[default]
    Json,
    /// A Kustomization, and the objects that go into `objects.yaml` beside it.
    Kustomize,
    /// deployKF's values that say the same.
    HelmValues,
}

/// A description that the examples of the document share.
fn example() -> serde_json::Value {
    json!({
        "values": [{"name": "values.yaml", "text": concat!(
            "deploykf_core: {deploykf_profiles_generator: {profiles: [{name: team-a}]}}\n",
            "kubeflow_tools:\n  pipelines:\n    bucket: {name: soundings, region: eu-west-1}\n    ",
            "objectStore: {useExternal: true, host: s3.eu-west-1.amazonaws.com, auth: {existingSecret: keys}}\n",
        )}],
        "kfp": "2.16",
    })
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of_field:meta])* $field:ident: $type:ty,)* } $example:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[schema(example = $example)]
        pub(crate) struct $name {
            /// What is installed.
            pub(crate) description: Description,
            $($(#[$of_field])* pub(crate) $field: $type,)*
        }

        impl Body for $name {}
    )*};
}

bodies! {
    /// What to render.
    RenderObjects {
        /// `native` where it is not given.
        layout: Option<Layout>,
        /// Whether Kyverno copies Secrets also in the native layout.
        #[serde(default)] #[schema(required = false)]
        kyverno: bool,
        /// `json` where it is not given.
        #[serde(default)] #[schema(required = false)]
        output: Output,
        /// Manifests that a Kustomization is laid over, as its `resources` have it; `base` where it is not given.
        base: Option<String>,
    } json!({"description": example()});
    /// What to look at.
    LintStore {
        /// `deploykf` for deployKF's values where it is not given, else `native`.
        layout: Option<Layout>,
        /// As if Kyverno copied Secrets also in the native layout.
        #[serde(default)] #[schema(required = false)]
        kyverno: bool,
    } json!({"description": example()});
    /// What to explain.
    ExplainReaders {
        /// `deploykf` for deployKF's values where it is not given, else `native`.
        layout: Option<Layout>,
        /// As if Kyverno copied Secrets also in the native layout.
        #[serde(default)] #[schema(required = false)]
        kyverno: bool,
    } json!({"description": example()});
    /// What to write policies for.
    WritePolicies {
        /// Whose language to write, such as `aws` or `ceph`; that of the store where it is not given.
        #[serde(rename = "for")]
        dialect: Option<String>,
        /// `deploykf` gives deployKF's own documents.
        layout: Option<Layout>,
        /// Whether to write one policy of everybody.
        #[serde(default)] #[schema(required = false)]
        merge: bool,
    } json!({"description": example()});
    /// What to compare or to apply.
    ApplyObjects {
        /// `native` where it is not given.
        layout: Option<Layout>,
        /// Whether Kyverno copies Secrets also in the native layout.
        #[serde(default)] #[schema(required = false)]
        kyverno: bool,
        /// Whether what an earlier apply of this installation made goes, where it is no longer rendered.
        #[serde(default)] #[schema(required = false)]
        prune: bool,
        /// Whether to take over fields that somebody else set.
        #[serde(default)] #[schema(required = false)]
        force_conflicts: bool,
        /// Whether to let the operator copy: source Secrets agree, and namespaces of listed profiles and of the
        /// parts that they share opt in. Not together with `kyverno`.
        #[serde(default)] #[schema(required = false)]
        opt_in: bool,
    } json!({"description": example()});
    /// What to check.
    CheckReaders {
        /// `deploykf` for deployKF's values where it is not given, else `native`.
        layout: Option<Layout>,
        /// As if Kyverno copied Secrets also in the native layout.
        #[serde(default)] #[schema(required = false)]
        kyverno: bool,
        /// The profiles that are meant, beside the shared parts; all of them where none is given.
        #[serde(default)] #[schema(required = false)]
        profiles: Vec<String>,
    } json!({"description": example(), "profiles": ["team-a"]});
}

impl Body for ResolveRoot {}

/// What to resolve.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "launcher": "defaultPipelineRoot: s3://soundings/v2/artifacts/team-a\n", "kfp": "2.16",
}))]
pub(crate) struct ResolveRoot {
    /// Manifest of the `kfp-launcher` ConfigMap, or its `data` alone.
    pub(crate) launcher: String,
    /// Root of the run; the ConfigMap's where it is not given.
    pub(crate) pipeline_root: Option<String>,
    /// Release of Kubeflow Pipelines; the newest known where it is not given.
    pub(crate) kfp: Option<String>,
}

impl Description {
    /// Reads and judges it.
    ///
    /// # Errors
    /// When it names nothing, an unknown release, or what should hold Secrets is no manifest.
    pub(crate) fn read(&self) -> Result<Input, Problem> {
        let given = Given {
            values: self.values.iter().map(as_file).collect(),
            dspa: self.dspa.as_ref().map(as_file),
            store: self.store.as_ref().map(as_file),
            secrets: self.secrets.iter().map(as_file).collect(),
            deploykf: parsed("deploykf", self.deploykf.as_deref())?,
            kfp: parsed("kfp", self.kfp.as_deref())?,
            argo: parsed("argo", self.argo.as_deref())?,
        };
        let has_values = usize::from(!given.values.is_empty());
        let others = [given.dspa, given.store].iter().flatten().count();
        if has_values + others != 1 {
            let detail = "the description has none or several of `values`, `dspa` and `store`";
            return Err(
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).help("send one of them")
            );
        }
        let input = given.read().map_err(|error| {
            let detail = format!("{error}: {}", error.why);
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
                .help("send manifests of Secrets in `secrets`")
        })?;
        // What is made of a description is many times larger than the description.
        let profiles = input.deployment.as_ref().map_or(0, |it| it.profiles.len());
        if profiles > MOST_PROFILES {
            let detail = format!("there are {profiles} profiles, more than {MOST_PROFILES}");
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
                .help("use `bowline pipelines` for so many"));
        }
        Ok(input)
    }

    /// The layout that is asked for, else the one that the input is written for.
    pub(crate) fn names(&self, asked: Option<Layout>) -> Names {
        let own = match self.values.is_empty() {
            true => Layout::Native,
            false => Layout::Deploykf,
        };
        asked.unwrap_or(own).names()
    }
}

fn as_file(document: &Document) -> InputFile<'_> {
    InputFile {
        name: match document.name.as_str() {
            "" => "document",
            name => name,
        },
        text: &document.text,
    }
}

/// An option, read.
pub(super) fn parsed<T: FromStr<Err: Display>>(
    name: &str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    let read = |text: &str| {
        text.parse().map_err(|error| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("`{name}`: {error}"),
            )
        })
    };
    text.map(read).transpose()
}

/// The deployment, or everything that refuses it.
pub(super) fn accepted(input: &Input) -> Result<&Deployment, Problem> {
    input.deployment.as_ref().ok_or_else(|| {
        let refused = input.findings.iter().filter(|found| found.is_refused);
        let findings: Vec<Finding> = refused
            .map(|found| Finding {
                message: match &found.place {
                    Some(place) => format!("{place}: {}", found.finding.message),
                    None => found.finding.message.clone(),
                },
                ..found.finding.clone()
            })
            .collect();
        let detail = "the description cannot be used as it is";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).findings(&findings)
    })
}

fn options(names: Names, kyverno: bool, secrets: &Option<Vec<Secret>>) -> Options<'_> {
    Options {
        names,
        kyverno,
        secrets: secrets.as_deref(),
    }
}

impl RenderObjects {
    pub(super) fn options<'a>(&self, input: &'a Input) -> Options<'a> {
        let layout = self.layout.unwrap_or(Layout::Native);
        options(layout.names(), self.kyverno, &input.secrets)
    }
}

impl ExplainReaders {
    pub(super) fn options<'a>(&self, input: &'a Input) -> Options<'a> {
        options(
            self.description.names(self.layout),
            self.kyverno,
            &input.secrets,
        )
    }
}

impl ApplyObjects {
    pub(super) fn options<'a>(&self, input: &'a Input) -> Options<'a> {
        let layout = self.layout.unwrap_or(Layout::Native);
        options(layout.names(), self.kyverno, &input.secrets)
    }
}

impl CheckReaders {
    pub(super) fn options<'a>(&self, input: &'a Input) -> Options<'a> {
        options(
            self.description.names(self.layout),
            self.kyverno,
            &input.secrets,
        )
    }
}
