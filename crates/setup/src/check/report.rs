//! What a check found: a row for each reader and place, how profiles stand to each other, and what
//! follows from both. Showing it is left to the faces; no text holds a value.

use bowline_core::{Finding, Kind, Severity};
use bowline_pipelines::check::Visit;
use bowline_probe::{Done, State, outcome};
use serde::Serialize;

use super::keys::Excuse;
use super::standing::{Isolation, Pair, Root, Standing, UNKNOWN, finding, same_key};

/// Everything that a check found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Each reader at each place.
    pub readers: Vec<Row>,
    /// Each profile at what belongs to another.
    pub isolation: Vec<Pair>,
    /// Each profile at the list of the whole bucket.
    pub roots: Vec<Root>,
    /// Pairs of profiles that were not tried, since there are too many.
    pub pairs_left_out: usize,
    /// What follows for the installation as a whole.
    pub findings: Vec<Finding>,
}

/// A reader at one place of the bucket.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Who.
    pub reader: &'static str,
    /// In which namespace.
    pub namespace: String,
    /// What the keys begin with.
    pub prefix: String,
    /// Where it is told about the store.
    pub looks_in: String,
    /// Host and port that it goes to; nothing where its library decides.
    pub endpoint: Option<String>,
    /// How all of it ended.
    pub state: State,
    /// Why nothing was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// Whether it may list.
    pub list: Option<Cell>,
    /// Whether it may write.
    pub put: Option<Cell>,
    /// Whether it may read.
    pub get: Option<Cell>,
    /// Whether it may delete what it wrote.
    pub delete: Option<Cell>,
    #[serde(skip)]
    kind: Option<Kind>,
}

/// Why nothing was tried.
#[derive(Debug, Clone, Serialize)]
pub struct Why {
    /// What stands in the way.
    pub message: String,
    /// One next action.
    pub help: &'static str,
}

/// One request of a reader.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    /// Whether it ended as it must.
    pub state: State,
    /// With what it ended.
    #[serde(flatten)]
    pub done: Done,
}

impl Cell {
    pub(super) fn of(done: Done) -> Self {
        let state = match (done.is_passed(), done.outcome.kind) {
            (true, _) => State::Passed,
            (false, Some(_)) => State::Failed,
            (false, None) => State::Skipped,
        };
        Self { state, done }
    }

    /// It proves the right, whatever it ended with.
    pub(super) fn passed(done: Done) -> Self {
        let state = State::Passed;
        Self { state, done }
    }

    /// It says nothing about the right to read, since there is nothing to read.
    pub(super) fn unproved(done: &Done) -> Self {
        Self {
            state: State::Warned,
            done: Done {
                took: done.took,
                ..Done::not_tried(&outcome::UNPROVED)
            },
        }
    }

    /// The right is not needed.
    pub(super) fn not_needed(done: Done) -> Self {
        let state = State::Skipped;
        Self { state, done }
    }

    fn kind(&self) -> Option<Kind> {
        self.done
            .outcome
            .kind
            .filter(|_| self.state == State::Failed)
    }
}

impl Row {
    fn new(visit: &Visit) -> Self {
        Self {
            reader: visit.reader,
            namespace: visit.namespace.clone(),
            prefix: visit.prefix.clone(),
            looks_in: visit.looks_in.clone(),
            endpoint: visit.finds.endpoint.clone(),
            state: State::Skipped,
            why: None,
            list: None,
            put: None,
            get: None,
            delete: None,
            kind: None,
        }
    }

    pub(super) fn excused(visit: &Visit, excuse: Excuse) -> Self {
        Self {
            state: excuse.state,
            kind: excuse.kind,
            why: Some(Why {
                message: excuse.message,
                help: excuse.help,
            }),
            ..Self::new(visit)
        }
    }

    pub(super) fn of(visit: &Visit, cells: [Cell; 4]) -> Self {
        let has = |state| cells.iter().any(|cell| cell.state == state);
        let state = [State::Failed, State::Warned, State::Passed]
            .into_iter()
            .find(|state| has(*state));
        let kind = worst(cells.iter().filter_map(Cell::kind));
        let [list, put, get, delete] = cells.map(Some);
        Self {
            state: state.unwrap_or(State::Skipped),
            kind,
            list,
            put,
            get,
            delete,
            ..Self::new(visit)
        }
    }

