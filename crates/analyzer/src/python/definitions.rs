//! Where a definition's header and body end.

use tree_sitter::Node;

use super::syntax::{Role, role};

/// The byte after the `:` that ends the header; without one, the end of the definition.
pub(super) fn header_end(definition: Node<'_>) -> usize {
    let mut cursor = definition.walk();
    let colon = definition.children(&mut cursor).find(|child| role(*child) == Role::HeaderEnd);
    colon.map_or_else(|| definition.end_byte(), |colon| colon.end_byte())
}

/// The node that the last statement ends with.
///
/// The grammar counts comments behind the last statement to the body; a reader does not.
pub(super) fn last_code(definition: Node<'_>) -> Node<'_> {
    let mut node = definition;
    let mut cursor = definition.walk();
    loop {
        let last = node.children(&mut cursor).filter(|child| is_code(*child)).last();
        match last {
            Some(child) => node = child,
            None => return node,
        }
    }
}

fn is_code(node: Node<'_>) -> bool {
    !matches!(role(node), Role::Comment | Role::Continuation) && node.start_byte() < node.end_byte()
}
