//! The login of a workload by the Secrets that its account links (`CreateSecretVolumeAndEnv` in
//! `pkg/credentials/service_account_credentials.go`, `BuildS3EnvVars` in `pkg/credentials/s3`).

use bowline_core::Secret;

use super::{Container, KServe, Namespace, Stop, trust};

/// Sets the variables of every linked Secret with an S3 login; of others, those of the hub.
pub(super) fn login(
    container: &mut Container,
    account: &str,
    secret: Option<&str>,
    namespace: &Namespace,
    kserve: KServe,
) -> Result<(), Stop> {
    let Some(linked) = namespace.accounts.get(account) else {
        return Ok(());
    };
    let named: Vec<&str> = match secret {
        Some(secret) => vec![secret],
        None => linked.iter().map(String::as_str).collect(),
    };
    for name in named {
        let secret = namespace.secret(name)?;
        let (id, key) = kserve.login;
        if secret.value(key).is_some() {
            let values = [namespace.value(name, id)?, namespace.value(name, key)?];
            for (variable, value) in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
                .iter()
                .zip(values)
            {
                container.variables.insert((*variable).to_owned(), value);
            }
            s3(container, secret, kserve);
        } else if let Some(token) = secret.value("HF_TOKEN") {
            container
                .variables
                .insert("HF_TOKEN".to_owned(), token.clone());
        }
    }
    Ok(())
}

/// A setting's annotation, the variable that it becomes, and which is also a key that may hold it.
const SETTINGS: [(&str, &str); 5] = [
    ("serving.kserve.io/s3-verifyssl", "S3_VERIFY_SSL"),
    (
        "serving.kserve.io/s3-useanoncredential",
        "awsAnonymousCredential",
    ),
    ("serving.kserve.io/s3-region", "AWS_DEFAULT_REGION"),
    (
        "serving.kserve.io/s3-usevirtualbucket",
        "S3_USER_VIRTUAL_BUCKET",
    ),
    ("serving.kserve.io/s3-useaccelerate", "S3_USE_ACCELERATE"),
];

fn s3(container: &mut Container, secret: &Secret, kserve: KServe) {
    if let Some(endpoint) = endpoint(secret, kserve).filter(|text| !text.is_empty()) {
        let use_https = setting(secret, "serving.kserve.io/s3-usehttps", "S3_USE_HTTPS");
        // A scheme in the endpoint says more than the flag.
        let url = match use_https.as_deref() {
            _ if endpoint.starts_with("http://") || endpoint.starts_with("https://") => endpoint,
            Some("0") => format!("http://{endpoint}"),
            _ => format!("https://{endpoint}"),
        };
        container.set("AWS_ENDPOINT_URL", url);
    }
    let (config_map, path) = kserve.ca_bundle.unzip();
    let settings = SETTINGS
        .into_iter()
        .map(|(annotation, variable)| (annotation, variable, None));
    let bundle = [
        ("serving.kserve.io/s3-cabundle", trust::FILE, path),
        (
            "serving.kserve.io/s3-cabundle-configmap",
            trust::CONFIG_MAP,
            config_map,
        ),
    ];
    for (annotation, variable, default) in settings.chain(bundle) {
        let text = setting(secret, annotation, variable).or_else(|| default.map(str::to_owned));
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            container.set(variable, text);
        }
    }
}

fn endpoint(secret: &Secret, kserve: KServe) -> Option<String> {
    let fork = kserve
        .reads_aws_s3_endpoint
        .then(|| data(secret, "AWS_S3_ENDPOINT"));
    fork.flatten()
        .or_else(|| setting(secret, "serving.kserve.io/s3-endpoint", "S3_ENDPOINT"))
}

/// The annotation even when it is empty, else the key.
fn setting(secret: &Secret, annotation: &str, key: &str) -> Option<String> {
    let annotated = secret.annotations.get(annotation).cloned();
    annotated.or_else(|| data(secret, key))
}

fn data(secret: &Secret, key: &str) -> Option<String> {
    secret.value(key)?.expose_str().map(str::to_owned)
}
