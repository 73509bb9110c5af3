//! Proves a Git connection: the server lets the login in, the repository is there, and so is the
//! branch, tag or commit. Fetching what it holds is left to `git`.
//!
//! After `gitprotocol-http` and `gitprotocol-pack` of Git's own documentation. No program is
//! started: neither `git` nor `ssh`.

mod advertisement;
mod known_hosts;
mod leash;
mod remote;
mod ssh;
mod web;

use crate::outcome;
use crate::report::StepName;
use crate::session::{Place, Session};
use crate::trouble::Trouble;
use advertisement::{Refs, Sight};
use remote::Remote;

/// What is asked of the server.
#[derive(Debug, Clone, Copy)]
enum Service {
    Fetch,
    Push,
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Fetch => "git-upload-pack",
            Self::Push => "git-receive-pack",
        }
    }
}

/// Bytes of an advertisement that are read: some 100,000 refs.
const LONGEST: usize = 8 * 1024 * 1024;

pub(crate) async fn run(session: &mut Session<'_>, place: &Place) -> Result<(), Trouble> {
    let connection = session.connection;
    let url = connection.read("GIT_URL").map(|url| url.text.trim());
    let remote = url.and_then(Remote::parse);
    let wanted = place.reference.as_deref();
    let wanted = wanted.or_else(|| connection.read("GIT_REF").map(|text| text.text.trim()));
    match remote.ok_or_else(|| Trouble::new(&outcome::ADDRESS_UNREADABLE))? {
        Remote::Web(url) => web::run(session, &url, wanted).await,
        Remote::Ssh(remote) => ssh::run(session, &remote, wanted).await,
    }
}

/// The step `object`: what is wanted is among the refs.
fn look_for(session: &mut Session<'_>, refs: &Refs, wanted: Option<&str>) -> Result<(), Trouble> {
    session.begin(StepName::Object);
    if refs.is_empty() {
        if let Some(wanted) = wanted {
            return Err(Trouble::new(&outcome::NO_SUCH_REF).detail(wanted));
        }
        session.warn(&outcome::EMPTY);
        return Ok(());
    }
    let Some(wanted) = wanted else {
        session.pass(format!("{} refs", refs.len()));
        return Ok(());
    };
    match refs.look_for(wanted) {
        Sight::Seen => session.pass(wanted),
        Sight::Unknown => session.warn(Trouble::new(&outcome::REF_NOT_SEEN).detail(wanted)),
        Sight::Absent => return Err(Trouble::new(&outcome::NO_SUCH_REF).detail(wanted)),
    }
    Ok(())
}
