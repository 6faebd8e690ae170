//! Selects the groups to show.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use cds_duplication::{Channel, Group};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Findings, GroupState, Shown};
use crate::{Error, GroupProblem, Subject};

/// Ids that are named where more than one begins like the given text.
const CANDIDATE_COUNT: usize = 5;

/// Files by the patterns of their paths.
///
/// `*` stays within a folder, `**` does not. A pattern without `/` is for names in any folder. Whatever lies in a folder
/// that matches, matches too.
#[derive(Debug)]
pub struct PathFilter(Option<GlobSet>);

impl PathFilter {
    /// Lets through what one of `patterns` matches; everything where there is none.
    pub fn new(patterns: &[String]) -> Result<Self, Error> {
        if patterns.is_empty() {
            return Ok(Self(None));
        }
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let usage = |reason: String| Error::PathFilter { pattern: pattern.clone(), reason };
            let path = pattern.strip_prefix("./").unwrap_or(pattern);
            let (path, is_anchored) = (path.trim_matches('/'), path.trim_end_matches('/').contains('/'));
            if path.is_empty() {
                return Err(usage("it is empty".to_owned()));
            }
            let anchor = if is_anchored { "" } else { "**/" };
            for glob in [format!("{anchor}{path}"), format!("{anchor}{path}/**")] {
                let glob = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build();
                set.add(glob.map_err(|error| usage(error.kind().to_string()))?);
            }
        }
        let set = set
            .build()
            .map_err(|error| Error::PathFilter { pattern: patterns.join(", "), reason: error.kind().to_string() })?;
        Ok(Self(Some(set)))
    }

    fn lets_through(&self, path: &str) -> bool {
        self.0.as_ref().is_none_or(|set| set.is_match(path))
    }
}

/// The groups that no other one covers and that have a member that the filter lets through, all of them.
pub fn shown(findings: &Findings, filter: &PathFilter) -> Vec<Shown> {
    let mut known: HashMap<&str, bool> = HashMap::new();
    let mut is_wanted = |group: &Group| {
        group.members.iter().any(|member| {
            let path = &*findings.definition(member).file_path;
            *known.entry(path).or_insert_with(|| filter.lets_through(path))
        })
    };
    let groups = findings.report.groups.iter().enumerate();
    groups
        .filter(|(_, group)| group.covered_by.is_none() && is_wanted(group))
        .map(|(group, _)| uncompared(group))
        .collect()
}

/// The groups whose id begins with `prefix`, also those that another one covers.
pub fn by_id(findings: &Findings, prefix: &str) -> Result<Vec<Shown>, Error> {
    let prefix = prefix.to_ascii_lowercase();
    let groups = findings.report.groups.iter().enumerate();
    let found: Vec<Shown> =
        groups.filter(|(_, group)| group.group_id.starts_with(&prefix)).map(|(group, _)| uncompared(group)).collect();
    if found.is_empty() {
        return Err(Error::Group { prefix, subject: findings.run.subject.clone(), problem: GroupProblem::Unknown });
    }
    Ok(found)
}

/// Leaves the groups with a member in one of these files.
pub fn touching(findings: &mut Findings, files: &BTreeSet<Arc<str>>) {
    let all = std::mem::take(&mut findings.shown);
    let touches = |shown: &Shown| {
        let members = &findings.group(shown).members;
        members.iter().any(|member| files.contains(&findings.definition(member).file_path))
    };
    findings.shown = all.into_iter().filter(touches).collect();
}

/// The one group whose id begins with `prefix` and that no other one covers.
pub fn only<'a>(groups: &'a [Group], prefix: &str, subject: &Subject) -> Result<&'a Group, Error> {
    let found: Vec<&Group> = groups.iter().filter(|group| group.group_id.starts_with(prefix)).collect();
    let problem = match found[..] {
        [group] => match &group.covered_by {
            None => return Ok(group),
            Some(by) => GroupProblem::Covered { by: by.clone() },
        },
        [] => GroupProblem::Unknown,
        _ => GroupProblem::Ambiguous {
            count: found.len(),
            candidates: found.iter().take(CANDIDATE_COUNT).map(|group| group.group_id.clone()).collect(),
        },
    };
    Err(Error::Group { prefix: prefix.to_owned(), subject: subject.clone(), problem })
}

