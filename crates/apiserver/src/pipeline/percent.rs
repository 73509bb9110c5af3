//! Percent-encoding, as in paths and queries.

/// The bytes that a text stands for, where they are UTF-8; `+` stands for a blank in queries only.
pub(crate) fn decode(text: &str, is_query: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => (digit(rest.next()?)? << 4) | digit(rest.next()?)?,
            b'+' if is_query => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::decode;
    use rstest::rstest;

    #[rstest]
    #[case::plain("a-b", Some("a-b"))]
    #[case::escaped("a%2Fb%3d", Some("a/b="))]
    #[case::cut_short("a%2", None)]
    #[case::no_digits("a%zz", None)]
    #[case::not_utf8("%ff", None)]
    #[case::blank("a+b", Some("a b"))]
    fn a_query_is_decoded(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(decode(text, true).as_deref(), expected);
    }

    #[test]
    fn a_plus_in_a_path_is_a_plus() {
        assert_eq!(decode("a+b", false).as_deref(), Some("a+b"));
    }
}
