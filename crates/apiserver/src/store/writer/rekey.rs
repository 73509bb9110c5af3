//! Another key for the whole store, while it is written and read: new values are sealed with it at
//! once, the others a few at a time between batches. Each step is a transaction, so whatever ends
//! the process, the store knows which keys it needs, and the rest is done when it is opened again.

use super::{Writer, database, layout};
use crate::store::key::Key;
use crate::store::reseal::{Walk, with_new_key};
use crate::store::{Rekeyed, StoreError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long readers of the log may hold up that it is emptied.
const PATIENCE: Duration = Duration::from_millis(200);

/// A change of the key that is asked for.
pub(in crate::store) struct Rekeying {
    /// The key to seal with from now on; none where the one under way shall be finished.
    pub(in crate::store) next: Option<Key>,
    pub(in crate::store) reply: oneshot::Sender<Result<Rekeyed, StoreError>>,
}

/// A change of the key that is under way.
#[derive(Default)]
pub(super) struct UnderWay {
    walk: Walk,
    reply: Option<oneshot::Sender<Result<Rekeyed, StoreError>>>,
}

impl Writer {
    /// Takes up what a process that ended left undone.
    pub(in crate::store) fn resume(&mut self) {
        if let Some(old) = self.shares.seal.get().retiring_id() {
            tracing::info!(old, "the change of the store's key goes on");
            self.rekeying = Some(UnderWay::default());
        }
    }

    pub(super) fn begin_rekeying(&mut self, asked: Rekeying) {
        let Rekeying { next, reply } = asked;
        let begun = match next {
            Some(next) if self.rekeying.is_none() => self.change_key(next),
            _ => Ok(()),
        };
        if let Err(error) = begun {
            let _ = reply.send(Err(error));
            return;
        }
        let under_way = self.rekeying.get_or_insert_default();
        under_way.reply = Some(reply);
    }

    /// From here on both keys are needed.
    fn change_key(&mut self, next: Key) -> Result<(), StoreError> {
        let sealer = self.shares.seal.get();
        let (old, new) = (sealer.key_id(), next.id.as_str());
        tracing::info!(old, new, "changing the store's key");
        self.note(&[(layout::KEY, Some(new)), (layout::RETIRING, Some(old))])?;
        self.shares.seal.set(sealer.followed_by(next));
        Ok(())
    }

    /// Seals a few more states with the new key; the last step forgets the old one.
    pub(super) fn go_on_rekeying(&mut self) {
        let Some(mut under_way) = self.rekeying.take() else {
            return;
        };
        let result = match self.reseal(&mut under_way.walk) {
            Ok(true) => {
                self.rekeying = Some(under_way);
                return;
            }
            Ok(false) => self.finish(under_way.walk.rewritten),
            Err(error) => Err(error),
        };
        match &result {
            Ok(done) => tracing::info!(resealed = done.resealed, "the store's key is changed"),
            Err(error) => tracing::error!(%error, "the store's key cannot be changed"),
        }
        if let Some(reply) = under_way.reply {
            let _ = reply.send(result);
        }
    }

    fn reseal(&mut self, walk: &mut Walk) -> Result<bool, StoreError> {
        let sealer = self.shares.seal.get();
        let transaction = self
            .connection
            .transaction()
            .map_err(database("begin to seal anew"))?;
        let more = walk.go_on(&transaction, &sealer, |place, stored| {
            with_new_key(&sealer, place, stored)
        })?;
        transaction
            .commit()
            .map_err(database("commit what was sealed anew"))?;
        Ok(more)
    }

    /// Nothing needs the old key any more: first the store says so, then the log that may still
    /// hold what it sealed is emptied, then the key goes.
    fn finish(&mut self, resealed: u64) -> Result<Rekeyed, StoreError> {
        let sealer = self.shares.seal.get();
        let old = sealer.retiring_id();
        self.note(&[(layout::RETIRING, None), (layout::RETIRED, old)])?;
        self.shares.seal.set(sealer.without_retiring());
        self.empty_log();
        let is_forgotten = match old {
            Some(old) => self.shares.keys.retire(old)?,
            None => false,
        };
        self.note(&[(layout::RETIRED, None)])?;
        Ok(Rekeyed {
            key: sealer.key_id().to_owned(),
            retired: old.map(str::to_owned),
            is_forgotten,
            resealed,
        })
    }

    /// Where a reader holds it up, the log is overwritten by what is written next.
    pub(super) fn empty_log(&self) {
        let checkpoint = || {
            self.connection.busy_timeout(PATIENCE)?;
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
            self.connection.busy_timeout(layout::PATIENCE)
        };
        if let Err(error) = checkpoint() {
            tracing::warn!(%error, "the store's log is not emptied yet");
        }
    }

    fn note(&mut self, notes: &[(&str, Option<&str>)]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction();
        let noted = transaction.and_then(|transaction| {
            for (name, value) in notes {
                layout::set_note(&transaction, name, *value)?;
            }
            transaction.commit()
        });
        noted.map_err(database("note which keys are needed"))
    }
}
