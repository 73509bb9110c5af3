//! The `PipelineStore` document that says the same as a deployment, from which the operator learns
//! whose keys go where.

use serde_json::{Map, Value, json};

use crate::model::{
    Addressing, Credentials, Deployment, Layout, Member, PROFILE_NAME, Profile, Role, SecretRef,
    Store, Vendor,
};
use crate::store_document::{API_VERSION, KIND, VENDORS};
use crate::stores;

/// The ways of signing in by an annotation of accounts.
const IDENTITIES: [(&str, &str); 3] = [
    ("IRSA", "eks.amazonaws.com/role-arn"),
    ("GKEWorkloadIdentity", "iam.gke.io/gcp-service-account"),
    ("AzureWorkloadIdentity", "azure.workload.identity/client-id"),
];

/// The document. It holds no value of a Secret.
pub fn document(deployment: &Deployment) -> Value {
    let backend = deployment.backend.keys();
    let kubeflow = &deployment.namespaces.kubeflow;
    let namespace = backend.map_or(kubeflow, |secret| &secret.namespace);
    let way = Way::of(deployment);
    let mut spec = store(&deployment.store);
    if let Some(secret) = backend {
        spec.insert("connection".to_owned(), json!(secret.name));
    }
    let releases = &deployment.releases;
    let releases = json!({"kfp": releases.kfp.to_string(), "argo": releases.argo.to_string()});
    spec.insert("releases".to_owned(), releases);
    spec.insert("auth".to_owned(), way.auth.clone());
    match &deployment.server {
        // It has a layout of its own, and one project.
        Some(server) => {
            spec.insert("pipelineServer".to_owned(), json!(server.name));
        }
        None => installation(deployment, &way, &mut spec),
    }
    // What is applied from this belongs to the same installation.
    let of_here = deployment.name.strip_prefix(namespace);
    let name = of_here.and_then(|rest| rest.strip_prefix('.'));
    json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name.unwrap_or(super::NATIVE_STORE), "namespace": namespace},
        "spec": spec,
    })
}

/// What only a whole Kubeflow has.
fn installation(deployment: &Deployment, way: &Way, spec: &mut Map<String, Value>) {
    spec.insert("layout".to_owned(), layout(&deployment.layout));
    let namespaces = &deployment.namespaces;
    let namespaces = json!({"kubeflow": namespaces.kubeflow, "argo": namespaces.argo});
    spec.insert("namespaces".to_owned(), namespaces);
    if way.others.is_none() {
        spec.insert("onlyListed".to_owned(), json!(true));
    }
    let profiles = deployment.profiles.iter();
    let profiles = profiles.map(|one| profile(one, way)).collect();
    spec.insert("profiles".to_owned(), profiles);
}

fn store(store: &Store) -> Map<String, Value> {
    let mut spec = Map::new();
    let mut put = |key: &str, text: &str| {
        if !text.is_empty() {
            spec.insert(key.to_owned(), json!(text));
        }
    };
    put("endpoint", &store.endpoint.url());
    put("region", &store.region);
    put("bucket", &store.bucket);
    put("basePath", &store.base_path);
    if store.addressing != Addressing::Auto {
        put("addressing", store.addressing.as_str());
    }
    let is_told = store.vendor == stores::vendor_of_host(&store.endpoint.host);
    let is_it = |(_, vendor): &&(&str, Vendor)| !is_told && *vendor == store.vendor;
    put(
        "vendor",
        VENDORS.iter().find(is_it).map_or("", |(word, _)| word),
    );
    if let Some(ca) = &store.ca {
        let name = if ca.is_secret {
            "secretName"
        } else {
            "configMapName"
        };
        spec.insert("ca".to_owned(), json!({name: ca.name, "key": ca.key}));
    }
    spec
}

fn layout(layout: &Layout) -> Value {
    json!({
        "artifactsKeyFormat": layout.artifacts_key_format,
        "pipelineRoot": layout.pipeline_root,
    })
}

/// How the document says that people sign in.
struct Way {
    auth: Value,
    /// The annotation of an identity.
    annotation: Option<&'static str>,
    /// What a profile gets that says nothing of its own.
    usual: Credentials,
    /// What the unlisted get; `None` where the document cannot say it, or they get nothing.
    others: Option<Credentials>,
}

