//! Which of several definitions of one name is which of another snapshot: overloads, properties, branches.
//!
//! Their numbers say only which comes first, so that one more in front of them would make each the one before it. They
//! are told by their code, then by what stands beside them, then by their declarations, and only then by their order.
//! As many are paired as there are on both sides. Every step looks at each of them a fixed number of times.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// The declarations of both sides, each in the order of its side; none where one is not known.
pub type Declarations = [Vec<Option<String>>; 2];

/// Pairs the definitions of one name, kind and file by their places in both lists, which are in the order of the file;
/// in the order of the list of before.
///
/// `declarations` is asked only where codes and neighbours leave a choice.
pub fn match_namesakes<C: Copy + Eq + Hash>(
    before: &[C],
    after: &[C],
    declarations: impl FnOnce() -> Declarations,
) -> Vec<(usize, usize)> {
    let mut pairing = Pairing::new(before.len(), after.len());
    let around = |codes: &[C], place: usize| {
        (place.checked_sub(1).map(|place| codes[place]), codes[place], codes.get(place + 1).copied())
    };
    pairing.pair(|place| Some(around(before, place)), |place| Some(around(after, place)));
    let behind = |codes: &[C], place: usize| (around(codes, place).0, codes[place]);
    pairing.pair(|place| Some(behind(before, place)), |place| Some(behind(after, place)));
    let ahead = |codes: &[C], place: usize| (codes[place], around(codes, place).2);
    pairing.pair(|place| Some(ahead(before, place)), |place| Some(ahead(after, place)));
    pairing.pair(|place| Some(before[place]), |place| Some(after[place]));
    if pairing.is_done() {
        return pairing.pairs();
    }
    // What is left was edited, or has come or gone.
    let [old_gaps, new_gaps] = pairing.gaps();
    let lone = |gaps: &[Option<Gap>]| {
        let mut counts: HashMap<Gap, usize> = HashMap::new();
        gaps.iter().flatten().for_each(|gap| *counts.entry(*gap).or_default() += 1);
        counts.retain(|_, count| *count == 1);
        counts
    };
    let (old_lone, new_lone) = (lone(&old_gaps), lone(&new_gaps));
    let only = |gap: Option<Gap>| gap.filter(|gap| old_lone.contains_key(gap) && new_lone.contains_key(gap));
    pairing.pair(|place| only(old_gaps[place]), |place| only(new_gaps[place]));
    if pairing.is_done() {
        return pairing.pairs();
    }
    let [old, new] = declarations();
    let of = |side: &[Option<String>], place: usize| side.get(place).cloned().flatten();
    pairing
        .pair(|place| Some((old_gaps[place]?, of(&old, place)?)), |place| Some((new_gaps[place]?, of(&new, place)?)));
    pairing.pair(|place| of(&old, place), |place| of(&new, place));
    // The last overload is the one with the code.
    let is_last = |place: usize, count: usize| (place + 1 == count).then_some(());
    pairing.pair(|place| is_last(place, before.len()), |place| is_last(place, after.len()));
    pairing.pair(|place| old_gaps[place], |place| new_gaps[place]);
    pairing.pair(|_| Some(()), |_| Some(()));
    pairing.pairs()
}

/// Between which two of the pairs something stands, told by their places in the list of after.
type Gap = (Option<usize>, Option<usize>);

/// What is paired so far.
struct Pairing {
    new_of: Vec<Option<usize>>,
    old_of: Vec<Option<usize>>,
}

impl Pairing {
    fn new(old_count: usize, new_count: usize) -> Self {
        Self { new_of: vec![None; old_count], old_of: vec![None; new_count] }
    }

    /// Whether one side has nothing left.
    fn is_done(&self) -> bool {
        [&self.new_of, &self.old_of].into_iter().any(|side| side.iter().all(Option::is_some))
    }

    /// Pairs what is left and told by the same, the first with the first.
    fn pair<K: Eq + Hash>(&mut self, old: impl Fn(usize) -> Option<K>, new: impl Fn(usize) -> Option<K>) {
        if self.is_done() {
            return;
        }
        let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
        for place in (0..self.new_of.len()).filter(|place| self.new_of[*place].is_none()) {
            if let Some(key) = old(place) {
                waiting.entry(key).or_default().push_back(place);
            }
        }
        for place in 0..self.old_of.len() {
            if self.old_of[place].is_none()
                && let Some(origin) = new(place).and_then(|key| waiting.get_mut(&key)?.pop_front())
            {
                self.old_of[place] = Some(origin);
                self.new_of[origin] = Some(place);
            }
        }
    }

