//! One running probe: its steps, told as they begin and end, and its HTTP client. What the steps
//! are is left to the protocols.

mod sent;

use std::time::{Duration, Instant};

use bowline_core::{Connection, Protocol};
use tokio::net::TcpStream;
use url::Url;

use crate::dial::{Guard, Target};
use crate::http::{Answer, Call, Http, Trust, is_tls_verified};
use crate::outcome::{self, At, Outcome};
use crate::report::{News, Report, State, Step, StepName, plain};
use crate::trouble::Trouble;
use crate::{Ask, Request, Settings, Sink};
use sent::Sent;

/// What is looked for behind a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bucket, container, or registry with repository.
    pub(crate) root: Option<String>,
    /// Path below it.
    pub(crate) path: Option<String>,
    /// Branch, tag, commit or digest.
    pub(crate) reference: Option<String>,
}

impl Place {
    /// The place that a connection and what is asked of it name.
    pub(crate) fn of(connection: &Connection, ask: &Ask) -> Self {
        let root = match connection.protocol {
            Some(Protocol::Oci) => connection.registry(),
            _ => connection.bucket().map(|bucket| bucket.trim().to_owned()),
        };
        let path = ask
            .path
            .as_deref()
            .map(|path| path.trim_start_matches('/').to_owned());
        Self {
            root,
            path: path.filter(|path| !path.is_empty()),
            reference: ask.reference.clone(),
        }
    }
}

/// Whether an object's name is a path, or below it as below a folder.
pub(crate) fn is_at(name: &str, path: &str) -> bool {
    let below = name.strip_prefix(path.trim_end_matches('/'));
    path.is_empty() || name == path || below.is_some_and(|rest| rest.starts_with('/'))
}

