//! All rules in one table, so that documentation and SARIF can list them.

use super::report::Rule;
use crate::finding::Severity::{Error, Note, Warning};

macro_rules! rules {
    ($($name:ident = $severity:ident $id:literal: $summary:literal;)*) => {
        $(pub(super) const $name: Rule = Rule { id: $id, severity: $severity, summary: $summary };)*

        /// Every rule, by subject.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    // What the Secret says about itself.
    CANDIDATE = Note "candidate": "the Secret looks like a connection, but no annotation says so";
    NOT_A_STRING = Error "not-a-string": "a label or annotation is not a string, so the API server refuses the Secret";
    LABEL_NOT_TRUE = Warning "label-not-true": "a label counts only with exactly the text `true`";
    UNKNOWN_PROTOCOL = Error "unknown-protocol": "the protocol annotation names a protocol that nobody knows";
    UNKNOWN_TYPE = Error "unknown-type": "the legacy type is another than `s3`, the only one there was";
    OTHER_TYPE = Note "other-type": "a type of the platform's own whose keys match no protocol, so workloads get variables and no model can be served";
    CUSTOM_TYPE = Warning "custom-type": "serving readers know only built-in types, so the protocol has to be stated";
    REF_WITHOUT_PROTOCOL = Warning "ref-without-protocol": "the deprecated type reference stands alone";
    LEGACY_TYPE_ONLY = Warning "legacy-type-only": "only the legacy type annotation is there, so no model can be served from the connection";
    TYPES_DISAGREE = Warning "types-disagree": "two annotations name different protocols";
    EMPTY_ANNOTATION = Warning "empty-annotation": "a type annotation is present but empty, so readers skip it";
    STORAGE_CONFIG = Note "storage-config": "the labels and the annotation are missing by which `storage-config` picks up the credentials";
    KSERVE_ANNOTATIONS = Note "kserve-annotations": "the annotations are missing by which upstream KServe finds the endpoint and region of a linked S3 Secret";
    LAST_APPLIED = Note "last-applied": "an annotation of `kubectl apply` repeats the values where they are not masked";

    // Text in general.
    MISSING_KEY = Error "missing-key": "a required key is missing or empty";
    NOT_UTF8 = Error "not-utf8": "a value that has to be text is not UTF-8";
    NUL = Error "nul-byte": "a value holds a NUL byte, which no variable can hold";
    BYTE_ORDER_MARK = Error "byte-order-mark": "a value starts with an invisible byte order mark";
    LINE_BREAK = Error "line-break": "a value of one line holds a line break inside";
    TRAILING_NEWLINE = Warning "trailing-newline": "a value ends with a line break";
    CARRIAGE_RETURN = Warning "carriage-return": "a value has Windows line ends";
    SURROUNDING_BLANKS = Warning "surrounding-blanks": "a value starts or ends with a blank";
    SURROUNDING_QUOTES = Warning "surrounding-quotes": "a value is wrapped in quotes that are part of it";
    PLACEHOLDER = Error "placeholder": "a value is still the placeholder of a template";
    DOUBLE_BASE64 = Warning "double-base64": "a value is base64 text, so it was probably encoded twice";
    SPELLINGS_DISAGREE = Warning "spellings-disagree": "two spellings of one setting hold different values";
    NOT_A_BOOLEAN = Warning "not-a-boolean": "an on/off setting is neither `true` nor `false`";

    // S3.
    ENDPOINT_SCHEME = Error "endpoint-scheme": "the endpoint does not start with `http://` or `https://`";
    ENDPOINT_SYNTAX = Error "endpoint-syntax": "the endpoint is not a URL";
    ENDPOINT_USERINFO = Error "endpoint-userinfo": "the endpoint holds a user name or password";
    ENDPOINT_QUERY = Error "endpoint-query": "the endpoint has a query string or fragment";
    ENDPOINT_PATH = Error "endpoint-path": "the endpoint has a path";
    ENDPOINT_BUCKET = Error "endpoint-bucket": "the endpoint's host starts with the bucket";
    BUCKET_NAME = Error "bucket-name": "the bucket's name breaks the provider's rules";
    BUCKET_PORTABILITY = Warning "bucket-portability": "not every S3 service or client accepts the bucket's name";
    BUCKET_MISSING = Warning "bucket-missing": "the bucket is optional in this dialect, but no model can be served without it";
    REGION_MISSING = Warning "region-missing": "an AWS endpoint without a region";
    REGION_CONTRADICTION = Error "region-contradiction": "the region differs from the one in the endpoint";
    REGION_SYNTAX = Warning "region-syntax": "the region does not look like one";
    KEYS_SWAPPED = Error "keys-swapped": "the secret key looks like an access key";
    SESSION_TOKEN_MISSING = Warning "session-token-missing": "a temporary access key without its session token";
    TLS_NOT_VERIFIED = Warning "tls-not-verified": "certificates are not verified";
    CA_BUNDLE = Warning "ca-bundle": "the CA bundle is neither an absolute path nor PEM text";

    // URI.
    URI_SYNTAX = Error "uri-syntax": "the URI is malformed";
    URI_SCHEME = Error "uri-scheme": "nobody reads the URI's scheme";
    URI_USERINFO = Error "uri-userinfo": "a location holds a user name or password, which workloads would show";
    URI_SIGNED = Warning "uri-signed": "a location holds a signature or token, which workloads would show and which expires";
    HTTPS_HOST_URL = Warning "https-host-url": "`https-host` is a URL, while KServe expects a bare host";
    HTTPS_HOST_SYNTAX = Error "https-host-syntax": "`https-host` is neither a host nor a URL";
    URI_AND_HTTPS_HOST = Warning "uri-and-https-host": "`URI` and `https-host` name different locations";
    HEADERS = Error "headers": "`headers` is not a JSON object of strings";
    HEADERS_ALONE = Warning "headers-alone": "`headers` without `https-host` is not read";

    // Registries.
    SECRET_TYPE = Error "secret-type": "the Secret's type keeps the kubelet from reading the registry login";
    DOCKER_CONFIG = Error "docker-config": "the registry login is malformed";
    DOCKER_CONFIG_HOST = Warning "docker-config-host": "the registry login has no entry for `OCI_HOST`";
    OCI_HOST_MISSING = Note "oci-host-missing": "without `OCI_HOST` no location can be built";
    OCI_HOST_SCHEME = Warning "oci-host-scheme": "`OCI_HOST` has a scheme";
    OCI_HOST_SYNTAX = Error "oci-host-syntax": "`OCI_HOST` is not a host with an optional port and path";
    ACCESS_TYPE = Warning "access-type": "`ACCESS_TYPE` is not a list of `Pull` and `Push`";

    // Google Cloud Storage.
    GCS_KEY_JSON = Error "gcs-key-json": "the key file is not a JSON object";
    GCS_KEY_TYPE = Error "gcs-key-type": "the key file's `type` is not one that clients know";
    GCS_KEY_FIELD = Error "gcs-key-field": "the key file lacks a field that its type needs";
    PRIVATE_KEY = Error "private-key": "a private key has no PEM frame";

    // Azure.
    AZURE_ACCOUNT = Error "azure-account": "the storage account's name breaks Azure's rules";
    AZURE_CONTAINER = Error "azure-container": "the container's name breaks Azure's rules";
    AZURE_ACCESS_KEY = Error "azure-access-key": "the account key is not base64";
    AZURE_SAS = Error "azure-sas": "the SAS token holds no signature";
    AZURE_CONNECTION_STRING = Error "azure-connection-string": "the connection string lacks a part";

    // Git.
    GIT_URL = Error "git-url": "the repository's URL is malformed or of a kind that is never used";
    GIT_USERINFO = Warning "git-userinfo": "the repository's URL holds a user name or password";
    GIT_PLAIN_HTTP = Warning "git-plain-http": "credentials would travel without encryption";
    GIT_ANONYMOUS = Note "git-anonymous": "without credentials only a public repository can be read";
    GIT_KEY_NEWLINE = Warning "git-key-newline": "the SSH key lacks its final line break, without which OpenSSH refuses it";
    KNOWN_HOSTS = Note "known-hosts": "without `known_hosts` the server's key cannot be checked";
}