    /// Its requests by name, in the order in which people read them.
    pub fn cells(&self) -> [(&'static str, Option<&Cell>); 4] {
        [
            ("put", self.put.as_ref()),
            ("get", self.get.as_ref()),
            ("list", self.list.as_ref()),
            ("delete", self.delete.as_ref()),
        ]
    }

    /// What kind of failure it is; `None` where it did not fail.
    pub const fn kind(&self) -> Option<Kind> {
        self.kind
    }

    fn cells_mut(&mut self) -> impl Iterator<Item = &mut Cell> {
        let cells = [
            &mut self.list,
            &mut self.put,
            &mut self.get,
            &mut self.delete,
        ];
        cells.into_iter().flatten()
    }
}

impl Report {
    pub(super) fn new(readers: Vec<Row>, isolation: Isolation) -> Self {
        let same = isolation.same_keys.iter().map(|it| same_key(&it.0, it.1));
        let pairs = isolation.pairs.iter().filter_map(Pair::finding);
        let roots = isolation.roots.iter().filter_map(Root::finding);
        let mut findings: Vec<Finding> = same.chain(pairs).chain(roots).collect();
        if isolation.left_out > 0 {
            findings.push(finding(
                Severity::Note,
                "pairs-left-out",
                "",
                format!(
                    "{} pairs of profiles were not tried against each other, since there are so many",
                    isolation.left_out
                ),
                "name the profiles that matter most",
            ));
        }
        Self {
            readers,
            isolation: isolation.pairs,
            roots: isolation.roots,
            pairs_left_out: isolation.left_out,
            findings,
        }
    }

    /// What kind of failure the worst is; `None` where there is none.
    pub fn kind(&self) -> Option<Kind> {
        let of_readers = self.readers.iter().filter_map(Row::kind);
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        let errors = self.findings.iter().filter(is_error).map(|_| Kind::Invalid);
        let unknown = self.standings().filter_map(Standing::unknown);
        let unknown = unknown.filter_map(|done| done.outcome.kind);
        worst(of_readers.chain(errors).chain(unknown))
    }

    /// Whether something failed in a way that tells what is at an address.
    pub fn is_telling(&self) -> bool {
        let cells = self.readers.iter().flat_map(|row| row.cells());
        let of_readers = cells.filter_map(|(_, cell)| cell).map(|cell| &cell.done);
        let unknown = self.standings().filter_map(Standing::unknown);
        of_readers
            .chain(unknown)
            .any(|done| done.outcome.is_telling())
    }

    /// The same without what tells what is at an address: neither in outcomes nor in times.
    #[must_use]
    pub fn coarse(mut self) -> Self {
        let cells = self.readers.iter_mut().flat_map(|row| row.cells_mut());
        let of_pairs = self.isolation.iter_mut().flat_map(|pair| {
            let trials = pair.trials.iter_mut();
            let parts = trials.flat_map(|it| [&mut it.read, &mut it.write, &mut it.list]);
            std::iter::once(&mut pair.standing).chain(parts)
        });
        let of_roots = self.roots.iter_mut().map(|root| &mut root.list);
        let unknown = of_pairs.chain(of_roots).filter_map(Standing::done_mut);
        for done in cells.map(|cell| &mut cell.done).chain(unknown) {
            let outcome = match done.outcome.is_telling() {
                true => &outcome::NOT_TOLD,
                false => done.outcome,
            };
            let detail = done.detail.take().filter(|_| !done.outcome.is_telling());
            *done = Done {
                detail,
                ..Done::not_tried(outcome)
            };
        }
        let unknown = |finding: &Finding| finding.rule == UNKNOWN;
        self.findings.retain(|finding| !unknown(finding));
        let pairs = self.isolation.iter().filter_map(Pair::finding);
        let roots = self.roots.iter().filter_map(Root::finding);
        self.findings.extend(pairs.chain(roots).filter(unknown));
        self
    }

    fn standings(&self) -> impl Iterator<Item = &Standing> {
        let of_pairs = self.isolation.iter().map(|pair| &pair.standing);
        of_pairs.chain(self.roots.iter().map(|root| &root.list))
    }
}

fn worst(kinds: impl Iterator<Item = Kind>) -> Option<Kind> {
    kinds.max_by_key(|kind| kind.exit_code())
}
