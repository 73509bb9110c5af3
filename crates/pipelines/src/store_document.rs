//! A `PipelineStore` document in: the one description of a store that is ours, with the connection
//! Secret that it names. `docs/reference/pipelines.md` describes the document.

mod auth;
mod connection;
mod server;
mod sources;

use bowline_core::{Secret, Severity};
use indexmap::IndexMap;

use crate::claim;
use crate::finding::Rule;
use crate::input::{InputFile, Reading};
use crate::known::Known;
use crate::model::{
    Accounts, Addressing, CaSource, Credentials, DEFAULT_KEY_FORMAT, DeploykfOptions, Deployment,
    Layout, Member, Namespaces, Profile, Release, Releases, Role, Store, Vendor,
};
use crate::reading::{Reader, View};
use crate::releases::{NEWEST_KFP, argo_of};
use crate::stores;
use crate::tree::Node;
use auth::Auth;
use connection::Place;
pub use sources::sources;

/// The kind.
pub const KIND: &str = "PipelineStore";
/// The version of the document.
pub const API_VERSION: &str = "bowline.dev/v1alpha1";

/// The words for vendors.
pub(crate) const VENDORS: [(&str, Vendor); 11] = [
    ("aws", Vendor::Aws),
    ("gcs", Vendor::Gcs),
    ("azure", Vendor::Azure),
    ("alibaba", Vendor::Alibaba),
    ("ibm", Vendor::Ibm),
    ("minio", Vendor::Minio),
    ("ceph", Vendor::Ceph),
    ("wasabi", Vendor::Wasabi),
    ("r2", Vendor::R2),
    ("odf", Vendor::Odf),
    ("seaweedfs", Vendor::Seaweed),
];

const NONE: Rule = Rule::refusal("no-store");
const VERSION: Rule = Rule::refusal("api-version");
const WORD: Rule = Rule::refusal("unknown-word");
const RELEASE: Rule = Rule::refusal("release");
const MISSING: Rule = Rule::refusal("missing");
const TWICE: Rule = Rule::refusal("profile-twice");
const FIXED_KEYS: Rule = Rule::silent("no-profile-in-layout", Severity::Error);

/// The layout in which everything of a profile lies under one folder, as Kubeflow Pipelines 2.15 and
/// later have it.
const PRIVATE_KEY_FORMAT: &str = "private-artifacts/{{ workflow.namespace }}/{{ workflow.name }}/{{ workflow.creationTimestamp.Y }}/{{ workflow.creationTimestamp.m }}/{{ workflow.creationTimestamp.d }}/{{ pod.name }}";
const PRIVATE_ROOT: &str = "s3://{bucket_name}/private-artifacts/{profile_name}/v2/artifacts";
const DEFAULT_ROOT: &str = "s3://{bucket_name}/v2/artifacts/{profile_name}";

const KNOWN: Known = Known {
    paths: "
apiVersion
kind
metadata.*
spec.connection
spec.claim
spec.pipelineServer
spec.endpoint
spec.region
spec.bucket
spec.basePath
spec.addressing
spec.vendor
spec.ca.secretName
spec.ca.configMapName
spec.ca.key
spec.layout.preset
spec.layout.artifactsKeyFormat
spec.layout.pipelineRoot
spec.releases.kfp
spec.releases.argo
spec.namespaces.kubeflow
spec.namespaces.argo
spec.auth.type
spec.auth.secretTemplate
spec.auth.secretNamespace
spec.auth.accessKeyKey
spec.auth.secretKeyKey
spec.auth.sessionTokenKey
spec.auth.backendType
spec.auth.backendIdentity
spec.auth.profileIdentity
spec.onlyListed
spec.profiles.[].name
spec.profiles.[].owner
spec.profiles.[].identity
spec.profiles.[].secret.name
spec.profiles.[].secret.namespace
spec.profiles.[].secret.accessKeyKey
spec.profiles.[].secret.secretKeyKey
spec.profiles.[].members.[].user
spec.profiles.[].members.[].role
",
    closed: &["", "spec"],
    whose: "field of a PipelineStore",
    aliases: &[],
};

/// Reads the first `PipelineStore` of a file, or else the first ObjectBucketClaim.
///
/// The Secrets are looked for the connection; the values of its keys are not taken.
pub fn read(file: InputFile<'_>, secrets: &[Secret]) -> Reading {
    let names = [file.name];
    let mut reader = Reader::new(&names);
    let documents = Node::documents(0, file.text).unwrap_or_else(|error| {
        reader.unreadable(file.name, &error);
        Vec::new()
    });
    let find = |kind: &str| documents.iter().find(|node| node.is_kind(kind));
    let deployment = match (find(KIND), find(claim::KIND)) {
        (Some(node), _) => {
            let root = View::root(node);
            KNOWN.check(&mut reader, &root);
            version(&mut reader, &root);
            deployment(&mut reader, &root, &documents, secrets)
        }
        (None, Some(node)) => claimed(&mut reader, &View::root(node), &documents),
        (None, None) => {
            if reader.findings.is_empty() {
                let root = Node::nothing();
                let message =
                    "there is neither a PipelineStore nor an ObjectBucketClaim in the file";
                let help = "name the file that holds one";
                reader.report(NONE, &View::root(&root), message, help);
            }
            None
        }
    };
    Reading::new(reader, deployment)
}

