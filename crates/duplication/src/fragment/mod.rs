//! Runs of lines that stand in two definitions which are no clones as a whole.
//!
//! Two lines that follow each other, with names replaced consistently, are a *link*. Definitions that share at least
//! two links which are not too common are aligned line by line; a run may skip a few lines in either of them. What is
//! long enough, has names that go together, and has lines that are rare here, is a fragment.

mod align;

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    Channel, Group,
    corpus::{Corpus, Variant},
    graph::Edge,
    groups::{Node, build},
    hash::Hash,
    lcs::Pattern,
};
use align::Run;

/// A link that more variants have than this leads nowhere.
const MOST_COMMON_LINK: usize = 100;
/// The fewest links of its own that a pair has to share.
const SHARED_LINKS: usize = 2;

/// A fragment in two variants.
struct Found {
    left: u32,
    right: u32,
    run: Run,
}

/// The groups of the fragment channel.
pub(crate) fn groups(corpus: &Corpus) -> Vec<Group> {
    let mut found: Vec<Found> = candidates(corpus)
        .into_par_iter()
        .map_init(Pattern::default, |pattern, (left, right)| {
            if corpus.is_nested(left, right) {
                return Vec::new();
            }
            let runs = align::runs(corpus, left, right);
            let mut says_no_more = || {
                // What they share as a whole is what their name prescribes, and so is every part of it.
                let evidence = corpus.evidence(left, right);
                let ratio = corpus.clone_ratio(left, right, pattern);
                evidence.is_only_prescribed() || ratio.is_some_and(|ratio| evidence.is_strong(ratio))
            };
            if runs.is_empty() || says_no_more() {
                return Vec::new();
            }
            runs.into_iter().map(|run| Found { left, right, run }).collect()
        })
        .flatten_iter()
        .collect();
    leave_to_inner(corpus, &mut found);
    let (nodes, edges) = nodes(corpus, &found);
    build(corpus, Channel::Fragment, &nodes, &edges, false)
}

/// Leaves out what lies in the body of a definition inside of one of the two: the inner one has it as well, or is a
/// clone of the other.
fn leave_to_inner(corpus: &Corpus, found: &mut Vec<Found>) {
    let mut bodies: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
    let mut is_inner = |variant: u32, (from, to): (u32, u32)| {
        let bodies = bodies.entry(variant).or_insert_with(|| corpus.nesting.bodies(corpus, variant));
        bodies.iter().any(|&(begin, end)| begin <= from && to <= end)
    };
    found.retain(|pair| !is_inner(pair.left, pair.run.left) && !is_inner(pair.right, pair.run.right));
}

/// Pairs of variants that share enough links, sorted.
fn candidates(corpus: &Corpus) -> Vec<(u32, u32)> {
    let mut links: Vec<(u32, u32)> = (corpus.variants.iter().zip(0..))
        .filter(|(variant, _)| {
            variant.unit.line_count >= corpus.settings.min_fragment_lines
                && variant.unit.token_count >= corpus.settings.min_fragment_tokens
        })
        .flat_map(|(variant, place)| links(variant).into_iter().map(move |link| (link, place)))
        .collect();
    links.par_sort_unstable();
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for owners in links.chunk_by(|left, right| left.0 == right.0) {
        if owners.len() <= MOST_COMMON_LINK {
            for (at, &(_, left)) in owners.iter().enumerate() {
                pairs.extend(owners[at + 1..].iter().map(|&(_, right)| (left, right)));
            }
        }
    }
    drop(links);
    pairs.par_sort_unstable();
    pairs.chunk_by(|left, right| left == right).filter(|same| same.len() >= SHARED_LINKS).map(|same| same[0]).collect()
}

/// The links of a variant: two lines with names replaced consistently, and two lines as they are. The latter tell a
/// copied table from all the others of its shape.
fn links(variant: &Variant) -> Vec<u32> {
    let mut links = variant.unit.links.clone();
    let pairs = variant.unit.lines.windows(2).skip(1);
    links.extend(pairs.map(|pair| Hash::new().number(pair[0].text).number(pair[1].text).finish() as u32));
    links.sort_unstable();
    links.dedup();
    links
}

/// Runs of one variant that have more than half of the longer one in common are one node, the longest of them.
fn nodes(corpus: &Corpus, found: &[Found]) -> (Vec<Node>, Vec<Edge>) {
    let mut ends: Vec<(u32, (u32, u32), usize, bool)> = Vec::with_capacity(found.len() * 2);
    for (place, pair) in found.iter().enumerate() {
        ends.push((pair.left, pair.run.left, place, false));
        ends.push((pair.right, pair.run.right, place, true));
    }
    ends.sort_unstable_by_key(|&(variant, (from, to), place, right)| {
        (variant, from, std::cmp::Reverse(to), place, right)
    });
    let mut nodes: Vec<Node> = Vec::new();
    let mut node_of = vec![(0_u32, 0_u32); found.len()];
    for (variant, lines, place, right) in ends {
        let own = nodes.iter().rposition(|node| node.variant != variant).map_or(0, |before| before + 1);
        let same = nodes[own..].iter().position(|node| are_one(node.lines, lines));
        let node = same.map_or(nodes.len(), |same| own + same);
        match nodes.get_mut(node) {
            Some(node) if lines.1 - lines.0 > node.lines.1 - node.lines.0 => node.lines = lines,
            Some(_) => {}
            None => nodes.push(Node { variant, lines, content: [0; 16], pairs_with_itself: false }),
        }
        let node = node as u32;
        if right {
            node_of[place].1 = node;
        } else {
            node_of[place].0 = node;
        }
    }
    for node in &mut nodes {
        node.content = content(corpus, node);
    }
    let mut best: HashMap<(u32, u32), f32> = HashMap::new();
    for (pair, &(left, right)) in found.iter().zip(&node_of) {
        let ratio = best.entry((left.min(right), left.max(right))).or_default();
        *ratio = ratio.max(pair.run.ratio);
    }
    let mut edges: Vec<Edge> = best.into_iter().map(|((left, right), ratio)| Edge { left, right, ratio }).collect();
    edges.sort_unstable_by_key(Edge::key);
    (nodes, edges)
}

fn are_one(left: (u32, u32), right: (u32, u32)) -> bool {
    let common = left.1.min(right.1).saturating_sub(left.0.max(right.0));
    2 * common > (left.1 - left.0).max(right.1 - right.0)
}

/// A hash of the lines, whatever stands before them.
fn content(corpus: &Corpus, node: &Node) -> [u8; 16] {
    let code = corpus.variants[node.variant as usize].code;
    let mut low = Hash::new();
    let mut high = Hash::new().number(1);
    for line in code.lines().skip(node.lines.0 as usize).take((node.lines.1 - node.lines.0) as usize) {
        low = low.bytes(line.trim().as_bytes()).bytes(b"\n");
        high = high.bytes(line.trim().as_bytes()).bytes(b"\n");
    }
    let mut content = [0; 16];
    content[..8].copy_from_slice(&low.finish().to_be_bytes());
    content[8..].copy_from_slice(&high.finish().to_be_bytes());
    content
}
