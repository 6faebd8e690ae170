//! Groups that another group covers.

use std::collections::{HashMap, HashSet};

use crate::{Channel, Group};

/// Sets [`Group::covered_by`]. `enclosing` has for each definition the innermost one around it.
pub(crate) fn fold(groups: &mut [Group], enclosing: &[Option<usize>]) {
    let sets: Vec<HashSet<usize>> =
        groups.iter().map(|group| group.members.iter().map(|member| member.index).collect()).collect();
    let mut containing: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, group) in groups.iter().enumerate() {
        if group.channel <= Channel::Near {
            for member in &group.members {
                containing.entry(member.index).or_default().push(place);
            }
        }
    }
    let mut covered: Vec<Option<usize>> = vec![None; groups.len()];
    for place in 0..groups.len() {
        let group = &groups[place];
        let Some(first) = group.members.first() else { continue };
        // A similar pair may be contained in a group that has its members, or what is around them, or both.
        let or_itself = matches!(group.channel, Channel::Near | Channel::Fragment);
        covered[place] = around(first.index, enclosing, or_itself)
            .filter_map(|index| containing.get(&index))
            .flatten()
            .copied()
            .find(|&other| {
                other != place
                    && covered[other].is_none()
                    && groups[other].channel <= group.channel
                    && groups[other].confidence >= group.confidence
                    && covers(&sets[other], group, enclosing, or_itself)
            });
    }
    for (place, cover) in covered.into_iter().enumerate() {
        groups[place].covered_by = cover.map(|cover| groups[cover].group_id.clone());
    }
}

/// A definition if it is wanted, and those around it from the inside out.
fn around(index: usize, enclosing: &[Option<usize>], or_itself: bool) -> impl Iterator<Item = usize> {
    let outer = std::iter::successors(enclosing[index], |&index| enclosing[index]);
    or_itself.then_some(index).into_iter().chain(outer)
}

/// Whether each member lies in one of `outer`, or is one itself if that counts. Two members may only lie in the same one
/// if one of them lies in the other: `outer` does not show what else they have in common.
fn covers(outer: &HashSet<usize>, group: &Group, enclosing: &[Option<usize>], or_itself: bool) -> bool {
    let is_within = |inner: usize, index: usize| around(inner, enclosing, false).any(|around| around == index);
    let mut within: HashMap<usize, Vec<usize>> = HashMap::new();
    group.members.iter().all(|member| {
        let Some(place) = around(member.index, enclosing, or_itself).find(|index| outer.contains(index)) else {
            return false;
        };
        let others = within.entry(place).or_default();
        let fits = others.iter().all(|&other| is_within(member.index, other) || is_within(other, member.index));
        others.push(member.index);
        fits
    })
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::{Confidence, Definition, Member, read::nesting::enclosing};

    /// Two functions of ten lines, each with two of three lines inside; and one elsewhere.
    fn definitions() -> Vec<Definition> {
        let places = [("a.py", 1, 10), ("a.py", 2, 4), ("a.py", 6, 8), ("b.py", 1, 10), ("b.py", 2, 4), ("b.py", 6, 8)];
        let places = places.into_iter().chain([("c.py", 1, 10)]);
        places
            .map(|(file_path, start_line, end_line)| Definition {
                file_path: file_path.into(),
                start_line,
                end_line,
                ..Definition::of("")
            })
            .collect()
    }

    fn group(channel: Channel, members: &[usize]) -> Group {
        let member = |&index: &usize| Member {
            index,
            best_ratio: 0.9,
            avg_ratio: 0.9,
            md5_overlap: 0,
            normalized_lines: (0, 3),
            file_lines: (1, 3),
            lines_are_estimated: false,
            is_test: false,
            is_generated: false,
        };
        Group {
            channel,
            group_id: format!("{channel:?} {members:?}"),
            members: members.iter().map(member).collect(),
            pair_count: 1,
            md5_overlap_pairs: 0,
            repeated_lines: 3,
            common_lines: 3,
            common_characters: 60,
            saved_lines: 3,
            is_test: false,
            is_generated: false,
            confidence: Confidence::High,
            covered_by: None,
        }
    }

    /// Which of the groups another one covers.
    fn covered(groups: &[(Channel, &[usize])]) -> Vec<bool> {
        let mut groups: Vec<Group> = groups.iter().map(|(channel, members)| group(*channel, members)).collect();
        fold(&mut groups, &enclosing(&definitions()));
        groups.iter().map(|group| group.covered_by.is_some()).collect()
    }

    #[test]
    fn outer_or_equal_members_cover_a_group() {
        use Channel::{Exact, Fragment, Near, Renamed};
        // What is inside of copies, with or without one of the copies, is covered.
        assert_eq!(covered(&[(Near, &[0, 3]), (Near, &[1, 4])]), [false, true]);
        assert_eq!(covered(&[(Near, &[0, 3, 4]), (Near, &[1, 3, 4])]), [false, true]);
        assert_eq!(covered(&[(Near, &[0, 3]), (Fragment, &[0, 4])]), [false, true]);
        assert_eq!(covered(&[(Near, &[0, 3, 6]), (Fragment, &[3, 6])]), [false, true]);
        // Another member, or a stronger channel, is not.
        assert_eq!(covered(&[(Near, &[0, 3]), (Near, &[1, 4, 6])]), [false, false]);
        assert_eq!(covered(&[(Renamed, &[0, 3]), (Near, &[0, 3, 6])]), [false, false]);
        assert_eq!(covered(&[(Exact, &[1, 4]), (Near, &[0, 3])]), [false, false]);
        // Two that stand side by side in one copy share what the copies do not show.
        assert_eq!(covered(&[(Near, &[0, 3]), (Near, &[1, 2])]), [false, false]);
        assert_eq!(covered(&[(Near, &[0, 3]), (Fragment, &[0, 0, 3])]), [false, false]);
    }

    #[test]
    fn one_of_mutually_covering_groups_is_shown() {
        assert_eq!(covered(&[(Channel::Near, &[0, 3, 1]), (Channel::Near, &[0, 3, 4])]), [true, false]);
    }
}
