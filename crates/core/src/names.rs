//! The annotation and label keys of the field, in one place; nothing here interprets them.

/// References on workloads (OpenShift AI): a list on Notebooks, one name on serving kinds.
pub const CONNECTIONS: &str = "opendatahub.io/connections";
/// Path below the bucket or registry of the referenced connection.
pub const CONNECTION_PATH: &str = "opendatahub.io/connection-path";
/// Reference on an InferenceService (Alauda AI): one Secret name.
pub const ALAUDA_SOURCE: &str = "aml-model-source-connection";
/// What Bowline injected into a workload; see `plan::record`.
pub const INJECTED: &str = "bowline.dev/injected";
/// How a workload stands to its connections; see `drift`.
pub const STATUS: &str = "bowline.dev/connection-status";
/// On a Secret that must not be deleted; only the text `true` counts.
pub const VITAL: &str = "bowline.dev/vital";

/// Result of the last test of a connection (OpenShift AI): `verified` or `failed`.
pub const TEST_STATUS: &str = "opendatahub.io/connection-test-status";
/// When it was tested.
pub const TEST_TIMESTAMP: &str = "opendatahub.io/connection-test-timestamp";
/// What the test said.
pub const TEST_MESSAGE: &str = "opendatahub.io/connection-test-message";
/// A digest of what was tested, so that a result is known to be stale after an edit.
pub const TESTED: &str = "bowline.dev/tested";

/// The annotations that make a workload concern Bowline: references and the record.
pub(crate) const REFERENCES_AND_RECORD: [&str; 3] = [CONNECTIONS, ALAUDA_SOURCE, INJECTED];

/// Protocol of a connection Secret (OpenShift AI); wins over all others.
pub const PROTOCOL: &str = "opendatahub.io/connection-type-protocol";
/// Deprecated predecessor of [`PROTOCOL`]: the name of a connection type.
pub const TYPE_REF: &str = "opendatahub.io/connection-type-ref";
/// Before OpenShift AI 2.16: `s3`.
pub const LEGACY_TYPE: &str = "opendatahub.io/connection-type";
/// Protocol of a connection Secret (Alauda AI).
pub const ALAUDA_PROTOCOL: &str = "cpaas.io/connection-type-protocol";
/// Connection type of a connection Secret (Alauda AI), such as `ct-s3-storage`.
pub const ALAUDA_TYPE_REF: &str = "cpaas.io/connection-type-ref";

/// Label that makes OpenShift AI's dashboard list a Secret; only the text `true` counts.
pub const DASHBOARD_LABEL: &str = "opendatahub.io/dashboard";
/// Label that makes OpenShift AI copy a Secret into `storage-config`; only the text `true` counts.
pub const MANAGED_LABEL: &str = "opendatahub.io/managed";
/// Alauda's counterpart of [`DASHBOARD_LABEL`].
pub const ALAUDA_DASHBOARD_LABEL: &str = "cpaas.io/dashboard";

/// Display name (OpenShift AI).
pub const DISPLAY_NAME: &str = "openshift.io/display-name";
/// Description (OpenShift AI).
pub const DESCRIPTION: &str = "openshift.io/description";
/// Display name (Alauda AI, on Secrets; ConfigMaps spell it with an underscore).
pub const ALAUDA_DISPLAY_NAME: &str = "cpaas.io/display-name";

/// Prefix of KServe's own annotations on S3 Secrets.
pub const KSERVE_S3_PREFIX: &str = "serving.kserve.io/s3-";
/// KServe: endpoint of an S3 Secret, host and port without scheme.
pub const KSERVE_S3_ENDPOINT: &str = "serving.kserve.io/s3-endpoint";
/// KServe: `1` or `0`.
pub const KSERVE_S3_USE_HTTPS: &str = "serving.kserve.io/s3-usehttps";
/// KServe: region of an S3 Secret.
pub const KSERVE_S3_REGION: &str = "serving.kserve.io/s3-region";
/// KServe: `1` or `0`, whether certificates are verified.
pub const KSERVE_S3_VERIFY_SSL: &str = "serving.kserve.io/s3-verifyssl";
/// KServe: `true` puts the bucket into the host name, the opposite of path style.
pub const KSERVE_S3_VIRTUAL_BUCKET: &str = "serving.kserve.io/s3-usevirtualbucket";
/// KServe: `true` reads without credentials.
pub const KSERVE_S3_ANONYMOUS: &str = "serving.kserve.io/s3-useanoncredential";
/// KServe: path of a CA bundle.
pub const KSERVE_S3_CA_BUNDLE: &str = "serving.kserve.io/s3-cabundle";
/// KServe: ConfigMap whose `cabundle.crt` is mounted where models are fetched.
pub const KSERVE_S3_CA_BUNDLE_CONFIGMAP: &str = "serving.kserve.io/s3-cabundle-configmap";

/// ODAHU: the role that a connection takes on.
pub const ODAHU_ROLE: &str = "odahu.bowline.dev/role";

/// Label on every object that Bowline makes, so that it is known again.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "bowline");
/// Annotation on an object that Bowline would keep: `false` keeps Bowline's hands off.
pub const MANAGED: &str = "bowline.dev/managed";
/// Annotation on `storage-config`: the entries that Bowline wrote, separated by commas.
pub const ENTRIES: &str = "bowline.dev/entries";
/// Annotation on an S3 connection: the annotations that Bowline wrote for KServe, as JSON.
pub const KSERVE_WRITTEN: &str = "bowline.dev/kserve-annotations";

/// What `kubectl apply` remembers; holds a Secret's values in clear.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
