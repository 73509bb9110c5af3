//! Taking a pipeline root apart as KFP does; which schemes a release opens is left to the parent.

use super::ResolveError;

/// A pipeline root: `SCHEME://BUCKET[/PATH][?QUERY]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root<'a> {
    /// `gs`, `s3`, `minio` or `mem`.
    pub scheme: &'static str,
    /// The bucket.
    pub bucket: &'a str,
    /// The path without its first slash and with one at its end; empty where there is none.
    pub prefix: String,
    /// Whether it has a query.
    pub has_query: bool,
    /// The query without its question mark; empty where there is none.
    pub query: &'a str,
}

const SCHEMES: [&str; 4] = ["gs", "s3", "minio", "mem"];

impl<'a> Root<'a> {
    /// Takes it apart.
    ///
    /// # Errors
    /// When it is no URL of that form, or of another scheme.
    pub fn parse(text: &'a str) -> Result<Self, ResolveError> {
        let unrecognized = || ResolveError::UnrecognizedRoot(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(unrecognized)?;
        if !is_scheme(scheme) {
            return Err(unrecognized());
        }
        // A third slash belongs to the scheme, and no known scheme has one.
        let (rest, is_known) = match rest.strip_prefix('/') {
            Some(rest) => (rest, None),
            None => (rest, SCHEMES.into_iter().find(|known| *known == scheme)),
        };
        let (path, query) = match rest.split_once('?') {
            Some((_, "")) => return Err(unrecognized()),
            Some((path, query)) => (path, query),
            None => (rest, ""),
        };
        let (bucket, path) = path.split_at(path.find('/').unwrap_or(path.len()));
        if bucket.is_empty() || query.contains('\n') {
            return Err(unrecognized());
        }
        let scheme = is_known.ok_or_else(|| ResolveError::UnsupportedBucket(text.to_owned()))?;
        Ok(Self {
            scheme,
            bucket,
            prefix: with_slash(path.strip_prefix('/').unwrap_or(path)),
            has_query: !query.is_empty(),
            query,
        })
    }
}

fn is_scheme(text: &str) -> bool {
    let mut letters = text.bytes();
    let starts = letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase());
    let is_rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    starts && text.len() > 1 && letters.all(is_rest)
}

fn with_slash(path: &str) -> String {
    match path {
        "" => String::new(),
        path if path.ends_with('/') => path.to_owned(),
        path => format!("{path}/"),
    }
}
