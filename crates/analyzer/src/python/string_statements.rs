//! Statements that are only a string literal: docstrings, and strings used as comments.
//!
//! What is left out for one is the literal and one semicolon, if there is one on its row: `"text"; code` loses the one
//! behind the text, `code; "text"` the one before it, `code; "text"; code` only one of both.

use cds_model::{SpanKind, SyntaxSpan};
use tree_sitter::Node;

use super::syntax::{Role, role};
use crate::rows::Rows;

/// What the statements on one row have shown so far; they are met from left to right.
#[derive(Debug, Default)]
pub(super) struct StatementRow {
    /// The row and the place of the first semicolon behind the last statement that stays.
    semicolon: Option<(usize, usize)>,
    /// The string statement that was just met: its row, its span, and where the literal itself begins.
    string: Option<(usize, usize, usize)>,
}

impl StatementRow {
    /// A statement that is only a string.
    pub(super) fn string_statement(&mut self, statement: Node<'_>, rows: Rows<'_>, spans: &mut Vec<SyntaxSpan>) {
        let row = rows.start(statement);
        // A semicolon can also end the row before.
        let before = self.semicolon.filter(|(of, _)| *of == row).map(|(_, start)| start);
        self.string = Some((rows.end(statement), spans.len(), statement.start_byte()));
        let start = before.unwrap_or_else(|| statement.start_byte());
        spans.push(SyntaxSpan { kind: SpanKind::Noise, start: offset(start), end: offset(statement.end_byte()) });
    }

    /// A semicolon between statements.
    pub(super) fn semicolon(&mut self, node: Node<'_>, text: &str, rows: Rows<'_>, spans: &mut [SyntaxSpan]) {
        let row = rows.start(node);
        match self.string.take() {
            // What follows moves to the place of the string; the semicolon before it is needed again.
            Some((of, span, start)) if of == row => {
                let after = &text[node.end_byte()..];
                let blank_count = after.len() - after.trim_start_matches([' ', '\t']).len();
                spans[span].start = offset(start);
                spans[span].end = offset(node.end_byte() + blank_count);
            }
            _ => self.semicolon = Some((row, node.start_byte())),
        }
    }

    /// Anything that stays.
    pub(super) fn other(&mut self) {
        *self = Self::default();
    }
}

fn offset(position: usize) -> u32 {
    u32::try_from(position).expect("a source text is shorter than 4 GiB")
}

/// Whether a statement is nothing but string literals; a formatted string with something to compute is code.
pub(super) fn is_only_string(statement: Node<'_>) -> bool {
    if role(statement) != Role::ExpressionStatement || statement.has_error() {
        return false;
    }
    let mut node = statement;
    loop {
        let mut cursor = node.walk();
        let mut children = node.named_children(&mut cursor).filter(|child| role(*child) != Role::Comment);
        match (children.next(), children.next()) {
            (Some(only), None) => match role(only) {
                Role::String | Role::Strings => return !computes(only),
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
        Role::String | Role::Strings => computes(child),
        _ => false,
    })
}
