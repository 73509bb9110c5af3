//! Why a cluster did not do what it was asked to, from the client's errors. Their own texts may
//! quote a kubeconfig's token, a Secret's value or a login in an address, so only the parts that
//! cannot are shown.

use std::error::Error;
use std::io;

use bowline_catalog::Error as Catalog;
use kube::config::KubeconfigError;
use rustls::{CertificateError, Error as Tls, InvalidMessage};

use crate::args::Folder;
use crate::failure::{Failure, Kind};
use crate::suggest::nearest;

const START: &str = "`bowline up` starts a Kubernetes API on this machine; \
    `--kubeconfig` and `--context` choose another";

const OTHER_SERVER: &str = "use the kubeconfig of the server that is there now, or correct `server` in \
    this one; `--kubeconfig` and `--context` choose another";

const RIGHTS_TO_READ: &str =
    "ask for the rights `get` and `list` on Secrets there, or choose another with `-n`";

/// The failure behind an error of a request.
pub(super) fn of(address: &str, what: &str, error: &kube::Error) -> Failure {
    match error {
        kube::Error::Api(status) => {
            let what = format!("the API does not give {what}");
            let failure = refused(&what, status.code, &status.message);
            match failure.kind() {
                Kind::Forbidden => failure.help(RIGHTS_TO_READ),
                _ => failure,
            }
        }
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            Failure::new(Kind::Internal, format!("{what} cannot be read"))
                .cause(format!(
                    "`{address}` answered something that is not a Kubernetes API's"
                ))
                .help("check that the kubeconfig names a Kubernetes API server")
        }
        kube::Error::Auth(_) => Failure::new(
            Kind::Unauthenticated,
            format!("cannot sign in at `{address}`"),
        )
        .cause("the credentials of the kubeconfig's user cannot be had")
        .help("try `kubectl auth whoami`, which shows what is wrong with them"),
        error => unreachable(address, error),
    }
}

/// The failure behind an error of the catalog.
pub(super) fn of_catalog(address: &str, error: Catalog) -> Failure {
    let kind = error.kind();
    let text = error.to_string();
    match error {
        Catalog::Kubernetes { step, source } => match &*source {
            kube::Error::Api(status) => {
                refused(&format!("{step} failed"), status.code, &status.message)
            }
            other => of(address, &step, other),
        },
        Catalog::Changed { what, help }
        | Catalog::Conflict { what, help }
        | Catalog::Unseen { what, help }
        | Catalog::Protected { what, help } => Failure::new(kind, what).help(help),
        Catalog::Invalid { findings, .. } => {
            let texts = findings.iter();
            let texts = texts.map(|finding| format!("`{}`: {}", finding.field, finding.message));
            texts.fold(Failure::new(kind, text), Failure::cause)
        }
        Catalog::NotFound { .. } | Catalog::Unreadable { .. } => Failure::new(kind, text),
    }
}

fn refused(what: &str, code: u16, message: &str) -> Failure {
    let kind = Kind::of_status(code);
    let failure = Failure::new(kind, what);
    let failure = match message {
        "" => failure.cause(format!("it answered {code}")),
        message => failure.cause(format!("it answered {code}: {message}")),
    };
    match kind {
        Kind::Forbidden => failure.help("ask for the right, or choose another namespace with `-n`"),
        Kind::Unauthenticated => {
            failure.help("sign in again, or choose other credentials with `--context`")
        }
        Kind::Unavailable | Kind::RateLimited => failure.help("run the command again in a moment"),
        _ => failure,
    }
}

