//! Sums over groups.
//!
//! Repeated lines are those of the code channels. An intent does not measure the code: the count would change with the
//! model. Lines that only intent groups have are counted separately.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{Channel, Definition, Group, Totals};

/// The sums over the groups of all channels.
pub(crate) fn of_report(groups: &[Group], definitions: &[Definition], line_count: u64) -> Totals {
    let all = totals(groups.iter(), definitions, line_count);
    let code = totals(groups.iter().filter(|group| group.channel != Channel::Intent), definitions, line_count);
    let intent_lines = all.repeated_lines.saturating_sub(code.repeated_lines);
    Totals { repeated_lines: code.repeated_lines, intent_lines, ..all }
}

/// The sums over the `groups` of one channel that no other group covers.
pub(crate) fn totals<'a>(
    groups: impl Iterator<Item = &'a Group>,
    definitions: &[Definition],
    line_count: u64,
) -> Totals {
    let mut totals = Totals { line_count, ..Totals::default() };
    let mut members = HashSet::new();
    let mut ranges: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
    for group in groups.filter(|group| group.covered_by.is_none()) {
        totals.group_count += 1;
        members.extend(group.members.iter().map(|member| member.index));
        for member in group.members.iter().skip(1) {
            ranges.entry(&definitions[member.index].file_path).or_default().push(member.file_lines);
        }
    }
    totals.member_count = members.len() as u64;
    totals.repeated_lines = ranges.into_values().map(covered).sum();
    totals
}

/// How many lines the ranges cover.
fn covered(mut ranges: Vec<(u32, u32)>) -> u64 {
    ranges.sort_unstable();
    let (mut count, mut next) = (0, 0);
    for (first, last) in ranges {
        let first = first.max(next);
        if last >= first {
            count += u64::from(last - first + 1);
            next = last + 1;
        }
    }
    count
}

/// The lines of all files that the input knows: of each file up to the last line of any record.
pub(crate) fn line_count(definitions: &[Definition]) -> u64 {
    let mut lines: HashMap<&str, u32> = HashMap::new();
    for definition in definitions {
        let last = lines.entry(&definition.file_path).or_default();
        *last = definition.end_line.max(*last);
    }
    lines.into_values().map(u64::from).sum()
}
