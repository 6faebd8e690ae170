//! Turns groups of variants into groups of definitions.

use std::collections::{BTreeSet, HashMap};

use cds_language::is_test;
use rayon::prelude::*;

use crate::{
    Channel, Confidence, Group, Member, Placement, Settings,
    corpus::Corpus,
    group::{
        common::Common,
        graph::{Edge, Graph},
        locate,
        node::Node,
    },
    judge::doubt::{Pieces, is_doubtful},
    matching::{
        bounds::{self, MOST_STEPS},
        lcs,
    },
};

/// The most pairs of one group that are tested for a certain copy: all those of 200 members.
const MOST_PAIRS: u64 = 20_000;
/// The steps that a pair costs beside comparing its letters.
const STEPS_OF_PAIR: u64 = 2_000;

/// Whole variants as nodes.
pub(crate) fn whole(corpus: &Corpus, pairs_with_itself: bool) -> Vec<Node> {
    (corpus.definition_variants().iter().zip(0..))
        .map(|(variant, place)| Node {
            variant: place,
            lines: (0, variant.unit.line_count),
            content: variant.md5sum.0,
            pairs_with_itself,
        })
        .collect()
}

/// The groups of one channel.
///
/// And the number of pairs that were not tested for a certain copy, because all groups together have too many.
pub(crate) fn build(
    corpus: &Corpus,
    channel: Channel,
    nodes: &[Node],
    edges: &[Edge],
    is_shape_only: bool,
) -> (Vec<Group>, u64) {
    let graph = Graph::new(nodes.len(), edges);
    // By content alone, which decides the ids; the first in the input represents the others.
    let first_member = |node: u32| corpus.variants[nodes[node as usize].variant as usize].members[0];
    let mut groups = graph.groups(corpus.settings.grouping, first_member);
    if !is_shape_only {
        let alone = |node: &u32| {
            let Node { variant, pairs_with_itself, .. } = nodes[*node as usize];
            pairs_with_itself
                && corpus.variants[variant as usize].members.len() > 1
                && graph.neighbours(*node).is_empty()
        };
        groups.extend((0..nodes.len() as u32).filter(alone).map(|node| vec![node]));
    }
    // Runs of lines may be equal in definitions that are not; groups of the same contents are one.
    let mut merged: Vec<Vec<u32>> = Vec::new();
    let mut places: HashMap<BTreeSet<[u8; 16]>, usize> = HashMap::new();
    for group in groups {
        let contents = group.iter().map(|&node| nodes[node as usize].content).collect();
        let place = *places.entry(contents).or_insert(merged.len());
        if place == merged.len() {
            merged.push(group);
        } else {
            let new: Vec<u32> = group.into_iter().filter(|node| !merged[place].contains(node)).collect();
            merged[place].extend(new);
        }
    }
    let pieces = Pieces::new(corpus, nodes);
    let builder = |group| Builder { corpus, nodes, graph: &graph, pieces: &pieces, group };
    let costs: Vec<(u64, u64)> = if is_shape_only || channel == Channel::Intent {
        Vec::new()
    } else {
        merged.par_iter().map(|group| builder(group).pair_costs()).collect()
    };
    let most_pairs = bounds::most_of_each(&costs, MOST_PAIRS, MOST_STEPS);
    let left_out = costs.iter().map(|&(pairs, _)| pairs.saturating_sub(most_pairs)).sum();
    let built = merged.par_iter().map(|group| builder(group).build(channel, is_shape_only, most_pairs as usize));
    (built.filter(|group| group.members.len() > 1).collect(), left_out)
}

struct Builder<'a> {
    corpus: &'a Corpus<'a>,
    nodes: &'a [Node],
    graph: &'a Graph,
    pieces: &'a Pieces<'a>,
    group: &'a [u32],
}

