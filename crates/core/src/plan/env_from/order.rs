//! Where the sources of a changed list go: in the order of the list, since the last one wins, without
//! going past what the user put between or behind them. Which container it is about is left to
//! `env_from`.

use serde_json::Value;

use super::provides;
use crate::plan::tie::Place;

/// The index of each source that is to be inserted, one after another, into the user's own ones.
///
/// `before` are the places of ours that were taken away, in the order in which they were. Those
/// that are still named stand where they stood, dealt out in the new order; new ones take the places
/// of dropped ones, or follow the one before them in the list.
pub(super) fn indices<'a>(
    own: &[Value],
    before: &[&Place],
    order: &[&'a str],
) -> Vec<(&'a str, usize)> {
    let gaps = gaps(own, before);
    let is_kept = |place: &Place| order.iter().any(|name| provides(&place.value, name));
    let last = gaps.last().map_or(own.len(), |(gap, _)| *gap);
    let (kept, free): (Vec<_>, Vec<_>) = gaps.into_iter().partition(|(_, place)| is_kept(place));
    let mut kept = kept.into_iter().map(|(gap, _)| gap).peekable();
    let mut free: Vec<usize> = free.into_iter().map(|(gap, _)| gap).collect();
    let mut previous = None;
    let mut indices = Vec::new();
    for name in order {
        if own.iter().any(|source| provides(source, name)) {
            continue;
        }
        let was_there = before.iter().any(|place| provides(&place.value, name));
        let next = if was_there { kept.next() } else { None };
        let gap = next.unwrap_or_else(|| {
            let (least, most) = (previous.unwrap_or(0), kept.peek().copied());
            let fits = |gap: &usize| *gap >= least && most.is_none_or(|most| *gap <= most);
            let at = free.iter().position(fits).map(|at| free.remove(at));
            at.or(previous).or(most).unwrap_or(last)
        });
        previous = Some(gap);
        indices.push((*name, gap + indices.len()));
    }
    indices
}

/// How many of the user's own sources stood before each of ours, in the order in which they stood.
fn gaps<'a>(own: &[Value], before: &[&'a Place]) -> Vec<(usize, &'a Place)> {
    let mut sources = vec![None; own.len()];
    // They were taken away one after another, so each returns to its index the other way round.
    for place in before.iter().rev() {
        sources.insert(place.index.min(sources.len()), Some(*place));
    }
    let mut passed = 0;
    let mut gaps = Vec::new();
    for source in sources {
        match source {
            Some(place) => gaps.push((passed, place)),
            None => passed += 1,
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::super::source;
    use super::*;

    /// Sources by their names, one letter each; what is written large is the user's own.
    fn after(stood: &str, list: &str) -> String {
        let mut names: Vec<String> = stood.chars().map(String::from).collect();
        let mut places = Vec::new();
        while let Some(index) = names.iter().rposition(|name| is_ours(name)) {
            let name = names.remove(index);
            places.push(Place {
                list: String::new(),
                value: source(&name),
                index,
            });
        }
        let own: Vec<Value> = names
            .iter()
            .map(|name| json!({"configMapRef": {"name": name}}))
            .collect();
        let list: Vec<String> = list.chars().map(String::from).collect();
        let order: Vec<&str> = list.iter().map(String::as_str).collect();
        let places: Vec<&Place> = places.iter().collect();
        for (name, index) in indices(&own, &places, &order) {
            names.insert(index, name.to_owned());
        }
        names.concat()
    }

    fn is_ours(name: &str) -> bool {
        name.chars().all(char::is_lowercase)
    }

    #[rstest]
    #[case::one_in_front("a", "ba", "ba")]
    #[case::one_behind("aU", "ab", "abU")]
    #[case::the_first_dropped("abU", "b", "bU")]
    #[case::the_first_swapped("abU", "cb", "cbU")]
    #[case::the_only_one_swapped("aU", "c", "cU")]
    #[case::the_last_swapped("aUb", "ac", "aUc")]
    #[case::two_for_one("abc", "xmbc", "xmbc")]
    #[case::turned_round("aUb", "ba", "bUa")]
    #[case::one_of_others_dropped("aUb", "b", "Ub")]
    #[case::between("aUc", "abc", "abUc")]
    #[case::nothing_before("U", "ab", "Uab")]
    #[case::nothing_left("aUb", "", "U")]
    fn sources_stand_in_the_order_of_the_list(
        #[case] stood: &str,
        #[case] list: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(after(stood, list), expected);
    }

    proptest! {
        #[test]
        fn whatever_changes_the_list_gives_the_order_and_own_sources_keep_theirs(
            stood in Just("abcdUVWX".chars().collect::<Vec<_>>()).prop_shuffle(),
            list in proptest::sample::subsequence(vec!['a', 'b', 'c', 'd', 'e', 'f'], 0..6).prop_shuffle(),
        ) {
            let stood: String = stood.into_iter().collect();
            let list: String = list.into_iter().collect();
            let after = after(&stood, &list);
            let of = |text: &str, is_lower: bool| -> String {
                text.chars().filter(|c| c.is_lowercase() == is_lower).collect()
            };
            prop_assert_eq!(of(&after, true), list);
            prop_assert_eq!(of(&after, false), of(&stood, false));
        }
    }
}