fn unreachable(address: &str, error: &kube::Error) -> Failure {
    // Errors of the operating system and of TLS speak of the connection, never of what it carries.
    let chain = std::iter::successors(error.source(), |error| (*error).source());
    let innermost = chain
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .last();
    let Some(error) = innermost else {
        return Failure::new(Kind::Unavailable, format!("`{address}` does not answer"))
            .cause("the connection failed")
            .help(START);
    };
    let (what, help) = match of_tls(error) {
        Some(Tls::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => ("is another server than the kubeconfig is for", OTHER_SERVER),
        Some(Tls::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            ("does not speak TLS at this port", OTHER_SERVER)
        }
        _ => ("does not answer", START),
    };
    Failure::new(Kind::Unavailable, format!("`{address}` {what}"))
        .cause(error.to_string())
        .help(help)
}

/// The error of TLS in one of input and output, which may be wrapped more than once.
fn of_tls(error: &io::Error) -> Option<&Tls> {
    let inner = error.get_ref()?;
    let deeper = || of_tls(inner.downcast_ref()?);
    inner.downcast_ref().or_else(deeper)
}

/// What to do where there is no kubeconfig: most have not exported that of `bowline up`.
fn start(is_named: bool) -> String {
    let folder = Folder { data: None }.path().ok();
    let left = folder.map(|folder| folder.join("kubeconfig"));
    match left.filter(|file| !is_named && file.exists()) {
        Some(file) => format!(
            "`export KUBECONFIG={}` chooses the API of `bowline up`",
            file.display()
        ),
        None => START.to_owned(),
    }
}

/// The failure behind an error of a kubeconfig; `is_named` where a flag names the file.
pub(super) fn of_kubeconfig(
    error: &KubeconfigError,
    contexts: &[String],
    is_named: bool,
) -> Failure {
    let usage = |what: String| Failure::new(Kind::Usage, what);
    match error {
        KubeconfigError::ReadConfig(cause, file) if cause.kind() == io::ErrorKind::NotFound => {
            Failure::new(Kind::Unavailable, "there is no cluster to talk to")
                .cause(format!("kubeconfig `{}` does not exist", file.display()))
                .help(start(is_named))
        }
        KubeconfigError::ReadConfig(cause, file) => {
            usage(format!("kubeconfig `{}` cannot be read", file.display())).caused_by(cause)
        }
        KubeconfigError::FindPath => {
            Failure::new(Kind::Unavailable, "there is no cluster to talk to")
                .cause("neither `KUBECONFIG` nor a home directory is set")
                .help(start(is_named))
        }
        KubeconfigError::CurrentContextNotSet => {
            usage("the kubeconfig has no current context".to_owned()).help(choose(contexts))
        }
        KubeconfigError::LoadContext(name) => {
            let failure = usage(format!("the kubeconfig has no context `{name}`"));
            match nearest(name, contexts.iter().map(String::as_str)) {
                Some(other) => failure.help(format!("did you mean `{other}`?")),
                None => failure.help(choose(contexts)),
            }
        }
        KubeconfigError::LoadClusterOfContext(name) => usage(format!(
            "the kubeconfig's context names cluster `{name}`, which it does not hold"
        ))
        .help("choose another context with `--context`"),
        // The rest speaks of one entry, and its own text may quote that.
        error => usage("the kubeconfig cannot be used".to_owned())
            .cause(flaw(error))
            .help("compare `kubectl config view`"),
    }
}

fn choose(contexts: &[String]) -> String {
    match contexts {
        [] => "name another file with `--kubeconfig`".to_owned(),
        some => format!("choose one with `--context`: {}", some.join(", ")),
    }
}

fn flaw(error: &KubeconfigError) -> &'static str {
    match error {
        KubeconfigError::Parse(_) => "it is not YAML of the form that kubeconfigs have",
        KubeconfigError::MissingClusterUrl => "its cluster has no `server`",
        KubeconfigError::ParseClusterUrl(_) => "the `server` of its cluster is not a URL",
        KubeconfigError::LoadCertificateAuthority(_) | KubeconfigError::ParseCertificates(_) => {
            "the certificate authority of its cluster cannot be read"
        }
        KubeconfigError::LoadClientCertificate(_) => "the client certificate cannot be read",
        KubeconfigError::LoadClientKey(_) => "the client key cannot be read",
        _ => "two of its entries do not fit together",
    }
}
