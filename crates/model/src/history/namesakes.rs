//! Matches several definitions of one name between snapshots: overloads, properties, branches.
//!
//! Their ordinals alone cannot match them: a new definition in front shifts all that follow. They are matched by code,
//! then by their neighbours, then by their declarations, and last by their order. As many are paired as both sides
//! allow. Every step visits each definition a constant number of times.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// The declarations of both sides, each in the order of its side; `None` if unknown.
pub type Declarations = [Vec<Option<String>>; 2];

/// Pairs the definitions of one name, kind and file by their indexes in the two lists, ordered by `before`.
///
/// Both lists are in the order of the file. `declarations` is called only if codes and neighbours leave a choice.
pub fn match_namesakes<C: Copy + Eq + Hash>(
    before: &[C],
    after: &[C],
    declarations: impl FnOnce() -> Declarations,
) -> Vec<(usize, usize)> {
    let mut pairing = Pairing::new(before.len(), after.len());
    let around = |codes: &[C], index: usize| {
        (index.checked_sub(1).map(|index| codes[index]), codes[index], codes.get(index + 1).copied())
    };
    pairing.pair(|index| Some(around(before, index)), |index| Some(around(after, index)));
    let behind = |codes: &[C], index: usize| (around(codes, index).0, codes[index]);
    pairing.pair(|index| Some(behind(before, index)), |index| Some(behind(after, index)));
    let ahead = |codes: &[C], index: usize| (codes[index], around(codes, index).2);
    pairing.pair(|index| Some(ahead(before, index)), |index| Some(ahead(after, index)));
    pairing.pair(|index| Some(before[index]), |index| Some(after[index]));
    if pairing.is_done() {
        return pairing.pairs();
    }
    // The rest was edited, added or removed.
    let [old_gaps, new_gaps] = pairing.gaps();
    let lone = |gaps: &[Option<Gap>]| {
        let mut counts: HashMap<Gap, usize> = HashMap::new();
        gaps.iter().flatten().for_each(|gap| *counts.entry(*gap).or_default() += 1);
        counts.retain(|_, count| *count == 1);
        counts
    };
    let (old_lone, new_lone) = (lone(&old_gaps), lone(&new_gaps));
    let only = |gap: Option<Gap>| gap.filter(|gap| old_lone.contains_key(gap) && new_lone.contains_key(gap));
    pairing.pair(|index| only(old_gaps[index]), |index| only(new_gaps[index]));
    if pairing.is_done() {
        return pairing.pairs();
    }
    let [old, new] = declarations();
    let of = |side: &[Option<String>], index: usize| side.get(index).cloned().flatten();
    pairing
        .pair(|index| Some((old_gaps[index]?, of(&old, index)?)), |index| Some((new_gaps[index]?, of(&new, index)?)));
    pairing.pair(|index| of(&old, index), |index| of(&new, index));
    // The last overload is the implementation.
    let is_last = |index: usize, count: usize| (index + 1 == count).then_some(());
    pairing.pair(|index| is_last(index, before.len()), |index| is_last(index, after.len()));
    pairing.pair(|index| old_gaps[index], |index| new_gaps[index]);
    pairing.pair(|_| Some(()), |_| Some(()));
    pairing.pairs()
}

/// The two pairs that enclose a definition, as indexes into `after`.
type Gap = (Option<usize>, Option<usize>);

/// The pairs found so far.
struct Pairing {
    new_of: Vec<Option<usize>>,
    old_of: Vec<Option<usize>>,
}

impl Pairing {
    fn new(old_count: usize, new_count: usize) -> Self {
        Self { new_of: vec![None; old_count], old_of: vec![None; new_count] }
    }

    /// Whether one side has nothing left to pair.
    fn is_done(&self) -> bool {
        [&self.new_of, &self.old_of].into_iter().any(|side| side.iter().all(Option::is_some))
    }

    /// Pairs what is left and has equal keys, in order.
    fn pair<K: Eq + Hash>(&mut self, old: impl Fn(usize) -> Option<K>, new: impl Fn(usize) -> Option<K>) {
        if self.is_done() {
            return;
        }
        let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
        for index in (0..self.new_of.len()).filter(|index| self.new_of[*index].is_none()) {
            if let Some(key) = old(index) {
                waiting.entry(key).or_default().push_back(index);
            }
        }
        for index in 0..self.old_of.len() {
            if self.old_of[index].is_none()
                && let Some(origin) = new(index).and_then(|key| waiting.get_mut(&key)?.pop_front())
            {
                self.old_of[index] = Some(origin);
                self.new_of[origin] = Some(index);
            }
        }
    }

