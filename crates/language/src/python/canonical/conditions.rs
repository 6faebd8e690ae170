//! Conditions in their positive form, and conditions that belong together.

use super::statement::{Piece, Statement, inside_brackets, top_level};

/// The head of an `if` with the opposite condition, if the one that it has is a negation.
pub(super) fn positive(head: &[Piece]) -> Option<Vec<Piece>> {
    let [_, condition @ .., colon] = head else { return None };
    let opposite = opposite(condition)?;
    Some([&head[..1], &opposite, &[*colon]].concat())
}

fn opposite(condition: &[Piece]) -> Option<Vec<Piece>> {
    let joins = |piece: Piece| piece.is("and") || piece.is("or") || piece.is("if") || piece.is("lambda");
    if top_level(condition).any(|(_, piece)| joins(piece)) {
        return None;
    }
    if condition.first()?.is("not") {
        let rest = &condition[1..];
        return Some(inside_brackets(rest, "(").unwrap_or(rest).to_vec());
    }
    let comparisons: Vec<(usize, Piece)> = top_level(condition)
        .filter(|&(_, piece)| ["==", "!=", "<", ">", "<=", ">=", "in", "is", "not"].iter().any(|word| piece.is(word)))
        .collect();
    let replaced = |at: usize, length: usize, by: &str| {
        Some([&condition[..at], &[Piece::of(by)], &condition[at + length..]].concat())
    };
    match comparisons[..] {
        [(at, piece)] if piece.is("!=") => replaced(at, 1, "=="),
        [(at, piece)] if piece.is(">=") => replaced(at, 1, "<"),
        [(at, piece)] if piece.is("<=") => replaced(at, 1, ">"),
        [(at, is), (not, negation)] if is.is("is") && negation.is("not") && not == at + 1 => replaced(at, 2, "is"),
        [(not, negation), (at, within)] if negation.is("not") && within.is("in") && at == not + 1 => {
            replaced(not, 2, "in")
        }
        _ => None,
    }
}

/// Joins an `if` with the only statement of its block if that is an `if` as well.
pub(super) fn join_nested(statement: &mut Statement) {
    while let [inner] = &mut statement.block[..]
        && inner.starts_with("if")
        && inner.head.len() > 2
        && statement.head.last().is_some_and(|last| last.is(":"))
    {
        statement.head.pop();
        statement.head.push(Piece::of("and"));
        statement.head.extend_from_slice(&inner.head[1..]);
        statement.block = std::mem::take(&mut inner.block);
    }
}
