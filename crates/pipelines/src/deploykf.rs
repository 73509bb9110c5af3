//! deployKF's values in: files merged in order, with the defaults and quirks of each release, to one
//! [`Deployment`].
//!
//! What is understood was taken from the values and templates of deployKF v0.1.1 to v0.1.5
//! (<https://github.com/deployKF/deployKF>).

mod keys;
mod minio;
mod profiles;
mod store;

use bowline_core::Severity;

use crate::claim;
use crate::dspa;
use crate::finding::Rule;
use crate::input::{InputFile, Reading};
use crate::model::{
    Account, Accounts, DEFAULT_KEY_FORMAT, DEFAULT_PIPELINE_ROOT, DeploykfOptions, DeploykfRelease,
    Deployment, EmbeddedMinio, Layout, Namespaces, OLD_PIPELINE_ROOT, Release, Releases,
    WORKFLOW_NAMESPACE,
};
use crate::reading::{Reader, View};
use crate::store_document;
use crate::tree::Node;

const OTHER_INPUT: Rule = Rule::refusal("other-input");
const ARGO_DISABLED: Rule = Rule::refusal("argo-disabled");
const FIX_WITH_EXTERNAL: Rule = Rule::refusal("minio-fix-with-external");
const KEY_FORMAT_WITH_EMBEDDED: Rule = Rule::refusal("key-format-with-embedded");
const ROOT_WITH_EMBEDDED: Rule = Rule::refusal("pipeline-root-with-embedded");
const REDIRECT: Rule = Rule::silent("redirect-off", Severity::Note);
const PIPELINES_DISABLED: Rule = Rule::silent("pipelines-disabled", Severity::Warning);

