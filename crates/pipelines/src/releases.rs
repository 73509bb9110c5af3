//! What each release of Kubeflow Pipelines and Argo Workflows understands, as data; what follows from
//! it for one installation is left to `render`, `launcher` and `traps`.
//!
//! Each table is ordered by release, and a row holds from its release to the next row's. The tables of
//! `docs/reference/pipelines-releases.md` are made of these by [`reference()`].

mod reference;
#[cfg(test)]
mod tests;

use crate::model::Release;

pub use reference::reference;
pub(crate) use reference::short;

/// The releases of Kubeflow Pipelines that the reference lists.
pub const KFP: [Release; 12] = [
    Release::new(1, 8, 22),
    Release::new(2, 0, 0),
    Release::new(2, 1, 0),
    Release::new(2, 2, 0),
    Release::new(2, 3, 0),
    Release::new(2, 4, 0),
    Release::new(2, 5, 0),
    Release::new(2, 14, 0),
    Release::new(2, 15, 0),
    Release::new(2, 16, 0),
    NEWEST_KFP,
    Release::MASTER,
];

/// The newest release of Kubeflow Pipelines that the tables were made for.
pub const NEWEST_KFP: Release = Release::new(2, 17, 0);

/// The API server of some releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiServer {
    /// The first of them.
    pub since: Release,
    /// What it speaks to the store with.
    pub client: &'static str,
    /// What it does when both keys are empty.
    pub empty_keys: EmptyKeys,
    /// Where it puts the bucket's name.
    pub addressing: ServerAddressing,
    /// What it does about a bucket that it cannot find.
    pub missing_bucket: MissingBucket,
}

/// What an API server does when both keys are present and empty. When they are absent it uses the
/// built-in `minio` and `minio123`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyKeys {
    /// Asks the environment, then the role of the machine; knows nothing of web identities.
    MachineRole,
    /// Asks the environment, then a provider that reads web identities; people report that it fails.
    WebIdentityUnsure,
    /// Refuses to start.
    Refused,
    /// Asks the chain of AWS's SDK, IRSA included.
    SdkChain,
}

impl EmptyKeys {
    /// For the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MachineRole => "environment, then the machine's role; no IRSA",
            Self::WebIdentityUnsure => "environment, then IAM; IRSA is reported to fail",
            Self::Refused => "error: `AccessKey is required`",
            Self::SdkChain => "the SDK's chain; IRSA works",
        }
    }
}

/// Where an API server puts the bucket's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerAddressing {
    /// In the host for Amazon, Google and Aliyun, else in the path.
    Automatic,
    /// In the path, always.
    Path,
}

impl ServerAddressing {
    /// For the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "virtual-hosted for Amazon, Google and Aliyun, else path",
            Self::Path => "path",
        }
    }
}

/// What an API server does about a bucket that it cannot find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingBucket {
    /// Makes it, and dies when it may not even look.
    Fatal,
    /// Makes it, and only logs that it may not.
    Logged,
}

impl MissingBucket {
    /// For the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "created; a refused look is fatal",
            Self::Logged => "created; a refusal is logged",
        }
    }
}

/// The API server, by release.
pub const API_SERVERS: [ApiServer; 5] = [
    ApiServer {
        since: Release::new(0, 0, 0),
        client: "minio-go 6.0.14",
        empty_keys: EmptyKeys::MachineRole,
        addressing: ServerAddressing::Automatic,
        missing_bucket: MissingBucket::Fatal,
    },
    ApiServer {
        since: Release::new(2, 0, 0),
        client: "minio-go 6.0.57",
        empty_keys: EmptyKeys::WebIdentityUnsure,
        addressing: ServerAddressing::Automatic,
        missing_bucket: MissingBucket::Fatal,
    },
    ApiServer {
        since: Release::new(2, 14, 0),
        client: "minio-go 7",
        empty_keys: EmptyKeys::WebIdentityUnsure,
        addressing: ServerAddressing::Automatic,
        missing_bucket: MissingBucket::Fatal,
    },
    ApiServer {
        since: Release::new(2, 15, 0),
        client: "AWS SDK v2, minio-go 7 for the bucket",
        empty_keys: EmptyKeys::Refused,
        addressing: ServerAddressing::Path,
        missing_bucket: MissingBucket::Fatal,
    },
    ApiServer {
        since: Release::new(2, 16, 0),
        client: "AWS SDK v2",
        empty_keys: EmptyKeys::SdkChain,
        addressing: ServerAddressing::Path,
        missing_bucket: MissingBucket::Logged,
    },
];

