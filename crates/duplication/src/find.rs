//! The search: records in, groups out.

use std::collections::BTreeMap;

use crate::{
    Channel, ChannelTotals, Confidence, Definition, Group, Report, Settings, Unsearched,
    corpus::Corpus,
    group::{
        fold,
        groups::{build, rank, whole},
        totals,
    },
    matching::{
        fragment, intent,
        near::{Pairs, near_pairs, renamed_pairs},
    },
};

/// Finds the groups of duplicates among `definitions`. The result does not depend on the number of threads.
pub fn find(definitions: &[Definition], settings: &Settings) -> Report {
    let corpus = Corpus::new(definitions, settings);
    let mut groups = Vec::new();
    let mut searched = Vec::new();
    for &channel in &settings.channels {
        let (found, shape_only_pair_count, left_out) = channel_groups(&corpus, channel);
        groups.extend(found);
        searched.push((channel, shape_only_pair_count, left_out));
    }
    fold::fold(&mut groups, corpus.enclosing());
    let mut low_confidence: BTreeMap<Channel, u64> = BTreeMap::new();
    for group in groups.iter().filter(|group| group.confidence == Confidence::Low && group.covered_by.is_none()) {
        *low_confidence.entry(group.channel).or_default() += 1;
    }
    groups.retain(|group| group.confidence >= settings.min_confidence);
    rank(&mut groups, settings);
    let line_count = totals::line_count(definitions);
    let channels = searched
        .into_iter()
        .map(|(channel, shape_only_pair_count, left_out_pair_count)| {
            let own = || groups.iter().filter(move |group| group.channel == channel);
            ChannelTotals {
                channel,
                totals: totals::totals(own(), definitions, line_count),
                covered_count: own().filter(|group| group.covered_by.is_some()).count() as u64,
                low_confidence_count: low_confidence.get(&channel).copied().unwrap_or_default(),
                shape_only_pair_count,
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
    let (mut groups, unweighed) = build(corpus, channel, &nodes, &pairs.strong, false);
    if channel == Channel::Renamed {
        groups.retain(|group| group.md5_overlap_pairs < group.pair_count);
    }
    if corpus.settings.min_confidence == Confidence::None {
        groups.extend(build(corpus, channel, &nodes, &pairs.shape_only, true).0);
    }
    (groups, pairs.shape_only_count, pairs.left_out + unweighed)
}
