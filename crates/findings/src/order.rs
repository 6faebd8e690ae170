//! The order in which groups are shown.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use cds_duplication::Group;

use super::{Findings, Shown};

/// What decides the order of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The lines that one shared definition would save; the most first.
    Saved,
    /// The number of copies; the most first.
    Members,
    /// The mean similarity of the copies; the highest first.
    Similarity,
    /// The place of the first copy.
    Path,
    /// New and grown groups first, and within both as [`Sort::Saved`].
    New,
}

/// What has a section of its own in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sections {
    /// Each channel.
    Channel,
    /// Each file, by the first copy of a group.
    File,
}

/// Sorts the groups that are shown. What the settings rank last stays last, except by path.
///
/// The order is total: it depends on the content of the groups alone.
pub fn sort(findings: &mut Findings, by: Sort) {
    let mut shown = std::mem::take(&mut findings.shown);
    shown.sort_by_cached_key(|shown| {
        let group = findings.group(shown);
        let last = group.reserve(&findings.settings);
        let amount = match by {
            Sort::Saved | Sort::New => group.saved_lines,
            Sort::Members => group.members.len() as u64,
            Sort::Similarity => similarity(group),
            Sort::Path => 0,
        };
        let place = first_place(findings, group);
        let is_old = by == Sort::New && !shown.state.is_news();
        let (last, place) = if by == Sort::Path { (<_>::default(), Some(place)) } else { (last, None) };
        (is_old, last, place, Reverse((amount, group.worth())), group.channel, group.group_id.clone())
    });
    findings.shown = shown;
    findings.view.sort = Some(by);
}

/// The groups by the file of their first copy: the file where the most lines could be saved comes first.
pub fn by_file(findings: &Findings) -> Vec<(Arc<str>, Vec<&Shown>)> {
    let mut files: Vec<(Arc<str>, Vec<&Shown>)> = Vec::new();
    let mut places: HashMap<Arc<str>, usize> = HashMap::new();
    for shown in &findings.shown {
        let (file, _) = first_place(findings, findings.group(shown));
        let place = *places.entry(Arc::clone(&file)).or_insert_with(|| {
            files.push((file, Vec::new()));
            files.len() - 1
        });
        files[place].1.push(shown);
    }
    files.sort_by_key(|(_, groups)| Reverse(saved_lines(findings, groups)));
    files
}

/// The lines that one shared definition for each of these groups would save.
pub fn saved_lines(findings: &Findings, groups: &[&Shown]) -> u64 {
    groups.iter().map(|shown| findings.group(shown).saved_lines).sum()
}

fn first_place(findings: &Findings, group: &Group) -> (Arc<str>, u32) {
    group.members.first().map_or_else(
        || (Arc::from(""), 0),
        |member| (Arc::clone(&findings.definition(member).file_path), member.file_lines.0),
    )
}

/// The mean of the members' mean ratios, in millionths.
fn similarity(group: &Group) -> u64 {
    let sum: f64 = group.members.iter().map(|member| member.avg_ratio).sum();
    #[expect(clippy::cast_precision_loss, reason = "no group has 2^53 members")]
    let mean = sum / group.members.len().max(1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a ratio is from 0 to 1")]
    let millionths = (mean * 1e6).round() as u64;
    millionths
}

#[cfg(test)]
mod tests {
    use super::{
        super::{GroupState, samples},
        *,
    };

    fn ids(findings: &Findings) -> Vec<String> {
        findings.shown.iter().map(|shown| findings.group(shown).group_id[14..].to_owned()).collect()
    }

    fn sorted(by: Sort, change: impl FnOnce(&mut Findings)) -> Vec<String> {
        let mut findings = samples::shop();
        change(&mut findings);
        sort(&mut findings, by);
        ids(&findings)
    }

    #[test]
    fn the_most_comes_first() {
        let set = |findings: &mut Findings| {
            for (group, saved) in findings.report.groups.iter_mut().zip([3, 9, 9, 1, 5]) {
                group.saved_lines = saved;
                group.confidence = cds_duplication::Confidence::High;
            }
        };
        let order = sorted(Sort::Saved, set);
        assert_eq!((&order[2..], order.len()), (&["e5", "e1", "e4"].map(str::to_owned)[..], 5));
        // What ranks last stays last, whatever it would save.
        let order = sorted(Sort::Saved, |findings| {
            set(findings);
            findings.report.groups[1].confidence = cds_duplication::Confidence::Low;
        });
        assert_eq!((order[0].as_str(), order[4].as_str()), ("e3", "e2"));
        let order = sorted(Sort::New, |findings| {
            set(findings);
            findings.shown[3].state = GroupState::New;
        });
        assert_eq!(order[0], "e4");
        let findings = samples::shop();
        let most = findings.report.groups.iter().max_by_key(|group| group.members.len()).unwrap();
        assert_eq!(sorted(Sort::Members, |_| ())[0], most.group_id[14..]);
    }

    #[test]
    fn files_have_all_their_groups() {
        let findings = samples::shop();
        let files = by_file(&findings);
        assert_eq!(files.iter().map(|(_, groups)| groups.len()).sum::<usize>(), findings.shown.len());
        let saved: Vec<u64> = files.iter().map(|(_, groups)| saved_lines(&findings, groups)).collect();
        assert!(saved.is_sorted_by(|left, right| left >= right), "{saved:?}");
    }
}
