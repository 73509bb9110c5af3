//! The one thread that changes the store. Requests that wait together share one transaction and
//! so one sync of the disk, yet each succeeds or fails alone. What a single write does to the
//! tables is left to `edit`, another key to `rekey`.

mod edit;
mod rekey;

pub(super) use rekey::Rekeying;

use super::answered::{Answered, Touched};
use super::error::{StoreError, database};
use super::feed::{Entry, Feed};
use super::key::Keys;
use super::seal::Seal;
use super::{Change, Event, HistoryLimit, Stored, Write, layout};
use edit::{Applied, Edit};
use rekey::UnderWay;
use rusqlite::{Connection, TransactionBehavior};
use std::sync::Arc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

/// At most this many requests share a transaction.
const BATCH: usize = 128;

type Outcome = Result<Vec<Applied>, StoreError>;

/// Changes to be made together, and where to tell of them.
pub(super) struct Request {
    pub(super) writes: Vec<Write>,
    pub(super) reply: oneshot::Sender<Result<Vec<Stored>, StoreError>>,
}

/// What the writer is asked for.
pub(super) enum Message {
    Write(Request),
    Rekey(Rekeying),
}

/// What the writer keeps true for those who read.
pub(super) struct Shares {
    pub(super) seal: Arc<Seal>,
    pub(super) keys: Keys,
    pub(super) answered: Arc<Answered>,
    pub(super) feed: Arc<Feed>,
}

/// The writer's state between transactions.
pub(super) struct Writer {
    connection: Connection,
    shares: Shares,
    limit: HistoryLimit,
    now: Position,
    rekeying: Option<UnderWay>,
}

/// Where the store stands: the latest version, and how much history there is.
#[derive(Clone, Copy)]
struct Position {
    version: u64,
    changes: usize,
    bytes: u64,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        shares: Shares,
        limit: HistoryLimit,
    ) -> Result<Self, StoreError> {
        let (changes, bytes) = connection
            .query_row(
                "SELECT count(*), ifnull(sum(bytes), 0) FROM history",
                (),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(database("measure the history"))?;
        let now = Position {
            version: shares.feed.latest(),
            changes,
            bytes,
        };
        Ok(Self {
            connection,
            shares,
            limit,
            now,
            rekeying: None,
        })
    }

    /// Serves requests until the last handle of the store is gone.
    pub(super) fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        while let Some(batch) = self.next_batch(&mut messages) {
            if !batch.is_empty() {
                self.serve(batch);
            }
            self.go_on_rekeying();
        }
        // Readers may be open a moment longer, and only who closes last would do this.
        self.empty_log();
    }

    /// What waits, or what comes next; none where nobody can ask any more. It may be empty while
    /// values are being sealed anew, which does not wait for anybody.
    fn next_batch(
        &mut self,
        messages: &mut mpsc::UnboundedReceiver<Message>,
    ) -> Option<Vec<Request>> {
        let mut batch = Vec::new();
        if self.rekeying.is_none() {
            let first = messages.blocking_recv()?;
            self.take(first, &mut batch);
        }
        while batch.len() < BATCH {
            match messages.try_recv() {
                Ok(message) => self.take(message, &mut batch),
                Err(TryRecvError::Disconnected) if batch.is_empty() => return None,
                Err(_) => break,
            }
        }
        Some(batch)
    }

    fn take(&mut self, message: Message, batch: &mut Vec<Request>) {
        match message {
            Message::Write(request) => batch.push(request),
            Message::Rekey(asked) => self.begin_rekeying(asked),
        }
    }

    fn serve(&mut self, mut batch: Vec<Request>) {
        match self.commit(&mut batch) {
            Ok(outcomes) => {
                self.publish(&batch, &outcomes);
                batch
                    .into_iter()
                    .zip(outcomes)
                    .for_each(|(request, out)| request.answer(out));
            }
            Err(error) => match <[Request; 1]>::try_from(batch) {
                Ok([request]) => request.answer(Err(error)),
                // A request too large for the disk must not take the others with it.
                Err(batch) => batch
                    .into_iter()
                    .for_each(|request| self.serve(vec![request])),
            },
        }
    }

    /// One transaction. An error means that nothing of the batch was stored; a request that was
    /// merely refused has its own outcome.
    fn commit(&mut self, batch: &mut [Request]) -> Result<Vec<Outcome>, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(database("begin a transaction"))?;
        let run = |sql, step| transaction.execute_batch(sql).map_err(database(step));
        let sealer = self.shares.seal.get();
        let mut now = self.now;
        let mut outcomes = Vec::with_capacity(batch.len());
        for request in batch.iter_mut() {
            run("SAVEPOINT request", "begin a request")?;
            let edit = Edit {
                connection: &transaction,
                sealer: &sealer,
            };
            let outcome = request.apply(&edit, &mut now, self.shares.feed.is_watched());
            match outcome {
                Err(error @ StoreError::Database { .. }) => return Err(error),
                Err(_) => run("ROLLBACK TO request", "take back a refused request")?,
                Ok(_) => {}
            }
            run("RELEASE request", "end a request")?;
            outcomes.push(outcome);
        }
        if now.version > self.now.version {
            forget(&transaction, &mut now, self.limit)
                .and_then(|()| layout::set_number(&transaction, "version", now.version))
                .map_err(database("bound the history"))?;
            let answered = &self.shares.answered;
            answered
                .during(touched(batch), || transaction.commit())
                .map_err(database("commit a transaction"))?;
            answered.tells(now.version);
            self.now = now;
        }
        Ok(outcomes)
    }

    fn publish(&self, batch: &[Request], outcomes: &[Outcome]) {
        if self.now.version == self.shares.feed.latest() {
            return;
        }
        let entries = || {
            batch
                .iter()
                .zip(outcomes)
                .filter_map(|(request, outcome)| Some((request, outcome.as_ref().ok()?)))
                .flat_map(|(request, applied)| request.writes.iter().zip(applied))
                .map(|(write, applied)| entry(write, applied))
                .collect()
        };
        let entries = if self.shares.feed.is_watched() {
            entries()
        } else {
            None
        };
        self.shares.feed.publish(entries, self.now.version);
    }
}

