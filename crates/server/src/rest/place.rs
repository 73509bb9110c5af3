//! Which object a path names. Names that Kubernetes cannot have go no further, so that nothing but a
//! name gets into a path of its API.

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Longest name of a namespace, and of most objects.
const LONGEST_LABEL: usize = 63;
const LONGEST_NAME: usize = 253;

/// A project, as a path names it.
#[derive(Debug, Clone)]
pub(crate) struct Project(pub(crate) String);

/// A connection, as a path names it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) project: String,
    pub(crate) name: String,
}

/// A connection type, as a path names it.
#[derive(Debug, Clone)]
pub(crate) struct TypeName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Project {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let name: String = path(parts).await?;
        Ok(Self(project(name)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (in_project, name): (String, String) = path(parts).await?;
        Ok(Self {
            project: project(in_project)?,
            name: object(name)?,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TypeName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(object(path(parts).await?)?))
    }
}

async fn path<T: DeserializeOwned + Send + 'static>(parts: &mut Parts) -> Result<T, Problem> {
    let found = parts.extract::<Path<T>>().await;
    found.map(|Path(names)| names).map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "the path is not text")
            .help("encode the names in the path as UTF-8")
    })
}

/// The name of a project, if it can be one.
pub(super) fn project(name: String) -> Result<String, Problem> {
    if is_label(&name) && name.len() <= LONGEST_LABEL {
        return Ok(name);
    }
    Err(no_name(
        "project",
        "a project's name has lower-case letters, digits and `-`",
    ))
}

fn object(name: String) -> Result<String, Problem> {
    if name.len() <= LONGEST_NAME && name.split('.').all(is_label) {
        return Ok(name);
    }
    Err(no_name(
        "object",
        "a name has lower-case letters, digits, `-` and `.`",
    ))
}

fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn no_name(what: &str, help: &str) -> Problem {
    let detail = format!("the path names a {what} that there cannot be");
    Problem::new(StatusCode::BAD_REQUEST, detail).help(help)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("tides", true)]
    #[case("tides.v1-2", true)]
    #[case("", false)]
    #[case("Tides", false)]
    #[case("..", false)]
    #[case("a/../../secrets", false)]
    #[case("a?dryRun=All", false)]
    #[case("-a", false)]
    #[case("a_b", false)]
    fn only_names_that_kubernetes_can_have_are_names(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(object(name.to_owned()).is_ok(), expected);
    }
}
