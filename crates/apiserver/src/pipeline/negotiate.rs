//! Which form of an answer the client wants, from its `Accept` header.

use crate::status::Status;
use http::HeaderMap;
use http::header::ACCEPT;

/// How an answer is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    #[default]
    Json,
    Yaml,
}

/// What is shown of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// All of it.
    #[default]
    Whole,
    /// A row of a table.
    Table,
    /// Only its metadata.
    Metadata,
    /// Discovery of all groups in one answer.
    Discovery,
}

/// What the client wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) encoding: Encoding,
    pub(crate) form: Form,
}

const OFFERED: &[&str] = &["application/json", "application/yaml"];

/// The first form in the header that can be made.
pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Format, Status> {
    let mut wanted = headers.get_all(ACCEPT).iter().peekable();
    if wanted.peek().is_none() {
        return Ok(Format::default());
    }
    let clauses = wanted
        .filter_map(|header| header.to_str().ok())
        .flat_map(|text| text.split(','));
    clauses
        .filter_map(format)
        .next()
        .ok_or_else(|| Status::not_acceptable(OFFERED))
}

fn format(clause: &str) -> Option<Format> {
    let mut parts = clause.split(';').map(str::trim);
    let encoding = match parts.next()? {
        "application/json" | "*/*" | "application/*" | "" => Encoding::Json,
        "application/yaml" => Encoding::Yaml,
        _ => return None,
    };
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let parameter = |name: &str| {
        parameters
            .iter()
            .find(|(n, _)| *n == name)
            .map_or("", |(_, value)| *value)
    };
    let form = match (parameter("as"), parameter("g"), parameter("v")) {
        ("", _, _) => Form::Whole,
        ("Table", "meta.k8s.io", "v1") => Form::Table,
        ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => {
            Form::Metadata
        }
        ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => Form::Discovery,
        _ => return None,
    };
    Some(Format { encoding, form })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::anything("*/*", Some((Encoding::Json, Form::Whole)))]
    #[case::yaml("application/yaml", Some((Encoding::Yaml, Form::Whole)))]
    #[case::table("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Some((Encoding::Json, Form::Table)))]
    #[case::old_table("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Some((Encoding::Json, Form::Whole)))]
    #[case::metadata("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Some((Encoding::Json, Form::Metadata)))]
    #[case::protobuf_first("application/vnd.kubernetes.protobuf, application/json", Some((Encoding::Json, Form::Whole)))]
    #[case::protobuf_only("application/vnd.kubernetes.protobuf", None)]
    #[case::a_picture("image/png", None)]
    fn the_first_form_that_can_be_made_is_chosen(
        #[case] accept: &str,
        #[case] expected: Option<(Encoding, Form)>,
    ) {
        let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().expect("a header"))]);
        let found = negotiate(&headers)
            .ok()
            .map(|format| (format.encoding, format.form));
        assert_eq!(found, expected);
    }
}
