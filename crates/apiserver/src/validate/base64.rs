//! Base64 as Kubernetes takes it: line breaks and superfluous bits at the end do not matter.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes that a text stands for.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.contains(['\r', '\n']) {
        return LENIENT.decode(text).ok();
    }
    LENIENT.decode(text.replace(['\r', '\n'], "")).ok()
}

/// The one text that stands for these bytes.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    LENIENT.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("dmFsdWU=", Some("value"))]
    #[case::empty("", Some(""))]
    #[case::wrapped("dmFs\ndWU=\n", Some("value"))]
    #[case::superfluous_bits("dmFsdWV=", Some("value"))]
    #[case::without_padding("dmFsdWU", None)]
    #[case::blank("dmFs dWU=", None)]
    #[case::another_alphabet("_-__", None)]
    fn a_text_is_decoded(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(decode(text).as_deref(), expected.map(str::as_bytes));
    }
}
