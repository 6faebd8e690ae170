//! Statements with their blocks, from tokens and back.

use super::super::LEXICON;
use crate::class::{self, Class, DEDENT, INDENT, NEWLINE};

/// A token that can be compared: its class and a hash of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) class: Class,
    pub(super) text: u32,
}

impl Piece {
    /// A token of the language.
    pub(super) fn of(word: &str) -> Self {
        Self { class: LEXICON.class_of(word), text: text_hash(word) }
    }

    pub(super) fn is(self, word: &str) -> bool {
        self.class == LEXICON.class_of(word)
    }
}

/// A hash of a text that is only ever compared with another of its kind: eight bytes at a time.
pub(super) fn text_hash(text: &str) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (eights, rest) = text.as_bytes().as_chunks();
    let mix = |hash: u64, bytes: u64| {
        let mixed = (hash ^ bytes).wrapping_mul(FACTOR);
        mixed ^ (mixed >> 32)
    };
    let last = rest.iter().fold(0, |last, &byte| (last << 8) | u64::from(byte));
    let hash = eights.iter().fold(text.len() as u64, |hash, &eight| mix(hash, u64::from_le_bytes(eight)));
    mix(mix(hash, last), FACTOR) as u32
}

/// A logical line and the block below it.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) head: Vec<Piece>,
    pub(super) block: Vec<Statement>,
}

impl Statement {
    pub(super) fn starts_with(&self, word: &str) -> bool {
        self.head.first().is_some_and(|piece| piece.is(word))
    }

    /// Whether the line is the word and a colon.
    pub(super) fn is_only(&self, word: &str) -> bool {
        matches!(&self.head[..], [first, colon] if first.is(word) && colon.is(":"))
    }

    /// The name and the value of `name = value`.
    pub(super) fn assignment(&self) -> Option<(Piece, &[Piece])> {
        match &self.head[..] {
            [name, equals, value @ ..]
                if name.class == class::NAME && equals.is("=") && !value.is_empty() && self.block.is_empty() =>
            {
                Some((*name, value))
            }
            _ => None,
        }
    }
}

/// The statements of a text; none if it is nested deeper than `max_depth`.
pub(super) fn parse(pieces: impl Iterator<Item = Piece>, max_depth: usize) -> Option<Vec<Statement>> {
    let mut open: Vec<Vec<Statement>> = vec![Vec::new()];
    let mut head = Vec::new();
    for piece in pieces {
        match piece.class {
            NEWLINE => open.last_mut()?.push(Statement { head: std::mem::take(&mut head), block: Vec::new() }),
            INDENT if open.len() == max_depth => return None,
            INDENT => open.push(Vec::new()),
            DEDENT => {
                let block = open.pop()?;
                let outer = open.last_mut()?;
                match outer.last_mut() {
                    Some(owner) => owner.block.extend(block),
                    None => outer.extend(block),
                }
            }
            _ => head.push(piece),
        }
    }
    while open.len() > 1 {
        let block = open.pop()?;
        open.last_mut()?.extend(block);
    }
    open.pop()
}

/// Writes the classes of `block`; the depth is bounded by the reader's.
pub(super) fn write(block: &[Statement], classes: &mut Vec<Class>) {
    for statement in block {
        classes.extend(statement.head.iter().map(|piece| piece.class));
        classes.push(NEWLINE);
        if !statement.block.is_empty() {
            classes.push(INDENT);
            write(&statement.block, classes);
            classes.push(DEDENT);
        }
    }
}

/// The tokens outside of all brackets with their places.
pub(super) fn top_level(pieces: &[Piece]) -> impl Iterator<Item = (usize, Piece)> + '_ {
    let mut depth = 0_usize;
    pieces.iter().copied().enumerate().filter(move |&(_, piece)| {
        if piece.is("(") || piece.is("[") || piece.is("{") {
            depth += 1;
            false
        } else if piece.is(")") || piece.is("]") || piece.is("}") {
            depth = depth.saturating_sub(1);
            false
        } else {
            depth == 0
        }
    })
}

/// What stands between a bracket that opens the tokens and its partner, if that one ends them.
pub(super) fn inside_brackets<'a>(pieces: &'a [Piece], open: &str) -> Option<&'a [Piece]> {
    if pieces.len() < 2 || !pieces[0].is(open) || top_level(pieces).next().is_some() {
        return None;
    }
    let mut depth = 0_usize;
    for (place, piece) in pieces.iter().enumerate() {
        if piece.is("(") || piece.is("[") || piece.is("{") {
            depth += 1;
        } else if piece.is(")") || piece.is("]") || piece.is("}") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return (place + 1 == pieces.len()).then(|| &pieces[1..place]);
            }
        }
    }
    None
}