const fn uncompared(group: usize) -> Shown {
    Shown { group, state: GroupState::Uncompared, added: Vec::new() }
}

/// Leaves at most `limit` groups: those that come first if they are sorted, else the [`first`] ones of the channels.
pub fn truncate(findings: &mut Findings, limit: Option<usize>) {
    findings.view.limit = limit;
    let Some(limit) = limit.filter(|limit| *limit < findings.shown.len()) else { return };
    let all = std::mem::take(&mut findings.shown);
    let is_kept = if findings.view.sort.is_some() {
        (0..all.len()).map(|place| place < limit).collect()
    } else {
        first(findings, &all.iter().collect::<Vec<_>>(), limit)
    };
    for (shown, is_kept) in all.into_iter().zip(is_kept) {
        if is_kept {
            findings.shown.push(shown);
        } else {
            findings.truncated_count += 1;
            *findings.view.truncated.entry(findings.report.groups[shown.group].channel).or_default() += 1;
        }
    }
}

/// Which of `groups` are shown where there is room for `limit` of them. The channels take turns, each with its best, so
/// that none hides the others; what ranks last in its channel (low confidence, generated) waits until all have
/// shown the rest.
pub fn first(findings: &Findings, groups: &[&Shown], limit: usize) -> Vec<bool> {
    let mut counts: BTreeMap<Channel, usize> = BTreeMap::new();
    let mut turns: Vec<((bool, bool, bool), usize, usize)> = Vec::with_capacity(groups.len());
    for (place, shown) in groups.iter().enumerate() {
        let group = findings.group(shown);
        let turn = counts.entry(group.channel).or_default();
        turns.push((group.reserve(&findings.settings), *turn, place));
        *turn += 1;
    }
    turns.sort_unstable();
    let mut is_first = vec![false; turns.len()];
    turns.iter().take(limit).for_each(|&(.., place)| is_first[place] = true);
    is_first
}

#[cfg(test)]
mod tests {
    use cds_duplication::{Confidence, Placement};

    use super::{super::samples, *};

    fn lets_through(patterns: &[&str], path: &str) -> bool {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        PathFilter::new(&patterns).unwrap().lets_through(path)
    }

