//! Comments out of the way of the grammar.
//!
//! The grammar stumbles over comments that Python allows: one between a decorator and its definition that is indented
//! less than these breaks the block around them. Blanks in their place keep every offset.

use std::ops::Range;

use tree_sitter::Tree;

use super::syntax::{Role, role};

/// The text with blanks for its comments, and where these are, in order.
pub(super) fn blanked(tree: &Tree, text: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    let comments = comments(tree, text);
    let mut blanked = text.to_vec();
    for comment in &comments {
        blanked[comment.clone()].fill(b' ');
    }
    (blanked, comments)
}

/// Whether what was taken for comments by one tree can be none in the other: it would stand inside of a literal there.
pub(super) fn contradict(comments: &[Range<usize>], tree: &Tree) -> bool {
    let mut literals = ranges_of(tree, Role::String).into_iter().peekable();
    comments.iter().any(|comment| {
        while literals.next_if(|literal| literal.end <= comment.start).is_some() {}
        literals.peek().is_some_and(|literal| literal.start < comment.end)
    })
}

fn comments(tree: &Tree, text: &[u8]) -> Vec<Range<usize>> {
    ranges_of(tree, Role::Comment).into_iter().map(|comment| of_its_line(comment, text)).collect()
}

/// Where the outermost nodes of a role are, in order.
fn ranges_of(tree: &Tree, wanted: Role) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let is_wanted = role(cursor.node()) == wanted;
        if is_wanted {
            found.push(cursor.node().byte_range());
        }
        if !is_wanted && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

/// The grammar takes the first half of `\r\n` for a part of the comment.
pub(super) fn of_its_line(comment: Range<usize>, text: &[u8]) -> Range<usize> {
    let line_break = usize::from(text[comment.clone()].ends_with(b"\r"));
    comment.start..comment.end - line_break
}
