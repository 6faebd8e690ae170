//! Definitions inside of others, and the duplicates that would be reported twice because of them.

use std::{cmp::Reverse, collections::HashMap};

use crate::{Definition, corpus::Corpus, group::graph::Edge};

/// The most levels that are read; deeper nesting is hostile input.
const MOST_LEVELS: usize = 32;

/// Which variants are inside of others.
#[derive(Debug, Default)]
pub(crate) struct Nesting {
    /// For each variant, those that have a copy around each of its copies.
    outer: HashMap<u32, Vec<u32>>,
    /// For each variant, those that have a copy inside of each of its copies, in the order of the source.
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
        // With the line on which each begins.
        let mut inner_lines: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
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
                // The first of the pairs is one of the first copy.
                inner_lines.entry(outer).or_default().push((start_line(inner_member), inner));
            }
        }
        for (outer, mut inner) in inner_lines {
            inner.sort_unstable();
            nesting.inner.insert(outer, inner.into_iter().map(|(_, inner)| inner).collect());
        }
        nesting
    }

    /// The variants that have a copy inside of each copy of `variant`.
    fn inner(&self, variant: u32) -> &[u32] {
        self.inner.get(&variant).map_or(&[], Vec::as_slice)
    }

    fn outer(&self, variant: u32) -> &[u32] {
        self.outer.get(&variant).map_or(&[], Vec::as_slice)
    }

    /// Leaves out a pair if a definition inside of it, or around it, is more similar to the same partner. Of two that are
    /// equally similar, the outer one stays. A definition and one inside of it are no pair either: code that is similar
    /// to both is a copy of the inner one.
    pub(crate) fn best_of(&self, edges: &mut Vec<Edge>) {
        let is_inside = |inner: u32, outer: u32| self.inner(outer).contains(&inner);
        edges.retain(|edge| !is_inside(edge.left, edge.right) && !is_inside(edge.right, edge.left));
        let ratios: HashMap<(u32, u32), f32> = edges.iter().map(|edge| (edge.key(), edge.ratio)).collect();
        let ratio = |left: u32, right: u32| ratios.get(&(left.min(right), left.max(right))).copied();
        edges.retain(|edge| {
            [(edge.left, edge.right), (edge.right, edge.left)].into_iter().all(|(own, partner)| {
                let mut outer = self.outer(own).iter().filter_map(|&outer| ratio(outer, partner));
                let mut inner = self.inner(own).iter().filter_map(|&inner| ratio(inner, partner));
                outer.all(|other| other < edge.ratio) && inner.all(|other| other <= edge.ratio)
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

/// For each definition the innermost other one around it.
pub(crate) fn enclosing(definitions: &[Definition]) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..definitions.len()).collect();
    order.sort_by(|&left, &right| {
        let key = |index: usize| {
            let definition: &Definition = &definitions[index];
            (&definition.file_path, definition.start_line, Reverse(definition.end_line), definition.kind as u8)
        };
        key(left).cmp(&key(right)).then(left.cmp(&right))
    });
    let mut enclosing = vec![None; definitions.len()];
    let mut open: Vec<usize> = Vec::new();
    for index in order {
        let definition = &definitions[index];
        while open.last().is_some_and(|&outer| {
            definitions[outer].file_path != definition.file_path || definitions[outer].end_line < definition.end_line
        }) {
            open.pop();
        }
        enclosing[index] = open.last().copied();
        open.push(index);
    }
    enclosing
}

/// Every copy inside of another one, sorted. Definitions with the same lines are not inside of each other.
fn within(corpus: &Corpus) -> Vec<Within> {
    let mut variant_of = vec![None; corpus.definitions.len()];
    for (variant, place) in corpus.definition_variants().iter().zip(0_u32..) {
        for &member in &variant.members {
            variant_of[member as usize] = Some(place);
        }
    }
    let lines = |member: usize| (corpus.definitions[member].start_line, corpus.definitions[member].end_line);
    let enclosing = corpus.enclosing();
    let around = |member: usize| std::iter::successors(enclosing[member], |&outer| enclosing[outer]);
    let mut found = Vec::new();
    for (inner_member, inner) in variant_of.iter().enumerate().filter_map(|(place, inner)| Some((place, (*inner)?))) {
        for outer_member in around(inner_member).take(MOST_LEVELS) {
            if let Some(outer) = variant_of[outer_member]
                && outer != inner
                && lines(outer_member) != lines(inner_member)
            {
                let (outer_member, inner_member) = (outer_member as u32, inner_member as u32);
                found.push(Within { outer, inner, outer_member, inner_member });
            }
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_pair_replaces_no_other() {
        // Two are in one, and the second of them elsewhere as well: it is similar to the one around because it is in it.
        let nesting = Nesting { outer: [(1, vec![0])].into(), inner: [(0, vec![1, 2])].into() };
        let pair = Edge { left: 1, right: 2, ratio: 0.73 };
        let mut edges = vec![Edge { left: 0, right: 2, ratio: 0.75 }, pair];
        nesting.best_of(&mut edges);
        assert_eq!(edges, [pair]);
    }
}
