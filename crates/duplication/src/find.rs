//! The search: records in, groups out.

use crate::{
    Channel, ChannelTotals, Definition, Group, Placement, Report, Settings, WeakPolicy,
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
    let mut counts = Vec::new();
    for &channel in &settings.channels {
        let (mut found, weak_pair_count) = channel_groups(&corpus, channel);
        let all = found.len();
        found.retain(|group| !(group.is_doubtful && settings.doubtful == Placement::Hide));
        counts.push((channel, weak_pair_count, all - found.len()));
        groups.extend(found);
    }
    fold::fold(&mut groups, corpus.enclosing());
    rank(&mut groups, settings);
    let line_count = totals::line_count(definitions);
    let channels = counts
        .into_iter()
        .map(|(channel, weak_pair_count, hidden_count)| {
            let own = || groups.iter().filter(move |group| group.channel == channel);
            let is_seen_and_doubtful = |group: &&Group| group.told_by.is_none() && group.is_doubtful;
            ChannelTotals {
                channel,
                totals: totals::totals(own(), definitions, line_count),
                told_count: own().filter(|group| group.told_by.is_some()).count() as u64,
                doubtful_count: (hidden_count + own().filter(is_seen_and_doubtful).count()) as u64,
                weak_pair_count,
            }
        })
        .collect();
    Report { totals: totals::totals(groups.iter(), definitions, line_count), groups, channels }
}

fn channel_groups(corpus: &Corpus, channel: Channel) -> (Vec<Group>, Option<u64>) {
    let nodes = match channel {
        Channel::Fragment => return (fragment::groups(corpus), Some(0)),
        Channel::Exact | Channel::Renamed | Channel::Near => whole(corpus, true),
        Channel::Intent => whole(corpus, false),
    };
    let mut pairs = match channel {
        Channel::Near => near_pairs(corpus),
        Channel::Renamed => renamed_pairs(corpus),
        Channel::Intent => Pairs { strong: intent::pairs(corpus), ..Pairs::none() },
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
    (groups, pairs.weak_count)
}
