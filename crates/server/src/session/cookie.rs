//! Our cookies: for this host only, out of the reach of scripts, never sent by other sites.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use crate::guard::plain;

/// The name of a cookie, and what browsers are told to do with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    name: &'static str,
    attributes: &'static str,
}

impl Name {
    /// The cookie of a session. Browsers take the prefix over TLS only.
    pub(super) const fn session(is_secure: bool) -> Self {
        if is_secure {
            Self {
                name: "__Host-bowline-session",
                attributes: "Path=/; HttpOnly; SameSite=Strict; Secure",
            }
        } else {
            Self {
                name: "bowline-session",
                attributes: "Path=/; HttpOnly; SameSite=Strict",
            }
        }
    }

    /// The cookie of a browser that signs in. It must come along when the provider, another site,
    /// sends the browser back.
    pub(super) const fn sign_in(is_secure: bool) -> Self {
        if is_secure {
            Self {
                name: "__Host-bowline-sign-in",
                attributes: "Path=/; HttpOnly; SameSite=Lax; Secure",
            }
        } else {
            Self {
                name: "bowline-sign-in",
                attributes: "Path=/; HttpOnly; SameSite=Lax",
            }
        }
    }

    pub(super) fn set(self, value: &str, lasts: Duration) -> HeaderValue {
        let Self { name, attributes } = self;
        plain(&format!(
            "{name}={value}; Max-Age={}; {attributes}",
            lasts.as_secs()
        ))
    }

    pub(super) fn unset(self) -> HeaderValue {
        self.set("", Duration::ZERO)
    }

    /// The value in a request; none where there are two, of which one is somebody else's.
    pub(super) fn of(self, headers: &HeaderMap) -> Option<&str> {
        let texts = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let pairs = texts
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut own = pairs
            .filter(|(name, _)| *name == self.name)
            .map(|(_, value)| value);
        let first = own.next()?;
        own.next()
            .is_none()
            .then_some(first)
            .filter(|value| !value.is_empty())
    }
}
