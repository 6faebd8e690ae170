//! Loops that spell out another loop or a comprehension.

use super::statement::{Piece, Statement, inside_brackets, text_hash, top_level};
use crate::class;

/// Turns a `while` that counts up or asks an iterator into the `for` that it stands for.
pub(super) fn count_or_ask(done: &mut Vec<Statement>, statement: &mut Statement) {
    let head = match &statement.head[..] {
        [_, condition @ .., colon] if colon.is(":") => condition,
        _ => return,
    };
    let rewritten = match head {
        [truth] if truth.class == class::TRUTH => ask(done, &mut statement.block),
        [index, less, end @ ..] if index.class == class::NAME && less.is("<") && !end.is_empty() => {
            count(done, *index, end, &mut statement.block)
        }
        _ => None,
    };
    if let Some((target, source)) = rewritten {
        statement.head =
            [&[Piece::of("for")], &target[..], &[Piece::of("in")], &source[..], &[Piece::of(":")]].concat();
    }
}

type Head = (Vec<Piece>, Vec<Piece>);

/// `i = 0`, `while i < end:`, `i += 1`, and `x = xs[i]` where `end` is `len(xs)`.
fn count(done: &mut Vec<Statement>, index: Piece, end: &[Piece], block: &mut Vec<Statement>) -> Option<Head> {
    let (name, start) = done.last()?.assignment()?;
    if name != index {
        return None;
    }
    let step = block.iter().position(|line| counts_up(line, index))?;
    let start = start.to_vec();
    done.pop();
    block.remove(step);
    if let [len, sequence @ ..] = end
        && len.is("len")
        && let Some(sequence) = inside_brackets(sequence, "(")
        && let Some((target, value)) = block.first().and_then(|first| split_assignment(&first.head))
        && let Some((last, open)) = value.strip_prefix(sequence).and_then(|rest| rest.split_last()).filter(|_| true)
        && last.is("]")
        && matches!(open, [bracket, found] if bracket.is("[") && *found == index)
    {
        let target = target.to_vec();
        block.remove(0);
        return Some((target, source_before(done, sequence.to_vec())));
    }
    let mut source = vec![Piece::of("range"), Piece::of("(")];
    if !(start.len() == 1 && start[0].text == text_hash("0")) {
        source.extend(start);
        source.push(Piece::of(","));
    }
    source.extend_from_slice(end);
    source.push(Piece::of(")"));
    Some((vec![index], source))
}

/// `i += 1` or `i = i + 1`.
fn counts_up(line: &Statement, index: Piece) -> bool {
    let one = |piece: &Piece| piece.text == text_hash("1");
    match &line.head[..] {
        [name, by, step] => *name == index && by.is("+=") && one(step),
        [name, equals, again, plus, step] => {
            *name == index && equals.is("=") && *again == index && plus.is("+") && one(step)
        }
        _ => false,
    }
}

/// The target and the value of an assignment with one `=`.
fn split_assignment(head: &[Piece]) -> Option<(&[Piece], &[Piece])> {
    let (at, _) = top_level(head).find(|(_, piece)| piece.is("="))?;
    Some((&head[..at], &head[at + 1..]))
}

/// `it = iter(xs)`, `while True:`, `try: x = next(it)`, `except StopIteration: break`.
fn ask(done: &mut Vec<Statement>, block: &mut Vec<Statement>) -> Option<Head> {
    let [attempt, stop, ..] = &block[..] else { return None };
    if !attempt.is_only("try") || !stop.starts_with("except") {
        return None;
    }
    let [advance] = &attempt.block[..] else { return None };
    let [end] = &stop.block[..] else { return None };
    if !(end.starts_with("break") && stop.head.iter().any(|piece| piece.is("StopIteration"))) {
        return None;
    }
    let (target, value) = split_assignment(&advance.head)?;
    let [next, open, iterator, _] = value else { return None };
    if !(next.is("next") && open.is("(")) {
        return None;
    }
    let (name, made) = done.last()?.assignment()?;
    let [iter, made @ ..] = made else { return None };
    if name != *iterator || !iter.is("iter") {
        return None;
    }
    let rewritten = (target.to_vec(), inside_brackets(made, "(")?.to_vec());
    done.pop();
    block.drain(..2);
    Some(rewritten)
}

