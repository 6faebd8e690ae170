//! Where a text departs from its grammar.

use tree_sitter::Node;

use super::grammar::Grammar;
use crate::{Problem, rows::Rows};

/// How much of the beginning of a text is searched for what it says about itself.
const HEAD: usize = 2_000;

/// The first place, with what is wrong there.
pub(super) fn first_problem(grammar: &Grammar, root: Node<'_>, text: &str, rows: Rows<'_>) -> Problem {
    let mut node = root;
    let mut cursor = root.walk();
    // Innermost: a parser that lost its way early puts all the rest into one error.
    while let Some(child) = node.children(&mut cursor).find(|child| child.has_error() || child.is_missing()) {
        node = child;
    }
    let line = u32::try_from(rows.start(node) + 1).unwrap_or(u32::MAX);
    let mut reason =
        if node.is_missing() { format!("syntax error: missing {}", node.kind()) } else { "syntax error".to_owned() };
    let head = text.get(..HEAD.min(text.len())).unwrap_or(text);
    if let Some((_, dialect)) = grammar.language.foreign_marks.iter().find(|(mark, _)| head.contains(mark)) {
        reason = format!("{reason}; the file is written in {dialect}, which is not read");
    }
    Problem { line, reason }
}
