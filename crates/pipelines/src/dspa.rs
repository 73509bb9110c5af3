//! A DataSciencePipelinesApplication in: the storage of one pipeline server of Open Data Hub or
//! OpenShift AI.
//!
//! Format: <https://github.com/opendatahub-io/data-science-pipelines-operator>, `api/v1`.

use bowline_core::Severity;
use indexmap::IndexMap;

use crate::finding::Rule;
use crate::input::{InputFile, Reading};
use crate::known::Known;
use crate::model::{
    Accounts, Addressing, CaSource, Credentials, DeploykfOptions, Deployment, Endpoint, Layout,
    Namespaces, PipelineServer, Profile, Release, Releases, SecretRef, Store, Vendor,
};
use crate::reading::{Reader, View};
use crate::releases::{NEWEST_KFP, argo_of};
use crate::stores;
use crate::tree::Node;

/// The kind.
pub const KIND: &str = "DataSciencePipelinesApplication";

const NONE: Rule = Rule::refusal("no-application");
const NO_STORE: Rule = Rule::refusal("no-object-storage");
const MISSING: Rule = Rule::refusal("missing");
const PORT: Rule = Rule::refusal("port");
const SCHEME: Rule = Rule::silent("scheme-and-secure", Severity::Error);
const HOST: Rule = Rule::silent("host", Severity::Error);
const BOTH: Rule = Rule::silent("two-stores", Severity::Warning);
const LAUNCHER: Rule = Rule::silent("custom-launcher", Severity::Warning);
const HEALTH: Rule = Rule::silent("no-health-check", Severity::Note);
const BUCKET: Rule = Rule::silent("bucket-unused", Severity::Warning);
const REGION: Rule = Rule::silent("region-auto", Severity::Warning);

/// The bucket of the operator's own MinIO, whatever is asked for.
const OWN_BUCKET: &str = "mlpipeline";

/// The operator's own template of keys.
const KEY_FORMAT: &str = "artifacts/{{workflow.name}}/{{workflow.creationTimestamp.Y}}/{{workflow.creationTimestamp.m}}/{{workflow.creationTimestamp.d}}/{{pod.name}}";

const KNOWN: Known = Known {
    paths: "
spec.objectStorage.disableHealthCheck
spec.objectStorage.enableExternalRoute
spec.objectStorage.externalStorage.host
spec.objectStorage.externalStorage.bucket
spec.objectStorage.externalStorage.scheme
spec.objectStorage.externalStorage.region
spec.objectStorage.externalStorage.port
spec.objectStorage.externalStorage.basePath
spec.objectStorage.externalStorage.secure
spec.objectStorage.externalStorage.s3CredentialsSecret.secretName
spec.objectStorage.externalStorage.s3CredentialsSecret.accessKey
spec.objectStorage.externalStorage.s3CredentialsSecret.secretKey
spec.objectStorage.minio.deploy
spec.objectStorage.minio.image
spec.objectStorage.minio.bucket
spec.objectStorage.minio.pvcSize
spec.objectStorage.minio.storageClassName
spec.objectStorage.minio.resources.*
spec.objectStorage.minio.s3CredentialsSecret.secretName
spec.objectStorage.minio.s3CredentialsSecret.accessKey
spec.objectStorage.minio.s3CredentialsSecret.secretKey
",
    closed: &["spec.objectStorage"],
    whose: "field of a DataSciencePipelinesApplication",
    aliases: &[],
};

/// Reads the first application of a file.
pub fn read(file: InputFile<'_>) -> Reading {
    let names = [file.name];
    let mut reader = Reader::new(&names);
    let documents = Node::documents(0, file.text).unwrap_or_else(|error| {
        reader.unreadable(file.name, &error);
        Vec::new()
    });
    let is_application = |node: &&Node| node.is_kind(KIND);
    let Some(node) = documents.iter().find(is_application) else {
        if reader.findings.is_empty() {
            let root = Node::nothing();
            let message = format!("there is no {KIND} in the file");
            let help = "name the file that holds its manifest";
            reader.report(NONE, &View::root(&root), message, help);
        }
        return Reading::new(reader, None);
    };
    let root = View::root(node);
    KNOWN.check(&mut reader, &root);
    let deployment = deployment(&mut reader, &root);
    Reading::new(reader, deployment)
}