/// What is looped over; a name that was bound just before is replaced by its value.
fn source_before(done: &mut Vec<Statement>, source: Vec<Piece>) -> Vec<Piece> {
    if let [name] = source[..]
        && let Some((bound, value)) = done.last().and_then(Statement::assignment)
        && bound == name
    {
        let value = match value {
            [list, rest @ ..] if list.is("list") || list.is("tuple") => inside_brackets(rest, "(").unwrap_or(value),
            _ => value,
        };
        let value = value.to_vec();
        done.pop();
        return value;
    }
    source
}

/// Turns a loop that only fills the collection made empty just before into the comprehension.
pub(super) fn collect(done: &mut Vec<Statement>, statement: &mut Statement) {
    let Some((name, empty)) = done.last().and_then(Statement::assignment) else { return };
    let kind = match empty {
        [open, close] if open.is("[") && close.is("]") => Kind::List,
        [list, _, close] if list.is("list") && close.is(")") => Kind::List,
        [set, _, close] if set.is("set") && close.is(")") => Kind::Set,
        [dict, _, close] if dict.is("dict") && close.is(")") => Kind::Dictionary,
        [open, close] if open.is("{") && close.is("}") => Kind::Dictionary,
        _ => return,
    };
    let mut clauses = Vec::new();
    let mut level = &*statement;
    while level.starts_with("for") || level.starts_with("if") {
        clauses.extend_from_slice(&level.head[..level.head.len() - 1]);
        let [inner] = &level.block[..] else { return };
        level = inner;
    }
    let Some(element) = kind.element(&level.head, name) else { return };
    let (open, close) = if matches!(kind, Kind::List) { ("[", "]") } else { ("{", "}") };
    statement.head = [&[name, Piece::of("="), Piece::of(open)], &element[..], &clauses, &[Piece::of(close)]].concat();
    statement.block.clear();
    done.pop();
}

enum Kind {
    List,
    Set,
    Dictionary,
}

impl Kind {
    /// What the line adds to the collection `name`.
    fn element(&self, line: &[Piece], name: Piece) -> Option<Vec<Piece>> {
        let [first, rest @ ..] = line else { return None };
        if first.text != name.text {
            return None;
        }
        let method = match self {
            Self::List => "append",
            Self::Set => "add",
            Self::Dictionary => {
                let (target, value) = split_assignment(rest)?;
                let key = inside_brackets(target, "[")?;
                return Some([key, &[Piece::of(":")], value].concat());
            }
        };
        let [dot, call, arguments @ ..] = rest else { return None };
        if !dot.is(".") || call.text != text_hash(method) {
            return None;
        }
        inside_brackets(arguments, "(").map(<[Piece]>::to_vec)
    }
}

/// Puts a value that was named just before into the place where it is used: one that is returned, or a comprehension
/// that the next line uses once.
pub(super) fn inline(done: &mut Vec<Statement>, next: &mut Statement) {
    let Some((name, value)) = done.last().and_then(Statement::assignment) else { return };
    let returned = matches!(next.head[..], [give, found] if give.is("return") && found == name);
    let comprehension = (inside_brackets(value, "[").is_some() || inside_brackets(value, "{").is_some())
        && value.iter().any(|piece| piece.is("for"));
    if !returned && !comprehension {
        return;
    }
    let mut uses = next.head.iter().enumerate().filter(|(_, piece)| **piece == name);
    let (Some((at, _)), None) = (uses.next(), uses.next()) else { return };
    if next.head.get(at + 1).is_some_and(|piece| piece.is("=")) {
        return;
    }
    next.head = [&next.head[..at], value, &next.head[at + 1..]].concat();
    done.pop();
}
