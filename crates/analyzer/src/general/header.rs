//! Where the declaration of a record begins, and where its header ends.

use cds_language::NodeRole as Role;
use tree_sitter::Node;

use super::{grammar::Grammar, walk::Surrounding};

/// The first byte of a declaration: annotations and comments before it are no part of it.
pub(super) fn start<'t>(grammar: &Grammar, declaration: Node<'t>) -> Node<'t> {
    let mut node = declaration;
    loop {
        let mut cursor = node.walk();
        let first = node.children(&mut cursor).find(|child| match grammar.role(*child) {
            Role::Annotation | Role::Comment => false,
            Role::Modifiers => holds_words(grammar, *child),
            _ => true,
        });
        match first {
            Some(first) if grammar.role(first) == Role::Modifiers => node = first,
            Some(first) => return first,
            None => return node,
        }
    }
}

/// Where the header of a definition ends whose body begins at `body`: a comment before that is no part of it.
pub(super) fn end(grammar: &Grammar, definition: Node<'_>, body: usize) -> usize {
    let mut cursor = definition.walk();
    let is_header = |child: &Node<'_>| child.end_byte() <= body && grammar.role(*child) != Role::Comment;
    let holds_body = definition.children(&mut cursor).any(|child| child.start_byte() == body);
    let last = definition.children(&mut cursor).filter(is_header).last();
    last.filter(|_| holds_body).map_or(body, |last| last.end_byte())
}

/// Whether modifiers are more than annotations.
fn holds_words(grammar: &Grammar, modifiers: Node<'_>) -> bool {
    let mut cursor = modifiers.walk();
    modifiers.children(&mut cursor).any(|child| !matches!(grammar.role(child), Role::Annotation | Role::Comment))
}

/// What gives a value its name: the binding, and the declaration that it stands in if it is the first there.
pub(super) struct Bound<'t> {
    pub(super) binding: Node<'t>,
    pub(super) declaration: Node<'t>,
}

/// What gives the value `node` a name, if anything does. `around` is what the value stands in, outermost first, and
/// `field` the field of the value itself.
pub(super) fn bound<'t>(
    grammar: &Grammar,
    node: Node<'t>,
    field: Option<u16>,
    around: &[Surrounding<'t>],
) -> Option<Bound<'t>> {
    let (mut field, mut value) = (field, node);
    for (place, outer) in around.iter().enumerate().rev() {
        if let Some(binding) = grammar.binding(outer.node) {
            let is_value = binding.value.is_none_or(|value| Some(value.get()) == field);
            let is_name = is_first(outer.node, value);
            let is_bound = is_value && !(binding.value.is_none() && is_name);
            return is_bound.then(|| declaration(grammar, outer.node, &around[..place]));
        }
        let is_wrapped = match grammar.role(outer.node) {
            Role::Wrapper => is_first(outer.node, value),
            Role::ValueList => outer.node.named_child_count() == 1,
            _ => false,
        };
        if !is_wrapped {
            return None;
        }
        (field, value) = (outer.field, outer.node);
    }
    None
}

fn is_first(outer: Node<'_>, node: Node<'_>) -> bool {
    outer.named_child(0).is_some_and(|first| first.id() == node.id())
}

fn declaration<'t>(grammar: &Grammar, binding: Node<'t>, around: &[Surrounding<'t>]) -> Bound<'t> {
    Bound { binding, declaration: group(grammar, binding, around) }
}

/// The declaration that a binding or a definition stands in, if it is the first there.
pub(super) fn group<'t>(grammar: &Grammar, binding: Node<'t>, around: &[Surrounding<'t>]) -> Node<'t> {
    let mut declaration = binding;
    for outer in around.iter().rev() {
        if grammar.role(outer.node) != Role::BindingGroup || !is_first_binding(grammar, outer.node, declaration) {
            break;
        }
        declaration = outer.node;
    }
    declaration
}

fn is_first_binding(grammar: &Grammar, group: Node<'_>, binding: Node<'_>) -> bool {
    let mut cursor = group.walk();
    let is_binding = |child: &Node<'_>| {
        grammar.binding(*child).is_some()
            || grammar.role(*child) == Role::BindingGroup
            || child.kind_id() == binding.kind_id()
    };
    let first = group.children(&mut cursor).find(is_binding);
    // A list in brackets has a line for each.
    let is_listed = binding.prev_sibling().is_some_and(|before| before.kind() == "(");
    !is_listed && first.is_some_and(|first| first.id() == binding.id())
}