fn version(reader: &mut Reader<'_>, root: &View<'_>) {
    let view = root.child("apiVersion");
    if reader.text(&view, "") != API_VERSION {
        let message = format!("`{}` must be `{API_VERSION}`", view.path);
        reader.report(VERSION, &view, message, format!("write `{API_VERSION}`"));
    }
}

/// A claim by itself: its bucket for the namespace that it is in.
fn claimed(reader: &mut Reader<'_>, view: &View<'_>, documents: &[Node]) -> Option<Deployment> {
    let bucket = claim::read(reader, view, documents)?;
    let nothing = Node::nothing();
    let spec = View::root(&nothing);
    let namespace = bucket.namespace.clone();
    let name = format!("{namespace}.{}", bucket.name);
    let place = Place::of_claim(bucket);
    let auth = Auth::shared(&place);
    let mut deployment = assemble(reader, &spec, place, &auth);
    deployment.name = name;
    let names = match namespace.as_str() {
        "kubeflow" => Vec::new(),
        _ => vec![namespace],
    };
    deployment.profiles = names
        .into_iter()
        .map(|name| Profile {
            owner: None,
            credentials: deployment.backend.clone(),
            plugins: Vec::new(),
            annotations: IndexMap::new(),
            members: Vec::new(),
            name,
        })
        .collect();
    Some(deployment)
}

fn deployment(
    reader: &mut Reader<'_>,
    root: &View<'_>,
    documents: &[Node],
    secrets: &[Secret],
) -> Option<Deployment> {
    let spec = root.child("spec");
    let namespace = reader.text_or(&root.at("metadata.namespace"), "kubeflow");
    let place = connection::read(reader, &spec, &namespace, documents, secrets)?;
    let auth = Auth::read(reader, &spec, &place);
    let mut deployment = assemble(reader, &spec, place, &auth);
    if spec.child("pipelineServer").is_truthy() {
        return server::deployment(reader, root, deployment);
    }
    let name = reader.text_or(&root.at("metadata.name"), "store");
    deployment.name = format!("{namespace}.{name}");
    deployment.profiles = profiles(reader, &spec, &auth);
    deployment.others = others(reader, &spec, &auth);
    shared_folder(reader, &spec, &deployment);
    Some(deployment)
}

fn assemble(reader: &mut Reader<'_>, spec: &View<'_>, place: Place, auth: &Auth) -> Deployment {
    let kubeflow = reader.text_or(&spec.at("namespaces.kubeflow"), "kubeflow");
    let argo = reader.text_or(&spec.at("namespaces.argo"), &kubeflow);
    let kfp = release(reader, &spec.at("releases.kfp")).unwrap_or(NEWEST_KFP);
    let argo_release = release(reader, &spec.at("releases.argo"));
    let vendor = vendor(reader, &spec.child("vendor"));
    let mut accounts = Accounts::default();
    for account in [
        &mut accounts.api_server,
        &mut accounts.frontend,
        &mut accounts.argo_controller,
        &mut accounts.argo_server,
    ] {
        account.annotations = auth.backend_annotations();
    }
    accounts.argo_controller.name = "argo".to_owned();
    let tag = match kfp {
        Release::MASTER => NEWEST_KFP.to_string(),
        release => release.to_string(),
    };
    Deployment {
        name: String::new(),
        store: Store {
            vendor: vendor.unwrap_or_else(|| stores::vendor_of_host(&place.endpoint.host)),
            endpoint: place.endpoint,
            region: place.region,
            bucket: place.bucket,
            addressing: addressing(reader, &spec.child("addressing")),
            ca: authority(reader, &spec.child("ca")),
            base_path: reader
                .text(&spec.child("basePath"), "")
                .trim_matches('/')
                .to_owned(),
        },
        layout: layout(reader, &spec.child("layout")),
        backend: auth.backend(),
        profiles: Vec::new(),
        others: None,
        profile_prefix: String::new(),
        namespaces: Namespaces {
            kubeflow,
            argo,
            ..Namespaces::default()
        },
        accounts,
        embedded: None,
        typed_keys: None,
        releases: Releases {
            kfp,
            argo: argo_release.unwrap_or_else(|| argo_of(kfp)),
            deploykf: None,
        },
        deploykf: DeploykfOptions {
            frontend_image: format!("ghcr.io/kubeflow/kfp-frontend:{tag}"),
            ..DeploykfOptions::default()
        },
        server: None,
    }
}

/// One word out of several.
fn word<T: Copy>(reader: &mut Reader<'_>, view: &View<'_>, words: &[(&str, T)], default: T) -> T {
    let text = reader.text(view, "");
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() && !text.is_empty() {
        let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let message = format!("`{}` must be one of {}", view.path, known.join(", "));
        reader.report(WORD, view, message, "write one of them");
    }
    found.map_or(default, |(_, value)| *value)
}