    #[test]
    fn a_pattern_is_for_paths_names_or_folders() {
        for (pattern, path, expected) in [
            ("orders/*.py", "orders/cart.py", true),
            ("orders/*.py", "orders/api/cart.py", false),
            ("orders/*.py", "shop/orders/cart.py", false),
            ("orders/**", "orders/api/cart.py", true),
            ("**/api/*.py", "orders/api/cart.py", true),
            ("orders", "orders/api/cart.py", true),
            ("./orders/", "orders/api/cart.py", true),
            ("/orders", "shop/orders/cart.py", false),
            ("api", "orders/api/cart.py", true),
            ("test_*.py", "orders/api/test_cart.py", true),
            ("*.py", "a.pyi", false),
            ("[ab].py", "b.py", true),
            ("{cart,order}.py", "shop/order.py", true),
        ] {
            assert_eq!(lets_through(&[pattern], path), expected, "{pattern} {path}");
        }
        assert!(lets_through(&[], "anything") && lets_through(&["x", "y"], "y"));
        for wrong in ["", "/", "a[", "{a"] {
            assert!(PathFilter::new(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_member_that_is_wanted_is_enough() {
        let findings = samples::shop();
        let of = |pattern: &str| -> Vec<usize> {
            let filter = PathFilter::new(&[pattern.to_owned()]).unwrap();
            shown(&findings, &filter).iter().map(|shown| shown.group).collect()
        };
        assert_eq!(of("shop/log.py"), [2, 3]);
        assert_eq!(of("order.py"), [0]);
        assert_eq!(of("elsewhere"), [0; 0]);
    }

    #[test]
    fn a_limit_cuts_the_end_of_a_list() {
        let mut findings = samples::shop();
        crate::order::sort(&mut findings, crate::order::Sort::Path);
        let first: Vec<usize> = findings.shown.iter().take(2).map(|shown| shown.group).collect();
        truncate(&mut findings, Some(2));
        assert_eq!(findings.shown.iter().map(|shown| shown.group).collect::<Vec<_>>(), first);
        assert_eq!(findings.truncated_count, 3);
    }

    #[test]
    fn a_covered_group_is_shown_only_by_its_id() {
        let mut findings = samples::shop();
        findings.report.groups[2].covered_by = Some(findings.report.groups[0].group_id.clone());
        let all = shown(&findings, &PathFilter::new(&[]).unwrap());
        assert_eq!(all.iter().map(|shown| shown.group).collect::<Vec<_>>(), [0, 1, 3, 4]);
        assert_eq!(by_id(&findings, "00000000000000E3").unwrap()[0].group, 2);
        assert_eq!(by_id(&findings, "0").unwrap().len(), 5);
        assert!(by_id(&findings, "77").is_err());
    }

    #[test]
    fn a_prefix_leads_to_one_group() {
        let mut groups = samples::shop().report.groups;
        assert_eq!(only(&groups, "00000000000000e3", &Subject::run(7)).unwrap().group_id, "00000000000000e3");
        let problem = |groups: &[Group], prefix: &str| match only(groups, prefix, &Subject::run(7)).unwrap_err() {
            Error::Group { problem, .. } => problem,
            other => panic!("{other}"),
        };
        let GroupProblem::Ambiguous { count: 5, candidates } = problem(&groups, "0000") else {
            panic!("not ambiguous")
        };
        assert_eq!(candidates[0], "00000000000000e1");
        assert_eq!(problem(&groups, "1234"), GroupProblem::Unknown);
        groups[2].covered_by = Some("00000000000000e1".to_owned());
        assert_eq!(problem(&groups, "00000000000000e3"), GroupProblem::Covered { by: "00000000000000e1".to_owned() });
    }

    #[test]
    fn the_channels_share_what_the_limit_allows() {
        let mut findings = samples::shop();
        let exact = findings.report.groups[0].clone();
        findings.report.groups.splice(1..1, vec![exact; 4]);
        findings.shown = shown(&findings, &PathFilter::new(&[]).unwrap());
        truncate(&mut findings, Some(6));
        let left: Vec<usize> = findings.shown.iter().map(|shown| shown.group).collect();
        assert_eq!(left, [0, 1, 5, 6, 7, 8], "in the order in which they were");
        assert_eq!((findings.truncated_count, findings.view.truncated.get(&Channel::Exact)), (3, Some(&3)));
        truncate(&mut findings, None);
        assert_eq!((findings.shown.len(), findings.truncated_count), (6, 3));
        truncate(&mut findings, Some(1));
        assert_eq!((findings.shown.len(), findings.shown[0].group, findings.truncated_count), (1, 0, 8));
    }

    #[test]
    fn low_confidence_and_generated_groups_come_last() {
        let left = |placement: Placement, confidence: Confidence| -> Vec<usize> {
            let mut findings = samples::shop();
            findings.settings.generated = placement;
            let exact = findings.report.groups[0].clone();
            findings.report.groups.splice(1..1, vec![exact; 4]);
            findings.report.groups[6].confidence = confidence;
            findings.report.groups[6].is_generated = confidence == Confidence::High;
            findings.shown = shown(&findings, &PathFilter::new(&[]).unwrap());
            truncate(&mut findings, Some(6));
            findings.shown.iter().map(|shown| shown.group).collect()
        };
        assert_eq!(left(Placement::Same, Confidence::High), [0, 1, 5, 6, 7, 8]);
        assert_eq!(left(Placement::RankLast, Confidence::High), [0, 1, 2, 5, 7, 8]);
        assert_eq!(left(Placement::RankLast, Confidence::Low), [0, 1, 2, 5, 7, 8]);
    }
}
