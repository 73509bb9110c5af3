//! Our own layout: one Secret of one name in every namespace, `providers` where the release has them,
//! and no Kyverno unless it is asked for.

use serde_json::{Value, json};

use super::copies::Copies;
use super::object::{config_map, environment_patch, labelled, owned, service_account, yaml};
use super::{
    NATIVE_COPY, NATIVE_STORE, Pair, argo, document, env, kyverno, profile_parts, proxy, root,
    viewer,
};
use crate::copies::{STORE, STORE_KEY};
use crate::model::{Account, Deployment, Profile, SecretRef};
use crate::releases::{Ability, kfp_can};

/// The ConfigMap of Argo's controller.
const CONTROLLER_CONFIG: &str = "workflow-controller-configmap";

pub(super) fn each(
    deployment: &Deployment,
    kyverno: bool,
    copies: &mut Copies<'_>,
    sink: &mut dyn FnMut(Value),
) {
    backend(deployment, kyverno, copies, sink);
    for profile in &deployment.profiles {
        each_of_profile(deployment, profile, kyverno, copies, sink);
    }
}

fn backend(
    deployment: &Deployment,
    kyverno: bool,
    copies: &mut Copies<'_>,
    sink: &mut dyn FnMut(Value),
) {
    let namespaces = &deployment.namespaces;
    let kubeflow = &namespaces.kubeflow;
    let source = deployment.backend.keys();
    let pair = reader_pair(source, kyverno);
    let keys = pair.as_ref();
    copies.typed().into_iter().for_each(&mut *sink);
    if let Some(source) = source {
        let mut targets = vec![kubeflow];
        targets.extend(Some(&namespaces.argo).filter(|argo| *argo != kubeflow));
        for namespace in targets {
            let policy = format!("pipelines-store-{namespace}");
            copied(source, namespace, kyverno.then_some(&policy), copies, sink);
        }
    }
    sink(config_map(
        kubeflow,
        env::INSTALL_CONFIG,
        env::install_config(&deployment.store),
    ));
    let repository = json!({"artifactRepository": argo::native(deployment, keys)});
    sink(config_map(&namespaces.argo, CONTROLLER_CONFIG, repository));
    // Viewers run in profiles, where the copy has the same name.
    let first = deployment.profiles.first();
    let viewer_pair = first.and_then(|profile| reader_pair(profile.credentials.keys(), kyverno));
    let template = viewer::data(&deployment.store, viewer_pair.as_ref(), false);
    sink(config_map(kubeflow, viewer::CONFIG_MAP, template));
    let mut variables = env::api_server(keys);
    variables.extend(authority(deployment));
    let server = "ml-pipeline-api-server";
    sink(environment_patch(
        kubeflow,
        "ml-pipeline",
        server,
        &variables,
    ));
    let mut variables = env::ui(keys, false);
    if !deployment.profiles.is_empty() {
        variables.extend([
            env::value("ARTIFACTS_SERVICE_PROXY_NAME", proxy::NAME),
            env::value("ARTIFACTS_SERVICE_PROXY_PORT", "80"),
            env::value("ARTIFACTS_SERVICE_PROXY_ENABLED", "true"),
        ]);
    }
    let ui = "ml-pipeline-ui";
    sink(environment_patch(kubeflow, ui, ui, &variables));
    accounts(deployment, sink);
    if kyverno {
        sink(kyverno::restart_on_config_change(kubeflow));
    } else {
        let text = yaml(&document::document(deployment));
        let map = config_map(kubeflow, NATIVE_STORE, json!({STORE_KEY: text}));
        sink(labelled(map, STORE));
    }
}

/// The certificate authority of the store, for the API server and, through it, for runs.
fn authority(deployment: &Deployment) -> Vec<Value> {
    let Some(ca) = &deployment.store.ca else {
        return Vec::new();
    };
    let name = match ca.is_secret {
        true => "CABUNDLE_SECRET_NAME",
        false => "CABUNDLE_CONFIGMAP_NAME",
    };
    vec![
        env::value(name, &ca.name),
        env::value("CABUNDLE_KEY_NAME", &ca.key),
    ]
}

/// What readers are given. Kyverno copies all data as it is; whoever else copies uses fixed names.
fn reader_pair(source: Option<&SecretRef>, kyverno: bool) -> Option<Pair> {
    let source = source?;
    Some(match kyverno {
        true => Pair::of_clone(NATIVE_COPY, source),
        false => Pair::native(source),
    })
}

fn copied(
    source: &SecretRef,
    namespace: &str,
    policy: Option<&String>,
    copies: &mut Copies<'_>,
    sink: &mut dyn FnMut(Value),
) {
    let copy = match policy {
        Some(policy) => {
            let policy = kyverno::clone_policy(policy, source, namespace, NATIVE_COPY);
            sink(owned(policy));
            copies.clone(source, namespace, NATIVE_COPY)
        }
        None => copies.native(source, namespace),
    };
    copy.map(owned).into_iter().for_each(sink);
}

/// Accounts that have annotations to be given; the others are somebody else's business.
fn accounts(deployment: &Deployment, sink: &mut dyn FnMut(Value)) {
    let (namespaces, accounts) = (&deployment.namespaces, &deployment.accounts);
    let mut account = |namespace: &str, account: &Account| {
        if !account.annotations.is_empty() {
            sink(service_account(
                namespace,
                &account.name,
                account.annotations.iter(),
            ));
        }
    };
    account(&namespaces.kubeflow, &accounts.api_server);
    account(&namespaces.kubeflow, &accounts.frontend);
    account(&namespaces.argo, &accounts.argo_controller);
    account(&namespaces.argo, &accounts.argo_server);
}

fn each_of_profile(
    deployment: &Deployment,
    profile: &Profile,
    kyverno: bool,
    copies: &mut Copies<'_>,
    sink: &mut dyn FnMut(Value),
) {
    let namespace = profile.namespace();
    let source = profile.credentials.keys();
    let pair = reader_pair(source, kyverno);
    let keys = pair.as_ref();
    if let Some(source) = source {
        let policy = kyverno::profile_policy("pipelines-store", &profile.name);
        copied(source, namespace, kyverno.then_some(&policy), copies, sink);
    }
    let has_providers = kfp_can(deployment.releases.kfp, Ability::Providers);
    let mut launcher = json!({"defaultPipelineRoot": root::native_root(deployment, &profile.name)});
    if has_providers {
        launcher["providers"] = Value::from(super::providers::text(deployment, keys));
    } else if kyverno {
        // Without providers, only the environment of the pods can carry keys.
        sink(owned(kyverno::v2_pods(namespace, keys, "")));
    }
    sink(owned(config_map(namespace, "kfp-launcher", launcher)));
    let repository = argo::native(deployment, keys);
    sink(owned(profile_parts::artifact_repositories(
        namespace,
        &repository,
    )));
    let image = &deployment.deploykf.frontend_image;
    let env = env::proxy(&deployment.store, keys, false);
    sink(owned(proxy::deployment(namespace, image, &env)));
    sink(owned(proxy::service(namespace)));
    if !profile.annotations.is_empty() {
        let annotations = profile.annotations.iter();
        sink(service_account(namespace, "default-editor", annotations));
    }
    if !profile.plugins.is_empty() {
        sink(profile_parts::profile(&deployment.profile_prefix, profile));
    }
}
