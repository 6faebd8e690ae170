//! Pairs of variants that are similar although statements differ (type 3), and pairs that differ in names (type 2).

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    Confidence, NearBy,
    corpus::Corpus,
    group::graph::Edge,
    matching::{
        bounds::{self, Allowance, MOST_PAIRS},
        candidates::{Candidate, candidates},
        join::self_join,
        lcs::{Pattern, length_for, ratio},
    },
    read::alphabet::SHARED_CODE,
};

/// Pairs of variants, each with its ratio, by their evidence.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// They have evidence: they share more than a common shape.
    pub(crate) strong: Vec<Edge>,
    /// They share a common shape and hardly anything else; empty if only their number is wanted.
    pub(crate) shape_only: Vec<Edge>,
    /// `None` if nothing searched for them.
    pub(crate) shape_only_count: Option<u64>,
    /// Pairs that were not compared, because there are too many.
    pub(crate) left_out: u64,
}

impl Pairs {
    /// Not a single pair.
    pub(crate) const fn none() -> Self {
        Self { strong: Vec::new(), shape_only: Vec::new(), shape_only_count: Some(0), left_out: 0 }
    }

    fn of(corpus: &Corpus, (candidates, left_out): (Vec<Edge>, u64)) -> Self {
        let keep_shape_only = corpus.settings.min_confidence == Confidence::None;
        let copies = |place: u32| corpus.variants[place as usize].members.len() as u64;
        let judged: Vec<(Edge, bool)> = candidates
            .into_par_iter()
            .filter(|edge| !corpus.is_nested(edge.left, edge.right))
            .map(|edge| (edge, corpus.is_strong(edge, &corpus.evidence(edge.left, edge.right))))
            .collect();
        let mut pairs = Self::none();
        let mut shape_only_count = 0;
        for (edge, strong) in judged {
            if strong {
                pairs.strong.push(edge);
            } else {
                shape_only_count += copies(edge.left) * copies(edge.right);
                if keep_shape_only {
                    pairs.shape_only.push(edge);
                }
            }
        }
        pairs.shape_only_count = Some(shape_only_count);
        pairs.left_out = left_out;
        pairs
    }
}

/// Every pair of variants whose near ratio reaches the threshold.
pub(crate) fn near_pairs(corpus: &Corpus) -> Pairs {
    if corpus.settings.min_confidence == Confidence::None {
        return Pairs::of(corpus, all_near(corpus));
    }
    let (strong, left_out) = strong_near(corpus);
    Pairs { strong, shape_only: Vec::new(), shape_only_count: None, left_out }
}

/// The pairs that are shown: those with evidence first, since few have it, and of these the ones with the ratio.
fn strong_near(corpus: &Corpus) -> (Vec<Edge>, u64) {
    let settings = corpus.settings;
    let reaches = |left: usize, right: usize, threshold: f64| length_for(threshold, left + right) <= left.min(right);
    let may_reach = |left: u32, right: u32| {
        let (left, right) = (&corpus.variants[left as usize], &corpus.variants[right as usize]);
        let by_tokens = reaches(left.unit.shape.len(), right.unit.shape.len(), settings.token_threshold);
        let by_text = reaches(left.text.len(), right.text.len(), settings.text_threshold);
        (by_tokens && settings.near_by != NearBy::Text) || (by_text && settings.near_by != NearBy::Tokens)
    };
    let (mut candidates, mut left_out) = candidates(corpus, may_reach);
    left_out += corpus.leave_affordable(&mut candidates, |candidate| (candidate.left, candidate.right));
    let edges = candidates
        .into_par_iter()
        .filter(|candidate| !corpus.is_nested(candidate.left, candidate.right))
        .map_init(Pattern::default, |pattern, candidate| {
            let Candidate { left, right, evidence } = candidate;
            let edge = Edge { left, right, ratio: corpus.near_ratio(left, right, pattern)? as f32 };
            corpus.is_strong(edge, &evidence).then_some(edge)
        })
        .flatten_iter()
        .collect();
    (edges, left_out)
}

