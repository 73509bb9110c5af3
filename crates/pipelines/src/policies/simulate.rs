//! Whether a policy in AWS's language allows a request, for the parts of the language that our own
//! policies use: `Allow`, wildcards, and `StringLike` on `s3:prefix`. Anything else allows nothing.

use serde_json::Value;

/// A request to a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// An action on an object, such as `s3:GetObject`.
    Object {
        /// The action.
        action: &'a str,
        /// The key.
        key: &'a str,
    },
    /// Listing the keys that begin so; nothing for all.
    List {
        /// What they begin with.
        prefix: Option<&'a str>,
    },
    /// Another action on the bucket.
    Bucket {
        /// The action.
        action: &'a str,
    },
}

/// Whether a policy allows a request to a bucket.
pub fn allows(policy: &Value, bucket: &str, request: Request<'_>) -> bool {
    let (action, key) = match request {
        Request::Object { action, key } => (action, Some(key)),
        Request::List { .. } => ("s3:ListBucket", None),
        Request::Bucket { action } => (action, None),
    };
    let name = key.map_or_else(|| bucket.to_owned(), |key| format!("{bucket}/{key}"));
    let statements = policy["Statement"].as_array();
    statements.into_iter().flatten().any(|statement| {
        statement["Effect"] == "Allow"
            && texts(&statement["Action"]).any(|pattern| is_like(pattern, action))
            && texts(&statement["Resource"]).any(|arn| is_like(after_service(arn), &name))
            && holds(&statement["Condition"], request)
    })
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// `arn:aws:s3:::bucket/key` without what stands before the bucket.
fn after_service(arn: &str) -> &str {
    arn.split_once(":::").map_or(arn, |(_, name)| name)
}

fn holds(condition: &Value, request: Request<'_>) -> bool {
    let Some(operators) = condition.as_object() else {
        return condition.is_null();
    };
    let prefix = match request {
        Request::List { prefix } => prefix,
        Request::Object { .. } | Request::Bucket { .. } => None,
    };
    operators.iter().all(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        operator == "StringLike"
            && keys.into_iter().all(|(key, patterns)| {
                let matches = |text: &str| texts(patterns).any(|pattern| is_like(pattern, text));
                key == "s3:prefix" && prefix.is_some_and(matches)
            })
    })
}

/// Whether a text is as a pattern with `*` for anything says.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            rest.is_empty()
                || tail
                    .char_indices()
                    .any(|(at, _)| is_like(rest, &tail[at..]))
                || is_like(rest, "")
        }),
    }
}
