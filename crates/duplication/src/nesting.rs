//! Definitions inside of others, and what is told twice because of them.

use std::{cmp::Reverse, collections::HashMap};

use crate::{corpus::Corpus, graph::Edge};

/// The most levels that are looked at; who nests deeper wants to keep us busy.
const MOST_LEVELS: usize = 32;

/// Which variants stand inside of others.
#[derive(Debug, Default)]
pub(crate) struct Nesting {
    /// For a variant those of which one stands around each of its copies.
    outer: HashMap<u32, Vec<u32>>,
    /// For a variant those of which one stands inside of each of its copies, in the order of the source.
    inner: HashMap<u32, Vec<u32>>,
}

/// Lines of a variant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) variant: u32,
    /// Normalized lines, the last one excluded.
    pub(crate) lines: (u32, u32),
}

/// A copy of one variant inside of a copy of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Within {
    outer: u32,
    inner: u32,
    /// Places in the input.
    outer_member: u32,
    inner_member: u32,
}

impl Nesting {
    pub(crate) fn new(corpus: &Corpus) -> Self {
        let mut nesting = Self::default();
        let start_line = |member: u32| corpus.definitions[member as usize].start_line;
        let copies = |variant: u32| corpus.variants[variant as usize].members.len();
        let mut order: HashMap<(u32, u32), u32> = HashMap::new();
        for pairs in within(corpus).chunk_by(|left, right| (left.outer, left.inner) == (right.outer, right.inner)) {
            let Within { outer, inner, inner_member, .. } = pairs[0];
            let count = |mut members: Vec<u32>| {
                members.sort_unstable();
                members.dedup();
                members.len()
            };
            if count(pairs.iter().map(|pair| pair.inner_member).collect()) == copies(inner) {
                nesting.outer.entry(inner).or_default().push(outer);
            }
            if count(pairs.iter().map(|pair| pair.outer_member).collect()) == copies(outer) {
                nesting.inner.entry(outer).or_default().push(inner);
                // The first of the pairs is one of the first copy.
                order.insert((outer, inner), start_line(inner_member));
            }
        }
        for (outer, inner) in &mut nesting.inner {
            inner.sort_by_key(|&inner| order.get(&(*outer, inner)).copied());
        }
        nesting
    }

    /// The variants of which one stands inside of each copy of `variant`.
    pub(crate) fn inner(&self, variant: u32) -> &[u32] {
        self.inner.get(&variant).map_or(&[], Vec::as_slice)
    }

    fn outer(&self, variant: u32) -> &[u32] {
        self.outer.get(&variant).map_or(&[], Vec::as_slice)
    }

    /// Leaves out the pairs of a definition where one inside of it, or around it, is more like the same partner; of
    /// two that are as like, the outer one stays. A definition and one inside of it are no pair either: what is like
    /// both is a copy of the inner one.
    pub(crate) fn best_of(&self, edges: &mut Vec<Edge>) {
        if self.inner.is_empty() && self.outer.is_empty() {
            return;
        }
        let ratios: HashMap<(u32, u32), f32> = edges.iter().map(|edge| (edge.key(), edge.ratio)).collect();
        let ratio = |left: u32, right: u32| ratios.get(&(left.min(right), left.max(right))).copied();
        edges.retain(|edge| {
            [(edge.left, edge.right), (edge.right, edge.left)].into_iter().all(|(own, partner)| {
                let mut outer = self.outer(own).iter().filter_map(|&outer| ratio(outer, partner));
                let mut inner = self.inner(own).iter();
                outer.all(|other| other < edge.ratio)
                    && inner
                        .all(|&inner| inner != partner && ratio(inner, partner).is_none_or(|other| other <= edge.ratio))
            })
        });
    }

    /// The variants inside of a variant, each with its lines there.
    pub(crate) fn places(&self, corpus: &Corpus, variant: u32) -> Vec<Place> {
        let lines =
            |variant: u32| -> Vec<&str> { corpus.variants[variant as usize].code.lines().map(str::trim).collect() };
        let inner = self.inner(variant);
        let outer = if inner.is_empty() { Vec::new() } else { lines(variant) };
        let mut begin = 0;
        let mut places = Vec::with_capacity(inner.len());
        for &inner in inner {
            let wanted = lines(inner);
            // Each begins behind the one before it, be that beside it or around it.
            let found = outer[begin..].windows(wanted.len().max(1)).position(|window| window == wanted);
            if let Some(found) = found {
                let from = begin + found;
                places.push(Place { variant: inner, lines: (from as u32, (from + wanted.len()) as u32) });
                begin = from + 1;
            }
        }
        places
    }
}

/// Every copy inside of another one, sorted. Definitions with the same lines do not stand inside of each other.
fn within(corpus: &Corpus) -> Vec<Within> {
    let mut places: Vec<(&str, u32, Reverse<u32>, u32, u32)> = (corpus.variants.iter().zip(0..))
        .flat_map(|(variant, place)| variant.members.iter().map(move |&member| (member, place)))
        .map(|(member, place)| {
            let definition = &corpus.definitions[member as usize];
            (&*definition.file_path, definition.start_line, Reverse(definition.end_line), place, member)
        })
        .collect();
    places.sort_unstable();
    let mut found = Vec::new();
    // Those around the present one, from the outside in.
    let mut open: Vec<(&str, u32, u32, u32, u32)> = Vec::new();
    for (file, start, Reverse(end), inner, inner_member) in places {
        while open
            .last()
            .is_some_and(|&(other, first, last, ..)| other != file || last < end || (first, last) == (start, end))
        {
            open.pop();
        }
        let around = open.iter().rev().take(MOST_LEVELS).filter(|&&(.., outer, _)| outer != inner);
        found.extend(around.map(|&(.., outer, outer_member)| Within { outer, inner, outer_member, inner_member }));
        open.push((file, start, end, inner, inner_member));
    }
    found.sort_unstable();
    found
}
