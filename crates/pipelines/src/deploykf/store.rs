//! The values about the store itself and the backend's credentials.

use bowline_core::{Sensitive, Severity};

use crate::finding::Rule;
use crate::model::{
    Addressing, Credentials, Endpoint, Namespaces, SecretRef, Store, TypedKeys, Vendor,
};
use crate::reading::{Reader, View};
use crate::stores;
use crate::tree::Tree;

/// The switch between an external and the embedded store.
pub(super) const USE_EXTERNAL: &str = "kubeflow_tools.pipelines.objectStore.useExternal";
/// The Secret that deployKF makes of keys in its values.
pub(super) const TYPED_SECRET: &str = "kubeflow-pipelines--backend-object-store-auth";
/// The Secret that the embedded store's job makes for the backend.
const GENERATED_SECRET: &str = "generated--kubeflow-pipelines--backend-object-store-auth";

const MINIO_DISABLED: Rule = Rule::refusal("embedded-store-disabled");
const ENVIRONMENT_WITH_EMBEDDED: Rule = Rule::refusal("environment-with-embedded");
const PORT_WITH_AWS: Rule = Rule::refusal("port-with-aws");
const PORT: Rule = Rule::refusal("port");
const HOST: Rule = Rule::silent("host", Severity::Error);
const TLS: Rule = Rule::silent("tls-switch", Severity::Warning);
const EXAMPLE_KEYS: Rule = Rule::silent("example-keys", Severity::Warning);
const OWN_NAME: Rule = Rule::silent("secret-of-that-name", Severity::Warning);
const KEY_NAMES: Rule = Rule::silent("key-names-unused", Severity::Warning);
const UNUSED_MINIO: Rule = Rule::silent("embedded-store-unused", Severity::Note);

/// What the values say about the store.
pub(super) struct StoreValues {
    pub(super) store: Store,
    pub(super) is_external: bool,
    pub(super) backend: Credentials,
    pub(super) typed_keys: Option<TypedKeys>,
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    root: &View<'_>,
    namespaces: &Namespaces,
) -> StoreValues {
    let pipelines = root.at("kubeflow_tools.pipelines");
    let values = pipelines.child("objectStore");
    let use_external = values.child("useExternal");
    let is_external = reader.truth(&use_external, false);
    embedded(reader, root, &use_external, is_external);
    let endpoint = match is_external {
        true => external_endpoint(reader, &values),
        false => Endpoint {
            host: format!("deploykf-minio-api.{}.svc.cluster.local", namespaces.minio),
            port: Some(9000),
            tls: false,
        },
    };
    let from_env = values.at("auth.fromEnv");
    let is_environment = reader.truth(&from_env, false);
    if is_environment && !is_external {
        let message = format!(
            "`{}` must be false if `{USE_EXTERNAL}` is false",
            from_env.path
        );
        let help = "keys are made for the embedded store; remove the value";
        reader.report(ENVIRONMENT_WITH_EMBEDDED, &from_env, message, help);
    }
    let (backend, typed_keys) = match (is_environment, is_external) {
        (true, _) => (Credentials::Environment, None),
        (false, true) => external_keys(reader, &values.child("auth")),
        (false, false) => (keys(&namespaces.minio, GENERATED_SECRET), None),
    };
    let vendor = match is_external {
        true => stores::vendor_of_host(&endpoint.host),
        false => Vendor::Minio,
    };
    let store = Store {
        endpoint,
        region: reader.text(&pipelines.at("bucket.region"), ""),
        bucket: reader.text(&pipelines.at("bucket.name"), "kubeflow-pipelines"),
        // Every part of deployKF's own configuration leaves it to the clients.
        addressing: Addressing::Auto,
        ca: None,
        vendor,
        base_path: String::new(),
    };
    StoreValues {
        store,
        is_external,
        backend,
        typed_keys,
    }
}

/// Keys under deployKF's own names.
fn keys(namespace: &str, name: &str) -> Credentials {
    Credentials::Keys(SecretRef {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        access_key_key: "access_key".to_owned(),
        secret_key_key: "secret_key".to_owned(),
        session_token_key: None,
    })
}

fn embedded(reader: &mut Reader<'_>, root: &View<'_>, use_external: &View<'_>, is_external: bool) {
    let enabled = root.at("deploykf_opt.deploykf_minio.enabled");
    let is_enabled = reader.truth(&enabled, false);
    let is_wanted = !root.at("kubeflow_tools.pipelines.enabled").is_set()
        || root.at("kubeflow_tools.pipelines.enabled").is_truthy();
    match (is_external, is_enabled) {
        (false, false) if is_wanted => {
            let message = format!(
                "`{}` must be true if `{USE_EXTERNAL}` is false",
                enabled.path
            );
            let at = if enabled.is_set() {
                &enabled
            } else {
                use_external
            };
            let help = "use an external store, or enable the embedded one";
            reader.report(MINIO_DISABLED, at, message, help);
        }
        (true, true) => {
            let message = "the embedded store is enabled, and pipelines do not use it; \
                           deployKF makes the bucket in it all the same";
            let help = format!("set `{}` to false", enabled.path);
            reader.report(UNUSED_MINIO, &enabled, message, help);
        }
        _ => {}
    }
}

