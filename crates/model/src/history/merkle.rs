//! A Merkle tree: one hash over an ordered list of hashes.

use ring::digest::{Context, SHA256};

use super::encoding::fingerprint;
use crate::Fingerprint;

/// A Merkle tree that grows by one leaf at a time and keeps one hash for each complete subtree.
///
/// It follows RFC 6962, section 2.1:
///
/// - A leaf is SHA-256 over a zero byte and the 32 bytes of its hash.
/// - A node is SHA-256 over a one byte and the hashes of its left and right side.
/// - The left side holds the largest power of two that is less than the number of leaves.
/// - The root of an empty tree is SHA-256 over nothing.
#[derive(Debug, Clone, Default)]
pub struct MerkleTree {
    /// The roots of complete subtrees from left to right, each with its number of leaves.
    complete: Vec<(u64, Fingerprint)>,
    leaf_count: u64,
}

impl MerkleTree {
    /// Appends a leaf.
    pub fn push(&mut self, hash: Fingerprint) {
        self.leaf_count += 1;
        let (mut size, mut root) = (1, digest(&[&[0], &hash.0]));
        while let Some((_, left)) = self.complete.pop_if(|(count, _)| *count == size) {
            root = node(left, root);
            size *= 2;
        }
        self.complete.push((size, root));
    }

    /// The number of leaves.
    pub const fn leaf_count(&self) -> u64 {
        self.leaf_count
    }

    /// The hash over all leaves.
    pub fn root(&self) -> Fingerprint {
        let mut roots = self.complete.iter().rev().map(|(_, root)| *root);
        let Some(last) = roots.next() else { return digest(&[]) };
        roots.fold(last, |right, left| node(left, right))
    }
}

fn node(left: Fingerprint, right: Fingerprint) -> Fingerprint {
    digest(&[&[1], &left.0, &right.0])
}

fn digest(parts: &[&[u8]]) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    fingerprint(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(number: u8) -> Fingerprint {
        Fingerprint([number; 32])
    }

    /// The recursive definition of the RFC.
    fn by_definition(leaves: &[Fingerprint]) -> Fingerprint {
        match leaves {
            [] => digest(&[]),
            [one] => digest(&[&[0], &one.0]),
            _ => {
                let mut split = 1;
                while split * 2 < leaves.len() {
                    split *= 2;
                }
                node(by_definition(&leaves[..split]), by_definition(&leaves[split..]))
            }
        }
    }

    #[test]
    fn root_matches_rfc_at_every_size() {
        let mut tree = MerkleTree::default();
        let leaves: Vec<_> = (0..70).map(leaf).collect();
        for count in 0..leaves.len() {
            assert_eq!(tree.root(), by_definition(&leaves[..count]), "{count}");
            assert_eq!(tree.leaf_count(), count as u64);
            tree.push(leaves[count]);
        }
    }

    #[test]
    fn known_roots() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(MerkleTree::default().root().to_string(), empty);
        let mut tree = MerkleTree::default();
        (0..3).for_each(|number| tree.push(leaf(number)));
        assert_eq!(tree.root().to_string(), "sha256:ba8d94b7fbcecae7b81c4c80574fe24734a6917bf9c1ecd66ff3e0c34ead4620");
    }

    #[test]
    fn order_and_count_change_the_root() {
        let root = |numbers: &[u8]| {
            let mut tree = MerkleTree::default();
            for number in numbers {
                tree.push(leaf(*number));
            }
            tree.root()
        };
        let roots = [root(&[]), root(&[1]), root(&[1, 1]), root(&[1, 2]), root(&[2, 1]), root(&[1, 2, 2])];
        assert_eq!(roots.iter().collect::<std::collections::HashSet<_>>().len(), roots.len());
    }
}
