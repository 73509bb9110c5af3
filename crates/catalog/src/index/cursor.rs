//! Where a page ended, as opaque text: the sort key and name of its last row, so that the next page
//! is right whatever was added or removed in between. Nothing in it grants anything: a forged one
//! starts the same query somewhere else, or is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::query::BadQuery;

/// Longest cursor that is read; names and display names have limits of their own.
const MAX_BYTES: usize = 8192;
/// Longest sort text in a cursor, in characters. Rows that are alike so far go by name.
const MAX_TEXT: usize = 512;

/// The place of a row in an order: by rank, then text, then namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Which query it belongs to.
    #[serde(rename = "q")]
    pub(super) query: u64,
    #[serde(rename = "r")]
    pub(super) rank: u64,
    #[serde(rename = "t")]
    pub(super) text: String,
    #[serde(rename = "p")]
    pub(super) namespace: String,
    #[serde(rename = "n")]
    pub(super) name: String,
}

impl Cursor {
    pub(super) fn write(&self) -> String {
        let json = serde_json::to_vec(self).expect("numbers and texts serialise");
        URL_SAFE_NO_PAD.encode(json)
    }

    pub(super) fn read(text: &str, query: u64) -> Result<Self, BadQuery> {
        if text.len() > MAX_BYTES {
            return Err(BadQuery::Cursor);
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadQuery::Cursor)?;
        let cursor: Self = serde_json::from_slice(&json).map_err(|_| BadQuery::Cursor)?;
        match cursor.query == query {
            true => Ok(cursor),
            false => Err(BadQuery::OtherQuery),
        }
    }
}

/// The part of a text that rows are sorted by.
pub(super) fn sortable(text: &str) -> &str {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
