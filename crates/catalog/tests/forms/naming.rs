//! Resource names from what people type.

use bowline_catalog::naming::{LONGEST, from_display_name, is_valid, random};
use rstest::rstest;

#[rstest]
#[case::as_it_is("tides", "tides")]
#[case::capitals("Tides", "tides")]
#[case::blanks("High Tides", "high-tides")]
#[case::blanks_around("  tides  ", "tides")]
#[case::a_tab("high\ttides", "high-tides")]
#[case::signs_are_dropped("Ada's tides (2026)!", "adas-tides-2026")]
#[case::underscores_and_dots_are_dropped("high_tides.v1", "hightidesv1")]
#[case::runs_of_dashes("high -- tides", "high-tides")]
#[case::outer_dashes("--tides--", "tides")]
#[case::umlauts_are_dropped("Größe", "gre")]
#[case::nothing_left("潮汐", "gen-abc123")]
#[case::only_signs("!!!", "gen-abc123")]
#[case::only_dashes("---", "gen-abc123")]
#[case::blank("   ", "")]
#[case::empty("", "")]
fn a_display_name_becomes_a_resource_name(#[case] display_name: &str, #[case] expected: &str) {
    assert_eq!(from_display_name(display_name, "", "abc123"), expected);
}

#[test]
fn a_long_name_is_cut_with_its_prefix_and_ends_without_a_dash() {
    let long = format!("{} x", "a".repeat(LONGEST - 4));
    let name = from_display_name(&long, "ct-", "abc123");
    assert_eq!(
        name,
        format!(
            "ct-{}",
            "a".repeat(LONGEST - 4)
                .get(..LONGEST - 3)
                .unwrap_or(&"a".repeat(LONGEST - 4))
        )
    );
    assert!(is_valid(&name) && name.len() <= LONGEST);
}

#[rstest]
#[case("a", true)]
#[case("a-1", true)]
#[case("1", true)]
#[case("", false)]
#[case("-a", false)]
#[case("a-", false)]
#[case("A", false)]
#[case("a.b", false)]
#[case("a_b", false)]
#[case("a b", false)]
fn a_resource_name_is_recognised(#[case] name: &str, #[case] expected: bool) {
    assert_eq!(is_valid(name), expected);
}

#[test]
fn random_characters_make_a_resource_name() {
    let random = random().expect("random bytes");
    assert!(random.len() == 6 && is_valid(&random), "{random}");
}