fn deployment(reader: &mut Reader<'_>, root: &View<'_>) -> Option<Deployment> {
    let server = PipelineServer {
        name: reader.text(&root.at("metadata.name"), "dspa"),
        namespace: reader.text_or(&root.at("metadata.namespace"), "default"),
    };
    let storage = root.at("spec.objectStorage");
    let (external, minio) = (storage.child("externalStorage"), storage.child("minio"));
    let (mut store, secret) = match (external.is_set(), minio.is_set()) {
        (true, both) => {
            if both {
                let message = "both stores are given, and the external one is used";
                reader.report(BOTH, &minio, message, "remove `minio`");
            }
            external_store(reader, &external, &server)
        }
        (false, true) => own_store(reader, &minio, &server),
        (false, false) => {
            let message = "either [spec.objectStorage.minio] or \
                           [spec.objectStorage.externalStorage] need to be specified";
            reader.report(NO_STORE, &storage, message, "add one of the two");
            return None;
        }
    };
    store.ca = authority(reader, root);
    switches(reader, root, &storage);
    Some(of_server(server, store, secret, NEWEST_KFP))
}

/// What a pipeline server makes of a store: one project with the operator's own layout, in which
/// everybody reads the keys in place.
pub(crate) fn of_server(
    server: PipelineServer,
    store: Store,
    secret: SecretRef,
    kfp: Release,
) -> Deployment {
    let credentials = Credentials::Keys(secret);
    let namespaces = Namespaces {
        kubeflow: server.namespace.clone(),
        argo: server.namespace.clone(),
        minio: server.namespace.clone(),
    };
    Deployment {
        name: format!("{}.{}", server.namespace, server.name),
        layout: Layout {
            artifacts_key_format: KEY_FORMAT.to_owned(),
            pipeline_root: "s3://{bucket_name}".to_owned(),
            pipelines_prefix: "pipelines".to_owned(),
        },
        backend: credentials.clone(),
        profiles: vec![Profile {
            name: server.namespace.clone(),
            owner: None,
            credentials,
            plugins: Vec::new(),
            annotations: IndexMap::new(),
            members: Vec::new(),
        }],
        profile_prefix: String::new(),
        store,
        namespaces,
        accounts: Accounts::default(),
        embedded: None,
        typed_keys: None,
        releases: Releases {
            kfp,
            argo: argo_of(kfp),
            deploykf: None,
        },
        deploykf: DeploykfOptions::default(),
        others: None,
        server: Some(server),
    }
}

/// What changes the meaning of the rest, or of the operator's answer to it.
fn switches(reader: &mut Reader<'_>, root: &View<'_>, storage: &View<'_>) {
    let launcher = root.at("spec.apiServer.customKfpLauncherConfigMap");
    if launcher.is_truthy() {
        let message = format!(
            "`{}` replaces all data of `kfp-launcher`, so that nothing of the storage given here reaches v2 runs but by it",
            launcher.path
        );
        let help = "see what it says with `bowline pipelines resolve`, or remove it";
        reader.report(LAUNCHER, &launcher, message, help);
    }
    let health = storage.child("disableHealthCheck");
    if health.is_truthy() {
        let message = format!(
            "`{}` is true, so the operator calls the store available without looking",
            health.path
        );
        let help = "look with `bowline pipelines check`";
        reader.report(HEALTH, &health, message, help);
    }
}

fn needed(reader: &mut Reader<'_>, view: &View<'_>) -> String {
    let text = reader.text(view, "");
    if text.is_empty() {
        let message = format!("`{}` is required", view.path);
        reader.report(MISSING, view, message, "set it");
    }
    text
}

fn secret(reader: &mut Reader<'_>, view: &View<'_>, server: &PipelineServer) -> SecretRef {
    SecretRef {
        namespace: server.namespace.clone(),
        name: needed(reader, &view.child("secretName")),
        access_key_key: needed(reader, &view.child("accessKey")),
        secret_key_key: needed(reader, &view.child("secretKey")),
        session_token_key: None,
    }
}

