//! Runs of lines shared by two definitions that are no clones as a whole.
//!
//! Two lines that follow each other, with names replaced consistently, are a *link*. Definitions that share at least
//! two links which are not too common are aligned line by line; a run may skip a few lines in either of them. A run is a
//! fragment if it is long enough, its names correspond, and its lines are rare in this code base.

mod align;
mod chain;
mod inner;
mod length;
mod one;
mod side;
mod whole;

use std::collections::HashMap;

use cds_language::{Language, read_outline};
use rayon::prelude::*;

use crate::{
    Channel, Group,
    corpus::{Corpus, Variant},
    group::{graph::Edge, groups::build, node::Node},
    matching::{bounds, lcs::Pattern},
    read::{
        hash::Hash,
        unit::{Line, Unit},
    },
};
use align::{MOST_CELLS_OF_PAIR, Rules, Run};
use chain::{By, Columns};
use length::Least;
pub use one::{SharedRun, shared_runs};
use side::{Part, Reading};

/// A link that more variants have than this is not followed.
const MOST_COMMON_LINK: usize = 100;
/// The fewest links of its own that a pair has to share.
const SHARED_LINKS: usize = 2;

/// A statement of more lines than this is looked up by itself.
const LONG_LINE: u32 = 4;
/// The most pairs of definitions that are looked up by their links.
const MOST_LINKED: u64 = 8_000_000;
/// The most pairs of equal lines that are compared in all definitions together.
const MOST_CELLS: u64 = 400_000_000;

/// A fragment in two variants.
struct Found {
    left: u32,
    right: u32,
    run: Run,
}

/// The groups of the fragment channel, and how many pairs of definitions were not compared.
pub(crate) fn groups(corpus: &Corpus) -> (Vec<Group>, u64) {
    let (pairs, passed_over) = candidates(corpus);
    let costs: Vec<(By, u64)> = pairs.par_iter().map(|&pair| cells(corpus, pair)).collect();
    let highest = bounds::affordable(costs.iter().map(|&(_, cost)| cost), MOST_CELLS).unwrap_or(u64::MAX);
    let highest = highest.min(MOST_CELLS_OF_PAIR);
    let (affordable, dear): (Vec<_>, Vec<_>) =
        pairs.into_iter().zip(costs).partition(|(_, (_, cost))| *cost <= highest);
    // Too many lines have one shape, so that only their letters are compared.
    let reduced = affordable.iter().filter(|&&(pair, (by, _))| by != usual(corpus, pair)).count() as u64;
    let left_out = passed_over + reduced + dear.len() as u64;
    drop(dear);
    // A definition is compared with many others, and reading it takes longer than most comparisons.
    let mut readings: Vec<Reading> = Vec::new();
    readings.resize_with(corpus.variants.len(), Reading::default);
    let compared: Vec<Compared> = affordable
        .into_par_iter()
        .map_init(Pattern::default, |pattern, (pair, (by, _))| Compared::new(corpus, &readings, (pair, by), pattern))
        .flatten_iter()
        .collect();
    let found = inner::innermost(corpus, compared);
    let (nodes, edges) = nodes(corpus, &found);
    let (groups, unweighed) = build(corpus, Channel::Fragment, &nodes, &edges, false);
    (groups, left_out + unweighed)
}

/// How the lines of two variants are compared: outside of functions, and within one, only by their letters.
fn usual(corpus: &Corpus, (left, right): (u32, u32)) -> By {
    let is_outside = [left, right].iter().any(|&place| corpus.variants[place as usize].is_outside);
    if left == right || is_outside { By::Text } else { By::Shape }
}

/// How many pairs of lines are compared for two variants, and how: if far too many lines have one shape, by every letter.
fn cells(corpus: &Corpus, pair: (u32, u32)) -> (By, u64) {
    let [rows, columns] = [pair.0, pair.1].map(|place| &corpus.variants[place as usize].unit.lines);
    let by = usual(corpus, pair);
    let count = Columns::new(columns, by).cells(rows);
    if count <= MOST_CELLS_OF_PAIR { (by, count) } else { (By::Text, Columns::new(columns, By::Text).cells(rows)) }
}

/// Two variants that have runs in common, or one that has runs twice.
struct Compared {
    left: u32,
    right: u32,
    runs: Vec<Run>,
    /// Whether no run of them is a finding: they are shown as clones already, or share only what their names prescribe.
    /// The same then holds for every definition inside of them.
    is_settled: bool,
}

