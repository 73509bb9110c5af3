//! Looks whether everything that was stored can be read back as it was stored: the file, every value,
//! and how objects and history fit together. Finds and tells, and mends nothing.
//!
//! What is sealed is found altered, moved, or rolled back by itself. What is not sealed is only
//! compared with its row and its history; and a whole file that is replaced by an older one of the
//! same store is that store, at an earlier time.

mod rows;

use super::error::{StoreError, database};
use super::key::Keys;
use super::layout::Head;
use super::seal::{Place, Sealer};
use super::{Options, SealedPath, layout, open};
use rows::Row;
use rusqlite::{Connection, Transaction};
use std::path::Path;

/// At most this many findings are told.
const FINDINGS: usize = 100;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many objects there are.
    pub objects: u64,
    /// How many states of the past.
    pub past: u64,
    /// The version of the latest change.
    pub version: u64,
    /// Short name of the key that seals.
    pub key: String,
    /// What is wrong, in words; none where all is well.
    pub findings: Vec<String>,
}

/// Checks a store, also while another process serves it, or a backup. Changes nothing.
pub fn check(options: &Options) -> Result<Checked, StoreError> {
    let keys = Keys::of(&options.key, &options.path);
    check_with(&options.path, &keys, options.sealed)
}

/// Checks the store or backup at `path` with the keys of another place.
pub(super) fn check_with(
    path: &Path,
    keys: &Keys,
    sealed: fn(&str) -> &'static [SealedPath],
) -> Result<Checked, StoreError> {
    let head = || {
        layout::head(path)?.ok_or_else(|| StoreError::Missing {
            path: path.to_owned(),
        })
    };
    loop {
        let before = head()?;
        let sealer = open::sealer(path, keys, Some(&before), sealed)?;
        let checked = once(path, before, &sealer)?;
        // Whoever serves the store may have changed its key meanwhile, and then nothing opens.
        if checked.findings.is_empty() || head()?.key == checked.key {
            return Ok(checked);
        }
    }
}

fn once(path: &Path, head: Head, sealer: &Sealer) -> Result<Checked, StoreError> {
    let mut connection = layout::reading(path)?;
    let transaction = connection
        .transaction()
        .map_err(database("begin to check"))?;
    let mut checked = Checked {
        version: layout::number(&transaction, "version")?,
        key: head.key,
        ..Checked::default()
    };
    let state = State {
        oldest: layout::number(&transaction, "oldest")?,
        newest: checked.version,
        is_versioned: head.layout != layout::UNVERSIONED,
        sealer,
    };
    checked.findings = file_findings(&transaction)?;
    if checked.findings.is_empty() {
        let findings = &mut checked.findings;
        state.history(&transaction, findings)?;
        checked.objects = rows::objects(&transaction, |row| state.object(row, findings))?;
        checked.past = rows::past(&transaction, |row| state.past(row, findings))?;
        rows::lost(&transaction, |key| {
            findings.push(format!("{key} is gone, though nothing deleted it"));
        })?;
    }
    checked.findings.truncate(FINDINGS);
    Ok(checked)
}

/// What `SQLite` finds in the file itself. Where its pages are not in order, reading them as rows
/// would only repeat that.
fn file_findings(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let step = || database("check the file");
    let mut statement = connection
        .prepare("PRAGMA integrity_check(100)")
        .map_err(step())?;
    let rows = statement
        .query_map((), |row| row.get::<_, String>(0))
        .map_err(step())?;
    let mut findings = Vec::new();
    for row in rows {
        match row {
            Ok(text) if text == "ok" => {}
            Ok(text) => findings.push(format!("the file is damaged: {text}")),
            Err(error) => {
                findings.push(format!("the file is damaged: {error}"));
                break;
            }
        }
    }
    Ok(findings)
}

/// What every row is compared with.
struct State<'a> {
    oldest: u64,
    newest: u64,
    is_versioned: bool,
    sealer: &'a Sealer,
}

impl State<'_> {
    /// Every version since the oldest that is kept has one change.
    fn history(
        &self,
        transaction: &Transaction<'_>,
        findings: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let (count, first, last): (u64, Option<u64>, Option<u64>) = transaction
            .query_row(
                "SELECT count(*), min(version), max(version) FROM history",
                (),
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .map_err(database("measure the history"))?;
        let Self { oldest, newest, .. } = *self;
        let is_whole = match (first, last) {
            (Some(first), Some(last)) => first == oldest + 1 && last == newest,
            _ => oldest == newest,
        };
        if !is_whole || oldest.checked_add(count) != Some(newest) {
            findings.push(format!(
                "the history should hold every change from {} to {newest}, but has {count} of them",
                oldest + 1
            ));
        }
        Ok(())
    }

    fn object(&self, row: &Row, findings: &mut Vec<String>) {
        let (key, version) = (&row.key, row.version);
        let fits = match row.last_change {
            Some(last) => last == version,
            None => version <= self.oldest,
        };
        if !fits {
            findings.push(format!(
                "{key} is at version {version}, which is not that of its last change: \
                 it was rolled back or altered"
            ));
        }
        self.state(row, findings);
    }

    fn past(&self, row: &Row, findings: &mut Vec<String>) {
        let (key, version) = (&row.key, row.version);
        let fits = match row.last_change {
            Some(last) => last == version,
            None => version <= self.oldest,
        };
        if !fits {
            findings.push(format!(
                "the history of {key} leaves out what led to version {version}"
            ));
        }
        self.state(row, findings);
    }

    /// A state opens at its place, and is of the object that its row says.
    fn state(&self, row: &Row, findings: &mut Vec<String>) {
        let place = Place {
            key: &row.key,
            version: row.version,
        };
        let value = if self.is_versioned {
            self.sealer.decode(place, &row.bytes)
        } else {
            self.sealer.decode_unversioned(place.key, &row.bytes)
        };
        let value = match value {
            Ok(value) => value,
            Err(error) => return findings.push(error.to_string()),
        };
        let said = |pointer| value.pointer(pointer).and_then(serde_json::Value::as_str);
        let is_other = |pointer, expected: &str| said(pointer).is_some_and(|name| name != expected);
        if is_other("/metadata/name", &row.key.name)
            || is_other("/metadata/namespace", &row.key.namespace)
        {
            findings.push(format!("{} holds another object", row.key));
        }
    }
}
