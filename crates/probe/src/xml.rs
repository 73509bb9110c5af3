//! The few elements that are read of a service's XML. What they mean is left to others; anything
//! may stand in them.

/// The text of the first element of this name, without markup inside of it.
pub(crate) fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let rest = document.split(&format!("<{name}>")).nth(1)?;
    let text = rest.split_once(&format!("</{name}>"))?.0;
    (!text.contains('<')).then_some(text)
}

/// Whether the document's outermost element has this name, whatever namespace it declares.
pub(crate) fn has_root(document: &str, name: &str) -> bool {
    let rest = document.trim_start_matches('\u{feff}').trim_start();
    let rest = match rest.strip_prefix("<?xml") {
        Some(rest) => rest
            .split_once("?>")
            .map_or("", |(_, rest)| rest.trim_start()),
        None => rest,
    };
    let rest = rest
        .strip_prefix('<')
        .and_then(|rest| rest.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with([' ', '>', '/', '\n', '\r', '\t']))
}

/// Text with its entities resolved; those that are not of XML itself stay as they are.
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        plain.push_str(before);
        let found = entity
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        match found {
            Some((c, after)) => {
                plain.push(c);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = entity;
            }
        }
    }
    plain + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("<Error><Code>AccessDenied</Code></Error>", Some("AccessDenied"))]
    #[case("<Error><Code/></Error>", None)]
    #[case("<Error><Code>", None)]
    #[case("<Code><b>x</b></Code>", None)]
    fn an_element_is_found(#[case] document: &str, #[case] expected: Option<&str>) {
        assert_eq!(element(document, "Code"), expected);
    }

    #[rstest]
    #[case("<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"a\"><b/>", true)]
    #[case("<ListBucketResult>", true)]
    #[case("<ListBucketResultV3>", false)]
    #[case("<html><ListBucketResult>", false)]
    fn a_document_is_known_by_its_root(#[case] document: &str, #[case] expected: bool) {
        assert_eq!(has_root(document, "ListBucketResult"), expected);
    }

    #[rstest]
    #[case("a&amp;b&#32;&#x41;&lt;", "a&b A<")]
    #[case("a & b &nbsp; &#xD800;", "a & b &nbsp; &#xD800;")]
    fn entities_are_resolved(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(unescaped(text), expected);
    }

    proptest! {
        #[test]
        fn no_document_makes_reading_fail(document in "\\PC*") {
            let _ = element(&document, "Code").map(unescaped);
            let _ = has_root(&document, "Error");
        }
    }
}