/// The API server of a release.
pub fn api_server(kfp: Release) -> &'static ApiServer {
    let is_reached = |row: &&ApiServer| row.since <= kfp;
    API_SERVERS
        .iter()
        .rfind(is_reached)
        .unwrap_or(&API_SERVERS[0])
}

/// Something that Kubeflow Pipelines can do from some release on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// `minio://` means the built-in store.
    BuiltInStore,
    /// A query in the root is honoured to the end of a run.
    QueryRoot,
    /// `providers`, and a query on `minio://` roots.
    Providers,
    /// The UI is told the session of each artifact.
    SessionInUi,
    /// `forcePathStyle`; before, always path style.
    ForcePathStyle,
    /// `maxRetries`, and AWS's SDK v2 in the launcher.
    MaxRetries,
    /// An empty region becomes `us-east-1` in the API server.
    DefaultRegion,
    /// The built-in store is SeaweedFS.
    Seaweed,
    /// The endpoint and region of a provider with `fromEnv` count.
    EnvironmentSettings,
    /// Checksums only where they are required.
    ChecksumsWhenRequired,
}

/// An ability, its first release, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// What can be done.
    pub ability: Ability,
    /// From which release on.
    pub release: Release,
    /// For the reference.
    pub what: &'static str,
}

const fn since(ability: Ability, major: u16, minor: u16, what: &'static str) -> Since {
    Since {
        ability,
        release: Release::new(major, minor, 0),
        what,
    }
}

/// What Kubeflow Pipelines can do, by the first release.
pub const ABILITIES: [Since; 10] = [
    since(
        Ability::BuiltInStore,
        1,
        0,
        "`minio://` means `minio-service.kubeflow:9000` with the Secret `mlpipeline-minio-artifact` (`accesskey`, `secretkey`)",
    ),
    since(
        Ability::QueryRoot,
        2,
        1,
        "a query in the root is honoured to the end of a run; drivers before made wrong paths of it",
    ),
    since(
        Ability::Providers,
        2,
        2,
        "`providers` in `kfp-launcher`; a query on `minio://` roots",
    ),
    since(
        Ability::SessionInUi,
        2,
        3,
        "the UI is told the session of each artifact",
    ),
    since(
        Ability::ForcePathStyle,
        2,
        4,
        "`forcePathStyle`; before, always path style",
    ),
    since(
        Ability::MaxRetries,
        2,
        15,
        "`maxRetries`; AWS SDK v2 in the launcher",
    ),
    since(
        Ability::DefaultRegion,
        2,
        15,
        "the API server takes an empty region for `us-east-1`",
    ),
    since(
        Ability::Seaweed,
        2,
        16,
        "the built-in store is `seaweedfs.kubeflow:9000`",
    ),
    since(
        Ability::EnvironmentSettings,
        2,
        17,
        "endpoint, region and path style of a provider with `fromEnv: true` count; before, they were ignored",
    ),
    since(
        Ability::ChecksumsWhenRequired,
        2,
        17,
        "checksums are sent only where they are required",
    ),
];

/// Whether a release of Kubeflow Pipelines can do something.
pub fn kfp_can(kfp: Release, ability: Ability) -> bool {
    let first = ABILITIES.iter().find(|row| row.ability == ability);
    first.is_some_and(|row| row.release <= kfp)
}

/// The endpoint that a bare `minio://` root means.
pub fn built_in_endpoint(kfp: Release) -> &'static str {
    match kfp_can(kfp, Ability::Seaweed) {
        true => "seaweedfs.kubeflow:9000",
        false => "minio-service.kubeflow:9000",
    }
}

/// Which options a root may have in its query: they belong to the Go CDK that a release is built with
/// (`blob/s3blob` and `aws` in gocloud.dev).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryOptions {
    /// The first release.
    pub since: Release,
    /// The release of the Go CDK.
    pub go_cdk: &'static str,
    /// What it takes.
    pub options: &'static [&'static str],
    /// Whether `awssdk=v1` brings the old options back.
    pub has_sdk_v1: bool,
}

