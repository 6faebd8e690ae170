//! The search: records in, groups out.

use std::collections::BTreeMap;

use cds_language::Language;

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

/// What is found among the definitions of one language.
struct Found {
    groups: Vec<Group>,
    /// For each channel how many pairs share only a shape, and how many were left out.
    searched: Vec<(Option<u64>, u64)>,
    unsearched: Unsearched,
}

/// Finds the groups of duplicates among `definitions`. The result does not depend on the number of threads.
///
/// Definitions of different languages are never compared: equal tokens mean different things.
pub fn find(definitions: &[Definition], settings: &Settings) -> Report {
    let mut languages: Vec<&'static Language> = Vec::new();
    for definition in definitions {
        let language = definition.language();
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    let found = if languages.len() < 2 {
        found_in(definitions, settings)
    } else {
        languages
            .iter()
            .map(|language| found_in_one_of(definitions, language, settings))
            .fold(Found::none(settings), Found::and)
    };
    report(definitions, settings, found)
}

impl Found {
    fn none(settings: &Settings) -> Self {
        let searched = vec![(None, 0); settings.channels.len()];
        Self { groups: Vec::new(), searched, unsearched: Unsearched::default() }
    }

    fn and(mut self, other: Self) -> Self {
        self.groups.extend(other.groups);
        for (own, other) in self.searched.iter_mut().zip(other.searched) {
            own.0 = own.0.map_or(other.0, |count| Some(count + other.0.unwrap_or_default()));
            own.1 += other.1;
        }
        self.unsearched.test_count += other.unsearched.test_count;
        self.unsearched.generated_count += other.unsearched.generated_count;
        self.unsearched.intent_count += other.unsearched.intent_count;
        self
    }
}

/// What is found among the definitions of one of several languages.
fn found_in_one_of(definitions: &[Definition], language: &Language, settings: &Settings) -> Found {
    let places: Vec<usize> =
        (0..definitions.len()).filter(|&place| definitions[place].language() == language).collect();
    let own: Vec<Definition> = places.iter().map(|&place| definitions[place].clone()).collect();
    let mut found = found_in(&own, settings);
    for member in found.groups.iter_mut().flat_map(|group| &mut group.members) {
        member.index = places[member.index];
    }
    found
}

fn found_in(definitions: &[Definition], settings: &Settings) -> Found {
    let corpus = Corpus::new(definitions, settings);
    let mut groups = Vec::new();
    let mut searched = Vec::new();
    for &channel in &settings.channels {
        let (found, shape_only_pair_count, left_out) = channel_groups(&corpus, channel);
        groups.extend(found);
        searched.push((shape_only_pair_count, left_out));
    }
    fold::fold(&mut groups, corpus.enclosing());
    let unsearched = Unsearched { intent_count: intent::unsearched_count(&corpus), ..corpus.unsearched };
    Found { groups, searched, unsearched }
}

fn report(definitions: &[Definition], settings: &Settings, found: Found) -> Report {
    let Found { mut groups, searched, unsearched } = found;
    let mut low_confidence: BTreeMap<Channel, u64> = BTreeMap::new();
    for group in groups.iter().filter(|group| group.confidence == Confidence::Low && group.covered_by.is_none()) {
        *low_confidence.entry(group.channel).or_default() += 1;
    }
    groups.retain(|group| group.confidence >= settings.min_confidence);
    rank(&mut groups, settings);
    let line_count = totals::line_count(definitions);
    let channels = settings
        .channels
        .iter()
        .zip(searched)
        .map(|(&channel, (shape_only_pair_count, left_out_pair_count))| {
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
