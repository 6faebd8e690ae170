//! Groups that another group tells already.

use std::collections::{HashMap, HashSet};

use crate::{Channel, Group};

/// Sets [`Group::told_by`]. `enclosing` has for each definition the innermost one around it.
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
    let mut told: Vec<Option<usize>> = vec![None; groups.len()];
    for place in 0..groups.len() {
        let group = &groups[place];
        let Some(first) = group.members.first() else { continue };
        // What is similar may say the same as a group that has its members, or what is around them, or both.
        let or_itself = matches!(group.channel, Channel::Near | Channel::Fragment);
        told[place] = around(first.index, enclosing, or_itself)
            .filter_map(|index| containing.get(&index))
            .flatten()
            .copied()
            .find(|&other| {
                other != place
                    && told[other].is_none()
                    && groups[other].channel <= group.channel
                    && groups[other].is_weak <= group.is_weak
                    && groups[other].is_doubtful <= group.is_doubtful
                    && tells(&sets[other], group, enclosing, or_itself)
            });
    }
    for (place, teller) in told.into_iter().enumerate() {
        groups[place].told_by = teller.map(|teller| groups[teller].group_id.clone());
    }
}

/// A definition if it is wanted, and those around it from the inside out.
fn around(index: usize, enclosing: &[Option<usize>], or_itself: bool) -> impl Iterator<Item = usize> {
    let outer = std::iter::successors(enclosing[index], |&index| enclosing[index]);
    or_itself.then_some(index).into_iter().chain(outer)
}

/// Whether each member lies in one of `outer`, or is one itself if that counts. Two members may only lie in the same one
/// if one of them lies in the other: what else they have in common is nothing that `outer` could tell.
fn tells(outer: &HashSet<usize>, group: &Group, enclosing: &[Option<usize>], or_itself: bool) -> bool {
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
    use crate::{Definition, Member, nesting::enclosing};

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
            is_weak: false,
            is_doubtful: false,
            told_by: None,
        }
    }

    /// Which of the groups are told by another one.
    fn told(groups: &[(Channel, &[usize])]) -> Vec<bool> {
        let mut groups: Vec<Group> = groups.iter().map(|(channel, members)| group(*channel, members)).collect();
        fold(&mut groups, &enclosing(&definitions()));
        groups.iter().map(|group| group.told_by.is_some()).collect()
    }

    #[test]
    fn a_group_is_told_by_what_holds_its_members_or_is_around_them() {
        use Channel::{Exact, Fragment, Near, Renamed};
        // What is inside of copies, with or without one of the copies, is no story of its own.
        assert_eq!(told(&[(Near, &[0, 3]), (Near, &[1, 4])]), [false, true]);
        assert_eq!(told(&[(Near, &[0, 3, 4]), (Near, &[1, 3, 4])]), [false, true]);
        assert_eq!(told(&[(Near, &[0, 3]), (Fragment, &[0, 4])]), [false, true]);
        assert_eq!(told(&[(Near, &[0, 3, 6]), (Fragment, &[3, 6])]), [false, true]);
        // Another member, or another sense, is.
        assert_eq!(told(&[(Near, &[0, 3]), (Near, &[1, 4, 6])]), [false, false]);
        assert_eq!(told(&[(Renamed, &[0, 3]), (Near, &[0, 3, 6])]), [false, false]);
        assert_eq!(told(&[(Exact, &[1, 4]), (Near, &[0, 3])]), [false, false]);
        // Two that stand side by side in one copy say what the copies do not.
        assert_eq!(told(&[(Near, &[0, 3]), (Near, &[1, 2])]), [false, false]);
        assert_eq!(told(&[(Near, &[0, 3]), (Fragment, &[0, 0, 3])]), [false, false]);
    }

    #[test]
    fn of_groups_that_tell_each_other_one_is_shown() {
        assert_eq!(told(&[(Channel::Near, &[0, 3, 1]), (Channel::Near, &[0, 3, 4])]), [true, false]);
    }
}
