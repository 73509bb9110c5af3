//! What a handler of reviews must read at the very least, typed and borrowed, with the rest skipped
//! over: the least that any decision on a workload can cost. Deciding is left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A review of a workload.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the field is read to be measured")]
pub struct Review<'a> {
    #[serde(borrow)]
    request: Request<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are read to be measured")]
struct Request<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    object: Object<'a>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the fields are read to be measured")]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: &'a RawValue,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the fields are read to be measured")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    annotations: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl<'a> Review<'a> {
    /// Reads a review with `serde_json`.
    ///
    /// # Errors
    /// When the text is no review of a workload with annotations.
    pub fn read(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}
