//! `ACCESS_TYPE` of a registry connection: what the login may be used for. Enforcing it is left to
//! `plan`.

use serde_json::Value;
use thiserror::Error;

/// What a registry login may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// Images and models may be pulled.
    pub pull: bool,
    /// Images and models may be pushed.
    pub push: bool,
}

/// Why an `ACCESS_TYPE` cannot be read; the value itself is never quoted.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum AccessError {
    /// JSON, but not a list of strings.
    #[error("it is not a JSON list of strings")]
    Form,
    /// A member that differs from a known one by case only.
    #[error("a member is spelt with other capital letters than `Pull` and `Push`")]
    Case,
    /// A member that nobody knows.
    #[error("a member is neither `Pull` nor `Push`")]
    Member,
}

impl Access {
    /// Pull and push: what an absent or empty value means.
    pub const ALL: Self = Self {
        pull: true,
        push: true,
    };

    /// Reads the value as connection forms write it: a JSON list, or one bare word.
    ///
    /// # Errors
    /// When the text is other JSON or holds a member other than `Pull` and `Push`.
    pub fn parse(text: &str) -> Result<Self, AccessError> {
        let members = members(text.trim())?;
        if members.is_empty() {
            return Ok(Self::ALL);
        }
        members
            .iter()
            .try_fold(Self::default(), |access, member| match member.as_str() {
                "Pull" => Ok(Self {
                    pull: true,
                    ..access
                }),
                "Push" => Ok(Self {
                    push: true,
                    ..access
                }),
                other if ["pull", "push"].contains(&other.to_lowercase().as_str()) => {
                    Err(AccessError::Case)
                }
                _ => Err(AccessError::Member),
            })
    }
}

fn members(text: &str) -> Result<Vec<String>, AccessError> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        let is_bare = text.chars().all(char::is_alphanumeric);
        return match (text.is_empty(), is_bare) {
            (true, _) => Ok(Vec::new()),
            (_, true) => Ok(vec![text.to_owned()]),
            _ => Err(AccessError::Form),
        };
    };
    let items = value.as_array().ok_or(AccessError::Form)?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or(AccessError::Form))
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const PULL: Access = Access {
        pull: true,
        push: false,
    };
    const PUSH: Access = Access {
        pull: false,
        push: true,
    };

    #[rstest]
    #[case("", Ok(Access::ALL))]
    #[case("[]", Ok(Access::ALL))]
    #[case(r#"["Pull"]"#, Ok(PULL))]
    #[case(r#"["Push"]"#, Ok(PUSH))]
    #[case(r#"["Push", "Pull"]"#, Ok(Access::ALL))]
    #[case("Pull", Ok(PULL))]
    #[case(r#"["pull"]"#, Err(AccessError::Case))]
    #[case("PUSH", Err(AccessError::Case))]
    #[case(r#"["Delete"]"#, Err(AccessError::Member))]
    #[case("Delete", Err(AccessError::Member))]
    #[case(r#"["Pull""#, Err(AccessError::Form))]
    #[case("Pull,Push", Err(AccessError::Form))]
    #[case(r#"{"Pull": true}"#, Err(AccessError::Form))]
    #[case("[1]", Err(AccessError::Form))]
    #[case("true", Err(AccessError::Form))]
    fn an_access_type_is_read(#[case] text: &str, #[case] expected: Result<Access, AccessError>) {
        assert_eq!(Access::parse(text), expected);
    }
}
