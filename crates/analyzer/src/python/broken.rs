//! What still can be trusted in a tree with syntax errors.

use tree_sitter::Node;

use super::{layout::Indentation, syntax::Role, walk::Surrounding};
use crate::{Problem, rows::Rows};

/// Where the text first departs from the grammar.
pub(super) fn first_problem(root: Node<'_>, rows: Rows<'_>) -> Problem {
    let mut node = root;
    let mut cursor = root.walk();
    // Innermost: a parser that lost its way early puts all the rest into one error.
    while let Some(child) = node.children(&mut cursor).find(|child| child.has_error() || child.is_missing()) {
        node = child;
    }
    let line = u32::try_from(rows.start(node) + 1).unwrap_or(u32::MAX);
    let reason =
        if node.is_missing() { format!("syntax error: missing {}", node.kind()) } else { "syntax error".to_owned() };
    Problem { line, reason }
}

/// Whether a definition of a broken tree is whole and stands where its indentation says that it stands.
///
/// Error recovery closes and opens blocks at will. A definition directly in a block must be indented deeper than what
/// the block belongs to, any other must begin its line; where this does not hold, its kind and its extent are unknown.
///
/// `around` is what the definition stands in, outermost first; `text` is what the tree is of.
pub(super) fn is_trustworthy(definition: Node<'_>, around: &[Surrounding], text: &[u8]) -> bool {
    if definition.has_error() {
        return false;
    }
    let column = column_of(text, definition.start_byte());
    let mut around = around.iter().rev().filter(|outer| outer.role != Role::Decorated);
    match around.next() {
        Some(parent) if parent.is_block => around.next().is_some_and(|owner| column_of(text, owner.start) < column),
        _ => column == 0,
    }
}

/// How far what begins at `position` is indented; behind other code on its line, how many bytes stand before it.
fn column_of(text: &[u8], position: usize) -> usize {
    let start = memchr::memrchr(b'\n', &text[..position]).map_or(0, |line_break| line_break + 1);
    let indentation = Indentation::at(text, start, &mut Vec::new());
    if indentation.end == position { indentation.column } else { position - start }
}
