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
    comments.iter().any(|comment| {
        let mut node = tree.root_node().descendant_for_byte_range(comment.start, comment.end);
        while let Some(inner) = node {
            if role(inner) == Role::String {
                return true;
            }
            node = inner.parent();
        }
        false
    })
}

fn comments(tree: &Tree, text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    loop {
        if role(cursor.node()) == Role::Comment {
            found.push(of_its_line(cursor.node().byte_range(), text));
        }
        if cursor.goto_first_child() {
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
