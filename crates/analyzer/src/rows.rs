//! On which rows of the source a node stands.

use cds_model::SourceText;
use tree_sitter::Node;

/// The rows of a tree's nodes, 0-based.
///
/// A tree of a text with fewer line breaks than the source has other rows, but the same offsets.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'s> {
    /// Those that the tree says.
    OfTree,
    /// Those of the source at the same offset.
    Of(&'s SourceText),
}

impl Rows<'_> {
    pub(crate) fn start(self, node: Node<'_>) -> usize {
        match self {
            Self::OfTree => node.start_position().row,
            Self::Of(source) => row_of(source, node.start_byte()),
        }
    }

    pub(crate) fn end(self, node: Node<'_>) -> usize {
        match self {
            Self::OfTree => node.end_position().row,
            Self::Of(source) => row_of(source, node.end_byte()),
        }
    }

    pub(crate) fn are_several(self, node: Node<'_>) -> bool {
        self.start(node) != self.end(node)
    }
}

fn row_of(source: &SourceText, position: usize) -> usize {
    source.line_of(u32::try_from(position).unwrap_or(u32::MAX)) as usize - 1
}
