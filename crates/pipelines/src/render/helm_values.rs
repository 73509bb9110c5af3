//! deployKF's values that say the same as a deployment, for moving to it.

use bowline_core::{Finding, Severity};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{argo, root};
use crate::model::{
    Account, Addressing, Credentials, Deployment, PROFILE_NAME, Profile, Role, SecretRef,
};
use crate::stores;

/// How the embedded store's job begins the names of its Secrets.
const GENERATED: &str = "generated--";

/// The values, and what they cannot say.
///
/// Keys that the input held as text are in them.
pub fn helm_values(deployment: &Deployment) -> (Value, Vec<Finding>) {
    let values = json!({
        "deploykf_core": {"deploykf_profiles_generator": generator(deployment)},
        "deploykf_opt": {"deploykf_minio": minio(deployment)},
        "kubeflow_dependencies": {"kubeflow_argo_workflows": workflows(deployment)},
        "kubeflow_tools": {"pipelines": pipelines(deployment)},
    });
    (values, unsayable(deployment))
}

fn generator(deployment: &Deployment) -> Value {
    let mut emails: IndexMap<&str, ()> = IndexMap::new();
    let members = deployment.profiles.iter().flat_map(|one| &one.members);
    emails.extend(members.map(|member| (member.user.as_str(), ())));
    let users: Vec<_> = emails
        .keys()
        .map(|email| json!({"id": email, "email": email}))
        .collect();
    let profiles: Vec<_> = deployment
        .profiles
        .iter()
        .map(|one| profile(deployment, one))
        .collect();
    let mut defaults = json!({"profileNamePrefix": deployment.profile_prefix});
    if let Some(auth) = generated(deployment) {
        defaults["tools"] = json!({"kubeflowPipelines": {"objectStoreAuth": auth}});
    }
    json!({
        "profileDefaults": defaults,
        "users": users,
        "groups": [],
        "profiles": profiles,
    })
}

/// Whether a Secret is made by the embedded store's job, for a profile that names none.
fn is_generated(deployment: &Deployment, secret: &SecretRef) -> bool {
    deployment.embedded.is_some() && secret.name.starts_with(GENERATED)
}

/// How those Secrets are named, as the first of them tells.
fn generated(deployment: &Deployment) -> Option<Value> {
    let of_profile = |profile: &Profile| {
        let secret = profile.credentials.keys().cloned()?;
        is_generated(deployment, &secret).then(|| (profile.name.clone(), secret))
    };
    let (profile, secret) = deployment.profiles.iter().find_map(of_profile)?;
    let name = secret.name.strip_prefix(GENERATED)?;
    let (before, after) = name.rsplit_once(&profile)?;
    let mut auth = json!({"existingSecret": format!("{before}{PROFILE_NAME}{after}")});
    if !deployment.deploykf.minio_fix {
        auth["existingSecretAccessKeyKey"] = Value::from(secret.access_key_key);
        auth["existingSecretSecretKeyKey"] = Value::from(secret.secret_key_key);
    }
    Some(auth)
}

fn profile(deployment: &Deployment, profile: &Profile) -> Value {
    let role = |role| match role {
        Role::Edit => "edit",
        Role::View => "view",
    };
    let members: Vec<_> = profile
        .members
        .iter()
        .map(|member| json!({"user": member.user, "access": {"role": role(member.role)}}))
        .collect();
    let mut values = json!({
        "name": profile.name,
        "members": members,
        "plugins": plugins(profile),
    });
    if let Some(owner) = &profile.owner {
        values["ownerEmail"] = Value::from(owner.as_str());
    }
    let named = profile.credentials.keys();
    let named = named.filter(|secret| !is_generated(deployment, secret));
    if let Some(secret) = named {
        values["tools"] = json!({"kubeflowPipelines": {"objectStoreAuth": {
            "existingSecret": secret.name,
            "existingSecretNamespace": secret.namespace,
            "existingSecretAccessKeyKey": secret.access_key_key,
            "existingSecretSecretKeyKey": secret.secret_key_key,
        }}});
    }
    values
}

/// How the profile controller gives an account the identity that an annotation names. The other side
/// of it is somebody else's, as it is where the account is annotated.
const PLUGINS: [(&str, &str, &str); 2] = [
    (
        "eks.amazonaws.com/role-arn",
        "AwsIamForServiceAccount",
        "awsIamRole",
    ),
    (
        "iam.gke.io/gcp-service-account",
        "WorkloadIdentity",
        "gcpServiceAccount",
    ),
];

fn plugins(profile: &Profile) -> Vec<Value> {
    let mut plugins = profile.plugins.clone();
    for (annotation, kind, key) in PLUGINS {
        if let Some(identity) = profile.annotations.get(annotation) {
            let mut spec = json!({key: identity});
            if kind == "AwsIamForServiceAccount" {
                spec["annotateOnly"] = Value::Bool(true);
            }
            plugins.push(json!({"kind": kind, "spec": spec}));
        }
    }
    plugins
}

fn minio(deployment: &Deployment) -> Value {
    let mut values = json!({
        "enabled": deployment.embedded.is_some(),
        "namespace": deployment.namespaces.minio,
    });
    if let Some(embedded) = &deployment.embedded
        && !embedded.has_user_policies
    {
        values["identity"] = json!({"openid": {"policyClaim": "policy"}});
    }
    values
}