    /// The gap of each definition that is left, on both sides.
    fn gaps(&self) -> [Vec<Option<Gap>>; 2] {
        let own: Vec<Option<usize>> =
            self.old_of.iter().enumerate().map(|(index, origin)| origin.map(|_| index)).collect();
        [&self.new_of, &own].map(|anchors| {
            let mut ahead: Vec<Option<usize>> = vec![None; anchors.len()];
            let mut next = None;
            for index in (0..anchors.len()).rev() {
                ahead[index] = next;
                next = anchors[index].or(next);
            }
            let mut last = None;
            let gap = |index: usize| match anchors[index] {
                Some(anchor) => {
                    last = Some(anchor);
                    None
                }
                None => Some((last, ahead[index])),
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

    /// Each letter of `before` and `after` is a code; `declared` reads `a=s b=t`.
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
    fn equal_code_matches_at_any_position() {
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
    fn neighbours_identify_an_edit() {
        for (before, after, expected) in
            [("abc", "aBc", "aa bB cc"), ("abc", "xaBc", "aa bB cc"), ("abcd", "aBCd", "aa bB cC dd")]
        {
            check(before, after, "", expected);
        }
        // The first was removed, the last was edited.
        check("asb", "sB", "", "ss bB");
    }

    #[test]
    fn declaration_decides_between_neighbours() {
        // A setter is added while the getter is edited.
        check("g", "Gs", "g=self G=self s=self,value", "gG");
        // Two are missing: the declaration of the one left says which.
        check("abc", "Bc", "a=1 b=2 B=2 c=3", "bB cc");
        // Two are edited and trade placeses.
        check("xaby", "xBAy", "a=1 A=1 b=2 B=2", "xx aA bB yy");
    }

    #[test]
    fn last_overload_stays_the_implementation() {
        check("oi", "opI", "o=o i=i p=p I=changed", "oo iI");
    }

    #[test]
    fn neighbours_separate_equal_code() {
        let codes = |text: &str| text.chars().collect::<Vec<_>>();
        let pairs = match_namesakes(&codes("sxtxu"), &codes("stxu"), Declarations::default);
        assert_eq!(pairs, [(0, 0), (2, 1), (3, 2), (4, 3)]);
    }

    #[test]
    fn thousands_of_namesakes_match_quickly() {
        let before: Vec<u32> = (0..200_000).collect();
        let after: Vec<u32> = before.iter().rev().map(|code| code * 2).collect();
        let none = |count: usize| vec![None; count];
        assert_eq!(match_namesakes(&before, &after, || [none(200_000), none(200_000)]).len(), 200_000);
        let equal = vec![7_u32; 200_000];
        assert_eq!(match_namesakes(&equal, &equal[1..], Declarations::default).len(), 199_999);
    }

    proptest! {
        #[test]
        fn pairing_is_as_large_as_possible(before in "[a-e]{0,12}", after in "[a-e]{0,12}") {
            let (old, new): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
            let none = |codes: &[char]| vec![None; codes.len()];
            let pairs = match_namesakes(&old, &new, || [none(&old), none(&new)]);
            prop_assert_eq!(pairs.len(), old.len().min(new.len()));
            let ends: std::collections::HashSet<usize> = pairs.iter().map(|(_, index)| *index).collect();
            prop_assert_eq!(ends.len(), pairs.len());
            // Code on both sides never counts as an edit.
            for code in 'a'..='e' {
                let count = |side: &[char]| side.iter().filter(|one| **one == code).count();
                let same = pairs.iter().filter(|(one, other)| old[*one] == code && new[*other] == code).count();
                prop_assert_eq!(same, count(&old).min(count(&new)));
            }
        }

        #[test]
        fn one_edit_is_one_change(count in 1_usize..30, index in 0_usize..30, kind in 0..4) {
            let before: Vec<usize> = (0..count).collect();
            let index = index % count;
            let mut after = before.clone();
            match kind {
                0 => after.insert(index, 999),
                1 => drop(after.remove(index)),
                2 => after.swap(index, (index + 1) % count),
                _ => after[index] = 999,
            }
            let pairs = match_namesakes(&before, &after, || [vec![None; before.len()], vec![None; after.len()]]);
            let changed: Vec<usize> =
                pairs.iter().filter(|(old, new)| before[*old] != after[*new]).map(|(old, _)| *old).collect();
            let expected = if kind == 3 { vec![index] } else { vec![] };
            prop_assert_eq!(changed, expected);
            prop_assert_eq!(pairs.len(), before.len().min(after.len()));
        }
    }
}