impl Request {
    /// Makes all the changes; where one is refused, `now` stays as it was.
    fn apply(&mut self, edit: &Edit<'_>, now: &mut Position, is_watched: bool) -> Outcome {
        let mut next = *now;
        let mut outcome = Vec::with_capacity(self.writes.len());
        for write in &mut self.writes {
            let applied = edit.apply(write, next.version + 1, is_watched)?;
            next.version = applied.version;
            next.changes += 1;
            next.bytes += applied.replaced as u64;
            outcome.push(applied);
        }
        *now = next;
        Ok(outcome)
    }

    fn answer(self, outcome: Outcome) {
        let answer = outcome.map(|applied| {
            self.writes
                .into_iter()
                .zip(applied)
                .map(|(write, applied)| stored(write, &applied))
                .collect()
        });
        // Whoever asked may have gone away; the change stands all the same.
        let _ = self.reply.send(answer);
    }
}

/// What a batch changes, where none of it is refused.
fn touched(batch: &[Request]) -> Touched {
    let writes = batch.iter().flat_map(|request| &request.writes);
    writes.map(Write::key).collect()
}

fn stored(write: Write, applied: &Applied) -> Stored {
    let version = applied.version;
    let value = match write {
        Write::Create { value, .. } | Write::Update { value, .. } => value,
        Write::Delete { .. } => applied.last_state(),
    };
    Stored { value, version }
}

/// The change as watches see it; none where the state before was not decoded.
fn entry(write: &Write, applied: &Applied) -> Option<Entry> {
    let (key, change, object) = match write {
        Write::Create { key, value } => (key, Change::Added, value.clone()),
        Write::Update { key, value, .. } => (key, Change::Modified, value.clone()),
        Write::Delete { key, .. } => (key, Change::Deleted, applied.last_state()),
    };
    if change == Change::Modified && applied.before.is_none() {
        return None;
    }
    let before = applied.before.clone().map(Arc::new);
    let event = Event {
        version: applied.version,
        change,
        object: Arc::new(object),
        before,
    };
    Some(Entry {
        key: key.clone(),
        event,
        bytes: applied.replaced + applied.written,
    })
}

/// Drops the oldest history until the rest is within the limit.
fn forget(
    connection: &Connection,
    now: &mut Position,
    limit: HistoryLimit,
) -> rusqlite::Result<()> {
    let mut oldest = None;
    while now.changes > limit.changes || now.bytes > limit.bytes {
        let sql = "DELETE FROM history WHERE version = (SELECT min(version) FROM history) \
                   RETURNING version, bytes";
        let (version, bytes): (u64, u64) = connection
            .prepare_cached(sql)?
            .query_row((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        now.changes -= 1;
        now.bytes -= bytes;
        oldest = Some(version);
    }
    oldest.map_or(Ok(()), |version| {
        layout::set_number(connection, "oldest", version)
    })
}
