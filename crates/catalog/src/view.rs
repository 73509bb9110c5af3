//! Connections and their users as one caller may see them, in one namespace or in all: listed once
//! for a command, or kept true by watches for a server. What is asked of them is left to `index`.

mod follow;
mod kept;
mod list;
mod source;

use std::fmt;

use serde::Serialize;

use crate::index::{BadQuery, Index, Object, Page, Query, Usage, User};
use crate::row::Row;

pub use kept::{Settings, View, Views};
pub use list::{Look, once};
pub use source::secret_selectors;

/// Which namespaces to look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One.
    Namespace(String),
    /// All of them.
    All,
}

impl Scope {
    /// The namespace, where it is one.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Namespace(name) => Some(name),
            Self::All => None,
        }
    }
}

/// "in namespace `harbour`"
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(f, "in namespace `{name}`"),
            Self::All => f.write_str("in all namespaces"),
        }
    }
}

/// A kind of object that could use connections and was not looked at, so that nobody takes silence
/// for an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotLooked {
    /// The kind, such as `RayCluster`.
    pub kind: &'static str,
    /// Why.
    pub why: Why,
}

impl fmt::Display for NotLooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind, self.why)
    }
}

/// Why a kind was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// The cluster does not know the kind, so there are no objects of it.
    NotInstalled,
    /// The caller may not list it.
    NotAllowed,
    /// It could not be read so far.
    NotAnswered,
}

impl Why {
    /// Whether there may be users that the caller is not told of.
    pub const fn may_hide_users(self) -> bool {
        !matches!(self, Self::NotInstalled)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInstalled => "not installed",
            Self::NotAllowed => "you may not list it",
            Self::NotAnswered => "no answer yet",
        })
    }
}

/// What was there when it was looked.
#[derive(Debug, Default)]
pub struct Snapshot {
    index: Index,
    not_looked_at: Vec<NotLooked>,
}

impl Snapshot {
    /// One page of what fits a query.
    ///
    /// # Errors
    /// When the query itself is no good.
    pub fn query(&self, query: &Query) -> Result<Page, BadQuery> {
        self.index.query(query)
    }

    /// All rows that fit a query, on however many pages; its limit and cursor do not count.
    ///
    /// # Errors
    /// When the query itself is no good.
    pub fn all(&self, query: &Query) -> Result<Vec<Row>, BadQuery> {
        let mut next = Query {
            limit: crate::index::MAX_PAGE,
            cursor: None,
            ..query.clone()
        };
        let mut rows = Vec::new();
        loop {
            let page = self.query(&next)?;
            rows.extend(page.items);
            match page.next {
                Some(cursor) => next.cursor = Some(cursor),
                None => return Ok(rows),
            }
        }
    }

    /// One row.
    pub fn row(&self, namespace: &str, name: &str) -> Option<Row> {
        self.index.row(namespace, name)
    }

    /// Who uses a connection, each owner once.
    pub fn users(&self, namespace: &str, name: &str) -> Vec<User> {
        self.index.users_of(namespace, name)
    }

    /// Every connection that has users, and who they are.
    pub fn used(&self) -> Vec<Usage> {
        self.index.used()
    }

    pub(crate) fn naming(&self, namespace: &str, name: &str) -> Vec<&Object> {
        self.index.naming(namespace, name)
    }

    /// Kinds that were not looked at for users.
    pub fn not_looked_at(&self) -> &[NotLooked] {
        &self.not_looked_at
    }
}
