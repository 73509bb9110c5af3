//! Tests of connections for those who ask over HTTP: who may, how many at once, how often, and how
//! much is told. What is tested is left to `bowline_proof`, forms of answers to `rest` and `odahu`.

mod check;
mod rights;
mod trial;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bowline_catalog::{Connections, Types};
use bowline_core::{Connection, Kind};
use bowline_probe::{Busy, Guard, Slots};
use bowline_proof::{Bounds, Surroundings};
use http::{HeaderValue, StatusCode, header};

use crate::callers::Caller;
use crate::guard::{Rate, Rates};
use crate::problem::Problem;
pub(crate) use check::Installation;
pub(crate) use rights::{Right, has};
pub(crate) use trial::Trial;

/// Tests of one project, and of all, that run at once.
const OF_EACH: usize = 4;
const IN_ALL: usize = 16;
/// How long a test waits for one of the places.
const PATIENCE: Duration = Duration::from_secs(5);

/// How connections are tested.
#[derive(Clone)]
pub struct Settings {
    /// Where tests may go.
    pub bounds: Bounds,
    /// How patient they are.
    pub probe: bowline_probe::Settings,
    /// How many one sender may ask for.
    pub rate: Rate,
    /// Whether everything is told of any address: whoever asks could go there without us.
    pub is_open: bool,
    /// Reads connections for those who may test and not read them, and keeps results. Without it,
    /// whoever tests must be able to read, and nothing is kept.
    pub keeper: Option<kube::Client>,
}

impl Default for Settings {
    /// As in a cluster.
    fn default() -> Self {
        Self {
            bounds: Bounds::default(),
            probe: bowline_probe::Settings::default(),
            rate: Rate {
                burst: 30,
                per_second: 1,
            },
            is_open: false,
            keeper: None,
        }
    }
}

/// What all tests share.
pub(crate) struct Tests {
    settings: Settings,
    slots: Slots,
    rates: Rates,
}

impl Tests {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            slots: Slots::new(OF_EACH, IN_ALL, PATIENCE),
            rates: Rates::new(settings.rate),
            settings,
        }
    }

    /// A stored connection, as whoever may read it sees it, or whoever may test it.
    pub(crate) async fn stored(
        &self,
        caller: &Caller,
        types: &Types,
        project: &str,
        name: &str,
    ) -> Result<Subject, Problem> {
        self.count(caller)?;
        let read = |client: &kube::Client| {
            let connections = Connections::new(client.clone(), types.clone());
            async move { connections.get(project, name).await }
        };
        let refused = match read(&caller.client).await {
            Ok(stored) => {
                return Ok(Subject {
                    connection: stored.connection,
                    reader: caller.client.clone(),
                    is_kept: true,
                });
            }
            Err(error) => error,
        };
        let Some(keeper) = &self.settings.keeper else {
            return Err(refused.into());
        };
        let right = Right::test(project, name);
        if refused.kind() != Kind::Forbidden || !has(caller, &right).await? {
            return Err(refused.into());
        }
        Ok(Subject {
            connection: read(keeper).await?.connection,
            // Other connections of the project are none of the caller's business.
            reader: caller.client.clone(),
            is_kept: true,
        })
    }

    /// Refuses those who ask too often.
    pub(crate) fn count(&self, caller: &Caller) -> Result<(), Problem> {
        self.rates.of_user(&caller.user.name)
    }

    /// Where somebody who asks may make this server go for a project.
    pub(crate) fn guard(&self, project: &str) -> Guard {
        self.settings.bounds.guard(project)
    }

    /// Whether what was met on the way is not for whoever asked: it went inside of the network.
    pub(crate) fn hides(&self, guard: &Guard) -> bool {
        !self.settings.is_open && guard.went_inside.load(Ordering::Relaxed)
    }

    /// Gets ready to test: there is a place for it, and everything that it needs has been read.
    pub(crate) async fn prepare(
        &self,
        subject: Subject,
        ask: bowline_probe::Ask,
    ) -> Result<Trial, Problem> {
        let project = &subject.connection.secret.namespace;
        let slot = self.slots.take(project).await?;
        let keeper = self.settings.keeper.clone();
        Ok(Trial {
            guard: self.guard(project),
            surroundings: Surroundings::of(&subject.reader, &subject.connection).await,
            keeper: keeper.filter(|_| ask.is_plain() && subject.is_kept),
            connection: subject.connection,
            ask,
            probe: self.settings.probe.clone(),
            is_open: self.settings.is_open,
            slot,
            started: Instant::now(),
        })
    }
}

/// What is to be tested.
pub(crate) struct Subject {
    pub(crate) connection: Connection,
    /// Reads what is around it.
    pub(crate) reader: kube::Client,
    /// Whether it is stored as it is, so that the result says something about what is stored.
    pub(crate) is_kept: bool,
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        let seconds = HeaderValue::from(busy.retry_after.as_secs());
        Self::new(StatusCode::SERVICE_UNAVAILABLE, busy.to_string())
            .help("wait as long as the header `Retry-After` says")
            .with_header(header::RETRY_AFTER, seconds)
    }
}
