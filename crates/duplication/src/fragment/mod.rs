//! Runs of lines that stand in two definitions which are no clones as a whole.
//!
//! Two lines that follow each other, with names replaced consistently, are a *link*. Definitions that share at least
//! two links which are not too common are aligned line by line; a run may skip a few lines in either of them. What is
//! long enough, has names that go together, and has lines that are rare here, is a fragment.

mod align;
mod inner;
mod one;
mod outline;
mod whole;

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    Channel, Group,
    corpus::Corpus,
    graph::Edge,
    groups::{Node, build},
    hash::Hash,
    lcs::Pattern,
    unit::{Line, Unit},
};
use align::{Part, Rules, Run};
pub use one::{SharedRun, shared_runs};

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
    let compared: Vec<Compared> = candidates(corpus)
        .into_par_iter()
        .map_init(Pattern::default, |pattern, pair| Compared::new(corpus, pair, pattern))
        .flatten_iter()
        .collect();
    let found = inner::innermost(corpus, compared);
    let (nodes, edges) = nodes(corpus, &found);
    build(corpus, Channel::Fragment, &nodes, &edges, false)
}

/// Two variants that have runs in common.
struct Compared {
    left: u32,
    right: u32,
    runs: Vec<Run>,
    /// Whether they are shown as clones already, or share only what their names prescribe, and so does every part.
    is_told: bool,
}

impl Compared {
    fn new(corpus: &Corpus, (left, right): (u32, u32), pattern: &mut Pattern) -> Option<Self> {
        if corpus.is_nested(left, right) {
            return None;
        }
        let part = |place: u32| {
            let variant = &corpus.variants[place as usize];
            Part::definition(variant.code, &variant.unit)
        };
        let link_bits = &|link| corpus.weights.link(link);
        let rules = Rules { settings: corpus.settings, link_bits };
        let runs = align::runs(&rules, &part(left), &part(right), pattern);
        if runs.is_empty() {
            return None;
        }
        let evidence = corpus.evidence(left, right);
        let is_clone = |ratio| evidence.is_strong(ratio);
        let is_told = evidence.is_only_prescribed() || corpus.clone_ratio(left, right, pattern).is_some_and(is_clone);
        Some(Self { left, right, runs, is_told })
    }
}

/// Pairs of variants that share enough links, sorted.
fn candidates(corpus: &Corpus) -> Vec<(u32, u32)> {
    let mut links: Vec<(u32, u32)> = (corpus.variants.iter().zip(0..))
        .filter(|(variant, _)| {
            variant.unit.line_count >= corpus.settings.min_fragment_lines
                && variant.unit.token_count >= corpus.settings.min_fragment_tokens
        })
        .flat_map(|(variant, place)| links(&variant.unit).into_iter().map(move |link| (link, place)))
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

/// The links of a definition: two lines with names replaced consistently, and two lines as they are. The latter tell a
/// copied table from all the others of its shape. Its first line is left out.
fn links(unit: &Unit) -> Vec<u32> {
    let mut links = unit.links.clone();
    links.extend(unit.lines.windows(2).skip(1).map(text_link));
    links.sort_unstable();
    links.dedup();
    links
}

/// Two lines as they are.
fn text_link(pair: &[Line]) -> u32 {
    Hash::new().number(pair[0].text).number(pair[1].text).finish() as u32
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
    // The run that each node began with: what joins it is held against that one, or a row of runs would be one node.
    let mut first: Vec<(u32, u32)> = Vec::new();
    let mut node_of = vec![(0_u32, 0_u32); found.len()];
    for of_one in ends.chunk_by(|left, right| left.0 == right.0) {
        let own = nodes.len();
        for &(variant, lines, place, right) in of_one {
            let same = (own..nodes.len()).find(|&node| are_one(first[node], lines));
            let node = same.unwrap_or(nodes.len());
            if same.is_none() {
                nodes.push(Node { variant, lines, content: [0; 16], pairs_with_itself: false });
                first.push(lines);
            } else if lines.1 - lines.0 > nodes[node].lines.1 - nodes[node].lines.0 {
                nodes[node].lines = lines;
            }
            if right {
                node_of[place].1 = node as u32;
            } else {
                node_of[place].0 = node as u32;
            }
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