/// One running probe.
pub(crate) struct Session<'a> {
    /// The connection whose fields are used.
    pub(crate) connection: &'a Connection,
    /// What a workload would do with it.
    pub(crate) ask: &'a Ask,
    /// All that was handed over.
    pub(crate) request: Request<'a>,
    /// How patient to be.
    pub(crate) settings: &'a Settings,
    /// Where it may go.
    pub(crate) guard: &'a Guard,
    http: Http<'a>,
    is_trust_known: bool,
    sink: Sink<'a>,
    started: Instant,
    sent: Sent,
    owed: Option<Call>,
    open: Option<(StepName, Instant)>,
    steps: Vec<Step>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        request: Request<'a>,
        guard: &'a Guard,
        settings: &'a Settings,
        sink: Sink<'a>,
    ) -> Self {
        Self {
            connection: request.connection,
            ask: request.ask,
            request,
            settings,
            guard,
            http: Http::new(guard, settings),
            is_trust_known: false,
            sink,
            started: Instant::now(),
            sent: Sent::default(),
            owed: None,
            open: None,
            steps: Vec::new(),
        }
    }

    /// Uses another connection's fields from here on.
    pub(crate) fn switch_to(&mut self, connection: &'a Connection) {
        self.connection = connection;
        self.is_trust_known = false;
    }

    /// Begins a step. One that is open without an end is forgotten, as an attempt that led nowhere.
    pub(crate) fn begin(&mut self, name: StepName) {
        self.open = Some((name, Instant::now()));
        (self.sink)(News::Begun(name));
    }

    /// Ends the open step: it works.
    pub(crate) fn pass(&mut self, detail: impl AsRef<str>) {
        self.end(State::Passed, Trouble::new(&outcome::PASSED).detail(detail));
    }

    /// Ends the open step: it works, but.
    pub(crate) fn warn(&mut self, trouble: impl Into<Trouble>) {
        self.end(State::Warned, trouble.into());
    }

    /// Ends the open step, or the one that would have been next: it does not work. The probe may go on.
    pub(crate) fn fail(&mut self, trouble: impl Into<Trouble>) {
        self.end(State::Failed, trouble.into());
    }

    /// Leaves a step out.
    pub(crate) fn skip(&mut self, name: StepName, trouble: impl Into<Trouble>) {
        self.begin(name);
        self.end(State::Skipped, trouble.into());
    }

    fn end(&mut self, state: State, trouble: Trouble) {
        let (name, began) = self
            .open
            .take()
            .unwrap_or_else(|| (self.next(), Instant::now()));
        let step = Step {
            name,
            state,
            outcome: trouble.outcome,
            field: self
                .field(trouble.outcome)
                .filter(|_| matches!(state, State::Failed | State::Warned)),
            detail: self.shown(trouble.detail),
            took: began.elapsed(),
        };
        (self.sink)(News::Ended(&step));
        self.steps.push(step);
    }

    /// A service that sends back what it was sent does not get it into a report.
    pub(crate) fn shown(&self, detail: Option<String>) -> Option<String> {
        let repeats = |detail: &String| self.sent.is_in(detail);
        match detail.as_ref().is_some_and(repeats) {
            true => Some("the service sent back what it was sent; that is not shown".to_owned()),
            false => detail,
        }
    }

    fn next(&self) -> StepName {
        let last = self.steps.last().map(|step| step.name);
        let later = |name: &StepName| last.is_none_or(|last| *name > last);
        StepName::ALL
            .into_iter()
            .find(later)
            .unwrap_or(StepName::FirstBytes)
    }

    /// The field that an outcome points at, as this connection spells it.
    fn field(&self, outcome: &Outcome) -> Option<String> {
        let protocol = self.connection.protocol?;
        let key = match outcome.at {
            At::Nothing => return None,
            At::Key(key) => key,
            At::Trust => "AWS_CA_BUNDLE",
            At::Address => match protocol {
                Protocol::S3 => "AWS_S3_ENDPOINT",
                Protocol::Uri => "URI",
                Protocol::Oci => "OCI_HOST",
                Protocol::Gcs => "gcloud-application-credentials.json",
                Protocol::Azure => "AZURE_STORAGE_ACCOUNT",
                Protocol::Git => "GIT_URL",
            },
            At::Place => match protocol {
                Protocol::S3 => "AWS_S3_BUCKET",
                Protocol::Uri => "URI",
                Protocol::Oci => "OCI_HOST",
                Protocol::Gcs => "GCS_BUCKET",
                Protocol::Azure => "AZURE_CONTAINER",
                Protocol::Git => "GIT_URL",
            },
        };
        let is_known = protocol.field(key).is_some();
        let spelled = self
            .connection
            .read(key)
            .map(|reading| reading.field.to_owned());
        spelled.or_else(|| is_known.then(|| key.to_owned()))
    }

    /// Finds a target and connects to it, as the steps `name` and `connect`.
    ///
    /// # Errors
    /// With the step left open for whoever handles it.
    pub(crate) async fn dial(&mut self, target: &Target) -> Result<TcpStream, Trouble> {
        let patience = self.settings.connect;
        let at = |outcome| Trouble::new(outcome).detail(target.to_string());
        self.begin(StepName::Name);
        let addresses = self.guard.resolve(target, patience).await.map_err(at)?;
        self.pass(target.host());
        self.begin(StepName::Connect);
        let stream = self.guard.connect(&addresses, patience).await.map_err(at)?;
        self.pass(format!("port {}", target.port()));
        Ok(stream)
    }

    /// Reaches the host of a URL, as the steps `name`, `connect` and `tls`; calls to it then use this
    /// connection.
    ///
    /// # Errors
    /// With the step left open for whoever handles it.
    pub(crate) async fn reach(&mut self, url: &Url) -> Result<(), Trouble> {
        let target = Http::target(url)?;
        self.trust()?;
        let stream = self.dial(&target).await?;
        self.http.keep_plain(&target, stream);
        if url.scheme() != "https" {
            self.skip(
                StepName::Tls,
                Trouble::new(&outcome::NOT_NEEDED).detail("the address is `http://`"),
            );
            return self.http.shake_hands(url).await;
        }
        self.begin(StepName::Tls);
        self.http
            .shake_hands(url)
            .await
            .map_err(|trouble| trouble.or_detail(target.to_string()))?;
        match self.http.doubt() {
            Some(doubt) => self.warn(doubt),
            None => self.pass(""),
        }
        Ok(())
    }

    /// Refuses connections that turn the check of certificates off, where the guard wants it.
    ///
    /// # Errors
    /// With the outcome.
    pub(crate) fn judge_trust(&self) -> Result<(), Trouble> {
        match self.guard.is_tls_check_required && !is_tls_verified(self.connection) {
            true => Err(Trouble::new(&outcome::TLS_CHECK_REQUIRED)),
            false => Ok(()),
        }
    }

    /// Whom to trust is read from the connection before anybody is asked.
    fn trust(&mut self) -> Result<(), Trouble> {
        if !self.is_trust_known {
            self.judge_trust()?;
            let trust = Trust::of(self.connection, self.request.authorities)?;
            self.http.set_trust(trust);
            self.is_trust_known = true;
        }
        Ok(())
    }

    /// Sends one request and reads its answer; reaches the host without steps where that was not done.
    /// Redirects are answers like others.
    ///
    /// # Errors
    /// When no answer comes.
    pub(crate) async fn send(&mut self, call: Call) -> Result<Answer, Trouble> {
        self.trust()?;
        self.sent.note(&call);
        self.http.send(call).await
    }

    /// What is to be sent whatever happens from here on, as it takes back what is sent next.
    pub(crate) fn owe(&mut self, call: Call) {
        self.owed = Some(call);
    }

    /// Nothing is left to be taken back.
    pub(crate) fn settle(&mut self) {
        self.owed = None;
    }

    /// Takes back what may have been left, without waiting long. That the test is over is no reason
    /// not to; what cannot be taken back is taken back by the next test that writes.
    pub(crate) async fn clean_up(&mut self) {
        if let Some(call) = self.owed.take() {
            let patience = self.settings.answer;
            let _ = tokio::time::timeout(patience, self.send(call)).await;
        }
    }

    /// The report of what happened.
    pub(crate) fn into_report(mut self) -> Report {
        let failed = self
            .steps
            .iter()
            .find(|step| step.state == State::Failed)
            .map(|step| step.name);
        let is_missing = |name: &StepName| !self.steps.iter().any(|step| step.name == *name);
        let missing: Vec<StepName> = StepName::ALL.into_iter().filter(is_missing).collect();
        for name in missing {
            let outcome = match failed {
                Some(failed) if name > failed => &outcome::NOT_REACHED,
                _ => &outcome::NOT_NEEDED,
            };
            let step = Step {
                name,
                state: State::Skipped,
                outcome,
                field: None,
                detail: None,
                took: Duration::ZERO,
            };
            (self.sink)(News::Ended(&step));
            self.steps.push(step);
        }
        Report::new(self.steps, self.started.elapsed())
    }
}

/// A text from a peer, safe to put into a detail.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", plain(text))
}
