//! Reading of a review, typed and borrowed, by `serde_json`: what any handler needs to know of it,
//! with the rest skipped over. Deciding is left out.

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
    annotations: BTreeMap<Text<'a>, Text<'a>>,
}

/// Text where it stands: a bare [`Cow`] in a map would be copied each time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Review<'a> {
    /// Reads a review; one piece of code, whichever benchmark measures it.
    ///
    /// # Errors
    /// When the text is no review of a workload with annotations.
    #[inline(never)]
    pub fn read(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}
