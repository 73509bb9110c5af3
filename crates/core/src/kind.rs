//! What kinds of failure there are, and what each means to programs: exit code, HTTP status, whether
//! to try again. What went wrong and what to do about it is said by the errors themselves.

/// What kind of failure it is; `docs/reference/errors.md` is the same table for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An object is at fault: a workload was denied, an answer says the request is wrong.
    Invalid,
    /// The command cannot be carried out as given: a file that is not there or not a manifest.
    Usage,
    /// What was asked for does not exist.
    NotFound,
    /// Somebody else changed it at the same time.
    Conflict,
    /// The API does not know who is asking.
    Unauthenticated,
    /// The API knows who is asking, and refuses.
    Forbidden,
    /// Nobody answers, or not now.
    Unavailable,
    /// Too many requests.
    RateLimited,
    /// A fault of the program or of the API.
    Internal,
}

impl Kind {
    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Invalid => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Conflict => 4,
            Self::Unauthenticated => 5,
            Self::Forbidden => 6,
            Self::Unavailable => 7,
            Self::RateLimited => 8,
            Self::Internal => 9,
        }
    }

    /// The kind behind the HTTP status of an answer.
    pub const fn of_status(code: u16) -> Self {
        match code {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            429 => Self::RateLimited,
            // A list that took too long to page through is gone; asking again helps.
            408 | 410 | 502..=504 => Self::Unavailable,
            400..=499 => Self::Invalid,
            _ => Self::Internal,
        }
    }

    /// The HTTP status with which our own servers answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::Usage => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Invalid => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// Whether the same request may succeed later.
    pub const fn is_worth_trying_again(self) -> bool {
        matches!(self, Self::Conflict | Self::Unavailable | Self::RateLimited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_we_answer_means_the_same_to_those_who_read_it() {
        let kinds = [
            Kind::Invalid,
            Kind::NotFound,
            Kind::Conflict,
            Kind::Unauthenticated,
            Kind::Forbidden,
            Kind::Unavailable,
            Kind::RateLimited,
            Kind::Internal,
        ];
        for kind in kinds {
            assert_eq!(Kind::of_status(kind.status()), kind);
        }
    }
}
