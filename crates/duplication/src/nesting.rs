//! Definitions inside of others, and what is told twice because of them.

use std::{cmp::Reverse, collections::HashMap};

use crate::{corpus::Corpus, graph::Edge};

/// Which variants stand inside of others, copy by copy.
#[derive(Debug, Default)]
pub(crate) struct Nesting {
    outer: HashMap<u32, Vec<u32>>,
    inner: HashMap<u32, Vec<u32>>,
}

impl Nesting {
    pub(crate) fn new(corpus: &Corpus) -> Self {
        let mut places: Vec<(&str, u32, Reverse<u32>, u32)> = (corpus.variants.iter().zip(0..))
            .flat_map(|(variant, place)| variant.members.iter().map(move |&member| (member, place)))
            .map(|(member, place)| {
                let definition = &corpus.definitions[member as usize];
                (&*definition.file_path, definition.start_line, Reverse(definition.end_line), place)
            })
            .collect();
        places.sort_unstable();
        let mut pairs = Vec::new();
        let mut open: Vec<(&str, u32, u32)> = Vec::new();
        for (file, start, Reverse(end), place) in places {
            open.retain(|&(other, last, _)| other == file && last >= start);
            pairs.extend(open.iter().filter(|&&(_, last, _)| last >= end).map(|&(.., outer)| (outer, place)));
            open.push((file, end, place));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut nesting = Self::default();
        for (outer, inner) in pairs {
            if outer != inner && corpus.is_nested(outer, inner) {
                nesting.outer.entry(inner).or_default().push(outer);
                nesting.inner.entry(outer).or_default().push(inner);
            }
        }
        nesting
    }

    fn outer(&self, variant: u32) -> &[u32] {
        self.outer.get(&variant).map_or(&[], Vec::as_slice)
    }

    fn inner(&self, variant: u32) -> &[u32] {
        self.inner.get(&variant).map_or(&[], Vec::as_slice)
    }

    /// Leaves out the pairs of a definition where one inside of it, or around it, is more like the same partner; of
    /// two that are as like, the outer one stays.
    pub(crate) fn best_of(&self, edges: &mut Vec<Edge>) {
        let is_known = |variant| self.outer.contains_key(&variant) || self.inner.contains_key(&variant);
        let ratios: HashMap<(u32, u32), f32> = (edges.iter())
            .filter(|edge| is_known(edge.left) || is_known(edge.right))
            .map(|edge| (edge.key(), edge.ratio))
            .collect();
        let ratio = |left: u32, right: u32| ratios.get(&(left.min(right), left.max(right))).copied();
        edges.retain(|edge| {
            [(edge.left, edge.right), (edge.right, edge.left)].into_iter().all(|(own, partner)| {
                let mut outer = self.outer(own).iter().filter_map(|&outer| ratio(outer, partner));
                let mut inner = self.inner(own).iter().filter_map(|&inner| ratio(inner, partner));
                outer.all(|other| other < edge.ratio) && inner.all(|other| other <= edge.ratio)
            })
        });
    }

    /// The normalized lines of a variant that are bodies of others inside of it, the last one excluded.
    pub(crate) fn bodies(&self, corpus: &Corpus, variant: u32) -> Vec<(u32, u32)> {
        let lines =
            |variant: u32| -> Vec<&str> { corpus.variants[variant as usize].code.lines().map(str::trim).collect() };
        let outer = lines(variant);
        (self.inner(variant).iter())
            .filter_map(|&inner| {
                let inner = lines(inner);
                let from = outer.windows(inner.len().max(1)).position(|window| window == inner)? as u32;
                Some((from + 1, from + inner.len() as u32))
            })
            .collect()
    }
}
