//! What is asked of an index, and the answer: filter, order, page. Where a page ended is written by
//! `cursor`.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::str::FromStr;

use bowline_core::Protocol;
use serde::{Deserialize, Serialize};

use super::cursor::{Cursor, sortable};
use super::{Index, Listed};
use crate::compatibility::Tag;
use crate::row::Row;

/// Most rows of one page.
pub const MAX_PAGE: usize = 500;
/// Longest text that is searched for, in bytes.
const MAX_TEXT: usize = 256;

/// Which rows, in which order, and how many of them.
#[derive(Debug, Clone)]
pub struct Query {
    /// Which rows.
    pub filter: Filter,
    /// What they are sorted by; rows that are alike go by namespace and name, smallest first.
    pub sort: Sort,
    /// Which way.
    pub order: Order,
    /// How many at most, 1 to [`MAX_PAGE`].
    pub limit: usize,
    /// Where the page before ended, by its [`Page::next`].
    pub cursor: Option<String>,
}

/// All connections, by namespace and name.
impl Default for Query {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            sort: Sort::default(),
            order: Order::default(),
            limit: 100,
            cursor: None,
        }
    }
}

/// Which rows; all conditions hold for each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// All these words, in any letters, occur in name, display name or description.
    pub text: Option<String>,
    /// Name of the connection type.
    pub type_: Option<String>,
    /// Protocol.
    pub protocol: Option<Protocol>,
    /// What models can be served from it as.
    pub tag: Option<Tag>,
    /// Namespace.
    pub namespace: Option<String>,
    /// Whether anybody needs it.
    pub used: Option<bool>,
    /// How its last test went; `not-tested` also for those without any.
    pub test_status: Option<String>,
    /// Whether it must not be deleted.
    pub vital: Option<bool>,
    /// Whether it is hidden.
    pub hidden: Option<bool>,
    /// Connections, candidates, or both.
    pub standing: Standing,
}

/// Connections, candidates, or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Secrets that say so.
    #[default]
    Connections,
    /// Secrets that only look like one.
    Candidates,
    /// Both.
    Any,
}

macro_rules! sorts {
    ($($(#[$doc:meta])+ $name:ident $text:literal,)+) => {
        /// What rows are sorted by.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Sort {
            $($(#[$doc])+ #[serde(rename = $text)] $name,)+
        }

        impl Sort {
            /// All of them, as they are written.
            pub const NAMES: &[&str] = &[$($text),+];

            /// As it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }

        impl FromStr for Sort {
            type Err = BadQuery;

            fn from_str(text: &str) -> Result<Self, BadQuery> {
                match text {
                    $($text => Ok(Self::$name),)+
                    _ => Err(BadQuery::Sort),
                }
            }
        }
    };
}

sorts! {
    /// Namespace and name.
    #[default]
    Name "name",
    /// Display name, in any letters.
    DisplayName "displayName",
    /// Connection type.
    Type "type",
    /// Protocol.
    Protocol "protocol",
    /// Dialect.
    Dialect "dialect",
    /// When it was made.
    Created "created",
    /// Who made it.
    Creator "creator",
    /// How its last test went.
    TestStatus "testStatus",
    /// How many use it.
    UsedBy "usedBy",
    /// How bad the findings about it are.
    Findings "findings",
}

/// Which way; rows that are alike in another column always go by namespace and name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// Smallest first; what is not known comes last.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Some of the rows that fit a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The rows.
    pub items: Vec<Row>,
    /// How many fit, on all pages.
    pub total: usize,
    /// For [`Query::cursor`] of the next page; `None` on the last one.
    pub next: Option<String>,
}

/// Why a query cannot be answered; whoever asked is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    /// The cursor is none of ours.
    #[error("`cursor` cannot be read; leave it out to start at the first page")]
    Cursor,
    /// The cursor was made with another filter or order.
    #[error("`cursor` belongs to another filter or order; leave it out to start at the first page")]
    OtherQuery,
    /// A page of no rows, or of too many.
    #[error("`limit` is not a number from 1 to {MAX_PAGE}")]
    Limit,
    /// A very long text.
    #[error("`text` is longer than {MAX_TEXT} bytes; search for fewer words")]
    Text,
    /// There is no such column.
    #[error("`sort` is none of {}", Sort::NAMES.join(", "))]
    Sort,
}

/// The place of a row in an order.
struct Placed<'a> {
    rank: u64,
    text: &'a str,
    listed: &'a Listed,
    /// Where its users are counted.
    index: &'a Index,
}

/// One page of all that several indices hold, none of which has a row of another.
pub(super) fn run(indices: &[&Index], query: &Query) -> Result<Page, BadQuery> {
    if !(1..=MAX_PAGE).contains(&query.limit) {
        return Err(BadQuery::Limit);
    }
    let words = query.filter.words()?;
    let identity = query.identity();
    let start = query.cursor.as_deref();
    let start = start.map(|text| Cursor::read(text, identity)).transpose()?;
    let mut rows = Vec::new();
    for index in indices {
        let listed = index.rows.values();
        let fitting = listed.filter(|listed| query.filter.fits(index, listed, &words));
        rows.extend(fitting.map(|listed| place(index, query.sort, listed)));
    }
    let total = rows.len();
    if let Some(start) = &start {
        rows.retain(|row| row.compare_to(start, query) == Ordering::Greater);
    }
    let is_last = rows.len() <= query.limit;
    if query.sort == Sort::Name && Index::are_in_order(indices) {
        if query.order == Order::Descending {
            rows.reverse();
        }
    } else {
        let by_order = |a: &Placed<'_>, b: &Placed<'_>| a.compare(b, query);
        if !is_last {
            rows.select_nth_unstable_by(query.limit, by_order);
            rows.truncate(query.limit);
        }
        rows.sort_by(by_order);
    }
    rows.truncate(query.limit);
    let last = rows.last().filter(|_| !is_last);
    Ok(Page {
        next: last.map(|last| last.cursor(identity).write()),
        items: rows
            .iter()
            .map(|row| row.index.counted(row.listed))
            .collect(),
        total,
    })
}

impl Query {
    /// What a cursor must belong to: everything but the page.
    fn identity(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.filter, self.sort, self.order).hash(&mut hasher);
        // Programs read numbers of JSON in 53 bits.
        hasher.finish() >> 11
    }
}

