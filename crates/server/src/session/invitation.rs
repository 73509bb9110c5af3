//! One-time login links: a code that is good for one session, once, until it ends.

use std::time::SystemTime;

use super::LENGTH;
use crate::callers::Credentials;
use crate::random::{digest, letters};

#[derive(Debug)]
pub(super) struct Invitation {
    code: [u8; 32],
    pub(super) credentials: Credentials,
    ends: SystemTime,
}

impl Invitation {
    pub(super) fn new(credentials: Credentials, ends: SystemTime) -> (Self, String) {
        let code = letters(LENGTH);
        let invitation = Self {
            code: digest(&code),
            credentials,
            ends,
        };
        (invitation, code)
    }

    pub(super) fn is(&self, code: &str) -> bool {
        self.code == digest(code)
    }

    pub(super) fn is_open(&self, now: SystemTime) -> bool {
        now < self.ends
    }
}