/// Reads values files, later over earlier ones, with the defaults of a release.
///
/// `kubeflow_tools.pipelines.enabled` and that of Argo count as true where they are not set: whoever
/// asks about pipelines has them.
pub fn read(files: &[InputFile<'_>], release: DeploykfRelease) -> Reading {
    let names: Vec<&str> = files.iter().map(|file| file.name).collect();
    let mut reader = Reader::new(&names);
    let mut root = Node::nothing();
    for (index, file) in files.iter().enumerate() {
        match Node::documents(index, file.text) {
            Ok(documents) => {
                documents
                    .iter()
                    .for_each(|node| manifest(&mut reader, node));
                root.merge(Node::merged(index, documents));
            }
            Err(error) => reader.unreadable(file.name, &error),
        }
    }
    if !reader.findings.is_empty() {
        // What is missing may stand in the file that cannot be read.
        return Reading::new(reader, None);
    }
    let view = View::root(&root);
    keys::check(&mut reader, &view, release);
    let deployment = deployment(&mut reader, &view, release);
    Reading::new(reader, Some(deployment))
}

/// Says that a file of values is another of our inputs.
fn manifest(reader: &mut Reader<'_>, node: &Node) {
    let flags = [
        (store_document::KIND, "--store"),
        (claim::KIND, "--store"),
        (dspa::KIND, "--dspa"),
    ];
    for (kind, flag) in flags.into_iter().filter(|(kind, _)| node.is_kind(kind)) {
        let root = View::root(node);
        let message = format!("this is a {kind}, and no values of deployKF");
        let help = format!("name the file with `{flag}`");
        reader.report(OTHER_INPUT, &root.child("kind"), message, help);
    }
}

fn deployment(reader: &mut Reader<'_>, root: &View<'_>, release: DeploykfRelease) -> Deployment {
    let pipelines = root.at("kubeflow_tools.pipelines");
    let argo = root.at("kubeflow_dependencies.kubeflow_argo_workflows");
    let minio = root.at("deploykf_opt.deploykf_minio");
    enabled(reader, &pipelines, &argo);
    let minio_namespace = reader.text_or(&minio.child("namespace"), "deploykf-minio");
    let namespaces = Namespaces {
        argo: reader.text_or(&argo.child("namespace"), "kubeflow-argo-workflows"),
        minio: minio_namespace,
        ..Namespaces::default()
    };
    let store = store::read(reader, root, &namespaces);
    let options = options(reader, root, release, store.is_external);
    let layout = layout(reader, &pipelines, &argo, release, store.is_external);
    redirect(reader, &pipelines, &layout);
    let profiles = profiles::read(reader, root, &namespaces, &store, options.minio_fix);
    minio::check(reader, &minio);
    let generator = root.at("deploykf_core.deploykf_profiles_generator");
    let claim = reader.text(&minio.at("identity.openid.policyClaim"), "email");
    Deployment {
        name: "deploykf".to_owned(),
        profile_prefix: reader.text(&generator.at("profileDefaults.profileNamePrefix"), ""),
        store: store.store,
        layout,
        backend: store.backend,
        typed_keys: store.typed_keys,
        profiles,
        accounts: accounts(reader, &pipelines, &argo),
        embedded: (!store.is_external).then(|| EmbeddedMinio {
            has_user_policies: claim == "email",
        }),
        releases: releases(release),
        namespaces,
        deploykf: options,
        others: None,
        server: None,
    }
}

fn enabled(reader: &mut Reader<'_>, pipelines: &View<'_>, argo: &View<'_>) {
    let switch = pipelines.child("enabled");
    if !reader.truth(&switch, true) {
        let message = format!("`{}` is false, so deployKF makes none of this", switch.path);
        let help = "set it to true, or leave the file away";
        reader.report(PIPELINES_DISABLED, &switch, message, help);
        return;
    }
    let argo = argo.child("enabled");
    if !reader.truth(&argo, true) {
        let message = format!("`{}` must be true if `{}` is true", argo.path, switch.path);
        reader.report(ARGO_DISABLED, &argo, message, "set it to true");
    }
}

/// What each release of deployKF installs.
fn releases(release: DeploykfRelease) -> Releases {
    let kfp = match release {
        DeploykfRelease::V0_1_5 => Release::new(2, 1, 0),
        _ => Release::new(2, 0, 0),
    };
    Releases {
        kfp,
        argo: Release::new(3, 3, 10),
        deploykf: Some(release),
    }
}

fn layout(
    reader: &mut Reader<'_>,
    pipelines: &View<'_>,
    argo: &View<'_>,
    release: DeploykfRelease,
    is_external: bool,
) -> Layout {
    let default_root = match release {
        DeploykfRelease::V0_1_5 => DEFAULT_PIPELINE_ROOT,
        _ => OLD_PIPELINE_ROOT,
    };
    let format = argo.at("artifactRepository.keyFormat");
    let root = pipelines.at("kfpV2.defaultPipelineRoot");
    let mut read = |view: &View<'_>, default: &str, rule: Rule| {
        let text = reader.text(view, default);
        if !is_external && text != default {
            let message = format!(
                "`{}` must be left as the default if `{}` is false",
                view.path,
                store::USE_EXTERNAL
            );
            reader.report(rule, view, message, "remove the value");
        }
        text
    };
    Layout {
        artifacts_key_format: read(&format, DEFAULT_KEY_FORMAT, KEY_FORMAT_WITH_EMBEDDED),
        pipeline_root: read(&root, default_root, ROOT_WITH_EMBEDDED),
        pipelines_prefix: "pipelines".to_owned(),
    }
}

