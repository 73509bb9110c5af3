//! The connections of ODAHU-flow 1.6.1: its records, how a request for one is read and judged, and how
//! a record is kept in a Secret that the field's other readers understand, without losing a byte.
//! HTTP is left to the server.
//!
//! Where the texts come from: ODAHU-flow answers with those of Go's decoders and with its own, and
//! its clients show them to people, so they are the same here.

mod answer;
mod base64;
mod change;
mod draft;
mod form;
mod host;
mod judge;
mod list;
mod read;
mod record;
mod time;

#[cfg(test)]
mod tests;

pub use answer::{MASK, decrypted, masked};
pub use change::{Change, change};
pub use draft::{Draft, decode};
pub use form::{ODAHU_PREFIX, from_secret, to_secret};
pub use host::{HostKeys, host_keys};
pub use judge::{Verdict, is_id};
pub use list::{Page, select};
pub use record::{Member, Record, Spec, Status, Type};
