//! Pairs of definitions with the same intent and different code (type 4).

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    Channel, Definition, Settings,
    corpus::Corpus,
    group::graph::Edge,
    matching::{
        bounds::{self, Allowance, MOST_PAIRS},
        join::self_join,
        lcs::Pattern,
        near::Pairs,
        ratio::text_ratio,
    },
    read::alphabet::Alphabet,
};

/// The intent of a definition, if it has one that counts.
fn intent<'a>(definition: &'a Definition, settings: &Settings) -> Option<&'a str> {
    let intent = definition.intent.as_deref().filter(|_| settings.derived_intents || !definition.intent_is_derived);
    intent.map(str::trim).filter(|intent| !intent.is_empty())
}

/// How many eligible definitions have an intent that does not count; 0 unless intents are searched.
pub(crate) fn unsearched_count(corpus: &Corpus) -> u64 {
    let settings = corpus.settings;
    if settings.derived_intents || !settings.channels.contains(&Channel::Intent) {
        return 0;
    }
    let members = corpus.definition_variants().iter().flat_map(|variant| &variant.members);
    let definitions = members.map(|&index| &corpus.definitions[index as usize]);
    definitions.filter(|definition| definition.intent_is_derived).count() as u64
}

/// The pairs of variants whose intents reach the threshold and whose code is neither exact, renamed nor near. The
/// intent of a variant is that of its first copy that has one which counts.
pub(crate) fn pairs(corpus: &Corpus) -> Pairs {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut texts: Vec<(&str, Vec<u32>)> = Vec::new();
    for (variant, place) in corpus.definition_variants().iter().zip(0_u32..) {
        let mut copies = variant.members.iter().map(|&index| &corpus.definitions[index as usize]);
        let Some(intent) = copies.find_map(|copy| intent(copy, corpus.settings)) else { continue };
        let text = *places.entry(intent).or_insert(texts.len());
        if text == texts.len() {
            texts.push((intent, Vec::new()));
        }
        texts[text].1.push(place);
    }
    let alphabet = Alphabet::new(texts.iter().map(|&(text, _)| text));
    let encoded: Vec<_> = texts.iter().map(|&(text, _)| alphabet.encode(text)).collect();
    let threshold = corpus.settings.intent_threshold;
    let sequences: Vec<&[u8]> = encoded.iter().map(|text| &**text).collect();
    let (joined, mut left_out) = self_join(&sequences, threshold);
    let same = (0..texts.len()).map(|text| (text, text));
    let pairs: Vec<(usize, usize)> =
        same.chain(joined.iter().map(|pair| (pair.left as usize, pair.right as usize))).collect();
    let ratios: Vec<Option<f64>> = pairs
        .par_iter()
        .map_init(Pattern::default, |pattern, &(left, right)| {
            if left == right {
                return Some(1.0);
            }
            text_ratio((texts[left].0, sequences[left]), (texts[right].0, sequences[right]), threshold, pattern)
        })
        .collect();
    // As many of those with similar intents as there is room for.
    let mut allowance = Allowance::new(MOST_PAIRS, 1);
    let mut similar: Vec<Edge> = Vec::new();
    for ((left, right), ratio) in pairs.into_iter().zip(ratios).filter_map(|(pair, ratio)| Some((pair, ratio?))) {
        let pairs = texts[left].1.iter().flat_map(|&a| texts[right].1.iter().map(move |&b| (a, b)));
        let pairs = pairs.filter(|&(a, b)| left != right || b > a);
        let may = allowance.each(1);
        let before = similar.len() as u64;
        similar.extend(pairs.take(may as usize).map(|(a, b)| Edge {
            left: a.min(b),
            right: a.max(b),
            ratio: ratio as f32,
        }));
        let taken = similar.len() as u64 - before;
        allowance.spend(taken);
        let [count, others] = [left, right].map(|text| texts[text].1.len());
        left_out += if left == right { bounds::pairs_with(count, count) } else { (count * others) as u64 } - taken;
    }
    left_out += corpus.leave_affordable(&mut similar, Edge::key);
    let mut edges: Vec<Edge> = similar
        .into_par_iter()
        .map_init(Pattern::default, |pattern, edge| {
            corpus.clone_ratio(edge.left, edge.right, pattern).is_none().then_some(edge)
        })
        .flatten_iter()
        .collect();
    edges.par_sort_unstable_by_key(Edge::key);
    Pairs { strong: edges, left_out, ..Pairs::none() }
}
