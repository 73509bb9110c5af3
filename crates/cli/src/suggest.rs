//! The nearest known word to a mistaken one; flags and commands are left to `clap`.

/// How alike two words must be; the measure that `clap` uses for flags.
const ALIKE: f64 = 0.7;

/// The known word that is most like the given one, if any is alike enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("trainig-data", Some("training-data"))]
    #[case("model", Some("models"))]
    #[case("zzz", None)]
    fn a_mistake_gets_the_nearest_name(#[case] word: &str, #[case] expected: Option<&str>) {
        assert_eq!(
            nearest(word, ["training-data", "models", "registry"]),
            expected
        );
    }
}
