//! One test that is about to run. While it does, steps are told as they end; those that would tell
//! what is inside of the network are kept back until it is clear that the service is what it is
//! said to be.

use std::sync::atomic::Ordering;
use std::time::Instant;

use bowline_core::Connection;
use bowline_probe::{Ask, Guard, News, Report, Slot, State, Step};
use bowline_proof::{Surroundings, record};
use serde::Serialize;

/// A test with everything that it needs. Dropping it, or its run, ends it.
pub(crate) struct Trial {
    pub(super) connection: Connection,
    pub(super) surroundings: Surroundings,
    pub(super) ask: Ask,
    pub(super) guard: Guard,
    pub(super) probe: bowline_probe::Settings,
    pub(super) is_open: bool,
    /// Keeps the result, where it is to be kept.
    pub(super) keeper: Option<kube::Client>,
    pub(super) slot: Slot,
    pub(super) started: Instant,
}

/// What a test ended with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finished {
    #[serde(flatten)]
    pub(crate) report: Report,
    /// Whether the connection's annotations say so now.
    is_recorded: bool,
}

impl Trial {
    /// Runs the test, and tells of each step that ends.
    pub(crate) async fn run(self, tell: impl FnMut(&Step) + Send) -> Finished {
        let Self {
            connection,
            surroundings,
            ask,
            guard,
            probe,
            is_open,
            keeper,
            slot,
            started,
        } = self;
        let mut curtain = Curtain::new(&guard, is_open, tell);
        let report = {
            let mut sink = |news: News<'_>| {
                if let News::Ended(step) = news {
                    curtain.ended(step);
                }
            };
            bowline_proof::test(&connection, &surroundings, &ask, &guard, &probe, &mut sink).await
        };
        drop(slot);
        let is_hidden = curtain.is_inside() && report.is_telling();
        let report = match is_hidden {
            true => {
                // Whether a port is closed or filtered can be told from times too.
                tokio::time::sleep_until((started + probe.total).into()).await;
                report.coarse()
            }
            false => report,
        };
        curtain.end(&report);
        let kept = match &keeper {
            Some(client) => Some(record::keep(client, &connection, None, &report).await),
            None => None,
        };
        if let Some(Err(error)) = &kept {
            tracing::warn!(%error, "the result of a test was not kept");
        }
        Finished {
            report,
            is_recorded: kept.is_some_and(|kept| kept.is_ok()),
        }
    }
}

/// What stands between a probe and whoever is told of its steps.
struct Curtain<'a, T> {
    guard: &'a Guard,
    is_open: bool,
    tell: T,
    told: Vec<bowline_probe::StepName>,
    held: Vec<Step>,
    has_spoken: bool,
}

impl<'a, T: FnMut(&Step)> Curtain<'a, T> {
    const fn new(guard: &'a Guard, is_open: bool, tell: T) -> Self {
        Self {
            guard,
            is_open,
            tell,
            told: Vec::new(),
            held: Vec::new(),
            has_spoken: false,
        }
    }

    fn is_inside(&self) -> bool {
        !self.is_open && self.guard.went_inside.load(Ordering::Relaxed)
    }

    fn ended(&mut self, step: &Step) {
        self.has_spoken |= step.is_spoken();
        let is_telling = step.state == State::Failed && step.outcome.is_telling();
        self.held.push(step.clone());
        // What follows a failure is only told with it.
        let is_over = self
            .held
            .iter()
            .any(|held| held.state == State::Failed && held.outcome.is_telling());
        if !self.is_inside() || (self.has_spoken && !is_telling && !is_over) {
            self.flush();
        }
    }

    fn flush(&mut self) {
        for step in std::mem::take(&mut self.held) {
            self.told.push(step.name);
            (self.tell)(&step);
        }
    }

    /// Tells what was kept back, or what stands for it in the report.
    fn end(mut self, report: &Report) {
        let is_coarse = self.is_inside() && report.verdict.outcome.id == "not-told";
        if !is_coarse {
            return self.flush();
        }
        for step in &report.steps {
            if !self.told.contains(&step.name) {
                (self.tell)(step);
            }
        }
    }
}
