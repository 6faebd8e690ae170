//! The shape of code: each token as one byte, with names and literals abstracted to the part that they play.

use cds_language::Token;

pub(crate) use cds_language::class::{Class, DEDENT, INDENT, NEWLINE, OTHER, TEXT, is_name, space};

/// The classes of `tokens`, one for one.
pub(crate) fn classes(tokens: &[Token]) -> Vec<Class> {
    tokens.iter().map(|token| token.class).collect()
}
