//! The search: records in, groups out.

use std::collections::BTreeMap;

use crate::{
    Channel, ChannelTotals, Definition, Group, Placement, Report, Settings, Unsearched, WeakPolicy,
    corpus::Corpus,
    fold, fragment,
    groups::{build, rank, whole},
    intent,
    near::{Pairs, near_pairs, renamed_pairs},
    totals,
};

/// Finds the groups of duplicates among `definitions`. The result does not depend on the number of threads.
pub fn find(definitions: &[Definition], settings: &Settings) -> Report {
    let corpus = Corpus::new(definitions, settings);
    let mut groups = Vec::new();
    let mut searched = Vec::new();
    for &channel in &settings.channels {
        let (found, weak_pair_count, left_out) = channel_groups(&corpus, channel);
        groups.extend(found);
        searched.push((channel, weak_pair_count, left_out));
    }
    fold::fold(&mut groups, corpus.enclosing());
    let mut doubtful: BTreeMap<Channel, u64> = BTreeMap::new();
    for group in groups.iter().filter(|group| group.is_doubtful && group.told_by.is_none()) {
        *doubtful.entry(group.channel).or_default() += 1;
    }
    if settings.doubtful == Placement::Hide {
        groups.retain(|group| !group.is_doubtful);
    }
    rank(&mut groups, settings);
    let line_count = totals::line_count(definitions);
    let channels = searched
        .into_iter()
        .map(|(channel, weak_pair_count, left_out_pair_count)| {
            let own = || groups.iter().filter(move |group| group.channel == channel);
            ChannelTotals {
                channel,
                totals: totals::totals(own(), definitions, line_count),
                told_count: own().filter(|group| group.told_by.is_some()).count() as u64,
                doubtful_count: doubtful.get(&channel).copied().unwrap_or_default(),
                weak_pair_count,
                left_out_pair_count,
            }
        })
        .collect();
    let totals = totals::of_report(&groups, definitions, line_count);
    let unsearched = Unsearched { intent_count: intent::unsearched_count(&corpus), ..corpus.unsearched };
    Report { groups, totals, channels, unsearched }
}

fn channel_groups(corpus: &Corpus, channel: Channel) -> (Vec<Group>, Option<u64>, u64) {
    let nodes = match channel {
        Channel::Fragment => {
            let (groups, left_out) = fragment::groups(corpus);
            return (groups, Some(0), left_out);
        }
        Channel::Exact | Channel::Renamed | Channel::Near => whole(corpus, true),
        Channel::Intent => whole(corpus, false),
    };
    let mut pairs = match channel {
        Channel::Near => near_pairs(corpus),
        Channel::Renamed => renamed_pairs(corpus),
        Channel::Intent => intent::pairs(corpus),
        Channel::Exact | Channel::Fragment => Pairs::none(),
    };
    if channel == Channel::Near {
        corpus.nesting().best_of(&mut pairs.strong);
    }
    let mut groups = build(corpus, channel, &nodes, &pairs.strong, false);
    if channel == Channel::Renamed {
        groups.retain(|group| group.md5_overlap_pairs < group.pair_count);
    }
    if corpus.settings.weak == WeakPolicy::RankLast {
        groups.extend(build(corpus, channel, &nodes, &pairs.weak, true));
    }
    (groups, pairs.weak_count, pairs.left_out)
}
