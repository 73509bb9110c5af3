//! deployKF's own layout: its names, its Kyverno policies, and its differences by release.

use serde_json::{Value, json};

use super::copies::Copies;
use super::object::{
    annotated, cluster_object, config_map, environment_patch, object, owned, service_account, with,
};
use super::{Pair, argo, env, kyverno, profile_parts, proxy, root, viewer};
use crate::model::{DeploykfRelease, Deployment, Profile, SecretRef};

/// The backend's copy, in the namespaces of pipelines and of Argo.
const BACKEND_CLONE: &str = "cloned--kubeflow-pipelines--backend-object-store-auth";
/// A profile's copy, in its namespace.
const PROFILE_CLONE: &str = "cloned--pipelines-object-store-auth";
/// A profile's copy with the fix for v2 runs on the embedded store, up to v0.1.4.
const FIXED_PROFILE_CLONE: &str = "mlpipeline-minio-artifact";
/// The right of Argo's users to read a profile's copy.
const ARGO_USERS: &str = "argo-server-user-profile-object-store-secret";

/// What is marked as ours goes when it is no longer rendered. Accounts, Profiles and what is laid over
/// an installation's own objects never do.
pub(super) fn each(deployment: &Deployment, copies: &mut Copies<'_>, sink: &mut dyn FnMut(Value)) {
    backend(deployment, copies, sink);
    for profile in &deployment.profiles {
        each_of_profile(deployment, profile, copies, sink);
    }
}

/// The name of profiles' copies.
fn profile_clone(deployment: &Deployment) -> &'static str {
    match deployment.deploykf.minio_fix {
        true => FIXED_PROFILE_CLONE,
        false => PROFILE_CLONE,
    }
}

fn is_old(deployment: &Deployment) -> bool {
    let release = deployment.releases.deploykf;
    release.is_some_and(|release| release < DeploykfRelease::V0_1_5)
}

fn backend(deployment: &Deployment, copies: &mut Copies<'_>, sink: &mut dyn FnMut(Value)) {
    let namespaces = &deployment.namespaces;
    let (store, is_old) = (&deployment.store, is_old(deployment));
    let source = deployment.backend.keys();
    let pair = source.map(|source| Pair::of_clone(BACKEND_CLONE, source));
    let keys = pair.as_ref();
    copies.typed().into_iter().for_each(&mut *sink);
    if let Some(source) = source {
        let targets = [
            (
                "kubeflow-pipelines--clone-bucket-secret",
                &namespaces.kubeflow,
            ),
            ("argo-workflows--clone-bucket-secret", &namespaces.argo),
        ];
        for (policy, namespace) in targets {
            copied(policy, source, namespace, BACKEND_CLONE, copies, sink);
        }
    }
    let mut config = env::install_config(store);
    if !is_old {
        config["driverImage"] = Value::from(deployment.deploykf.driver_image.as_str());
        config["launcherImage"] = Value::from(deployment.deploykf.launcher_image.as_str());
    }
    let kubeflow = &namespaces.kubeflow;
    sink(config_map(kubeflow, env::INSTALL_CONFIG, config));
    let repository = argo::deploykf(deployment, keys);
    let repository = json!({"artifactRepository": repository});
    sink(config_map(&namespaces.argo, "argo-config", repository));
    let template = viewer::data(store, keys, is_old);
    sink(config_map(kubeflow, viewer::CONFIG_MAP, template));
    let mut variables = env::api_server(keys);
    if !is_old {
        variables.extend(env::v2_images());
    }
    let server = "ml-pipeline-api-server";
    sink(environment_patch(
        kubeflow,
        "ml-pipeline",
        server,
        &variables,
    ));
    let ui = "ml-pipeline-ui";
    sink(environment_patch(kubeflow, ui, ui, &env::ui(keys, is_old)));
    accounts(deployment, sink);
    sink(owned(kyverno::restart_on_config_change(kubeflow)));
    if is_old {
        let options = &deployment.deploykf;
        let policy = kyverno::old_v2_pods(
            &namespaces.minio,
            options.minio_fix,
            &options.launcher_image,
        );
        policy.map(owned).into_iter().for_each(&mut *sink);
    }
    sink(owned(argo_users_role(deployment)));
}

