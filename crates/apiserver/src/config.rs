//! What an embedder says about the server it wants.

use crate::identity::UserInfo;
use crate::store::{HistoryLimit, KeySource, Options, SealedPath};
use serde_json::Value;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// As in a cluster.
const EVENT_AGE: Duration = Duration::from_secs(60 * 60);

/// A bearer token and whose it is.
#[derive(Clone)]
pub struct Token {
    secret: Zeroizing<String>,
    user: UserInfo,
}

impl Token {
    /// A token for a user.
    pub fn new(secret: impl Into<String>, user: UserInfo) -> Self {
        Self {
            secret: Zeroizing::new(secret.into()),
            user,
        }
    }

    /// A new random token for a user: 32 bytes, in hexadecimal digits.
    pub fn random(user: UserInfo) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(bytes.as_mut()).map_err(RandomError)?;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self::new(digits, user))
    }

    /// The text that clients send.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Whose it is.
    pub fn user(&self) -> &UserInfo {
        &self.user
    }

    /// Whether `offered` is this token; takes the same time wherever they differ.
    pub(crate) fn is(&self, offered: &str) -> bool {
        let (own, offered) = (self.secret.as_bytes(), offered.as_bytes());
        let differing = own
            .iter()
            .zip(offered)
            .fold(0_u8, |seen, (a, b)| std::hint::black_box(seen | (a ^ b)));
        !own.is_empty() && own.len() == offered.len() && differing == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("user", &self.user.name)
            .finish_non_exhaustive()
    }
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes for a token")]
pub struct RandomError(#[source] getrandom::Error);

/// How long clients on connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// For the headers of a request over HTTP/1.1; also how long it may be until the next request.
    pub headers: Duration,
    /// Without any request under way. Clients close connections that they do not use after 90 s.
    pub idle: Duration,
    /// From the headers of a request until its answer is read; watches may last as long as they say.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(15),
            idle: Duration::from_secs(120),
            answer: Duration::from_secs(90),
        }
    }
}

/// Everything an API server needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that holds all state; it and its directory are created where missing.
    pub database: PathBuf,
    /// Where the key is that seals Secrets.
    pub key: KeySource,
    /// How much of the past is kept for watches.
    pub history: HistoryLimit,
    /// How long events are kept after they were last written.
    pub event_age: Duration,
    /// Who may call by which bearer token.
    pub tokens: Vec<Token>,
    /// CustomResourceDefinitions that shall exist from the start.
    pub definitions: Vec<Value>,
    /// How long clients on connections may take.
    pub patience: Patience,
}

impl Config {
    /// A server that keeps its state in this file, and knows nobody yet.
    pub fn new(database: impl Into<PathBuf>) -> Self {
        Self {
            database: database.into(),
            key: KeySource::default(),
            history: HistoryLimit::default(),
            event_age: EVENT_AGE,
            tokens: Vec::new(),
            definitions: Vec::new(),
            patience: Patience::default(),
        }
    }

    /// How the store of such a server is opened, for whoever works on it without a server.
    pub fn store(&self) -> Options {
        Options {
            path: self.database.clone(),
            key: self.key.clone(),
            sealed: sealed_paths,
            history: self.history,
        }
    }
}

/// Secret values, and the copies that `kubectl apply` makes of them.
fn sealed_paths(resource: &str) -> &'static [SealedPath] {
    match resource {
        "/secrets" => &[
            SealedPath::Members("/data"),
            SealedPath::Value(
                "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
            ),
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_only() {
        let token = Token::new("open-sesame", UserInfo::default());
        assert!(token.is("open-sesame"));
        for other in ["", "open", "open-sesam", "open-sesame ", "OPEN-SESAME"] {
            assert!(!token.is(other), "{other}");
        }
    }

    #[test]
    fn an_empty_token_lets_nobody_in() {
        assert!(!Token::new("", UserInfo::default()).is(""));
    }

    #[test]
    fn a_token_is_not_shown() {
        let shown = format!("{:?}", Token::new("open-sesame", UserInfo::default()));
        assert!(!shown.contains("open-sesame"), "{shown}");
    }
}