    /// Of what is left on both sides, the gap in which it stands.
    fn gaps(&self) -> [Vec<Option<Gap>>; 2] {
        let own: Vec<Option<usize>> =
            self.old_of.iter().enumerate().map(|(place, origin)| origin.map(|_| place)).collect();
        [&self.new_of, &own].map(|anchors| {
            let mut ahead: Vec<Option<usize>> = vec![None; anchors.len()];
            let mut next = None;
            for place in (0..anchors.len()).rev() {
                ahead[place] = next;
                next = anchors[place].or(next);
            }
            let mut last = None;
            let gap = |place: usize| match anchors[place] {
                Some(anchor) => {
                    last = Some(anchor);
                    None
                }
                None => Some((last, ahead[place])),
            };
            (0..anchors.len()).map(gap).collect()
        })
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        self.new_of.iter().enumerate().filter_map(|(old, new)| Some((old, (*new)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each letter is a code; the declarations follow as `a=s b=t`.
    #[track_caller]
    fn check(before: &str, after: &str, declared: &str, expected: &str) {
        let declarations: HashMap<char, String> = declared
            .split_whitespace()
            .map(|one| (one.chars().next().unwrap(), one.split_once('=').unwrap().1.to_owned()))
            .collect();
        let (old, new): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
        let of = |codes: &[char]| codes.iter().map(|code| declarations.get(code).cloned()).collect();
        let pairs = match_namesakes(&old, &new, || [of(&old), of(&new)]);
        let shown: Vec<String> = pairs.iter().map(|(one, other)| format!("{}{}", old[*one], new[*other])).collect();
        assert_eq!(shown.join(" "), expected, "{before} to {after}");
    }

    #[test]
    fn equal_code_is_the_same_wherever_it_stands() {
        for (before, after, expected) in [
            ("abc", "xabc", "aa bb cc"),
            ("abc", "axbc", "aa bb cc"),
            ("abc", "bc", "bb cc"),
            ("abc", "cba", "aa bb cc"),
            ("abc", "ab", "aa bb"),
            ("", "ab", ""),
        ] {
            check(before, after, "", expected);
        }
    }

    #[test]
    fn an_edit_is_told_by_its_neighbours() {
        for (before, after, expected) in
            [("abc", "aBc", "aa bB cc"), ("abc", "xaBc", "aa bB cc"), ("abcd", "aBCd", "aa bB cC dd")]
        {
            check(before, after, "", expected);
        }
        // The first went, the last was edited.
        check("asb", "sB", "", "ss bB");
    }

    #[test]
    fn a_declaration_decides_between_neighbours() {
        // A setter is added while the getter is edited.
        check("g", "Gs", "g=self G=self s=self,value", "gG");
        // Which of two went is told by the one that is left.
        check("abc", "Bc", "a=1 b=2 B=2 c=3", "bB cc");
        // Two are edited and trade places.
        check("xaby", "xBAy", "a=1 A=1 b=2 B=2", "xx aA bB yy");
    }

    #[test]
    fn the_implementation_stays_the_last_overload() {
        check("oi", "opI", "o=o i=i p=p I=changed", "oo iI");
    }

    #[test]
    fn equal_codes_are_told_by_what_stands_beside_them() {
        let codes = |text: &str| text.chars().collect::<Vec<_>>();
        let pairs = match_namesakes(&codes("sxtxu"), &codes("stxu"), Declarations::default);
        assert_eq!(pairs, [(0, 0), (2, 1), (3, 2), (4, 3)]);
    }

    #[test]
    fn thousands_of_namesakes_take_no_time() {
        let before: Vec<u32> = (0..200_000).collect();
        let after: Vec<u32> = before.iter().rev().map(|code| code * 2).collect();
        let none = |count: usize| vec![None; count];
        assert_eq!(match_namesakes(&before, &after, || [none(200_000), none(200_000)]).len(), 200_000);
        let equal = vec![7_u32; 200_000];
        assert_eq!(match_namesakes(&equal, &equal[1..], Declarations::default).len(), 199_999);
    }

    proptest! {
        #[test]
        fn as_many_are_paired_as_can_be(before in "[a-e]{0,12}", after in "[a-e]{0,12}") {
            let (old, new): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
            let none = |codes: &[char]| vec![None; codes.len()];
            let pairs = match_namesakes(&old, &new, || [none(&old), none(&new)]);
            prop_assert_eq!(pairs.len(), old.len().min(new.len()));
            let ends: std::collections::HashSet<usize> = pairs.iter().map(|(_, place)| *place).collect();
            prop_assert_eq!(ends.len(), pairs.len());
            // Code that is on both sides is never taken for an edit.
            for code in 'a'..='e' {
                let count = |side: &[char]| side.iter().filter(|one| **one == code).count();
                let same = pairs.iter().filter(|(one, other)| old[*one] == code && new[*other] == code).count();
                prop_assert_eq!(same, count(&old).min(count(&new)));
            }
        }

        #[test]
        fn one_edit_among_distinct_codes_is_one_change(count in 1_usize..30, place in 0_usize..30, kind in 0..4) {
            let before: Vec<usize> = (0..count).collect();
            let place = place % count;
            let mut after = before.clone();
            match kind {
                0 => after.insert(place, 999),
                1 => drop(after.remove(place)),
                2 => after.swap(place, (place + 1) % count),
                _ => after[place] = 999,
            }
            let pairs = match_namesakes(&before, &after, || [vec![None; before.len()], vec![None; after.len()]]);
            let changed: Vec<usize> =
                pairs.iter().filter(|(old, new)| before[*old] != after[*new]).map(|(old, _)| *old).collect();
            let expected = if kind == 3 { vec![place] } else { vec![] };
            prop_assert_eq!(changed, expected);
            prop_assert_eq!(pairs.len(), before.len().min(after.len()));
        }
    }
}