impl Way {
    fn of(deployment: &Deployment) -> Self {
        let others = deployment.others.clone();
        let is_environment = |it: &Credentials| *it == Credentials::Environment;
        let mut profiles = deployment.profiles.iter().map(|one| &one.credentials);
        let is_by_identity =
            profiles.any(is_environment) || others.as_ref().is_some_and(is_environment);
        let Some(backend) = deployment.backend.keys() else {
            return Self::without_keys(deployment, others);
        };
        let mut auth = json!({
            "accessKeyKey": backend.access_key_key,
            "secretKeyKey": backend.secret_key_key,
        });
        if let Some(token) = &backend.session_token_key {
            auth["sessionTokenKey"] = json!(token);
        }
        if is_by_identity {
            return Self::beside_keys(deployment, others, auth);
        }
        let template = others.as_ref().and_then(Credentials::keys);
        let template = template.filter(|secret| is_template_of(secret, backend));
        let usual = match template {
            Some(template) => {
                auth["type"] = json!("KeyPerProfile");
                auth["secretTemplate"] = json!(template.name);
                auth["secretNamespace"] = json!(template.namespace);
                Credentials::Keys(template.clone())
            }
            None => {
                auth["type"] = json!("SharedKey");
                deployment.backend.clone()
            }
        };
        Self {
            auth,
            annotation: None,
            others: others.filter(|others| *others == usual),
            usual,
        }
    }

    /// The backend has keys, and profiles have identities.
    fn beside_keys(deployment: &Deployment, others: Option<Credentials>, mut auth: Value) -> Self {
        let is_held = |annotation: &str| {
            let mut profiles = deployment.profiles.iter();
            profiles.any(|one| one.annotations.contains_key(annotation))
        };
        let identity = IDENTITIES
            .into_iter()
            .find(|(_, annotation)| is_held(annotation) && is_told(deployment, annotation));
        auth["type"] = json!(identity.map_or("Environment", |(way, _)| way));
        auth["backendType"] = json!("SharedKey");
        Self {
            auth,
            annotation: identity.map(|(_, annotation)| annotation),
            usual: Credentials::Environment,
            others: others.filter(|others| *others == Credentials::Environment),
        }
    }

    fn without_keys(deployment: &Deployment, others: Option<Credentials>) -> Self {
        let annotations = &deployment.accounts.api_server.annotations;
        let identity = IDENTITIES.into_iter().find_map(|(way, annotation)| {
            let identity = annotations.get(annotation)?;
            is_told(deployment, annotation).then_some((way, annotation, identity))
        });
        let auth = match identity {
            Some((way, _, identity)) => json!({"type": way, "backendIdentity": identity}),
            None => json!({"type": "Environment"}),
        };
        Self {
            auth,
            annotation: identity.map(|(_, annotation, _)| annotation),
            usual: Credentials::Environment,
            others: others.filter(|others| *others == Credentials::Environment),
        }
    }
}

/// Whether every profile without keys has an identity of a kind.
fn is_told(deployment: &Deployment, annotation: &str) -> bool {
    let has_own = |one: &Profile| {
        one.credentials.keys().is_some() || one.annotations.contains_key(annotation)
    };
    deployment.profiles.iter().all(has_own)
}

/// Whether the document can say of both that they are the connection and the template.
fn is_template_of(template: &SecretRef, backend: &SecretRef) -> bool {
    template.name.contains(PROFILE_NAME)
        && template.session_token_key.is_none()
        && template.access_key_key == backend.access_key_key
        && template.secret_key_key == backend.secret_key_key
}

fn profile(profile: &Profile, way: &Way) -> Value {
    let mut object = json!({"name": profile.name});
    if let Some(owner) = &profile.owner {
        object["owner"] = json!(owner);
    }
    if let Some(identity) = way.annotation.and_then(|key| profile.annotations.get(key)) {
        object["identity"] = json!(identity);
    }
    if let Some(secret) = profile.credentials.keys()
        && profile.credentials != way.usual.of_profile(&profile.name)
    {
        object["secret"] = json!({
            "namespace": secret.namespace,
            "name": secret.name,
            "accessKeyKey": secret.access_key_key,
            "secretKeyKey": secret.secret_key_key,
        });
    }
    if !profile.members.is_empty() {
        object["members"] = profile.members.iter().map(member).collect();
    }
    object
}

fn member(member: &Member) -> Value {
    let role = match member.role {
        Role::View => "view",
        Role::Edit => "edit",
    };
    json!({"user": member.user, "role": role})
}
