//! What names the definitions that stand in something that is no record.

use std::sync::Arc;

use tree_sitter::Node;

use super::grammar::{Binding, Owner, child};

/// The name of what has none.
pub(super) const ANONYMOUS: &str = "<anonymous>";
/// Longer names say no more.
const LONGEST: usize = 200;

/// The name of an owner: `Cart`, or `<Cart as Display>` where it says what it implements.
pub(super) fn name(owner: &Owner, node: Node<'_>, text: &str) -> Arc<str> {
    let Some(name) = child(node, owner.name) else { return Arc::from(ANONYMOUS) };
    match child(node, owner.implements) {
        Some(implemented) => {
            Arc::from(shortened(format!("<{} as {}>", one_line(name, text), one_line(implemented, text))))
        }
        None => plain(name, text),
    }
}

/// The name that a binding gives to its value.
pub(super) fn of_binding(binding: &Binding, node: Node<'_>, text: &str) -> Option<Arc<str>> {
    let name = binding.name.map_or_else(|| node.named_child(0), |name| child(node, Some(name)))?;
    Some(Arc::from(shortened(one_line(name, text).trim_matches(['\'', '"']).to_owned())))
}

/// A name without type arguments.
fn plain(name: Node<'_>, text: &str) -> Arc<str> {
    let named = child_of_type(name).unwrap_or(name);
    Arc::from(shortened(one_line(named, text)))
}

/// The type itself of one with arguments.
fn child_of_type(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name("type_arguments").and_then(|_| node.child_by_field_name("type"))
}

fn one_line(node: Node<'_>, text: &str) -> String {
    text.get(node.byte_range()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(mut name: String) -> String {
    if name.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&at| name.is_char_boundary(at)).unwrap_or_default();
        name.truncate(end);
        name.push('…');
    }
    name
}
