//! Proves a connection against its real endpoint, step by step: from its fields to the first bytes.
//! What a connection is and what may be wrong with its fields is left to `core`; who may ask for a
//! probe is left to the faces.
//!
//! Everything that leaves the process goes through [`Guard`]. Nothing of this process's own is used
//! for a probe: no identity of a cloud that is not handed over, no proxy, no `.netrc`, no kubeconfig.
//! Dropping the future that [`probe`] returns cancels it.

mod azure;
pub mod dial;
mod gcs;
mod git;
mod http;
mod oci;
pub mod outcome;
pub mod report;
mod s3;
mod session;
mod sigv4;
pub mod slots;
mod status;
mod sts;
mod trouble;
mod uri;
mod xml;

use std::time::Duration;

use bowline_core::validate::validate;
use bowline_core::{Connection, Protocol, Sensitive, Severity};
use futures::future::BoxFuture;
use jiff::Timestamp;

pub use dial::Guard;
pub use gcs::token_audience;
pub use http::system_authorities;
pub use outcome::{OUTCOMES, Outcome};
pub use report::{News, Report, State, Step, StepName, Verdict};
pub use s3::errands::{Done, Errand, errands};
pub use slots::{Busy, Slot, Slots};

use session::{Place, Session};
use trouble::Trouble;

/// What is to be proved.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The connection, with its values.
    pub connection: &'a Connection,
    /// What a workload would do with it.
    pub ask: &'a Ask,
    /// The project's other connections: a URI such as `s3://…` is tried with the login of one of them.
    pub others: &'a [&'a Connection],
    /// Who tells about `PersistentVolumeClaim`s; `None` where there is no cluster at hand.
    pub claims: Option<&'a dyn Claims>,
    /// Certificate authorities in PEM that the project trusts beside the system's.
    pub authorities: Option<&'a str>,
    /// Whom Amazon takes workloads here for, where this is such a workload itself.
    pub identity: Option<&'a WebIdentity>,
    /// What shows Google who workloads here are, where this is such a workload itself: a token of its
    /// account for [`token_audience`]. It is shown to Google's own service only.
    pub workload: Option<&'a Sensitive>,
}

/// The identity of a pod at Amazon, by which it takes on roles.
#[derive(Debug, Clone)]
pub struct WebIdentity {
    /// The file in which workloads find the token.
    pub file: String,
    /// What it holds. It is shown to Amazon's own service only.
    pub token: Sensitive,
}

/// What a workload would do with the connection.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Path below the bucket, container, repository or location.
    pub path: Option<String>,
    /// Whether writing is tried: below `.bowline-probe/`, and removed again.
    pub write: bool,
    /// Whether the right to push is tried.
    pub push: bool,
    /// Branch, tag, commit or digest.
    pub reference: Option<String>,
}

impl Ask {
    /// Whether nothing in particular is asked for, so that the result says how the connection itself is.
    pub const fn is_plain(&self) -> bool {
        self.path.is_none() && self.reference.is_none() && !self.write && !self.push
    }
}

/// How patient a probe is, and what it takes for granted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For everything together.
    pub total: Duration,
    /// For the addresses of a name, and again for the connection.
    pub connect: Duration,
    /// For the head of an answer.
    pub answer: Duration,
    /// The hub behind `hf://`.
    pub hub: String,
    /// Google Cloud Storage.
    pub google: String,
    /// Where workloads get tokens of Google's for their own.
    pub google_sts: String,
    /// Where they get those of service accounts.
    pub google_iam: String,
    /// Azure Blob storage; `{account}` stands for the account's name.
    pub azure: String,
    /// Where service principals of Azure get tokens.
    pub entra: String,
    /// The API of Amazon's registry; `{region}` stands for the registry's region.
    pub ecr: String,
    /// Where Amazon's roles are taken on; `{region}` stands for the connection's region.
    pub sts: String,
    /// The clock that requests are signed by.
    pub now: fn() -> Timestamp,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(5),
            hub: "https://huggingface.co".to_owned(),
            google: "https://storage.googleapis.com".to_owned(),
            google_sts: "https://sts.googleapis.com/v1/token".to_owned(),
            google_iam: "https://iamcredentials.googleapis.com".to_owned(),
            azure: "https://{account}.blob.core.windows.net".to_owned(),
            ecr: "https://api.ecr.{region}.amazonaws.com".to_owned(),
            sts: "https://sts.{region}.amazonaws.com".to_owned(),
            entra: "https://login.microsoftonline.com".to_owned(),
            now: Timestamp::now,
        }
    }
}

/// What is known about a `PersistentVolumeClaim`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// There is none of this name.
    Absent,
    /// It has no volume yet, or no longer.
    Unbound,
    /// It has a volume.
    Bound,
}

/// Who tells about `PersistentVolumeClaim`s.
pub trait Claims: Send + Sync {
    /// What is known about a claim; `None` where it cannot be asked.
    fn claim<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Option<Claim>>;
}

/// What is told while a probe runs.
pub type Sink<'a> = &'a mut (dyn FnMut(News<'_>) + Send);

/// Proves a connection, and tells `sink` of each step as it begins and ends.
///
/// It never fails: what goes wrong is what the report is about.
pub async fn probe(
    request: &Request<'_>,
    guard: &Guard,
    settings: &Settings,
    sink: Sink<'_>,
) -> Report {
    let mut session = Session::new(*request, guard, settings, sink);
    let ended = tokio::time::timeout(settings.total, run(&mut session)).await;
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(trouble)) => session.fail(trouble),
        Err(_) => session.fail(Trouble::new(&outcome::TOO_SLOW)),
    }
    session.clean_up().await;
    session.into_report()
}

async fn run(session: &mut Session<'_>) -> Result<(), Trouble> {
    fields(session)?;
    let Some(protocol) = session.connection.protocol else {
        return Ok(());
    };
    let place = Place::of(session.connection, session.ask);
    run_as(session, protocol, place).await
}

/// Proves that a place can be used with the session's connection.
pub(crate) fn run_as<'a>(
    session: &'a mut Session<'_>,
    protocol: Protocol,
    place: Place,
) -> BoxFuture<'a, Result<(), Trouble>> {
    Box::pin(async move {
        match protocol {
            Protocol::S3 => s3::run(session, &place).await,
            Protocol::Uri => uri::run(session, &place).await,
            Protocol::Oci => oci::run(session, &place).await,
            Protocol::Git => git::run(session, &place).await,
            Protocol::Gcs => gcs::run(session, &place).await,
            Protocol::Azure => azure::run(session, &place).await,
        }
    })
}

/// Fields that cannot work are not sent to anybody.
fn fields(session: &mut Session<'_>) -> Result<(), Trouble> {
    session.begin(StepName::Fields);
    let findings = validate(session.connection);
    let names = |severity: Severity| {
        let mut rules: Vec<String> = findings
            .iter()
            .filter(|f| f.severity == severity)
            .map(|f| format!("{}: {}", f.field, f.message))
            .collect();
        rules.dedup();
        rules
    };
    let errors = names(Severity::Error);
    if !errors.is_empty() {
        return Err(Trouble::new(&outcome::FIELDS_WRONG).detail(errors.join("; ")));
    }
    if session.connection.protocol.is_none() {
        session.warn(&outcome::NO_PROTOCOL);
        return Ok(());
    }
    session.judge_trust()?;
    let warnings = names(Severity::Warning);
    match warnings.is_empty() {
        true => session.pass(""),
        false => session.warn(Trouble::new(&outcome::FIELDS_DOUBTFUL).detail(warnings.join("; "))),
    }
    Ok(())
}