impl Compared {
    fn new(
        corpus: &Corpus,
        readings: &[Reading],
        ((left, right), by): ((u32, u32), By),
        pattern: &mut Pattern,
    ) -> Option<Self> {
        if left != right && corpus.is_nested(left, right) {
            return None;
        }
        let variants = [left, right].map(|place| &corpus.variants[place as usize]);
        let is_outside = variants.iter().any(|variant| variant.is_outside);
        let [one, other] = [left, right].map(|place| {
            let variant = &corpus.variants[place as usize];
            let new = if variant.is_outside { Part::outside } else { Part::definition };
            new(variant.language, &variant.code, &variant.unit).read_into(&readings[place as usize])
        });
        let link_bits = &|link| corpus.weights.link(link);
        let rules = Rules { settings: corpus.settings, link_bits };
        let runs = if left == right {
            let mut runs = align::repeats(&rules, &one, pattern);
            if variants[0].is_copied_outside() {
                runs.extend(align::all(&rules, &one, pattern));
            }
            runs
        } else {
            align::runs(&rules, (&one, &other), by, pattern)
        };
        if runs.is_empty() {
            return None;
        }
        let is_settled = left != right && !is_outside && {
            let evidence = corpus.evidence(left, right);
            let is_clone = |ratio| evidence.is_strong(ratio);
            evidence.is_only_prescribed() || corpus.clone_ratio(left, right, pattern).is_some_and(is_clone)
        };
        Some(Self { left, right, runs, is_settled })
    }
}

/// Pairs of variants that share enough links, and variants that have enough of them twice, sorted; and how many pairs were
/// passed over because there are too many.
fn candidates(corpus: &Corpus) -> (Vec<(u32, u32)>, u64) {
    let least = Least::verbatim(corpus.settings);
    let long = (corpus.variants.iter().zip(0..))
        .filter(|(variant, _)| variant.unit.line_count >= least.lines && variant.unit.token_count >= least.tokens);
    let mut links: Vec<(u32, u32)> = long
        .clone()
        .flat_map(|(variant, place)| links(&variant.unit, variant.header()).into_iter().map(move |link| (link, place)))
        .collect();
    links.par_sort_unstable();
    let owners = || links.chunk_by(|left, right| left.0 == right.0).filter(|owners| owners.len() <= MOST_COMMON_LINK);
    let costs = || owners().map(|owners| bounds::pairs_with(owners.len(), owners.len()));
    let highest = bounds::affordable(costs(), MOST_LINKED).unwrap_or(u64::MAX);
    let passed_over = costs().filter(|&cost| cost > highest).sum();
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for owners in owners().filter(|owners| bounds::pairs_with(owners.len(), owners.len()) <= highest) {
        for (at, &(_, left)) in owners.iter().enumerate() {
            pairs.extend(owners[at + 1..].iter().map(|&(_, right)| (left, right)));
        }
    }
    drop(links);
    pairs.par_sort_unstable();
    let mut pairs: Vec<(u32, u32)> = pairs
        .chunk_by(|left, right| left == right)
        .filter(|same| same.len() >= SHARED_LINKS)
        .map(|same| same[0])
        .collect();
    let has_itself = |variant: &Variant| {
        variant.is_copied_outside() || repeats(variant.unit.lines.get(variant.header()..).unwrap_or_default())
    };
    pairs.extend(long.filter(|(variant, _)| has_itself(variant)).map(|(_, place)| (place, place)));
    pairs.par_sort_unstable();
    (pairs, passed_over)
}

/// Where the logical lines of a text stand.
pub(crate) fn logical_lines(language: &Language, code: &str) -> Vec<std::ops::Range<usize>> {
    let mut lines = Vec::new();
    read_outline(language.lexicon, code, &mut lines);
    lines.into_iter().map(|line| line.start as usize..line.end as usize).collect()
}

/// Whether a definition has a link of two lines as they are twice, or a long line.
fn repeats(lines: &[Line]) -> bool {
    let mut found: Vec<u32> = lines.windows(2).map(text_link).collect();
    found.extend(lines.iter().filter(|line| line.last - line.first >= LONG_LINE).map(|line| line.text));
    let count = found.len();
    found.sort_unstable();
    found.dedup();
    found.len() < count
}

/// The links of a definition: two lines with names replaced consistently, and two lines as they are. The latter distinguish
/// a copied table from all others of its shape. A line that is nearly as long as a run is
/// enough alone. The lines of its header are left out.
fn links(unit: &Unit, header: usize) -> Vec<u32> {
    let mut links = unit.links.clone();
    let body = &unit.lines[header.min(unit.lines.len())..];
    links.extend(body.windows(2).map(text_link));
    let long = body.iter().filter(|line| line.last - line.first >= LONG_LINE);
    links.extend(long.flat_map(|line| {
        (0..SHARED_LINKS as u32).map(|part| Hash::new().number(line.text).number(part).number(part).finish() as u32)
    }));
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
    // The run that each node began with: a run that joins is compared with that one, or a row of runs would be one node.
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
            let pair = &found[place];
            nodes[node].pairs_with_itself |= pair.left == pair.right && pair.run.left == pair.run.right;
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
    for (pair, &(left, right)) in found.iter().zip(&node_of).filter(|(_, (left, right))| left != right) {
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

/// A hash of the lines without their indentation.
fn content(corpus: &Corpus, node: &Node) -> [u8; 16] {
    let code = &corpus.variants[node.variant as usize].code;
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