fn workflows(deployment: &Deployment) -> Value {
    let account = |account: &Account| {
        json!({"serviceAccount": {
            "create": account.create,
            "name": account.name,
            "annotations": account.annotations,
        }})
    };
    json!({
        "enabled": true,
        "namespace": deployment.namespaces.argo,
        "artifactRepository": {"keyFormat": argo::key_format(deployment)},
        "controller": account(&deployment.accounts.argo_controller),
        "server": account(&deployment.accounts.argo_server),
    })
}

fn pipelines(deployment: &Deployment) -> Value {
    let (store, accounts) = (&deployment.store, &deployment.accounts);
    let is_external = deployment.embedded.is_none();
    let mut object_store = json!({"useExternal": is_external});
    if is_external {
        object_store = json!({
            "useExternal": true,
            "host": store.endpoint.host,
            "port": port(deployment).map_or_else(|| Value::from(""), Value::from),
            "useSSL": store.endpoint.tls,
            "auth": auth(deployment),
        });
    }
    let region = match deployment.releases.deploykf {
        Some(_) => &store.region,
        None => stores::region(store),
    };
    let mut v2 = json!({"defaultPipelineRoot": root::deploykf_template(deployment)});
    if deployment.deploykf.minio_fix {
        v2["minioFix"] = Value::Bool(true);
    }
    json!({
        "enabled": true,
        "serviceAccounts": {
            "apiServer": {"annotations": accounts.api_server.annotations},
            "frontend": {"annotations": accounts.frontend.annotations},
        },
        "bucket": {"name": store.bucket, "region": region},
        "objectStore": object_store,
        "kfpV2": v2,
    })
}

/// The port; deployKF refuses even the usual one with Amazon.
fn port(deployment: &Deployment) -> Option<u16> {
    let endpoint = &deployment.store.endpoint;
    let usual = if endpoint.tls { 443 } else { 80 };
    let is_deploykfs = deployment.releases.deploykf.is_some();
    endpoint.port.filter(|port| is_deploykfs || *port != usual)
}

fn auth(deployment: &Deployment) -> Value {
    match (&deployment.backend, &deployment.typed_keys) {
        (Credentials::Environment, _) => json!({"fromEnv": true}),
        (Credentials::Keys(_), Some(typed)) => json!({
            "accessKey": typed.access_key.expose_str(),
            "secretKey": typed.secret_key.expose_str(),
        }),
        (Credentials::Keys(secret), None) => json!({
            "existingSecret": secret.name,
            "existingSecretAccessKeyKey": secret.access_key_key,
            "existingSecretSecretKeyKey": secret.secret_key_key,
        }),
    }
}

/// What deployKF cannot be told, nor anything that is set up in its ways.
pub fn unsayable(deployment: &Deployment) -> Vec<Finding> {
    let store = &deployment.store;
    let profiles = &deployment.profiles;
    let logins = profiles.iter().map(|one| &one.credentials);
    let mut keys = logins
        .chain([&deployment.backend])
        .filter_map(Credentials::keys);
    let backend = deployment.backend.keys();
    let is_elsewhere = |secret: &SecretRef| secret.namespace != "kubeflow";
    let has_other_identity = |profile: &Profile| {
        let has_plugin = |name: &String| PLUGINS.iter().any(|(known, ..)| known == name);
        !profile.annotations.keys().all(has_plugin)
    };
    let rows = [
        (
            deployment.embedded.is_none() && backend.is_some_and(is_elsewhere),
            "backend",
            "deployKF looks for the backend's Secret in namespace `kubeflow` only",
            "create it there under the same name",
        ),
        (
            deployment.namespaces.kubeflow != "kubeflow",
            "namespaces",
            "deployKF installs Kubeflow Pipelines into namespace `kubeflow` only",
            "give the store's Secrets and roles to the accounts in `kubeflow`",
        ),
        (
            store.ca.is_some(),
            "ca",
            "deployKF has no certificate authority for the store",
            "give the store a certificate of a public authority",
        ),
        (
            !store.base_path.is_empty(),
            "basePath",
            "deployKF has no path under which everything lies: artifacts and v2 artifacts are put there, definitions stay at the top",
            "use a bucket of its own",
        ),
        (
            store.addressing != Addressing::Auto,
            "addressing",
            "deployKF has no word on where the bucket's name goes but in the root of v2 runs: the API server, Argo and the UI decide by the host",
            "see that the store takes both",
        ),
        (
            keys.any(|secret| secret.session_token_key.is_some()),
            "credentials",
            "deployKF has no place for a session token",
            "use keys that need no token, or a role",
        ),
        (
            profiles.iter().any(has_other_identity),
            "profiles",
            "deployKF's profiles have plugins for roles of AWS and accounts of Google, none for identities of Azure",
            "annotate and label `default-editor` of each profile yourself",
        ),
    ];
    let finding = |(is_so, field, message, help): (bool, &str, &str, &str)| {
        is_so.then(|| Finding {
            severity: Severity::Warning,
            rule: "not-in-deploykf",
            field: field.to_owned(),
            message: message.to_owned(),
            help: help.to_owned(),
        })
    };
    rows.into_iter().filter_map(finding).collect()
}