fn addressing(reader: &mut Reader<'_>, view: &View<'_>) -> Addressing {
    let all = [Addressing::Auto, Addressing::Path, Addressing::Virtual];
    let words = all.map(|one| (one.as_str(), one));
    word(reader, view, &words, Addressing::Auto)
}

fn vendor(reader: &mut Reader<'_>, view: &View<'_>) -> Option<Vendor> {
    let words = VENDORS.map(|(word, vendor)| (word, Some(vendor)));
    word(reader, view, &words, None)
}

fn release(reader: &mut Reader<'_>, view: &View<'_>) -> Option<Release> {
    let text = reader.text(view, "");
    if text.is_empty() {
        return None;
    }
    let release = text.parse();
    if release.is_err() {
        let message = format!("`{}` is no release", view.path);
        let help = "write one such as \"2.15\" in quotes, or `master`";
        reader.report(RELEASE, view, message, help);
    }
    release.ok()
}

fn authority(reader: &mut Reader<'_>, view: &View<'_>) -> Option<CaSource> {
    if !view.is_set() {
        return None;
    }
    let (secret, map) = (view.child("secretName"), view.child("configMapName"));
    let is_secret = secret.is_truthy();
    let name = reader.text(if is_secret { &secret } else { &map }, "");
    if name.is_empty() {
        let message = format!("`{}` names neither a Secret nor a ConfigMap", view.path);
        reader.report(
            MISSING,
            view,
            message,
            "set `secretName` or `configMapName`",
        );
    }
    Some(CaSource {
        is_secret,
        name,
        key: reader.text_or(&view.child("key"), "ca.crt"),
    })
}

fn layout(reader: &mut Reader<'_>, view: &View<'_>) -> Layout {
    let presets = [
        ("deploykf", (DEFAULT_KEY_FORMAT, DEFAULT_ROOT)),
        ("private-artifacts", (PRIVATE_KEY_FORMAT, PRIVATE_ROOT)),
    ];
    let preset = word(reader, &view.child("preset"), &presets, presets[0].1);
    Layout {
        artifacts_key_format: reader.text_or(&view.child("artifactsKeyFormat"), preset.0),
        pipeline_root: reader.text_or(&view.child("pipelineRoot"), preset.1),
        pipelines_prefix: "pipelines".to_owned(),
    }
}

fn profiles(reader: &mut Reader<'_>, spec: &View<'_>, auth: &Auth) -> Vec<Profile> {
    let list = spec.child("profiles");
    let mut profiles: Vec<Profile> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for view in reader.items(&list) {
        let name_view = view.child("name");
        let name = reader.text(&name_view, "");
        if name.is_empty() {
            let message = format!("`{}` is required", name_view.path);
            reader.report(MISSING, &name_view, message, "name the profile");
            continue;
        }
        if !seen.insert(name.clone()) {
            let message = format!("profile '{name}' appears more than once");
            reader.report(TWICE, &name_view, message, "remove one, or rename it");
            continue;
        }
        let owner = reader.text(&view.child("owner"), "");
        profiles.push(Profile {
            owner: Some(owner).filter(|owner| !owner.is_empty()),
            credentials: auth.read_profile(reader, &view, &name),
            plugins: Vec::new(),
            annotations: auth.profile_annotations(reader, &view, &name),
            members: members(reader, &view.child("members")),
            name,
        });
    }
    profiles
}

/// How profiles sign in that the document does not list.
fn others(reader: &mut Reader<'_>, spec: &View<'_>, auth: &Auth) -> Option<Credentials> {
    let only_listed = reader.truth(&spec.child("onlyListed"), false);
    (!only_listed).then(|| auth.others())
}

fn members(reader: &mut Reader<'_>, list: &View<'_>) -> Vec<Member> {
    let words = [("view", Role::View), ("edit", Role::Edit)];
    reader
        .items(list)
        .iter()
        .map(|view| Member {
            user: reader.text(&view.child("user"), ""),
            role: word(reader, &view.child("role"), &words, Role::View),
        })
        .collect()
}

/// A layout without the profile in it is one folder for everybody.
fn shared_folder(reader: &mut Reader<'_>, spec: &View<'_>, deployment: &Deployment) {
    let layout = &deployment.layout;
    if deployment.profiles.len() < 2 {
        return;
    }
    let format: String = layout.artifacts_key_format.split_whitespace().collect();
    for (key, has_profile) in [
        (
            "artifactsKeyFormat",
            format.contains("{{workflow.namespace}}"),
        ),
        (
            "pipelineRoot",
            layout.pipeline_root.contains("{profile_name}"),
        ),
    ] {
        if !has_profile {
            let view = spec.child("layout").child(key);
            let message = format!("`{}` has no part that tells profiles apart", view.path);
            let help = "begin it with `{{ workflow.namespace }}` or `{profile_name}`";
            reader.report(FIXED_KEYS, &view, message, help);
        }
    }
}