/// Every pair of variants that are equal but for consistently replaced names and literals.
pub(crate) fn renamed_pairs(corpus: &Corpus) -> Pairs {
    let mut same: HashMap<u64, Vec<u32>> = HashMap::new();
    for (place, variant) in corpus.definition_variants().iter().enumerate() {
        same.entry(variant.unit.renamed).or_default().push(place as u32);
    }
    let (mut edges, left_out) = equal_pairs(corpus, same.into_values().collect());
    edges.sort_unstable_by_key(|edge| (edge.left, edge.right));
    Pairs::of(corpus, (edges, left_out))
}

/// All pairs within each of the classes; of too many, those with the first ones by their content. And how many are left out.
fn equal_pairs(corpus: &Corpus, mut classes: Vec<Vec<u32>>) -> (Vec<Edge>, u64) {
    let hubs = bounds::hubs(&classes, MOST_PAIRS);
    let (mut edges, mut left_out) = (Vec::new(), 0);
    for places in &mut classes {
        if places.len() > hubs {
            places.sort_unstable_by_key(|&place| corpus.variants[place as usize].md5sum);
            left_out += bounds::pairs_with(places.len(), places.len()) - bounds::pairs_with(hubs, places.len());
        }
        for (at, &left) in places.iter().enumerate().take(hubs) {
            edges.extend(places[at + 1..].iter().map(|&right| edge(left, right, 1.0)));
        }
    }
    (edges, left_out)
}

fn edge(left: u32, right: u32, ratio: f64) -> Edge {
    Edge { left: left.min(right), right: left.max(right), ratio: ratio as f32 }
}

/// The pairs at or above the threshold, sorted, each with the higher of the ratios that are asked for.
pub(crate) fn all_near(corpus: &Corpus) -> (Vec<Edge>, u64) {
    let near_by = corpus.settings.near_by;
    let nothing = || (Vec::new(), 0);
    let (by_text, left_out) = if near_by == NearBy::Tokens { nothing() } else { text_pairs(corpus) };
    let (by_tokens, others_left_out) = if near_by == NearBy::Text { nothing() } else { token_pairs(corpus) };
    let left_out = left_out + others_left_out;
    if near_by != NearBy::Both {
        return (if near_by == NearBy::Text { by_text } else { by_tokens }, left_out);
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
    (edges, left_out)
}

fn text_pairs(corpus: &Corpus) -> (Vec<Edge>, u64) {
    let texts: Vec<&[u8]> = corpus.definition_variants().iter().map(|variant| &*variant.text).collect();
    let threshold = corpus.settings.text_threshold;
    let (pairs, left_out) = self_join(&texts, threshold);
    let edges = pairs
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
        .collect();
    (edges, left_out)
}

/// Equal token sequences are joined once and their pairs written out afterwards.
fn token_pairs(corpus: &Corpus) -> (Vec<Edge>, u64) {
    let mut places: HashMap<&[u8], u32> = HashMap::new();
    let mut same: Vec<Vec<u32>> = Vec::new();
    let mut sequences: Vec<&[u8]> = Vec::new();
    for (variant, place) in corpus.definition_variants().iter().zip(0_u32..) {
        let sequence = &variant.unit.shape[..];
        let group = *places.entry(sequence).or_insert(same.len() as u32);
        if group as usize == same.len() {
            same.push(Vec::new());
            sequences.push(sequence);
        }
        same[group as usize].push(place);
    }
    let (joined, mut left_out) = self_join(&sequences, corpus.settings.token_threshold);
    let (mut edges, equal_left_out) = equal_pairs(corpus, same.clone());
    left_out += equal_left_out;
    let mut allowance = Allowance::new(MOST_PAIRS, 1);
    for pair in joined {
        let (left, right) = (pair.left as usize, pair.right as usize);
        let found = ratio(pair.common as usize, sequences[left].len() + sequences[right].len());
        let (all, before) = ((same[left].len() * same[right].len()) as u64, edges.len());
        let pairs = same[left].iter().flat_map(|&left| same[right].iter().map(move |&right| (left, right)));
        let may = usize::try_from(allowance.each(1)).unwrap_or(usize::MAX);
        edges.extend(pairs.take(may).map(|(left, right)| edge(left, right, found)));
        let taken = (edges.len() - before) as u64;
        allowance.spend(taken);
        left_out += all - taken;
    }
    edges.par_sort_unstable_by_key(Edge::key);
    (edges, left_out)
}
