//! Sessions of browsers: cookies that stand for somebody's credentials, kept in memory only, and the
//! links and sign-ins by which they begin. Whether the credentials are good is left to `Callers`.

mod cookie;
mod invitation;
pub mod oidc;
mod routes;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};

use crate::callers::{Credentials, Refusal};
use crate::random::{digest, letters};

use invitation::Invitation;

pub(crate) use routes::{SignIns, routes};

/// How long a session lasts at most.
const LASTS: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions at a time; beyond that, those that end first go.
const MOST: usize = 1_000;
/// Codes at a time that nobody has used; beyond that, the oldest goes.
const MOST_INVITATIONS: usize = 100;
/// Characters of a secret name: 160 bits.
const LENGTH: usize = 32;

/// All sessions of this process.
#[derive(Debug)]
pub struct Sessions {
    cookie: cookie::Name,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<[u8; 32], Session>,
    invitations: Vec<Invitation>,
}

#[derive(Debug)]
struct Session {
    credentials: Credentials,
    ends: SystemTime,
}

impl Sessions {
    /// None yet; `is_secure` where browsers reach the server over TLS.
    pub fn new(is_secure: bool) -> Self {
        Self {
            cookie: cookie::Name::session(is_secure),
            state: Mutex::default(),
        }
    }

    /// A code by which one browser, once and within a time, gets a session with these credentials.
    pub fn invite(&self, credentials: Credentials, lasts: Duration) -> String {
        let now = SystemTime::now();
        let (invitation, code) = Invitation::new(credentials, now + lasts);
        let mut state = self.state();
        let open = &mut state.invitations;
        open.retain(|invitation| invitation.is_open(now));
        if open.len() >= MOST_INVITATIONS {
            open.remove(0);
        }
        open.push(invitation);
        code
    }

    /// Uses a code up.
    fn accept(&self, code: &str) -> Option<Credentials> {
        let now = SystemTime::now();
        let mut state = self.state();
        state
            .invitations
            .retain(|invitation| invitation.is_open(now));
        let found = state
            .invitations
            .iter()
            .position(|invitation| invitation.is(code))?;
        Some(state.invitations.swap_remove(found).credentials)
    }

    /// Begins a session, which ends with the credentials; returns the cookie to set.
    fn begin(&self, credentials: Credentials, credentials_end: Option<SystemTime>) -> HeaderValue {
        let now = SystemTime::now();
        let longest = now + LASTS;
        let ends = credentials_end.map_or(longest, |end| end.min(longest));
        let name = letters(LENGTH);
        let mut state = self.state();
        state.sessions.retain(|_, session| session.ends > now);
        if state.sessions.len() >= MOST {
            let first = state
                .sessions
                .iter()
                .min_by_key(|(_, session)| session.ends);
            if let Some(key) = first.map(|(key, _)| *key) {
                state.sessions.remove(&key);
            }
        }
        state
            .sessions
            .insert(digest(&name), Session { credentials, ends });
        let lasts = ends.duration_since(now).unwrap_or_default();
        self.cookie.set(&name, lasts)
    }

    /// The credentials of the session that a request names; `None` where it names none.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<Result<Credentials, Refusal>> {
        let name = self.cookie.of(headers)?;
        let state = self.state();
        let session = state.sessions.get(&digest(name));
        let session = session.filter(|session| session.ends > SystemTime::now());
        Some(
            session
                .map(|session| session.credentials.clone())
                .ok_or(Refusal::Unknown("the session has ended")),
        )
    }

    /// Ends the session that a request names; returns the cookie that takes it away. A request that
    /// names none may come from a page of another site, and takes nothing away from anybody.
    fn end(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let name = self.cookie.of(headers)?;
        self.state().sessions.remove(&digest(name));
        Some(self.cookie.unset())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
