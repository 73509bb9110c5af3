//! deployKF's values that say the same as a deployment, for moving to it.

use bowline_core::{Finding, Severity};
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::model::{Account, Credentials, Deployment, PROFILE_NAME, Profile, Role, SecretRef};

/// How the embedded store's job begins the names of its Secrets.
const GENERATED: &str = "generated--";

/// The values, and what they cannot say.
///
/// Keys that the input held as text are in them.
pub fn helm_values(deployment: &Deployment) -> (Value, Vec<Finding>) {
    let values = json!({
        "deploykf_core": {"deploykf_profiles_generator": generator(deployment)},
        "deploykf_opt": {"deploykf_minio": minio(deployment)},
        "kubeflow_dependencies": {"kubeflow_argo_workflows": argo(deployment)},
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
        "plugins": profile.plugins,
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

fn argo(deployment: &Deployment) -> Value {
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
        "artifactRepository": {"keyFormat": deployment.layout.artifacts_key_format},
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
            "port": store.endpoint.port.map_or_else(|| Value::from(""), Value::from),
            "useSSL": store.endpoint.tls,
            "auth": auth(deployment),
        });
    }
    let mut v2 = json!({"defaultPipelineRoot": deployment.layout.pipeline_root});
    if deployment.deploykf.minio_fix {
        v2["minioFix"] = Value::Bool(true);
    }
    json!({
        "enabled": true,
        "serviceAccounts": {
            "apiServer": {"annotations": accounts.api_server.annotations},
            "frontend": {"annotations": accounts.frontend.annotations},
        },
        "bucket": {"name": store.bucket, "region": store.region},
        "objectStore": object_store,
        "kfpV2": v2,
    })
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

fn unsayable(deployment: &Deployment) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |field: &str, message: &str, help: &str| {
        findings.push(Finding {
            severity: Severity::Warning,
            rule: "not-in-deploykf",
            field: field.to_owned(),
            message: message.to_owned(),
            help: help.to_owned(),
        });
    };
    let is_elsewhere = |secret: &SecretRef| secret.namespace != "kubeflow";
    let backend = deployment.backend.keys();
    if deployment.embedded.is_none() && backend.is_some_and(is_elsewhere) {
        say(
            "backend",
            "deployKF looks for the backend's Secret in namespace `kubeflow` only",
            "create it there under the same name",
        );
    }
    if deployment.store.ca.is_some() {
        say(
            "ca",
            "deployKF's values have no certificate authority for the store",
            "give the store a certificate of a public authority",
        );
    }
    if !deployment.store.base_path.is_empty() {
        say(
            "basePath",
            "deployKF's values have no path under which everything lies",
            "put the path into `keyFormat` and `defaultPipelineRoot`; definitions stay at the top",
        );
    }
    findings
}
