//! A live check: every reader of an installation at the object store, as it would go there itself, and
//! every profile at what belongs to others. What is tried is decided by `bowline_pipelines::check`;
//! requests are `bowline_probe`'s.

mod isolation;
mod keys;
mod readers;
mod report;
mod standing;

use std::sync::atomic::AtomicBool;

use bowline_pipelines::Deployment;
use bowline_pipelines::check::visits;
use bowline_pipelines::explain::Explanation;
use bowline_probe::{Ask, Done, Errand, Guard, Request, Settings, Slots, errands, outcome};

pub use keys::Sources;
pub use report::{Cell, Report, Row, Why};
pub use standing::{Pair, Root, Standing, Trial};

use keys::{Keys, Login};

/// Readers and profiles that are tried at the same time, as far as there are slots.
const AT_ONCE: usize = 32;
/// Pairs of profiles that are tried: those of fifteen profiles, or the likeliest of more.
const MOST_PAIRS: usize = 210;

/// What a check needs.
pub struct Check<'a> {
    /// What is installed.
    pub deployment: &'a Deployment,
    /// What its readers find.
    pub explanation: &'a Explanation,
    /// The profiles that are meant; all of them where there is none.
    pub profiles: &'a [String],
    /// Where keys are found.
    pub sources: Sources<'a>,
    /// Certificate authorities in PEM that are trusted beside the system's.
    pub authorities: Option<&'a str>,
    /// Where the requests for readers of a namespace may go.
    pub guard: &'a (dyn Fn(&str) -> Guard + Send + Sync),
    /// How patient they are.
    pub settings: &'a Settings,
    /// How many run at once.
    pub slots: &'a Slots,
    /// Set to end early: nothing more is tried, and what was written is removed.
    pub stop: &'a AtomicBool,
}

/// What is told while a check runs.
#[derive(Clone, Copy)]
pub enum News<'a> {
    /// A reader has been somewhere.
    Reader(&'a Row),
    /// A profile has been tried against another.
    Pair(&'a Pair),
}

impl Check<'_> {
    /// Carries it out, and tells of each part that is done.
    pub async fn run(&self, told: &mut (dyn FnMut(News<'_>) + Send)) -> Report {
        let visits = visits(self.deployment, self.explanation, self.profiles);
        let keys = Keys::find(&visits, &self.sources).await;
        let readers = readers::all(self, &visits, &keys, told).await;
        let isolation = isolation::all(self, &visits, &keys, told).await;
        Report::new(readers, isolation)
    }

    /// Runs errands with somebody's keys, once there is a slot.
    async fn send(&self, namespace: &str, login: &Login, all: &[Errand]) -> Vec<Done> {
        let Ok(_slot) = self.slots.take(namespace).await else {
            return vec![Done::not_tried(&outcome::BUSY); all.len()];
        };
        let request = Request {
            connection: &login.connection,
            ask: &Ask::default(),
            others: &[],
            claims: None,
            authorities: self.authorities,
            identity: None,
            workload: None,
        };
        let guard = (self.guard)(namespace);
        errands(&request, all, &guard, self.settings, self.stop).await
    }
}
