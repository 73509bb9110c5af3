//! Query parameters: only those that the document names, each once, each of its form. What is wrong
//! is said with the nearest name that would be right.

mod known;

use axum::extract::FromRequestParts;
use bowline_catalog::compatibility::Tag;
use bowline_catalog::index::{Filter, MAX_PAGE, Order, Query, Sort, Standing};
use bowline_catalog::row::TEST_WORDS;
use http::StatusCode;
use http::request::Parts;
use url::form_urlencoded;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::problem::Problem;
use known::{Form, Given, Known};

/// The parameters of a request, read as `T` describes them.
#[derive(Debug, Clone)]
pub(crate) struct Parameters<T>(pub(crate) T);

/// Something that query parameters describe.
pub(crate) trait Described: Sized {
    const KNOWN: &'static [Known];

    /// Reads what was given, every part of which is known and of its form.
    fn read(given: &Given) -> Self;
}

impl<S: Send + Sync, T: Described> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut given = Given::default();
        let query = parts.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = T::KNOWN.iter().find(|known| known.name == name);
            let known = known.ok_or_else(|| unknown(&name, T::KNOWN))?;
            given.take(known, &value).map_err(|why| {
                Problem::new(StatusCode::BAD_REQUEST, format!("`{}` {why}", known.name))
            })?;
        }
        Ok(Self(T::read(&given)))
    }
}

fn unknown(name: &str, known: &[Known]) -> Problem {
    let likeness = |known: &Known| strsim::jaro_winkler(name, known.name);
    let near = known
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let problem = Problem::new(StatusCode::BAD_REQUEST, "there is no such query parameter");
    let Some(near) = near else {
        return problem.help("this operation has no query parameters");
    };
    let all: Vec<_> = known.iter().map(|known| known.name).collect();
    problem.help(format!(
        "did you mean `{}`? There are: {}",
        near.name,
        all.join(", ")
    ))
}

macro_rules! documented {
    ($($name:ty),+) => {$(
        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                Self::KNOWN.iter().map(Known::described).collect()
            }
        }
    )+};
}

documented!(Nothing, DryRun, Removal, Listing);

/// No parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nothing;

impl Described for Nothing {
    const KNOWN: &'static [Known] = &[];

    fn read(_: &Given) -> Self {
        Self
    }
}

const DRY_RUN: Known = Known {
    name: "dryRun",
    about: "The change is checked and answered, and nothing of it is kept",
    form: Form::OneOf(&["All"]),
};

/// Whether a change is only played through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DryRun(pub(crate) bool);

impl Described for DryRun {
    const KNOWN: &'static [Known] = &[DRY_RUN];

    fn read(given: &Given) -> Self {
        Self(given.text("dryRun").is_some())
    }
}

/// How a connection is deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removal {
    pub(crate) detach: bool,
    pub(crate) unseen: bool,
    pub(crate) dry_run: bool,
}

impl Described for Removal {
    const KNOWN: &'static [Known] = &[
        Known {
            name: "detach",
            about: "Takes the connection out of all that uses it first, or does nothing at all",
            form: Form::Boolean,
        },
        boolean(
            "unseen",
            "Deletes the connection although the sender may not look everywhere for what uses it",
        ),
        DRY_RUN,
    ];

    fn read(given: &Given) -> Self {
        Self {
            detach: given.boolean("detach").unwrap_or_default(),
            unseen: given.boolean("unseen").unwrap_or_default(),
            dry_run: given.text("dryRun").is_some(),
        }
    }
}

/// What a list shows, in which order, and how much of it.
#[derive(Debug, Clone)]
pub(crate) struct Listing(pub(crate) Query);

const fn text(name: &'static str, about: &'static str) -> Known {
    Known {
        name,
        about,
        form: Form::Text,
    }
}

const fn boolean(name: &'static str, about: &'static str) -> Known {
    Known {
        name,
        about,
        form: Form::Boolean,
    }
}

const fn one_of(name: &'static str, about: &'static str, all: &'static [&'static str]) -> Known {
    Known {
        name,
        about,
        form: Form::OneOf(all),
    }
}

const TAGS: &[&str] = &["s3", "uri", "oci"];

/// A tag as it stands in rows.
const fn word(tag: Tag) -> &'static str {
    match tag {
        Tag::S3 => "s3",
        Tag::Uri => "uri",
        Tag::Oci => "oci",
    }
}

const STANDINGS: &[&str] = &["connections", "candidates", "any"];

impl Described for Listing {
    const KNOWN: &'static [Known] = &[
        text(
            "text",
            "Words that all occur in name, display name or description",
        ),
        text("type", "Name of the connection type"),
        one_of(
            "protocol",
            "How the data is reached",
            &["s3", "uri", "oci", "gcs", "azure", "git"],
        ),
        one_of("tag", "What models can be served from it as", TAGS),
        boolean("used", "Whether anything needs it"),
        one_of("testStatus", "How its last test went", TEST_WORDS),
        boolean("vital", "Whether it must not be deleted"),
        one_of(
            "hidden",
            "Whether those that were made for one workload are shown: not at all where it is not given",
            &["false", "true", "any"],
        ),
        one_of(
            "standing",
            "Connections, Secrets that only look like one, or both",
            STANDINGS,
        ),
        one_of("sort", "What the rows are sorted by", Sort::NAMES),
        one_of("order", "Which way", &["ascending", "descending"]),
        Known {
            name: "limit",
            about: "Rows of one page",
            form: Form::Number(1, MAX_PAGE),
        },
        text("cursor", "The `next` of the page before"),
    ];

    fn read(given: &Given) -> Self {
        let own = |name: &str| given.text(name).map(str::to_owned);
        let filter = Filter {
            text: own("text"),
            type_: own("type"),
            protocol: given.parsed("protocol"),
            tag: given
                .text("tag")
                .and_then(|text| Tag::ALL.into_iter().find(|tag| word(*tag) == text)),
            namespace: None,
            used: given.boolean("used"),
            test_status: own("testStatus"),
            vital: given.boolean("vital"),
            hidden: match given.text("hidden") {
                Some("any") => None,
                Some("true") => Some(true),
                _ => Some(false),
            },
            standing: match given.text("standing") {
                Some("candidates") => Standing::Candidates,
                Some("any") => Standing::Any,
                _ => Standing::Connections,
            },
        };
        let order = match given.text("order") {
            Some("descending") => Order::Descending,
            _ => Order::Ascending,
        };
        Self(Query {
            filter,
            sort: given.parsed("sort").unwrap_or_default(),
            order,
            limit: given.parsed("limit").unwrap_or(Query::default().limit),
            cursor: own("cursor"),
        })
    }
}

#[cfg(test)]
mod tests;
