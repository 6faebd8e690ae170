//! From pairs to groups.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::Grouping;

/// A pair of nodes, `left < right`, with its ratio from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) ratio: f32,
}

impl Edge {
    pub(crate) fn key(&self) -> (u32, u32) {
        (self.left, self.right)
    }
}

/// Nodes with their neighbours, sorted by neighbour.
pub(crate) struct Graph {
    starts: Vec<u32>,
    neighbours: Vec<(u32, f32)>,
}

impl Graph {
    pub(crate) fn new(node_count: usize, edges: &[Edge]) -> Self {
        let mut starts = vec![0_u32; node_count + 1];
        for edge in edges {
            starts[edge.left as usize + 1] += 1;
            starts[edge.right as usize + 1] += 1;
        }
        for node in 0..node_count {
            starts[node + 1] += starts[node];
        }
        let mut free = starts.clone();
        let mut neighbours = vec![(0, 0.0); edges.len() * 2];
        for edge in edges {
            for (from, to) in [(edge.left, edge.right), (edge.right, edge.left)] {
                neighbours[free[from as usize] as usize] = (to, edge.ratio);
                free[from as usize] += 1;
            }
        }
        for node in 0..node_count {
            neighbours[starts[node] as usize..starts[node + 1] as usize].sort_unstable_by_key(|&(other, _)| other);
        }
        Self { starts, neighbours }
    }

    pub(crate) fn neighbours(&self, node: u32) -> &[(u32, f32)] {
        &self.neighbours[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    fn node_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Groups of at least two nodes, the representative first, the others ascending. Every edge lies within a group. If
    /// several could represent a group, the one of the lowest rank does. The ranks do not change which nodes are a group.
    pub(crate) fn groups(&self, grouping: Grouping, rank: impl Fn(u32) -> u32) -> Vec<Vec<u32>> {
        match grouping {
            Grouping::Components => self.components(rank),
            Grouping::Cohesive => self.stars(rank),
        }
    }

    fn components(&self, rank: impl Fn(u32) -> u32) -> Vec<Vec<u32>> {
        let mut seen = vec![false; self.node_count()];
        let mut groups = Vec::new();
        for node in 0..self.node_count() as u32 {
            if seen[node as usize] || self.neighbours(node).is_empty() {
                continue;
            }
            seen[node as usize] = true;
            let mut group = vec![node];
            let mut at = 0;
            while at < group.len() {
                for &(other, _) in self.neighbours(group[at]) {
                    if !std::mem::replace(&mut seen[other as usize], true) {
                        group.push(other);
                    }
                }
                at += 1;
            }
            group.sort_unstable();
            let most = group.iter().copied().min_by_key(|&node| (Reverse(self.neighbours(node).len()), rank(node)));
            let place = group.iter().position(|&node| Some(node) == most).unwrap_or(0);
            group[..=place].rotate_right(1);
            groups.push(group);
        }
        groups
    }

    /// Covers all edges with stars, greedily (after Aslam, Pelekhov and Rus, *The star clustering algorithm*, 2004): the
    /// node with the most uncovered edges takes the other ends of those along; what lies between any two of them is
    /// covered as well. Ties go to the first node.
    fn stars(&self, rank: impl Fn(u32) -> u32) -> Vec<Vec<u32>> {
        let mut covered = vec![false; self.neighbours.len()];
        let mut open: Vec<u32> = (0..self.node_count() as u32).map(|node| self.neighbours(node).len() as u32).collect();
        let mut queue: BinaryHeap<(u32, Reverse<u32>)> = open
            .iter()
            .zip(0..)
            .filter(|&(&count, _)| count > 0)
            .map(|(&count, node)| (count, Reverse(node)))
            .collect();
        let mut groups = Vec::new();
        let mut within = vec![false; self.node_count()];
        while let Some((count, Reverse(center))) = queue.pop() {
            let now = open[center as usize];
            if now < count {
                if now > 0 {
                    queue.push((now, Reverse(center)));
                }
                continue;
            }
            let start = self.starts[center as usize] as usize;
            let mut group = vec![center];
            group.extend(
                (self.neighbours(center).iter().enumerate())
                    .filter(|&(place, _)| !covered[start + place])
                    .map(|(_, &(other, _))| other),
            );
            for &node in &group {
                within[node as usize] = true;
            }
            let representative = self.representative(&group, |node| open[node as usize] == now, &within, &rank);
            for &node in &group {
                let start = self.starts[node as usize] as usize;
                for (place, &(other, _)) in self.neighbours(node).iter().enumerate() {
                    if within[other as usize] && !std::mem::replace(&mut covered[start + place], true) {
                        open[node as usize] -= 1;
                    }
                }
            }
            for &node in &group {
                within[node as usize] = false;
            }
            group.swap(0, representative);
            group[1..].sort_unstable();
            groups.push(group);
        }
        groups
    }

    /// The place in a star of the node of the lowest rank among those that could be its center as well: `is_equal`, and all
    /// others are neighbours.
    fn representative(
        &self,
        group: &[u32],
        is_equal: impl Fn(u32) -> bool,
        within: &[bool],
        rank: impl Fn(u32) -> u32,
    ) -> usize {
        let reaches_all = |node: u32| {
            let own = self.neighbours(node).iter().filter(|&&(other, _)| within[other as usize]);
            own.count() + 1 == group.len()
        };
        let equal = group.iter().zip(0..).filter(|&(&node, place)| place == 0 || (is_equal(node) && reaches_all(node)));
        equal.min_by_key(|&(&node, _)| rank(node)).map_or(0, |(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(pairs: &[(u32, u32)]) -> Vec<Edge> {
        pairs.iter().map(|&(left, right)| Edge { left, right, ratio: 0.9 }).collect()
    }

    #[test]
    fn a_chain_is_one_component_and_several_stars() {
        let graph = Graph::new(5, &edges(&[(0, 1), (1, 2), (2, 3), (3, 4)]));
        let rank = |node| node;
        assert_eq!(graph.groups(Grouping::Components, rank), [vec![1, 0, 2, 3, 4]]);
        assert_eq!(graph.groups(Grouping::Cohesive, rank), [vec![1, 0, 2], vec![3, 2, 4]]);
        // Only of the other nodes in the middle.
        let rank = |node| 9 - node;
        assert_eq!(graph.groups(Grouping::Components, rank), [vec![3, 0, 1, 2, 4]]);
        assert_eq!(graph.groups(Grouping::Cohesive, rank), [vec![1, 0, 2], vec![3, 2, 4]]);
    }

    #[test]
    fn a_clique_is_one_group() {
        let graph = Graph::new(4, &edges(&[(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]));
        for grouping in [Grouping::Components, Grouping::Cohesive] {
            assert_eq!(graph.groups(grouping, |node| node), [vec![0, 1, 2, 3]]);
            assert_eq!(graph.groups(grouping, |node| (node + 2) % 4), [vec![2, 0, 1, 3]]);
        }
    }
}
