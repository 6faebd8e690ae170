//! Where a definition's header and body end.

use tree_sitter::Node;

use super::syntax::{Role, role};

/// The byte after the `:` that ends the header; without one, the end of the definition.
pub(super) fn header_end(definition: Node<'_>) -> usize {
    let mut cursor = definition.walk();
    let colon = definition.children(&mut cursor).find(|child| role(*child) == Role::Colon);
    colon.map_or_else(|| definition.end_byte(), |colon| colon.end_byte())
}

/// The row on which the last statement ends.
///
/// The grammar counts comments behind the last statement to the body; a reader does not.
pub(super) fn last_code_row(definition: Node<'_>) -> usize {
    let mut node = definition;
    let mut cursor = definition.walk();
    loop {
        let last = node.children(&mut cursor).filter(|child| is_code(*child)).last();
        match last {
            Some(child) => node = child,
            None => return node.end_position().row,
        }
    }
}

fn is_code(node: Node<'_>) -> bool {
    !matches!(role(node), Role::Comment | Role::Continuation) && node.start_byte() < node.end_byte()
}
