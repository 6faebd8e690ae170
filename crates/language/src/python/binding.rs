//! How tightly the operators of Python bind, from what stands on either side of parentheses.

use super::class as fixed;
use crate::{
    Token, TokenKind,
    class::{Class, TRUTH},
};

pub(super) const ROUND: Class = fixed("(");
pub(super) const SQUARE: Class = fixed("[");
pub(super) const CURLY: Class = fixed("{");
pub(super) const IF: Class = fixed("if");
pub(super) const LAMBDA: Class = fixed("lambda");
pub(super) const STAR: Class = fixed("*");
pub(super) const NOT_WORD: Class = fixed("not");
pub(super) const IS: Class = fixed("is");
const PLUS: Class = fixed("+");
const MINUS: Class = fixed("-");
const TILDE: Class = fixed("~");
const AT: Class = fixed("@");
const STARS: Class = fixed("**");
const DOT: Class = fixed(".");
const AWAIT_WORD: Class = fixed("await");
const ELSE: Class = fixed("else");

/// Binds less than any operator: a whole expression.
pub(super) const EXPRESSION: u8 = 1;
pub(super) const CONDITIONAL: u8 = 2;
pub(super) const OR: u8 = 3;
const AND: u8 = 4;
pub(super) const NOT: u8 = 5;
pub(super) const COMPARISON: u8 = 6;
pub(super) const UNARY: u8 = 13;
const POWER: u8 = 14;
pub(super) const AWAIT: u8 = 15;
/// A name, a literal, something in brackets, and what is called, indexed or taken of those.
pub(super) const PRIMARY: u8 = 16;
/// More than anything has.
pub(super) const NEVER: u8 = u8::MAX;

const NONE: Class = fixed("None");
const ENDS: [Class; 4] = [fixed(")"), fixed("]"), fixed("}"), fixed("...")];

/// How tightly a token binds as an operator between two operands; 0 for what is none. By its class.
static LEVELS: [u8; 256] = {
    let mut levels = [0; 256];
    let binary = [
        ("if", CONDITIONAL),
        ("else", CONDITIONAL),
        ("or", OR),
        ("and", AND),
        ("in", COMPARISON),
        ("is", COMPARISON),
        ("==", COMPARISON),
        ("!=", COMPARISON),
        ("<", COMPARISON),
        (">", COMPARISON),
        ("<=", COMPARISON),
        (">=", COMPARISON),
        ("|", 7),
        ("^", 8),
        ("&", 9),
        ("<<", 10),
        (">>", 10),
        ("+", 11),
        ("-", 11),
        ("*", 12),
        ("/", 12),
        ("//", 12),
        ("%", 12),
        ("@", 12),
        ("**", POWER),
    ];
    let mut place = 0;
    while place < binary.len() {
        levels[fixed(binary[place].0) as usize] = binary[place].1;
        place += 1;
    }
    levels
};

pub(super) fn level(class: Class) -> u8 {
    LEVELS[usize::from(class)]
}

/// Whether an operand ends with this token, so that a sign behind it stands between two.
pub(super) fn ends_operand(token: &Token) -> bool {
    match token.kind {
        TokenKind::Name | TokenKind::Number | TokenKind::Text => true,
        TokenKind::Keyword => token.class == TRUTH || token.class == NONE,
        TokenKind::Operator => ENDS.contains(&token.class),
        _ => false,
    }
}

/// How tightly an operand has to bind at least that stands to the right of `token`, the last one of `before`. For what
/// depends on more than operators see [`super::form`].
pub(super) fn least_behind(before: &[Token]) -> u8 {
    let Some((token, before)) = before.split_last() else { return EXPRESSION };
    let has_operand = before.last().is_some_and(ends_operand);
    let level = level(token.class);
    match token.class {
        PLUS | MINUS if !has_operand => UNARY,
        TILDE => UNARY,
        // Before a name, as a decorator.
        AT if !has_operand => EXPRESSION,
        // What is unpacked is no comparison.
        STAR | STARS if !has_operand => COMPARISON + 1,
        NOT_WORD if before.last().is_some_and(|token| token.class == IS) => COMPARISON + 1,
        NOT_WORD => NOT,
        AWAIT_WORD => PRIMARY,
        ELSE => CONDITIONAL,
        _ if level == POWER => UNARY,
        _ if level > 0 => level + 1,
        DOT => NEVER,
        _ if token.kind == TokenKind::Keyword || token.kind == TokenKind::Operator => EXPRESSION,
        _ => NEVER,
    }
}

/// How tightly an operand has to bind at least that stands to the left of `token`.
pub(super) fn least_before(token: &Token) -> u8 {
    let level = level(token.class);
    match token.class {
        IF | ELSE => OR,
        NOT_WORD => COMPARISON + 1,
        DOT | ROUND | SQUARE => PRIMARY,
        // A chain of comparisons, or of conditions, is one operation.
        _ if level == COMPARISON || level == OR || level == AND => level + 1,
        _ if level == POWER => AWAIT,
        _ if level > 0 => level,
        // Nothing that is Python.
        CURLY | LAMBDA => NEVER,
        _ if matches!(token.kind, TokenKind::Name | TokenKind::Number | TokenKind::Text) => NEVER,
        _ => EXPRESSION,
    }
}
