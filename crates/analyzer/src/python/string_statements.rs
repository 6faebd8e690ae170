//! Statements that are only a string literal: docstrings, and strings used as comments.

use std::ops::Range;

use tree_sitter::Node;

use super::syntax::{Role, role};

/// What to leave out for a statement that is only a string literal: the literal, and the semicolon that is not needed
/// without it. `None` for any other statement.
///
/// A formatted string with something to compute is code.
pub(super) fn string_statement_range(statement: Node<'_>, text: &str) -> Option<Range<usize>> {
    if !is_only_string(statement) {
        return None;
    }
    let (start, end) = (statement.start_byte(), statement.end_byte());
    let range = match (statement.next_sibling(), previous_semicolon(statement)) {
        // `"text"; code`: what follows moves to the place of the string.
        (Some(semicolon), _) if role(semicolon) == Role::Semicolon => {
            let after = &text[semicolon.end_byte()..];
            let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
            start..semicolon.end_byte() + blanks
        }
        // `code; "text"`: the semicolon before it ends nothing any more.
        (_, Some(semicolon)) => semicolon.start_byte()..end,
        _ => start..end,
    };
    Some(range)
}

/// The first of the semicolons between the last statement that stays and this one.
fn previous_semicolon(statement: Node<'_>) -> Option<Node<'_>> {
    let mut first = None;
    let mut sibling = statement.prev_sibling();
    while let Some(node) = sibling {
        match role(node) {
            // A semicolon can also end the line before.
            Role::Semicolon if node.end_position().row == statement.start_position().row => first = Some(node),
            Role::ExpressionStatement if first.is_some() && is_only_string(node) => {}
            _ => break,
        }
        sibling = node.prev_sibling();
    }
    // With nothing before them the semicolons were already taken by the strings in front of them.
    first.filter(|semicolon| semicolon.prev_sibling().is_some_and(|node| !is_only_string(node)))
}

fn is_only_string(statement: Node<'_>) -> bool {
    if role(statement) != Role::ExpressionStatement || statement.has_error() {
        return false;
    }
    let mut node = statement;
    loop {
        let mut cursor = node.walk();
        let mut children = node.named_children(&mut cursor).filter(|child| role(*child) != Role::Comment);
        match (children.next(), children.next()) {
            (Some(only), None) => match role(only) {
                Role::String => return !computes(only),
                Role::Parentheses => node = only,
                _ => return false,
            },
            _ => return false,
        }
    }
}

fn computes(string: Node<'_>) -> bool {
    let mut cursor = string.walk();
    string.children(&mut cursor).any(|child| match role(child) {
        Role::Interpolation => true,
        Role::String => computes(child),
        _ => false,
    })
}
