//! What every answer tells browsers: run nothing that is not ours, show it in no frame, guess no
//! media types, tell nobody where you come from, keep nothing.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::NO_STORE;

/// What browsers may do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// Nothing: it is data.
    Data,
    /// Show the pages of Swagger UI, whose styles stand in its elements.
    Documentation,
}

impl Policy {
    pub(super) fn of(path: &str) -> Self {
        if path.starts_with("/docs") || path.starts_with("/swagger") {
            Self::Documentation
        } else {
            Self::Data
        }
    }

    const fn content(self) -> &'static str {
        match self {
            Self::Data => {
                "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            }
            Self::Documentation => {
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                 img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'"
            }
        }
    }
}

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

pub(super) fn add(headers: &mut HeaderMap, policy: Policy, is_secure: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let content = HeaderValue::from_static(policy.content());
    headers.insert(header::CONTENT_SECURITY_POLICY, content);
    if policy == Policy::Data {
        headers.insert(NO_STORE.0, NO_STORE.1);
    }
    if is_secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}
