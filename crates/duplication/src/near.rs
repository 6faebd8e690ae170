//! Pairs of variants that are similar although statements differ (type 3), and pairs that differ in names (type 2).

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    NearBy, WeakPolicy,
    candidates::{Candidate, candidates},
    corpus::{Corpus, SHARED_CODE},
    graph::Edge,
    join::self_join,
    lcs::{Pattern, length_for, ratio},
};

/// Pairs of variants, each with its ratio, by what else speaks for them.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// They share more than a shape that many have.
    pub(crate) strong: Vec<Edge>,
    /// They share a shape and hardly anything else; empty if only their number is wanted.
    pub(crate) weak: Vec<Edge>,
    /// None where they were not looked for.
    pub(crate) weak_count: Option<u64>,
}

impl Pairs {
    /// Not a single pair.
    pub(crate) const fn none() -> Self {
        Self { strong: Vec::new(), weak: Vec::new(), weak_count: Some(0) }
    }

    fn of(corpus: &Corpus, candidates: Vec<Edge>) -> Self {
        let keep_weak = corpus.settings.weak != WeakPolicy::Hide;
        let copies = |place: u32| corpus.variants[place as usize].members.len() as u64;
        let judged: Vec<(Edge, bool)> = candidates
            .into_par_iter()
            .filter(|edge| !corpus.is_nested(edge.left, edge.right))
            .map(|edge| (edge, corpus.is_strong(edge, &corpus.evidence(edge.left, edge.right))))
            .collect();
        let mut pairs = Self::none();
        let mut weak_count = 0;
        for (edge, strong) in judged {
            if strong {
                pairs.strong.push(edge);
            } else {
                weak_count += copies(edge.left) * copies(edge.right);
                if keep_weak {
                    pairs.weak.push(edge);
                }
            }
        }
        pairs.weak_count = Some(weak_count);
        pairs
    }
}

/// Every pair of variants whose near ratio reaches the threshold.
pub(crate) fn near_pairs(corpus: &Corpus) -> Pairs {
    if corpus.settings.weak != WeakPolicy::Hide {
        return Pairs::of(corpus, all_near(corpus));
    }
    Pairs { strong: strong_near(corpus), weak: Vec::new(), weak_count: None }
}

/// The pairs that are shown: those with evidence first, since few have it, and of these the ones with the ratio.
fn strong_near(corpus: &Corpus) -> Vec<Edge> {
    let settings = corpus.settings;
    let reaches = |left: usize, right: usize, threshold: f64| length_for(threshold, left + right) <= left.min(right);
    let may_reach = |left: u32, right: u32| {
        let (left, right) = (&corpus.variants[left as usize], &corpus.variants[right as usize]);
        let by_tokens = reaches(left.unit.shape.len(), right.unit.shape.len(), settings.token_threshold);
        let by_text = reaches(left.text.len(), right.text.len(), settings.text_threshold);
        (by_tokens && settings.near_by != NearBy::Text) || (by_text && settings.near_by != NearBy::Tokens)
    };
    candidates(corpus, may_reach)
        .into_par_iter()
        .filter(|candidate| !corpus.is_nested(candidate.left, candidate.right))
        .map_init(Pattern::default, |pattern, candidate| {
            let Candidate { left, right, evidence } = candidate;
            let edge = Edge { left, right, ratio: corpus.near_ratio(left, right, pattern)? as f32 };
            corpus.is_strong(edge, &evidence).then_some(edge)
        })
        .flatten_iter()
        .collect()
}

/// Every pair of variants that are equal but for consistently replaced names and literals.
pub(crate) fn renamed_pairs(corpus: &Corpus) -> Pairs {
    let mut same: HashMap<u64, Vec<u32>> = HashMap::new();
    for (place, variant) in corpus.variants.iter().enumerate() {
        same.entry(variant.unit.renamed).or_default().push(place as u32);
    }
    let mut edges = Vec::new();
    for places in same.values() {
        each_pair(places, |left, right| edges.push(Edge { left, right, ratio: 1.0 }));
    }
    edges.sort_unstable_by_key(|edge| (edge.left, edge.right));
    Pairs::of(corpus, edges)
}

fn each_pair(places: &[u32], mut take: impl FnMut(u32, u32)) {
    for (at, &left) in places.iter().enumerate() {
        for &right in &places[at + 1..] {
            take(left.min(right), left.max(right));
        }
    }
}

/// The pairs at or above the threshold, sorted, each with the higher of the ratios that are asked for.
pub(crate) fn all_near(corpus: &Corpus) -> Vec<Edge> {
    let near_by = corpus.settings.near_by;
    let by_text = if near_by == NearBy::Tokens { Vec::new() } else { text_pairs(corpus) };
    let by_tokens = if near_by == NearBy::Text { Vec::new() } else { token_pairs(corpus) };
    if near_by != NearBy::Both {
        return if near_by == NearBy::Text { by_text } else { by_tokens };
    }
    let mut edges: Vec<Edge> = Vec::with_capacity(by_tokens.len() + by_text.len());
    let mut text = by_text.into_iter().peekable();
    for edge in by_tokens {
        while let Some(earlier) = text.next_if(|other| other.key() < edge.key()) {
            edges.push(earlier);
        }
        let same = text.next_if(|other| other.key() == edge.key()).map_or(0.0, |other| other.ratio);
        edges.push(Edge { ratio: edge.ratio.max(same), ..edge });
    }
    edges.extend(text);
    edges
}

fn text_pairs(corpus: &Corpus) -> Vec<Edge> {
    let texts: Vec<&[u8]> = corpus.variants.iter().map(|variant| &*variant.text).collect();
    let threshold = corpus.settings.text_threshold;
    self_join(&texts, threshold)
        .into_par_iter()
        .map_init(Pattern::default, |pattern, pair| {
            let (left, right) = (texts[pair.left as usize], texts[pair.right as usize]);
            let found = if left.contains(&SHARED_CODE) && right.contains(&SHARED_CODE) {
                corpus.text_ratio(pair.left, pair.right, threshold, pattern)?
            } else {
                ratio(pair.common as usize, left.len() + right.len())
            };
            Some(Edge { left: pair.left, right: pair.right, ratio: found as f32 })
        })
        .flatten_iter()
        .collect()
}

/// Equal token sequences are joined once and their pairs written out afterwards.
fn token_pairs(corpus: &Corpus) -> Vec<Edge> {
    let mut places: HashMap<&[u8], u32> = HashMap::new();
    let mut same: Vec<Vec<u32>> = Vec::new();
    let mut sequences: Vec<&[u8]> = Vec::new();
    for (variant, place) in corpus.variants.iter().zip(0_u32..) {
        let sequence = &variant.unit.shape[..];
        let group = *places.entry(sequence).or_insert(same.len() as u32);
        if group as usize == same.len() {
            same.push(Vec::new());
            sequences.push(sequence);
        }
        same[group as usize].push(place);
    }
    let mut edges = Vec::new();
    for places in &same {
        each_pair(places, |left, right| edges.push(Edge { left, right, ratio: 1.0 }));
    }
    for pair in self_join(&sequences, corpus.settings.token_threshold) {
        let (left, right) = (pair.left as usize, pair.right as usize);
        let found = ratio(pair.common as usize, sequences[left].len() + sequences[right].len()) as f32;
        for &left in &same[left] {
            for &right in &same[right] {
                edges.push(Edge { left: left.min(right), right: left.max(right), ratio: found });
            }
        }
    }
    edges.par_sort_unstable_by_key(Edge::key);
    edges
}
