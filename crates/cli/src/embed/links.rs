//! Links by which a browser of the administrator signs in to `bowline up`, each once. What a session
//! is, is left to the web server.

use std::sync::Arc;
use std::time::Duration;

use bowline_core::Sensitive;
use bowline_server::callers::Credentials;
use bowline_server::session::Sessions;

/// How long the link is good that is said at the start.
pub(super) const AT_THE_START: Duration = Duration::from_secs(24 * 60 * 60);
/// How long one is good that was asked for.
pub(crate) const ASKED_FOR: Duration = Duration::from_secs(5 * 60);

/// Makes links.
pub(super) struct Links {
    /// The address of the web server.
    pub(super) url: String,
    pub(super) sessions: Arc<Sessions>,
    /// Of the administrator.
    pub(super) token: Sensitive,
}

impl Links {
    /// A link that is good once, for a time.
    pub(super) fn link(&self, lasts: Duration) -> String {
        let administrator = Credentials::Token(self.token.clone());
        let code = self.sessions.invite(administrator, lasts);
        format!("{}/login/{code}", self.url)
    }
}