/// deployKF's gateway leads links of artifacts to the namespace that their keys have, as long as it can
/// tell it from them.
fn redirect(reader: &mut Reader<'_>, pipelines: &View<'_>, layout: &Layout) {
    let switch = pipelines.at("cache.namespaceRedirect");
    if switch.is_set() && !switch.is_truthy() {
        return;
    }
    let format = format!("artifacts/{WORKFLOW_NAMESPACE}/");
    let root = layout.root_path();
    let is_root_told = root == "v2/artifacts/{profile_name}";
    let why = match (
        layout.artifacts_key_format.starts_with(&format),
        is_root_told,
    ) {
        (true, true) => return,
        (false, _) => format!("the key format does not begin with `{format}`"),
        (true, false) => {
            "the root of v2 artifacts is not `BUCKET/v2/artifacts/{profile_name}`".to_owned()
        }
    };
    let message = format!(
        "`{}` switches itself off, since {why}: links of artifacts that name another namespace fail",
        switch.path
    );
    let help = "keep to deployKF's layout, or set it to false to say that this is meant";
    reader.report(REDIRECT, &switch, message, help);
}

fn options(
    reader: &mut Reader<'_>,
    root: &View<'_>,
    release: DeploykfRelease,
    is_external: bool,
) -> DeploykfOptions {
    let pipelines = root.at("kubeflow_tools.pipelines");
    let v2 = pipelines.child("kfpV2");
    let fix = v2.child("minioFix");
    let is_new = release >= DeploykfRelease::V0_1_5;
    let minio_fix = !is_new && reader.truth(&fix, false);
    if minio_fix && is_external {
        let message = format!(
            "`{}` must be false if `{}` is true",
            fix.path,
            store::USE_EXTERNAL
        );
        reader.report(FIX_WITH_EXTERNAL, &fix, message, "set it to false");
    }
    let tag = if is_new { "2.1.0" } else { "2.0.0-alpha.7" };
    let fork = |image: &str| match is_new {
        true => format!("ghcr.io/deploykf/kubeflow-pipelines/{image}"),
        false => String::new(),
    };
    let mut image = |name: &str, repository: &str| {
        let view = pipelines.at(&format!("images.{name}"));
        let repository = reader.text_or(&view.child("repository"), repository);
        let tag = reader.text_or(&view.child("tag"), tag);
        format!("{repository}:{tag}")
    };
    let frontend_image = image("kfpFrontend", "gcr.io/ml-pipeline/frontend");
    let visualization_image = image(
        "kfpVisualizationServer",
        "gcr.io/ml-pipeline/visualization-server",
    );
    let wants_pod_default = reader.truth(
        &pipelines.at("profileResourceGeneration.kfpApiTokenPodDefault"),
        false,
    );
    let webhook = root.at("kubeflow_tools.poddefaults_webhook.enabled");
    DeploykfOptions {
        minio_fix,
        launcher_image: reader.text(
            &v2.child("launcherImage"),
            &fork("kfp-launcher:2.1.0-deploykf.0"),
        ),
        driver_image: reader.text(
            &v2.child("driverImage"),
            &fork("kfp-driver:2.1.0-deploykf.0"),
        ),
        v2_compatible_launcher_image: reader.text(
            &v2.child("v2CompatibleLauncherImage"),
            &fork("kfp-launcher:1.8.22-deploykf.0"),
        ),
        frontend_image,
        visualization_image,
        has_api_token_pod_default: wants_pod_default && reader.truth(&webhook, false),
    }
}

fn accounts(reader: &mut Reader<'_>, pipelines: &View<'_>, argo: &View<'_>) -> Accounts {
    let mut fixed = |path: &str, name: &str| Account {
        annotations: reader.texts(&pipelines.at(&format!("serviceAccounts.{path}.annotations"))),
        ..Account::new(name)
    };
    let api_server = fixed("apiServer", "ml-pipeline");
    let frontend = fixed("frontend", "ml-pipeline-ui");
    let mut chosen = |part: &str, name: &str| {
        let view = argo.child(part).child("serviceAccount");
        Account {
            create: reader.truth(&view.child("create"), true),
            name: reader.text_or(&view.child("name"), name),
            annotations: reader.texts(&view.child("annotations")),
        }
    };
    Accounts {
        api_server,
        frontend,
        argo_controller: chosen("controller", "argo-workflow-controller"),
        argo_server: chosen("server", "argo-server"),
    }
}