/// What AWS's first SDK takes, in the CDK that knows no other.
const SDK_V1: &[&str] = &["region", "endpoint", "disableSSL", "s3ForcePathStyle"];
/// What `awssdk=v1` takes.
const SDK_V1_ASKED_FOR: &[&str] = &[
    "region",
    "endpoint",
    "disableSSL",
    "disable_ssl",
    "s3ForcePathStyle",
    "s3_force_path_style",
    "dualstack",
    "fips",
    "profile",
    "accelerate",
    "ssetype",
    "kmskeyid",
];
/// What AWS's second SDK takes.
const SDK_V2: &[&str] = &[
    "region",
    "endpoint",
    "use_path_style",
    "disable_https",
    "hostname_immutable",
    "profile",
    "dualstack",
    "fips",
    "rate_limiter_capacity",
    "accelerate",
    "ssetype",
    "kmskeyid",
];
/// What it takes besides, in the newest CDK.
const SDK_V2_NEWEST: &[&str] = &[
    "region",
    "endpoint",
    "use_path_style",
    "s3ForcePathStyle",
    "disable_https",
    "hostname_immutable",
    "profile",
    "dualstack",
    "fips",
    "rate_limiter_capacity",
    "accelerate",
    "ssetype",
    "kmskeyid",
    "anonymous",
    "role",
    "request_checksum_calculation",
    "response_checksum_validation",
];

/// Options of roots, by release.
pub const QUERY_OPTIONS: [QueryOptions; 3] = [
    QueryOptions {
        since: Release::new(0, 0, 0),
        go_cdk: "0.22, 0.23",
        options: SDK_V1,
        has_sdk_v1: true,
    },
    QueryOptions {
        since: Release::new(2, 5, 0),
        go_cdk: "0.40",
        options: SDK_V2,
        has_sdk_v1: true,
    },
    QueryOptions {
        since: Release::MASTER,
        go_cdk: "0.46",
        options: SDK_V2_NEWEST,
        has_sdk_v1: false,
    },
];

/// The row of a release.
fn query_options(kfp: Release) -> &'static QueryOptions {
    let is_reached = |row: &&QueryOptions| row.since <= kfp;
    QUERY_OPTIONS
        .iter()
        .rfind(is_reached)
        .unwrap_or(&QUERY_OPTIONS[0])
}

/// The first option of a root's query that a release refuses: `unknown query parameter "…"`.
pub fn refused_option(kfp: Release, query: &str) -> Option<&str> {
    let row = query_options(kfp);
    let knows_choice = row.since >= Release::new(2, 5, 0);
    let is_choice = |pair: &str| pair.eq_ignore_ascii_case("awssdk=v1");
    let known = match knows_choice && row.has_sdk_v1 && query.split('&').any(is_choice) {
        true => SDK_V1_ASKED_FOR,
        false => row.options,
    };
    // `prefix` is the CDK's own, for all stores.
    let is_known = |name: &str| {
        known.contains(&name) || name == "prefix" || (name == "awssdk" && knows_choice)
    };
    let mut names = query.split('&').filter_map(|pair| pair.split('=').next());
    names.find(|name| !name.is_empty() && !is_known(name))
}

/// A field of Argo's S3 artifact repository and its first release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgoField {
    /// The field.
    pub name: &'static str,
    /// From which release on.
    pub since: Release,
}

const fn argo(name: &'static str, major: u16, minor: u16) -> ArgoField {
    ArgoField {
        name,
        since: Release::new(major, minor, 0),
    }
}

/// The fields of Argo's S3 artifact repository.
pub const ARGO_FIELDS: [ArgoField; 14] = [
    argo("endpoint", 3, 3),
    argo("bucket", 3, 3),
    argo("region", 3, 3),
    argo("insecure", 3, 3),
    argo("accessKeySecret", 3, 3),
    argo("secretKeySecret", 3, 3),
    argo("roleARN", 3, 3),
    argo("useSDKCreds", 3, 3),
    argo("createBucketIfNotPresent", 3, 3),
    argo("encryptionOptions", 3, 3),
    argo("keyFormat", 3, 3),
    argo("caSecret", 3, 5),
    argo("sessionTokenSecret", 3, 6),
    argo("addressingStyle", 4, 1),
];

/// Whether a release of Argo knows a field of its S3 artifact repository.
pub fn argo_has(argo: Release, field: &str) -> bool {
    let row = ARGO_FIELDS.iter().find(|row| row.name == field);
    row.is_some_and(|row| row.since <= argo)
}

/// The release of Argo that a release of Kubeflow Pipelines ships, as far as it is known: the older
/// one in between, which knows fewer fields.
pub fn argo_of(kfp: Release) -> Release {
    match kfp.at_least(2, 17) {
        true => Release::new(4, 0, 0),
        false => Release::new(3, 3, 10),
    }
}