/// A copy by Kyverno: the policy, and what it will make.
fn copied(
    policy: &str,
    source: &SecretRef,
    namespace: &str,
    name: &str,
    copies: &mut Copies<'_>,
    sink: &mut dyn FnMut(Value),
) {
    sink(owned(kyverno::clone_policy(
        policy, source, namespace, name,
    )));
    let copy = copies.clone(source, namespace, name);
    let copy = copy.map(|copy| annotated(copy, kyverno::CLONE_ANNOTATIONS));
    copy.map(owned).into_iter().for_each(sink);
}

fn accounts(deployment: &Deployment, sink: &mut dyn FnMut(Value)) {
    let (namespaces, accounts) = (&deployment.namespaces, &deployment.accounts);
    for (namespace, account) in [
        (&namespaces.kubeflow, &accounts.api_server),
        (&namespaces.kubeflow, &accounts.frontend),
        (&namespaces.argo, &accounts.argo_controller),
        (&namespaces.argo, &accounts.argo_server),
    ] {
        if account.create {
            sink(service_account(
                namespace,
                &account.name,
                account.annotations.iter(),
            ));
        }
    }
}

fn each_of_profile(
    deployment: &Deployment,
    profile: &Profile,
    copies: &mut Copies<'_>,
    sink: &mut dyn FnMut(Value),
) {
    let (namespace, is_old) = (profile.namespace(), is_old(deployment));
    let options = &deployment.deploykf;
    let clone = profile_clone(deployment);
    let source = profile.credentials.keys();
    let pair = source.map(|source| Pair::of_clone(clone, source));
    let keys = pair.as_ref();
    if let Some(source) = source {
        let policy = kyverno::profile_policy("clone-profile-bucket-secret", &profile.name);
        copied(&policy, source, namespace, clone, copies, sink);
    }
    if !is_old {
        let launcher = &options.v2_compatible_launcher_image;
        sink(owned(kyverno::v2_pods(namespace, keys, launcher)));
    }
    if options.has_api_token_pod_default {
        sink(owned(profile_parts::api_token_pod_default(namespace)));
    }
    sink(owned(profile_parts::metadata_config(namespace)));
    // Only deployKF's own description says what it is.
    let visualization = match options.visualization_image.as_str() {
        "" => None,
        image => Some(proxy::visualization(namespace, image)),
    };
    let visualization = visualization.into_iter().flatten();
    visualization.map(owned).for_each(&mut *sink);
    let env = env::proxy(&deployment.store, keys, is_old);
    sink(owned(proxy::deployment(
        namespace,
        &options.frontend_image,
        &env,
    )));
    sink(owned(proxy::service(namespace)));
    let repository = argo::deploykf(deployment, keys);
    sink(owned(profile_parts::artifact_repositories(
        namespace,
        &repository,
    )));
    let root = root::deploykf_root(deployment, &profile.name);
    let data = json!({"defaultPipelineRoot": root});
    sink(owned(config_map(namespace, "kfp-launcher", data)));
    sink(profile_parts::profile(&deployment.profile_prefix, profile));
    // Only descriptions that are not deployKF's have any; deployKF's have plugins.
    if !profile.annotations.is_empty() {
        let annotations = profile.annotations.iter();
        sink(service_account(namespace, "default-editor", annotations));
    }
    sink(owned(argo_users(deployment, profile)));
}

/// The right to read exactly a profile's copy.
fn argo_users_role(deployment: &Deployment) -> Value {
    let rule = json!({
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": [profile_clone(deployment)],
        "verbs": ["get"],
    });
    let role = cluster_object("rbac.authorization.k8s.io/v1", "ClusterRole", ARGO_USERS);
    with(role, "rules", json!([rule]))
}

/// That right for everybody with access to the profile, by the accounts that Argo's server has for
/// them.
fn argo_users(deployment: &Deployment, profile: &Profile) -> Value {
    let subject = |member: &crate::model::Member| {
        json!({
            "kind": "ServiceAccount",
            "name": format!("argo-server-user-{}", kyverno::sha256(&member.user)),
            "namespace": deployment.namespaces.argo,
        })
    };
    let subjects: Vec<_> = profile.members.iter().map(subject).collect();
    let api = "rbac.authorization.k8s.io";
    let binding = object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        profile.namespace(),
        ARGO_USERS,
    );
    let role = json!({"apiGroup": api, "kind": "ClusterRole", "name": ARGO_USERS});
    with(
        with(binding, "roleRef", role),
        "subjects",
        Value::from(subjects),
    )
}
