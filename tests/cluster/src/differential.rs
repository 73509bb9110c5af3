//! The differential test: scripts of requests, sent to any Kubernetes API over HTTP; their answers
//! without what can never be the same twice; and what of two answers differs. Which servers are
//! compared is left to the suite.

mod differences;
mod embedded;
mod normal;
mod record;
mod script;
mod send;

pub use differences::{Differences, Verdict};
pub use embedded::Embedded;
pub use record::{read, write};
pub use script::{Script, scripts};
pub use send::{Answer, play};

use std::path::PathBuf;

/// The folder with scripts, listed differences and stored answers.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("differential")
}