fn external_store(
    reader: &mut Reader<'_>,
    view: &View<'_>,
    server: &PipelineServer,
) -> (Store, SecretRef) {
    let host_view = view.child("host");
    let host = needed(reader, &host_view);
    if host.contains('/') || host.contains(':') {
        let message = format!(
            "`{}` must be a host without scheme and port",
            host_view.path
        );
        let help = "move them to `scheme` and `port`";
        reader.report(HOST, &host_view, message, help);
    }
    let scheme_view = view.child("scheme");
    let scheme = needed(reader, &scheme_view);
    let secure_view = view.child("secure");
    let tls = reader.truth(&secure_view, scheme == "https");
    if tls != (scheme == "https") && !scheme.is_empty() {
        let message = format!(
            "`{}` and `{}` contradict each other: one half of the readers uses TLS",
            scheme_view.path, secure_view.path
        );
        let help = "remove `secure`, which follows from `scheme`";
        reader.report(SCHEME, &secure_view, message, help);
    }
    let port_view = view.child("port");
    let port = reader.text(&port_view, "");
    let endpoint = Endpoint {
        port: port.parse().ok(),
        host,
        tls,
    };
    if endpoint.port.is_none() && !port.is_empty() {
        let message = format!("`{}` is no port number", port_view.path);
        let help = "write a number from 1 to 65535 in quotes";
        reader.report(PORT, &port_view, message, help);
    }
    let region_view = view.child("region");
    let region = reader.text_or(&region_view, "auto");
    let vendor = stores::vendor_of_host(&endpoint.host);
    if region == "auto" && vendor == Vendor::Aws {
        let message = format!("`{}` is `auto`, which Amazon refuses", region_view.path);
        reader.report(REGION, &region_view, message, "name the bucket's region");
    }
    let base_path = reader.text(&view.child("basePath"), "");
    let store = Store {
        vendor,
        endpoint,
        region,
        bucket: needed(reader, &view.child("bucket")),
        addressing: Addressing::Auto,
        ca: None,
        base_path: base_path.trim_matches('/').to_owned(),
    };
    (
        store,
        secret(reader, &view.child("s3CredentialsSecret"), server),
    )
}

/// The MinIO that the operator runs, under the names that it gives.
fn own_store(
    reader: &mut Reader<'_>,
    view: &View<'_>,
    server: &PipelineServer,
) -> (Store, SecretRef) {
    needed(reader, &view.child("image"));
    let bucket = view.child("bucket");
    if reader.text_or(&bucket, OWN_BUCKET) != OWN_BUCKET {
        let message = format!(
            "`{}` is not used: the operator tells every reader the bucket `{OWN_BUCKET}`",
            bucket.path
        );
        let help = "remove it, or use `externalStorage`";
        reader.report(BUCKET, &bucket, message, help);
    }
    let credentials = view.child("s3CredentialsSecret");
    let secret = match credentials.is_set() {
        true => secret(reader, &credentials, server),
        false => SecretRef {
            namespace: server.namespace.clone(),
            name: format!("ds-pipeline-s3-{}", server.name),
            access_key_key: "accesskey".to_owned(),
            secret_key_key: "secretkey".to_owned(),
            session_token_key: None,
        },
    };
    let store = Store {
        endpoint: Endpoint {
            host: format!(
                "minio-{}.{}.svc.cluster.local",
                server.name, server.namespace
            ),
            port: Some(9000),
            tls: false,
        },
        region: "minio".to_owned(),
        bucket: OWN_BUCKET.to_owned(),
        addressing: Addressing::Path,
        ca: None,
        vendor: Vendor::Minio,
        base_path: String::new(),
    };
    (store, secret)
}

fn authority(reader: &mut Reader<'_>, root: &View<'_>) -> Option<CaSource> {
    let view = root.at("spec.apiServer.cABundle");
    if !view.is_set() {
        return None;
    }
    Some(CaSource {
        is_secret: false,
        name: needed(reader, &view.child("configMapName")),
        key: needed(reader, &view.child("configMapKey")),
    })
}
