//! The one table of outcomes: everything that a step can end with, in the words that people read.
//! Which of them a protocol meets is left to the protocols.

use std::fmt::Write as _;

use bowline_core::Kind;
use serde::Serialize;

/// Which field of the connection an outcome points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// None: the connection is not at fault, or not one field.
    Nothing,
    /// The field that says where the service is.
    Address,
    /// The field that names the bucket, container, repository or location.
    Place,
    /// The field that holds certificate authorities.
    Trust,
    /// This key, or however else the connection spells it.
    Key(&'static str),
}

/// What a step ended with. The texts are ours alone; nothing that a peer sent is in them.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// A stable identifier, such as `wrong-secret-key`.
    #[serde(rename = "outcome")]
    pub id: &'static str,
    /// What kind of failure it is, and so which exit code and HTTP status; `None` where it is none.
    #[serde(skip)]
    pub kind: Option<Kind>,
    /// The field to look at.
    #[serde(skip)]
    pub at: At,
    /// What happened, as a sentence without a full stop.
    #[serde(rename = "message")]
    pub sentence: &'static str,
    /// One next action; empty where there is none to take.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub help: &'static str,
}

macro_rules! outcomes {
    ($($(#[$heading:meta])* $name:ident = $kind:ident $id:literal $at:expr, $sentence:literal => $help:literal;)*) => {
        $(
            #[doc = $sentence]
            pub static $name: Outcome = Outcome {
                id: $id, kind: outcomes!(@kind $kind), at: $at, sentence: $sentence, help: $help,
            };
        )*

        /// Every outcome, in the order in which a probe can meet them.
        pub static OUTCOMES: &[&Outcome] = &[$(&$name),*];
    };
    (@kind Fine) => { None };
    (@kind $kind:ident) => { Some(Kind::$kind) };
}

use At::{Address, Key, Nothing, Place, Trust};

outcomes! {
    PASSED = Fine "passed" Nothing, "it works" => "";
    NOT_NEEDED = Fine "not-needed" Nothing, "this step does not apply" => "";
    NOT_ASKED = Fine "not-asked" Nothing, "nobody asked for this step" => "";
    NOT_REACHED = Fine "not-reached" Nothing, "an earlier step failed" => "";
    UNPROVED = Fine "unproved" Nothing, "nothing could be written there to read, and a refusal to read what is not there proves nothing" => "let the key write there while you check, or look at its policy";

    // Before anything is sent.
    FIELDS_WRONG = Invalid "fields-wrong" Nothing, "the fields cannot work, so nothing was sent" => "mend the fields that the findings name";
    FIELDS_DOUBTFUL = Fine "fields-doubtful" Nothing, "the fields may not work for every reader" => "see `bowline lint`";
    NO_PROTOCOL = Fine "no-protocol" Nothing, "nothing says which protocol the fields are for, so it was not tested" => "set the annotation `opendatahub.io/connection-type-protocol`, on the connection or on its type";
    ADDRESS_UNREADABLE = Invalid "address-unreadable" Address, "the address is not a URL with a valid host" => "write it as `https://host:port`";
    BUSY = RateLimited "busy" Nothing, "too many tests are running" => "try again in a few seconds";

    // The way there.
    ADDRESS_FORBIDDEN = Forbidden "address-forbidden" Address, "the address is one that tests never go to: metadata of a cloud, link-local, multicast or unspecified" => "name the service itself";
    ADDRESS_OWN = Forbidden "address-own" Address, "the address is this machine's own, which tests may not reach from here" => "use the address under which other machines reach the service, or let the administrator allow it";
    ADDRESS_DENIED = Forbidden "address-denied" Address, "`--allow` and `--deny`, or the administrator's lists, do not let tests go to this address" => "change the flags, or ask the administrator to allow it";
    SCHEME_FORBIDDEN = Forbidden "scheme-forbidden" Address, "tests speak only HTTP, HTTPS, SSH and what a protocol brings with it" => "use `https://`";
    NAME_UNKNOWN = Unavailable "name-unknown" Address, "the host name does not exist" => "check the spelling; names inside of a cluster end with `.svc` and are known only there";
    NAME_UNANSWERED = Unavailable "name-unanswered" Address, "no name server answered in time" => "try again; if it stays so, check the name service of where this runs";
    CONNECT_REFUSED = Unavailable "connect-refused" Address, "the host is there, but nothing listens on this port" => "check the port, and that the service is running";
    CONNECT_TIMEOUT = Unavailable "connect-timeout" Address, "nobody answered on this port in time" => "check host and port, firewalls and network policies";
    UNREACHABLE = Unavailable "unreachable" Address, "there is no way to this address" => "check the address, and the network of where this runs";
    NOT_TOLD = Unavailable "not-told" Address, "the service could not be used, and nothing more is told about addresses inside of the network" => "check the address; an administrator can allow it by name, which tells more";
    CLOSED_EARLY = Unavailable "closed-early" Address, "the connection was closed before an answer came" => "check that the port speaks this protocol, and the service's log";
    ANSWER_TIMEOUT = Unavailable "answer-timeout" Address, "the service took the connection and then did not answer in time" => "check the service's load and its log, and that the port is the right one";
    TOO_SLOW = Unavailable "too-slow" Address, "the test took longer than it may in all" => "try again; if it stays so, the service is too slow for workloads too";

    // TLS.
    TLS_UNTRUSTED = Invalid "tls-untrusted" Trust, "the certificate is not from an authority that is trusted here" => "add the service's certificate authority, in PEM, to `AWS_CA_BUNDLE`, or for protocols without that field to the project's authorities";
    TLS_EXPIRED = Unavailable "tls-expired" Address, "the certificate has expired" => "let the service's owner renew it";
    TLS_NOT_YET_VALID = Unavailable "tls-not-yet-valid" Address, "the certificate is not valid yet" => "check the clocks of both sides";
    TLS_WRONG_NAME = Invalid "tls-wrong-name" Address, "the certificate is for another name" => "use the name that the certificate was made for";
    TLS_BAD_CERTIFICATE = Unavailable "tls-bad-certificate" Address, "the certificate cannot be used" => "let the service's owner look at its certificate";
    TLS_VERSION = Unavailable "tls-version" Address, "the service speaks only versions of TLS that are no longer safe" => "let the service's owner turn on TLS 1.2 or later";
    TLS_CLIENT_CERTIFICATE = Unauthenticated "tls-client-certificate" Address, "the service asks for a client certificate, which connections cannot hold" => "use an endpoint that takes keys or tokens";
    TLS_NOT_SPOKEN = Invalid "tls-not-spoken" Address, "the port does not speak TLS" => "write `http://` if the service has no TLS, or use its TLS port";
    TLS_NOT_VERIFIED = Fine "tls-not-verified" Key("AWS_S3_VERIFY_SSL"), "the certificate was not checked, as the connection wants it" => "give the service's certificate authority in `AWS_CA_BUNDLE` instead";
    TLS_CHECK_REQUIRED = Forbidden "tls-check-required" Key("AWS_S3_VERIFY_SSL"), "the connection turns the check of certificates off, and the administrator allows no test without it, so nothing was sent" => "turn the check on, and give the service's certificate authority in `AWS_CA_BUNDLE`";
    TRUST_UNREADABLE = Invalid "trust-unreadable" Trust, "the certificate authorities are not certificates in PEM" => "put whole certificates there, from `BEGIN` to `END`";
    TRUST_ELSEWHERE = Fine "trust-elsewhere" Trust, "the certificate authorities are in a file of the workload, which is not read here" => "put the certificates themselves into the field, so that tests use them too";

    // What came back.
    NOT_HTTP = Invalid "not-http" Address, "the port does not speak HTTP" => "check the port; if the service has TLS, write `https://`";
    ANSWER_TOO_LARGE = Invalid "answer-too-large" Address, "the answer is larger than answers of this kind are" => "check that the address is the service's own, without a proxy or page before it";
    ANSWER_UNKNOWN = Invalid "answer-unknown" Address, "something answered, but it is not this kind of service" => "check the address and the port";
    REDIRECTED = Invalid "redirected" Address, "the service sends on to another address, which this protocol does not follow" => "use the address where the service itself is";
    REDIRECT_FORBIDDEN = Forbidden "redirect-forbidden" Address, "the service sends on to an address that tests never go to" => "do not trust this address; ask its owner";
    REDIRECT_ENDLESS = Invalid "redirect-endless" Address, "the service sends on and on" => "use the address where it ends";
    SERVICE_FAILED = Unavailable "service-failed" Address, "the service answered that it has failed" => "try again, and see the service's log";
    SERVICE_BUSY = Unavailable "service-busy" Address, "the service asks to come back later" => "try again later";
    REFUSED_OTHERWISE = Invalid "refused-otherwise" Nothing, "the service refused the request for a reason of its own" => "see the reason beside it";

    // Signing in.
    WRONG_ACCESS_KEY = Unauthenticated "wrong-access-key" Key("AWS_ACCESS_KEY_ID"), "the service does not know this access key" => "copy the access key again, and check that it belongs to this service";
    WRONG_SECRET_KEY = Unauthenticated "wrong-secret-key" Key("AWS_SECRET_ACCESS_KEY"), "the access key is known, but the secret key does not belong to it" => "copy the secret key again, or make a new pair";
    WRONG_SESSION_TOKEN = Unauthenticated "wrong-session-token" Key("AWS_SESSION_TOKEN"), "the session token is not valid with these keys" => "take key, secret key and token from the same answer";
    SESSION_EXPIRED = Unauthenticated "session-expired" Key("AWS_SESSION_TOKEN"), "the temporary keys have expired" => "get new ones, or use a lasting access key";
    CLOCK_OFF = Unavailable "clock-off" Nothing, "the clocks of here and of the service are too far apart" => "set the clock of this machine, or let the service's owner set theirs";
    WRONG_REGION = Invalid "wrong-region" Key("AWS_DEFAULT_REGION"), "the region is not the bucket's" => "use the region that the service named";
    WRONG_STYLE = Invalid "wrong-style" Key("AWS_S3_USE_PATH_STYLE"), "the service wants the bucket in the other place of its URL" => "set the field to the other value";
    ANONYMOUS_REFUSED = Unauthenticated "anonymous-refused" Key("AWS_ACCESS_KEY_ID"), "the bucket cannot be used without a key" => "give an access key and its secret key";
    ROLE_UNREADABLE = Invalid "role-unreadable" Key("AWS_ROLE_ARN"), "the role is not the name of one, so nothing was sent" => "write it as `arn:aws:iam::123456789012:role/name`";
    ROLE_REFUSED = Forbidden "role-refused" Key("AWS_ROLE_ARN"), "the login is right, but may not take on this role, or there is no such role" => "check the role's name, that its trust policy names this user or issuer, and that the user may `sts:AssumeRole`";
    ROLE_NOT_GIVEN = Unauthenticated "role-not-given" Key("AWS_ROLE_ARN"), "the service gave no keys for the role, and did not say why" => "check the access key without the role, then the role's name and its trust policy";
    WRONG_WEB_IDENTITY = Unauthenticated "wrong-web-identity" Key("AWS_WEB_IDENTITY_TOKEN"), "the service does not accept the token that shows who takes on the role" => "check that its issuer is registered there, and that it is made for this audience";
    WEB_IDENTITY_EXPIRED = Unauthenticated "web-identity-expired" Key("AWS_WEB_IDENTITY_TOKEN"), "the token that shows who takes on the role has expired" => "get a new one; such tokens are short-lived, so workloads should have theirs from a file";
    ISSUER_UNREACHED = Unavailable "issuer-unreached" Key("AWS_WEB_IDENTITY_TOKEN"), "the service could not ask the token's issuer for its keys" => "try again; else let the issuer be reached from there";
    STS_FORBIDDEN = Forbidden "sts-forbidden" Key("AWS_ENDPOINT_URL_STS"), "roles are taken on at an address that tests never go to" => "name the service itself, or leave the field out";
    IDENTITY_ELSEWHERE = Fine "identity-elsewhere" Key("AWS_ROLE_ARN"), "the role is taken on with an identity that only pods have, so it was not tried from here" => "test it with `--from cluster` under an account that Amazon gives a role, or give access keys that may take on this one";
    LOGIN_NEEDED = Unauthenticated "login-needed" Place, "the location cannot be read without a login" => "give the login in `headers` with `https-host`, or use a connection of the service's own protocol";
    WRONG_LOGIN = Unauthenticated "wrong-login" Key("headers"), "the service does not accept the login in the headers" => "renew the token or password";
    WRONG_TOKEN = Unauthenticated "wrong-token" Key("HF_TOKEN"), "the hub does not accept this token" => "make a new token with the right to read";
    TERMS_NOT_ACCEPTED = Forbidden "terms-not-accepted" Key("HF_TOKEN"), "the repository is gated, and this account has not been let in" => "accept the repository's terms on its page with the token's account, or give a token of one that has";

    // What it may do.
    NO_SUCH_BUCKET = NotFound "no-such-bucket" Place, "the service has no such bucket" => "check the spelling, and that the endpoint is that of the bucket's account";
    BUCKET_FORBIDDEN = Forbidden "bucket-forbidden" Place, "the key is right, but may do nothing here" => "let the bucket's owner grant this key the right to list and read";
    MAY_NOT_LIST = Forbidden "may-not-list" Place, "the key is right, but may not list here" => "grant it `s3:ListBucket`; readers that fetch folders need it";
    MAY_NOT_READ = Forbidden "may-not-read" Place, "the key is right, but may not read this object" => "grant it `s3:GetObject`";
    MAY_NOT_WRITE = Forbidden "may-not-write" Place, "the key is right, but may not write here" => "grant it `s3:PutObject`, if workloads are to write";
    MAY_NOT_DELETE = Forbidden "may-not-delete" Place, "an object could be written, but not deleted again" => "grant `s3:DeleteObject`, and delete `.bowline-probe/` by hand";
    MAY_NOT_READ_LOCATION = Forbidden "may-not-read-location" Place, "the login is right, but may not read this location" => "let the owner grant the right to read";

    // What is there.
    NO_SUCH_OBJECT = NotFound "no-such-object" Place, "there is no object with this path, and none below it" => "check the path; capital letters count";
    NO_SUCH_LOCATION = NotFound "no-such-location" Place, "there is nothing at this location" => "check the path; capital letters count";
    NO_SUCH_REPOSITORY = NotFound "no-such-repository" Place, "the hub has no such repository, or it is private" => "check the spelling; for a private one give `HF_TOKEN`";
    NO_SUCH_REVISION = NotFound "no-such-revision" Place, "the repository has no such branch, tag or commit" => "check the part behind the last colon";
    NO_SUCH_CLAIM = NotFound "no-such-claim" Place, "the project has no such PersistentVolumeClaim" => "check the spelling, and that the claim is in the same project";
    CLAIM_NOT_BOUND = Unavailable "claim-not-bound" Place, "the claim is there, but no volume is bound to it" => "see its events: `kubectl describe pvc`";
    CLAIMS_UNKNOWN = Fine "claims-unknown" Place, "whether the claim exists cannot be seen from here" => "test it with a cluster at hand";
    NOT_LINKED = Fine "not-linked" Place, "no connection of this project holds a login for this location, so only its form was judged" => "add a connection with the credentials beside it";
    SCHEME_NOT_TESTED = Fine "scheme-not-tested" Place, "locations of this scheme are not tested" => "try it where workloads run";
    EMPTY = Fine "empty" Place, "there is nothing in it yet" => "";
    FIRST_BYTES_SHORT = Invalid "first-bytes-short" Place, "the object is there, but its bytes do not come" => "see the service's log";
    PARTS_IGNORED = Fine "parts-ignored" Nothing, "the service sends whole objects where a part was asked for" => "";

    // Registries.
    REGISTRY_MISSING = Invalid "registry-missing" Key("OCI_HOST"), "no registry is named" => "set it to host and organisation, such as `quay.io/organisation`";
    IMAGE_NAME_WRONG = Invalid "image-name-wrong" Place, "the path is not the name of an image" => "write it as `team/app:tag`, in lower case";
    NO_LOGIN_FOR_HOST = Fine "no-login-for-host" Key(".dockerconfigjson"), "the docker config has no entry for this registry, so it was asked without a login" => "log in to this registry, or correct `OCI_HOST`";
    REGISTRY_LOGIN_NEEDED = Unauthenticated "registry-login-needed" Key(".dockerconfigjson"), "the registry wants a login, and the docker config has none for it" => "add an entry for this registry";
    WRONG_REGISTRY_LOGIN = Unauthenticated "wrong-registry-login" Key(".dockerconfigjson"), "the registry does not accept the login that the docker config has for it" => "make the docker config anew with `kubectl create secret docker-registry`";
    REGISTRY_LOGIN_EXPIRED = Unauthenticated "registry-login-expired" Key(".dockerconfigjson"), "Amazon's registry does not accept the login; such logins end after 12 hours" => "make it anew with `aws ecr get-login-password`, or give access keys beside it";
    MAY_NOT_LOG_IN = Forbidden "may-not-log-in" Key("AWS_ACCESS_KEY_ID"), "the access key is right, but may not log in to Amazon's registry" => "grant it `ecr:GetAuthorizationToken`";
    LOGIN_KIND_WRONG = Unauthenticated "login-kind-wrong" Key(".dockerconfigjson"), "the registry takes user and password only, and the docker config has a token" => "log in with user and password";
    REALM_FORBIDDEN = Forbidden "realm-forbidden" Address, "the registry sends logins to an address that tests never go to" => "do not trust this registry; ask its owner";
    REALM_PLAIN = Forbidden "realm-plain" Address, "the registry has TLS, but wants the login sent on without" => "let the registry's owner give its token service an `https://` address";
    MAY_NOT_PULL = Forbidden "may-not-pull" Place, "the login is right, but may not pull from this repository" => "let the repository's owner grant the right to pull";
    MAY_NOT_PUSH = Forbidden "may-not-push" Place, "the login is right, but may not push to this repository" => "let the repository's owner grant the right to push, if workloads are to write";
    PUSH_NOT_MEANT = Forbidden "push-not-meant" Key("ACCESS_TYPE"), "the connection itself is not for pushing" => "add `Push` to the field, or do not ask for it";
    NO_SUCH_IMAGE = NotFound "no-such-image" Place, "the registry has no such repository, or hides it from this login" => "check the spelling; the organisation is part of the path";
    NO_SUCH_TAG = NotFound "no-such-tag" Place, "the repository has no such tag or digest" => "check the part behind the last colon";

    // Git.
    GIT_LOGIN_NEEDED = Unauthenticated "git-login-needed" Key("GIT_TOKEN"), "the repository cannot be read without a login" => "set it, or `GIT_USERNAME` and `GIT_PASSWORD`";
    WRONG_GIT_PASSWORD = Unauthenticated "wrong-git-password" Key("GIT_PASSWORD"), "the server does not accept user and password" => "check both; many servers take only a token in the place of the password";
    WRONG_GIT_TOKEN = Unauthenticated "wrong-git-token" Key("GIT_TOKEN"), "the server does not accept the token" => "make a new one with the right to read the repository; some servers want its user name in `GIT_USERNAME`";
    GIT_FORBIDDEN = Forbidden "git-forbidden" Place, "the login is right, but may not read this repository" => "let the repository's owner grant the right to read";
    NO_SUCH_GIT_REPOSITORY = NotFound "no-such-git-repository" Place, "the server has no such repository, or hides it from this login" => "check the spelling, and whether the login may see it";
    NOT_GIT = Invalid "not-git" Place, "something answered, but it is not a Git repository" => "use the URL that `git clone` takes";
    NO_SUCH_REF = NotFound "no-such-ref" Key("GIT_REF"), "the repository has no such branch or tag, and no branch or tag at this commit" => "check the spelling; capital letters count";
    REF_NOT_SEEN = Fine "ref-not-seen" Key("GIT_REF"), "the ref was not among what was read, and not all can be seen from outside" => "name a branch or a tag";
    NOT_SSH = Invalid "not-ssh" Address, "the port does not speak SSH" => "check the port; SSH is at 22 unless the server says otherwise";
    SSH_NO_COMMON_GROUND = Unavailable "ssh-no-common-ground" Address, "both sides know no common way to encrypt or to prove who they are" => "let the server offer modern algorithms: ed25519 or ECDSA host keys, AES-GCM or ChaCha20";
    HOST_KEY_UNKNOWN = Invalid "host-key-unknown" Key("known_hosts"), "there is no key of this host to check the server by" => "compare the fingerprint with the server's owner, then add the line of `ssh-keyscan`";
    HOST_KEY_KIND_UNTRIED = Invalid "host-key-kind-untried" Key("known_hosts"), "the server can be checked by an RSA host key only, which tests cannot do" => "let the server show an ed25519 or ECDSA host key as well, and add its line of `ssh-keyscan`; Git itself may do with the one that is there";
    HOST_KEY_CHANGED = Forbidden "host-key-changed" Key("known_hosts"), "the server shows another key than the known one: it was changed, or somebody stands in between" => "ask the server's owner before you replace the line";
    HOST_KEY_REVOKED = Forbidden "host-key-revoked" Key("known_hosts"), "the server shows a key that is marked as revoked" => "do not use this server; ask its owner";
    KEY_UNREADABLE = Invalid "key-unreadable" Key("ssh-privatekey"), "it is not a private key that can be read" => "store the file of the private key as `ssh-keygen` wrote it";
    KEY_LOCKED = Invalid "key-locked" Key("ssh-privatekey"), "the private key is locked by a passphrase, which workloads cannot type in" => "make a key without one, for this purpose only";
    KEY_KIND_UNTRIED = Invalid "key-kind-untried" Key("ssh-privatekey"), "tests cannot sign with keys of this kind" => "use an ed25519 key; RSA keys need 2048 bits or more, and DSA keys are not tried";
    KEY_REFUSED = Unauthenticated "key-refused" Key("ssh-privatekey"), "the server does not let this key in" => "add its public key to the repository's deploy keys or to the account";

    // Google Cloud Storage.
    PRIVATE_KEY_UNREADABLE = Invalid "private-key-unreadable" Key("gcloud-application-credentials.json"), "the private key in the key file cannot be read" => "download the key file anew";
    CREDENTIALS_KIND_UNTRIED = Fine "credentials-kind-untried" Key("gcloud-application-credentials.json"), "credentials of this kind borrow an identity that only pods have, so they are not tried from here" => "test it with `--from cluster` where it names the token of a pod and a provider of Google's, else with a key file of a service account";
    IDENTITY_POOL_UNKNOWN = NotFound "identity-pool-unknown" Key("gcloud-application-credentials.json"), "Google knows no provider of a workload identity pool by this `audience`, or it is disabled" => "make the file anew with `gcloud iam workload-identity-pools create-cred-config`";
    WORKLOAD_IDENTITY_REFUSED = Unauthenticated "workload-identity-refused" Key("gcloud-application-credentials.json"), "Google does not accept who this workload is" => "let the provider trust this cluster's issuer and its own name as audience, and see its attribute condition";
    MAY_NOT_ACT_AS = Forbidden "may-not-act-as" Key("gcloud-application-credentials.json"), "Google knows this workload, but gives it no token of the service account" => "grant it `roles/iam.workloadIdentityUser` on the service account; see that the account is there, and its project's IAM Service Account Credentials API on";
    TOKENS_FORBIDDEN = Forbidden "tokens-forbidden" Key("gcloud-application-credentials.json"), "the key file sends to an address for tokens that tests never go to" => "download the key file anew; its `token_uri` is Google's";
    WRONG_SERVICE_ACCOUNT_KEY = Unauthenticated "wrong-service-account-key" Key("gcloud-application-credentials.json"), "the service account is known, but this key is not one of its" => "make a new key of the service account; the old one may have been deleted";
    UNKNOWN_SERVICE_ACCOUNT = Unauthenticated "unknown-service-account" Key("gcloud-application-credentials.json"), "there is no such service account, or it is disabled" => "make the account anew, or use the key file of another";
    REFRESH_TOKEN_REFUSED = Unauthenticated "refresh-token-refused" Key("gcloud-application-credentials.json"), "the person's refresh token is not accepted any more" => "log in anew, or better use a service account";
    GCS_TOKEN_REFUSED = Unauthenticated "gcs-token-refused" Key("gcloud-application-credentials.json"), "a token was given for the key, but the storage service does not accept it" => "check that key file and service are of the same cloud";
    GCS_MAY_NOT_LIST = Forbidden "gcs-may-not-list" Place, "the key is right, but may not list the bucket" => "grant the account `roles/storage.objectViewer` on the bucket";
    GCS_MAY_NOT_READ = Forbidden "gcs-may-not-read" Place, "the key is right, but may not read this object" => "grant the account `roles/storage.objectViewer` on the bucket";
    GCS_MAY_NOT_WRITE = Forbidden "gcs-may-not-write" Place, "the key is right, but may not write here" => "grant the account `roles/storage.objectUser`, if workloads are to write";
    GCS_MAY_NOT_DELETE = Forbidden "gcs-may-not-delete" Place, "an object could be written, but not deleted again" => "grant the account `roles/storage.objectUser`, and delete `.bowline-probe/` by hand";

    // Azure Blob storage.
    AZURE_LOGIN_NEEDED = Unauthenticated "azure-login-needed" Key("AZURE_STORAGE_ACCESS_KEY"), "the account cannot be used without a key, signature or principal" => "set one of them";
    WRONG_AZURE_KEY = Unauthenticated "wrong-azure-key" Key("AZURE_STORAGE_ACCESS_KEY"), "the account does not accept this key" => "copy `key1` or `key2` again; if it is right, see the account's firewall and both clocks";
    AZURE_KEYS_OFF = Unauthenticated "azure-keys-off" Key("AZURE_STORAGE_ACCESS_KEY"), "the account takes no keys, by its own settings" => "use a service principal, or let its owner allow shared keys";
    SAS_UNSIGNED = Invalid "sas-unsigned" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature has no `sig`, so nothing was sent" => "copy the whole query string";
    SAS_EXPIRED = Unauthenticated "sas-expired" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature has ended, so it was not sent" => "make a new one";
    SAS_TOO_EARLY = Unauthenticated "sas-too-early" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature is not good yet, so it was not sent" => "wait, or make one that begins earlier";
    SAS_NEEDS_TLS = Invalid "sas-needs-tls" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature is for `https://` only" => "use the account's `https://` address";
    SAS_FOR_OTHERS = Invalid "sas-for-others" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature is not for blobs and their containers" => "make one for the service blob, with the resource types container and object";
    SAS_NARROW = Fine "sas-narrow" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature does not permit both reading and listing" => "make one with `r` and `l`; readers that fetch folders need both";
    SAS_BY_ADDRESS = Fine "sas-by-address" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature works from some addresses only; it works from here" => "check that workloads have one of these addresses";
    SAS_OTHER_ADDRESS = Forbidden "sas-other-address" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature does not work from the address that this comes from" => "make one for the addresses that workloads come from";
    SAS_ENDS_SOON = Fine "sas-ends-soon" Key("AZURE_STORAGE_SAS_TOKEN"), "the shared access signature ends within a week" => "make a new one in time";
    WRONG_SAS = Unauthenticated "wrong-sas" Key("AZURE_STORAGE_SAS_TOKEN"), "the account does not accept the shared access signature" => "copy it again to its end; the key that it was made with may have been replaced";
    UNKNOWN_TENANT = Unauthenticated "unknown-tenant" Key("AZURE_TENANT_ID"), "Microsoft Entra knows no such tenant" => "copy the directory (tenant) id again";
    UNKNOWN_CLIENT = Unauthenticated "unknown-client" Key("AZURE_CLIENT_ID"), "the tenant has no such application" => "copy the application (client) id again, and check that it is in this tenant";
    WRONG_CLIENT_SECRET = Unauthenticated "wrong-client-secret" Key("AZURE_CLIENT_SECRET"), "the application is known, but this is not its secret" => "copy the secret's value, not its id, or make a new one";
    CLIENT_SECRET_EXPIRED = Unauthenticated "client-secret-expired" Key("AZURE_CLIENT_SECRET"), "the application's secret has ended" => "make a new one";
    AZURE_TOKEN_REFUSED = Unauthenticated "azure-token-refused" Key("AZURE_CLIENT_ID"), "a token was given for the principal, but the account does not accept it" => "check that account and principal are of the same tenant";
    AZURE_MAY_NOT_LIST = Forbidden "azure-may-not-list" Place, "the login is right, but may not list the container" => "grant `Storage Blob Data Reader`, or make a signature with `l`";
    AZURE_MAY_NOT_READ = Forbidden "azure-may-not-read" Place, "the login is right, but may not read this blob" => "grant `Storage Blob Data Reader`, or make a signature with `r`";
    AZURE_MAY_NOT_WRITE = Forbidden "azure-may-not-write" Place, "the login is right, but may not write here" => "grant `Storage Blob Data Contributor`, or make a signature with `w` and `c`, if workloads are to write";
    AZURE_MAY_NOT_DELETE = Forbidden "azure-may-not-delete" Place, "a blob could be written, but not deleted again" => "grant `Storage Blob Data Contributor`, and delete `.bowline-probe/` by hand";
    NO_SUCH_CONTAINER = NotFound "no-such-container" Place, "the account has no such container" => "check the spelling, and that it is in this account";
}

impl Outcome {
    /// Whether it tells what is at an address that may be none of the asker's business: whether there
    /// is a host, whether a port is open, what is spoken there.
    pub fn is_telling(&self) -> bool {
        let is_policy = self.id == TLS_CHECK_REQUIRED.id;
        let of_tls = self.id.starts_with("tls-") && self.kind.is_some() && !is_policy;
        let of_transport = [
            &NAME_UNKNOWN,
            &NAME_UNANSWERED,
            &CONNECT_REFUSED,
            &CONNECT_TIMEOUT,
            &UNREACHABLE,
            &CLOSED_EARLY,
            &ANSWER_TIMEOUT,
            &TOO_SLOW,
            &NOT_HTTP,
            &ANSWER_TOO_LARGE,
            &ANSWER_UNKNOWN,
            &REDIRECTED,
            &REDIRECT_FORBIDDEN,
            &REDIRECT_ENDLESS,
            &SERVICE_FAILED,
            &SERVICE_BUSY,
            &REFUSED_OTHERWISE,
            &NOT_GIT,
            &NOT_SSH,
            &SSH_NO_COMMON_GROUND,
        ];
        of_tls || of_transport.iter().any(|other| other.id == self.id)
    }

    /// Whether whatever ended with it proves nothing about the connection: nobody was asked who could
    /// know.
    pub fn is_untested(&self) -> bool {
        let untested = [
            &NO_PROTOCOL,
            &IDENTITY_ELSEWHERE,
            &CREDENTIALS_KIND_UNTRIED,
            &CLAIMS_UNKNOWN,
            &NOT_LINKED,
            &SCHEME_NOT_TESTED,
        ];
        untested.iter().any(|other| other.id == self.id)
    }

    /// The row of this outcome in the page of all.
    fn row(&self) -> String {
        let code = match self.kind {
            Some(kind) => kind.exit_code().to_string(),
            None => "0".to_owned(),
        };
        let field = match self.at {
            At::Nothing => String::new(),
            At::Address => "the address".to_owned(),
            At::Place => "the place".to_owned(),
            At::Trust => "the authorities".to_owned(),
            At::Key(key) => format!("`{key}`"),
        };
        format!(
            "| `{}` | {code} | {field} | {} | {} |\n",
            self.id, self.sentence, self.help
        )
    }
}

/// `docs/reference/probe-outcomes.md`, as it must be.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for outcome in OUTCOMES {
        // Writing to a text cannot fail.
        let _ = write!(page, "{}", outcome.row());
    }
    page
}

const HEAD: &str = "\
# Outcomes of tests

What each step of `bowline test` can end with. The page is made from the code: `crates/probe/src/outcome.rs`.

The exit code of `bowline test` is the highest of all connections that it tested; outcomes with code 0 do not fail a test.
*The address* is the field that says where the service is (`AWS_S3_ENDPOINT`, `URI`, `OCI_HOST`, `GIT_URL`),
*the place* the one that names the bucket, container, repository or location, *the authorities* the one with certificate authorities (`AWS_CA_BUNDLE`).

| outcome | exit code | field | what happened | what to do |
| --- | --- | --- | --- | --- |
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_identifier_is_there_once_and_every_failure_says_what_to_do() {
        let ids: BTreeSet<&str> = OUTCOMES.iter().map(|outcome| outcome.id).collect();
        assert_eq!(ids.len(), OUTCOMES.len());
        for outcome in OUTCOMES {
            assert!(
                outcome.kind.is_none() || !outcome.help.is_empty(),
                "{}",
                outcome.id
            );
            assert!(
                !outcome.sentence.ends_with('.') && !outcome.help.ends_with('.'),
                "{}",
                outcome.id
            );
        }
    }
}