impl Filter {
    fn words(&self) -> Result<Vec<String>, BadQuery> {
        let text = self.text.as_deref().unwrap_or_default();
        match text.len() <= MAX_TEXT {
            true => Ok(text.split_whitespace().map(str::to_lowercase).collect()),
            false => Err(BadQuery::Text),
        }
    }

    /// Cheap conditions first.
    fn fits(&self, index: &Index, listed: &Listed, words: &[String]) -> bool {
        let row = &listed.row;
        let is_standing = match self.standing {
            Standing::Connections => !row.is_candidate,
            Standing::Candidates => row.is_candidate,
            Standing::Any => true,
        };
        let is = |wanted: &Option<String>, text: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == text
        };
        let protocol = self.protocol.map(Protocol::as_str);
        is_standing
            && is(&self.namespace, Some(&row.namespace))
            && is(&self.type_, row.type_.as_deref())
            && (protocol.is_none() || protocol == row.protocol.as_deref())
            && self.tag.is_none_or(|tag| row.tags.contains(&tag))
            && is(&self.test_status, Some(test_status(row)))
            && self.vital.is_none_or(|wanted| wanted == row.is_vital)
            && self.hidden.is_none_or(|wanted| wanted == row.is_hidden)
            && words.iter().all(|word| listed.text.contains(word))
            && self.used.is_none_or(|wanted| wanted == index.is_used(row))
    }
}

fn test_status(row: &Row) -> &str {
    row.test.as_ref().map_or("not-tested", |test| test.word())
}

fn place<'a>(index: &'a Index, sort: Sort, listed: &'a Listed) -> Placed<'a> {
    let row = &listed.row;
    let text = |text: Option<&'a str>| (u64::from(text.is_none()), text.unwrap_or_default());
    let (rank, text) = match sort {
        Sort::Name => (0, ""),
        Sort::DisplayName => (0, &listed.text[listed.display_name.clone()]),
        Sort::Type => text(row.type_.as_deref()),
        Sort::Protocol => text(row.protocol.as_deref()),
        Sort::Dialect => (0, row.dialect.as_str()),
        Sort::Created => text(row.created.as_deref()),
        Sort::Creator => text(row.creator.as_deref()),
        Sort::TestStatus => (0, test_status(row)),
        Sort::UsedBy => (index.count_users(row) as u64, ""),
        Sort::Findings => (weight(row), ""),
    };
    let text = sortable(text);
    Placed {
        rank,
        text,
        listed,
        index,
    }
}

/// One error is worse than any number of warnings.
fn weight(row: &Row) -> u64 {
    let part = |count: usize| count.min(0xffff) as u64;
    part(row.findings.errors) << 32 | part(row.findings.warnings) << 16 | part(row.findings.notes)
}

impl Placed<'_> {
    fn compare(&self, other: &Self, query: &Query) -> Ordering {
        let row = &other.listed.row;
        self.against(other.rank, other.text, (&row.namespace, &row.name), query)
    }

    fn compare_to(&self, cursor: &Cursor, query: &Query) -> Ordering {
        let name = (cursor.namespace.as_str(), cursor.name.as_str());
        self.against(cursor.rank, &cursor.text, name, query)
    }

    fn against(&self, rank: u64, text: &str, name: (&str, &str), query: &Query) -> Ordering {
        let row = &self.listed.row;
        let by_key = (self.rank, self.text).cmp(&(rank, text));
        let by_name = || (row.namespace.as_str(), row.name.as_str()).cmp(&name);
        match (query.order, query.sort) {
            (Order::Ascending, _) => by_key.then_with(by_name),
            (Order::Descending, Sort::Name) => by_name().reverse(),
            (Order::Descending, _) => by_key.reverse().then_with(by_name),
        }
    }

    fn cursor(&self, query: u64) -> Cursor {
        Cursor {
            query,
            rank: self.rank,
            text: self.text.to_owned(),
            namespace: self.listed.row.namespace.clone(),
            name: self.listed.row.name.clone(),
        }
    }
}