fn external_endpoint(reader: &mut Reader<'_>, values: &View<'_>) -> Endpoint {
    let host_view = values.child("host");
    let host = reader.text(&host_view, "s3.amazonaws.com");
    host_form(reader, &host_view, &host);
    let mut endpoint = Endpoint {
        host,
        port: None,
        tls: tls(reader, &values.child("useSSL")),
    };
    let port_view = values.child("port");
    let port = reader.text(&port_view, "");
    if !port_view.is_truthy() {
        return endpoint;
    }
    if endpoint.is_aws() {
        let message = format!("`{}` must be empty if using AWS S3", port_view.path);
        reader.report(PORT_WITH_AWS, &port_view, message, "remove the value");
    }
    match port.parse() {
        Ok(port) => endpoint.port = Some(port),
        Err(_) => {
            let message = format!("`{}` is no port number", port_view.path);
            let help = "write a number from 1 to 65535, or remove the value";
            reader.report(PORT, &port_view, message, help);
        }
    }
    endpoint
}

/// What deployKF passes on as it is, and no client takes for a host.
fn host_form(reader: &mut Reader<'_>, view: &View<'_>, host: &str) {
    let (wrong, help) = if host.is_empty() {
        ("is empty", "name the host of the store")
    } else if host.contains("://") {
        (
            "has a scheme, which is put before it a second time",
            "write the host alone; `useSSL` chooses the scheme",
        )
    } else if host.contains('/') || host.contains(char::is_whitespace) {
        ("is no host name", "write the host alone")
    } else if host.contains(':') {
        (
            "has a port, which some readers take for a part of the name",
            "move the number to `port`",
        )
    } else {
        return;
    };
    reader.report(HOST, view, format!("`{}` {wrong}", view.path), help);
}

/// Whether TLS is on: a few spellings mean yes, everything else no.
fn tls(reader: &mut Reader<'_>, view: &View<'_>) -> bool {
    let text = reader.text(view, "true").to_lowercase();
    let is_on = matches!(text.as_str(), "true" | "t" | "yes" | "1");
    let is_off = matches!(text.as_str(), "false" | "f" | "no" | "0" | "");
    let is_plain = view
        .node
        .is_none_or(|node| matches!(node.value, Tree::Bool(_)));
    if !is_on && !is_off {
        let message = format!(
            "`{}` has a spelling that deployKF takes for false: plain HTTP",
            view.path
        );
        reader.report(TLS, view, message, "write `true` or `false`");
    } else if is_off && !is_plain {
        let message = format!("`{}` is off, though not by `false`", view.path);
        reader.report(TLS, view, message, "write `true` or `false`");
    }
    is_on
}

fn external_keys(reader: &mut Reader<'_>, auth: &View<'_>) -> (Credentials, Option<TypedKeys>) {
    let existing_view = auth.child("existingSecret");
    let existing = reader.text(&existing_view, "");
    let names = ["existingSecretAccessKeyKey", "existingSecretSecretKeyKey"];
    let [access_view, secret_view] = names.map(|name| auth.child(name));
    if !existing.is_empty() {
        if existing == TYPED_SECRET {
            let message = format!(
                "`{}` has the name of the Secret that deployKF makes of typed keys",
                existing_view.path
            );
            let help = "give it another name, so that it is never overwritten";
            reader.report(OWN_NAME, &existing_view, message, help);
        }
        let secret = SecretRef {
            namespace: "kubeflow".to_owned(),
            name: existing,
            access_key_key: reader.text_or(&access_view, "AWS_ACCESS_KEY_ID"),
            secret_key_key: reader.text_or(&secret_view, "AWS_SECRET_ACCESS_KEY"),
            session_token_key: None,
        };
        return (Credentials::Keys(secret), None);
    }
    for view in [access_view, secret_view] {
        if view.is_truthy() {
            let message = format!("`{}` is ignored without `existingSecret`", view.path);
            reader.report(KEY_NAMES, &view, message, "remove it, or name the Secret");
        }
    }
    let typed = TypedKeys {
        access_key: typed(reader, &auth.child("accessKey"), "my-access-key"),
        secret_key: typed(reader, &auth.child("secretKey"), "my-secret-key"),
    };
    (keys("kubeflow", TYPED_SECRET), Some(typed))
}

fn typed(reader: &mut Reader<'_>, view: &View<'_>, default: &str) -> Sensitive {
    if !view.is_set() {
        let message = format!("`{}` is not set, and deployKF's example is used", view.path);
        let help = "name a Secret under `existingSecret`, or set `fromEnv`";
        reader.report(EXAMPLE_KEYS, view, message, help);
    }
    Sensitive::from(reader.text(view, default).as_str())
}
