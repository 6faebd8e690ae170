//! The shape of code: each token as one byte, with names and literals abstracted to the part that they play.
//!
//! Keywords, operators and the built-in vocabulary of Python stay what they are, since no renaming changes them. A name
//! of the program becomes its role: a call, an attribute, a called attribute, a keyword argument, or a plain name.

use crate::lexer::Token;

pub(crate) use crate::words::code_of;

/// One byte for one abstracted token.
pub(crate) type Class = u8;

pub(crate) const NEWLINE: Class = 1;
pub(crate) const INDENT: Class = 2;
pub(crate) const DEDENT: Class = 3;
pub(crate) const NUMBER: Class = 4;
pub(crate) const TEXT: Class = 5;
pub(crate) const TRUTH: Class = 6;
pub(crate) const NAME: Class = 7;
pub(crate) const CALL: Class = 8;
pub(crate) const ATTRIBUTE: Class = 9;
pub(crate) const METHOD_CALL: Class = 10;
pub(crate) const ARGUMENT: Class = 11;
pub(crate) const OTHER: Class = 12;

/// Whether the byte stands for a name of the program.
pub(crate) const fn is_name(class: Class) -> bool {
    matches!(class, NAME | CALL | ATTRIBUTE | METHOD_CALL | ARGUMENT)
}

/// Names of different spaces are different names, even where they are spelled alike.
pub(crate) const fn space(class: Class) -> u8 {
    match class {
        ATTRIBUTE | METHOD_CALL => 1,
        ARGUMENT => 2,
        _ => 0,
    }
}

/// The classes of `tokens`, one for one.
pub(crate) fn classes(tokens: &[Token]) -> Vec<Class> {
    tokens.iter().map(|token| token.class).collect()
}
