//! Groups that another group tells already.

use std::collections::{HashMap, HashSet};

use crate::{Channel, Definition, Group};

/// Sets [`Group::told_by`].
pub(crate) fn fold(groups: &mut [Group], definitions: &[Definition]) {
    let enclosing = enclosing(definitions);
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
    let told: Vec<Option<usize>> = (0..groups.len())
        .map(|place| {
            let group = &groups[place];
            let first = group.members.first()?.index;
            let restated = containing.get(&first).into_iter().flatten().copied().find(|&other| {
                groups[other].channel < group.channel
                    && group.channel == Channel::Near
                    && sets[place].is_subset(&sets[other])
            });
            restated.or_else(|| {
                let outer = std::iter::successors(enclosing[first], |&index| enclosing[index]);
                let mut candidates = outer.filter_map(|index| containing.get(&index)).flatten().copied();
                candidates.find(|&other| {
                    other != place
                        && groups[other].channel <= group.channel
                        && groups[other].is_weak <= group.is_weak
                        && encloses(&sets[other], group, &enclosing)
                })
            })
        })
        .collect();
    for (place, teller) in told.into_iter().enumerate() {
        groups[place].told_by = teller.map(|teller| groups[teller].group_id.clone());
    }
}

/// Whether each member lies in another one of `outer`.
fn encloses(outer: &HashSet<usize>, group: &Group, enclosing: &[Option<usize>]) -> bool {
    let mut used = HashSet::new();
    group.members.iter().all(|member| {
        std::iter::successors(enclosing[member.index], |&index| enclosing[index])
            .find(|index| outer.contains(index))
            .is_some_and(|index| used.insert(index))
    })
}

/// For each definition the innermost other one around it.
fn enclosing(definitions: &[Definition]) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..definitions.len()).collect();
    order.sort_by(|&left, &right| {
        let key = |index: usize| {
            let definition: &Definition = &definitions[index];
            (
                &definition.file_path,
                definition.start_line,
                std::cmp::Reverse(definition.end_line),
                definition.kind as u8,
            )
        };
        key(left).cmp(&key(right)).then(left.cmp(&right))
    });
    let mut enclosing = vec![None; definitions.len()];
    let mut open: Vec<usize> = Vec::new();
    for index in order {
        let definition = &definitions[index];
        while open.last().is_some_and(|&outer| {
            definitions[outer].file_path != definition.file_path || definitions[outer].end_line < definition.end_line
        }) {
            open.pop();
        }
        enclosing[index] = open.last().copied();
        open.push(index);
    }
    enclosing
}