impl Builder<'_> {
    fn copies(&self, node: u32) -> u64 {
        self.corpus.variants[self.nodes[node as usize].variant as usize].members.len() as u64
    }

    fn build(&self, channel: Channel, is_shape_only: bool, most_pairs: usize) -> Group {
        let within: BTreeSet<u32> = self.group.iter().copied().collect();
        let mut members = Vec::new();
        let (mut pairs, mut equal) = (0, 0);
        for &place in self.group {
            let node = &self.nodes[place as usize];
            let own = if node.pairs_with_itself { self.copies(place) - 1 } else { 0 };
            let (mut count, mut sum, mut best) = (own, own as f64, if own > 0 { 1.0 } else { 0.0 });
            for &(other, ratio) in self.graph.neighbours(place) {
                if within.contains(&other) {
                    let copies = self.copies(other);
                    count += copies;
                    sum += f64::from(ratio) * copies as f64;
                    best = f64::max(best, f64::from(ratio));
                }
            }
            // Runs of lines may be in definitions that differ.
            let own = if channel == Channel::Fragment { 0 } else { own };
            pairs += self.copies(place) * count;
            equal += self.copies(place) * own;
            let average = if count == 0 { 0.0 } else { sum / count as f64 };
            for &index in &self.corpus.variants[node.variant as usize].members {
                let definition = &self.corpus.definitions[index as usize];
                let (file_lines, lines_are_estimated) = locate::estimate(definition, self.line_count(node), node.lines);
                members.push(Member {
                    index: index as usize,
                    best_ratio: best,
                    avg_ratio: average,
                    md5_overlap: own,
                    normalized_lines: node.lines,
                    file_lines,
                    lines_are_estimated,
                    is_test: is_test(&definition.file_path),
                    is_generated: definition.is_generated,
                });
            }
        }
        if let Some(others) = members.get_mut(1..) {
            others.sort_by_key(|member| (member.index, member.normalized_lines));
        }
        let lines = self.group.iter().map(|&node| self.nodes[node as usize].lines).map(|(from, to)| to - from);
        let repeated_lines = lines.min().unwrap_or(0);
        let common = Common::new(self.corpus, self.group.iter().map(|&node| &self.nodes[node as usize]));
        Group {
            channel,
            group_id: self.id(channel),
            pair_count: pairs / 2,
            md5_overlap_pairs: equal / 2,
            repeated_lines,
            common_lines: common.lines,
            common_characters: common.characters,
            saved_lines: u64::from(repeated_lines) * (members.len() as u64).saturating_sub(1),
            is_test: members.iter().all(|member| member.is_test),
            is_generated: members.iter().all(|member| member.is_generated),
            confidence: if is_shape_only {
                Confidence::None
            } else if is_doubtful(self.pieces, channel, &self.edges(&within, most_pairs)) {
                Confidence::Low
            } else {
                Confidence::High
            },
            covered_by: None,
            members,
        }
    }

    /// The pairs within the group, the most similar first; of more than [`MOST_PAIRS`] those of the first members, and of
    /// these the first `most_pairs`.
    fn edges(&self, within: &BTreeSet<u32>, most_pairs: usize) -> Vec<Edge> {
        let mut edges: Vec<Edge> = self.first_edges(within).collect();
        // Stable, so that of equal ones the first come first.
        edges.sort_by(|one, other| other.ratio.total_cmp(&one.ratio));
        edges.truncate(most_pairs);
        edges
    }

    fn first_edges(&self, within: &BTreeSet<u32>) -> impl Iterator<Item = Edge> {
        let of = |left: u32| {
            let others = self.graph.neighbours(left).iter().filter(move |(right, _)| *right > left);
            others.map(move |&(right, ratio)| Edge { left, right, ratio })
        };
        let edges = within.iter().flat_map(move |&left| of(left)).filter(|edge| within.contains(&edge.right));
        edges.take(MOST_PAIRS as usize)
    }

    /// How many pairs to compare, and how many steps one of them takes if its members are of mean length.
    fn pair_costs(&self) -> (u64, u64) {
        let within: BTreeSet<u32> = self.group.iter().copied().collect();
        let lengths = self.group.iter().map(|&place| {
            let node = &self.nodes[place as usize];
            let variant = &self.corpus.variants[node.variant as usize];
            let share = (node.lines.1 - node.lines.0) as usize;
            variant.text.len() * share / (variant.unit.line_count.max(1) as usize)
        });
        let mean = lengths.sum::<usize>() / self.group.len().max(1);
        (self.first_edges(&within).count() as u64, STEPS_OF_PAIR + lcs::steps(mean, mean))
    }

    fn line_count(&self, node: &Node) -> u32 {
        self.corpus.variants[node.variant as usize].unit.line_count
    }

    fn id(&self, channel: Channel) -> String {
        let contents: BTreeSet<[u8; 16]> = self.group.iter().map(|&node| self.nodes[node as usize].content).collect();
        let mut text = channel.as_str().as_bytes().to_vec();
        for content in &contents {
            text.extend_from_slice(content);
        }
        let mut id = format!("{:x}", md5::compute(text));
        id.truncate(16);
        id
    }
}

/// The order in which groups are shown, and which of them another one covers.
pub(crate) fn rank(groups: &mut [Group], settings: &Settings) {
    groups.sort_by(|left, right| {
        let key = |group: &Group| {
            let is_test = group.is_test && settings.tests == Placement::RankLast;
            (group.channel, group.covered_by.is_some(), group.reserve(settings), is_test)
        };
        (key(left).cmp(&key(right)))
            .then_with(|| right.worth().cmp(&left.worth()))
            .then_with(|| left.group_id.cmp(&right.group_id))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Definition;

    #[test]
    fn groups_of_the_same_contents_are_one() {
        let definition = |place: u32| {
            let code = format!("def f{place}(a):\n    return a + {place}\n");
            Definition { start_line: 1 + 10 * place, end_line: 2 + 10 * place, ..Definition::of(&code) }
        };
        let definitions: Vec<Definition> = (0..6).map(definition).collect();
        let settings = Settings { min_lines: 1, min_tokens: 1, ..Settings::default() };
        let corpus = Corpus::new(&definitions, &settings);
        // The runs of the first and the third group are equal, those of the second differ.
        let variant_of = |place: u32| corpus.variants.iter().position(|variant| variant.members == [place]).unwrap();
        let nodes: Vec<Node> = (0..6)
            .map(|place| variant_of(place) as u32)
            .zip([1, 2, 1, 3, 2, 1])
            .map(|(variant, content)| Node { variant, lines: (0, 2), content: [content; 16], pairs_with_itself: false })
            .collect();
        let edges = [(0, 1), (2, 3), (4, 5)].map(|(left, right)| Edge { left, right, ratio: 0.9 });
        let (mut groups, _) = build(&corpus, Channel::Fragment, &nodes, &edges, false);
        groups.sort_by_key(|group| group.members.len());
        let members = |group: &Group| group.members.iter().map(|member| member.index).collect::<BTreeSet<_>>();
        assert_eq!(groups.iter().map(members).collect::<Vec<_>>(), [[2, 3].into(), [0, 1, 4, 5].into()]);
        assert_eq!(groups.iter().map(|group| group.pair_count).collect::<Vec<_>>(), [1, 2]);
    }
}
