//! Pairs of definitions with other code for what is said to be the same (type 4).

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    Channel, Definition, Settings,
    corpus::{Alphabet, Corpus, text_ratio},
    graph::Edge,
    join::self_join,
    lcs::Pattern,
};

/// What a definition is for, if anybody said so and it counts.
fn intent<'a>(definition: &'a Definition, settings: &Settings) -> Option<&'a str> {
    let intent = definition.intent.as_deref().filter(|_| settings.derived_intents || !definition.intent_is_derived);
    intent.map(str::trim).filter(|intent| !intent.is_empty())
}

/// How many eligible definitions have an intent that does not count, if anybody wants intents.
pub(crate) fn unsearched_count(corpus: &Corpus) -> u64 {
    let settings = corpus.settings;
    if settings.derived_intents || !settings.channels.contains(&Channel::Intent) {
        return 0;
    }
    let members = corpus.variants.iter().flat_map(|variant| &variant.members);
    let definitions = members.map(|&index| &corpus.definitions[index as usize]);
    definitions.filter(|definition| definition.intent_is_derived).count() as u64
}

/// The pairs of variants whose intents reach the threshold and whose code is neither exact, renamed nor near. A variant
/// speaks through the first of its copies that has an intent which counts.
pub(crate) fn pairs(corpus: &Corpus) -> Vec<Edge> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut texts: Vec<(&str, Vec<u32>)> = Vec::new();
    for (variant, place) in corpus.variants.iter().zip(0_u32..) {
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
    let joined = self_join(&sequences, threshold);
    let same = (0..texts.len()).into_par_iter().map(|text| (text, text));
    let others = joined.par_iter().map(|pair| (pair.left as usize, pair.right as usize));
    let mut edges: Vec<Edge> = same
        .chain(others)
        .map_init(Pattern::default, |pattern, (left, right)| {
            let ratio = if left == right {
                Some(1.0)
            } else {
                text_ratio((texts[left].0, sequences[left]), (texts[right].0, sequences[right]), threshold, pattern)
            };
            let mut edges = Vec::new();
            for &a in ratio.map_or(&[][..], |_| &texts[left].1) {
                for &b in texts[right].1.iter().filter(|&&b| left != right || b > a) {
                    if corpus.clone_ratio(a, b, pattern).is_none() {
                        edges.push(Edge { left: a.min(b), right: a.max(b), ratio: ratio.unwrap_or(0.0) as f32 });
                    }
                }
            }
            edges
        })
        .flatten_iter()
        .collect();
    edges.par_sort_unstable_by_key(Edge::key);
    edges
}
