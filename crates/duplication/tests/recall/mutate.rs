//! Changes with known truth: what a person does to a copy.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    random::Random,
    source::{Line, count, each_block, parts},
};

const KEYWORDS: &str = "False None True and as assert async await break class continue def del elif else except finally \
     for from global if import in is lambda nonlocal not or pass raise return try while with yield";

pub(crate) fn is_keyword(text: &str) -> bool {
    KEYWORDS.split_whitespace().any(|keyword| keyword == text)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_') && !is_keyword(text)
}

/// The names that the function binds: its own, its parameters, assigned and loop names.
fn bound_names(block: &[Line]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut stack: Vec<&Line> = block.iter().collect();
    while let Some(line) = stack.pop() {
        stack.extend(&line.block);
        let words: Vec<&str> =
            parts(&line.head).into_iter().map(|(text, _)| text).filter(|text| *text != " ").collect();
        for (at, word) in words.iter().enumerate() {
            let before = if at == 0 { "" } else { words[at - 1] };
            let after = words.get(at + 1).copied().unwrap_or("");
            let later = words.get(at + 2).copied().unwrap_or("");
            let parameter = line.head.starts_with("def ") && at > 1 && ["(", ",", "*"].contains(&before);
            let target = at == 0 && after == "=" && later != "=";
            let looped = before == "for" || (before == "as") || (before == "def");
            if is_word(word) && *word != "self" && *word != "cls" && (parameter || target || looped) {
                names.insert((*word).to_owned());
            }
        }
    }
    names
}

/// Renames what the function binds, or every name of it (`thorough`), and changes the literals.
pub(crate) fn rename(block: &mut Vec<Line>, thorough: bool, literals: bool) {
    let bound = bound_names(block);
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    each_block(block, &mut |lines| {
        for line in lines {
            let old = parts(&line.head);
            let mut head = String::new();
            for (at, &(text, is_literal)) in old.iter().enumerate() {
                let before = old[..at].iter().rev().map(|part| part.0).find(|text| *text != " ").unwrap_or("");
                let after = old.get(at + 1).map_or("", |part| part.0);
                let double = old.get(at + 2).map_or("", |part| part.0) == "=";
                let keyword = after == "=" && !double && at > 0 && !line.head.starts_with("def");
                let attribute = before == "." || keyword;
                if is_literal && literals && text.len() > 2 {
                    head += &text[..text.len() - 1];
                    head += "_changed";
                    head += &text[text.len() - 1..];
                } else if literals
                    && text.bytes().all(|byte| byte.is_ascii_digit())
                    && !text.is_empty()
                    && before != "."
                {
                    head += text;
                    head += "7";
                } else if is_word(text)
                    && ((!attribute && bound.contains(text))
                        || (thorough && !builtin(text) && !line.head.starts_with("import ")))
                {
                    let next = names.len();
                    let key = if attribute { format!(".{text}") } else { text.to_owned() };
                    head += names.entry(key).or_insert_with(|| format!("{}_{next}", NEW[next % NEW.len()]));
                } else {
                    head += text;
                }
            }
            line.head = head;
        }
    });
}

/// Does what a formatter does: other quotes, and what the first call or header of a line is given, on lines of its own.
pub(crate) fn layout(block: &mut Vec<Line>) {
    each_block(block, &mut |lines| {
        for line in lines {
            let quoted = |(text, is_literal): (&str, bool)| match text.strip_prefix('\'') {
                Some(inner) if is_literal && !inner.contains('"') => format!("\"{}\"", inner.trim_end_matches('\'')),
                _ => text.to_owned(),
            };
            let parts: Vec<String> = parts(&line.head).into_iter().map(quoted).collect();
            line.head = broken(&parts).unwrap_or_else(|| parts.concat());
        }
    });
}

/// The line with its first call broken into lines; `None` if there is nothing to break.
fn broken(parts: &[String]) -> Option<String> {
    let is_call = |at: usize| parts[at] == "(" && at > 0 && is_word(&parts[at - 1]);
    let open = (0..parts.len()).find(|&at| is_call(at))?;
    let mut depth = 0;
    let length = parts[open..].iter().position(|part| {
        depth +=
            i32::from(matches!(part.as_str(), "(" | "[" | "{")) - i32::from(matches!(part.as_str(), ")" | "]" | "}"));
        depth == 0
    })?;
    let inside = parts[open + 1..open + length].concat();
    // A comma behind a generator would be wrong.
    let is_broken = !inside.is_empty() && !inside.contains(" for ");
    let (before, after) = (parts[..=open].concat(), parts[open + length..].concat());
    is_broken.then(|| format!("{before}\n            {},\n        {after}", inside.trim().trim_end_matches(',')))
}

const NEW: [&str; 12] =
    ["alpha", "bundle", "cursor", "delta", "entry", "figure", "ground", "handle", "inner", "joint", "kernel", "ledger"];

fn builtin(word: &str) -> bool {
    "self cls len range list dict set tuple str int float bool isinstance super print sorted enumerate zip min max sum \
     any all getattr setattr hasattr type iter next map filter ValueError TypeError KeyError Exception object"
        .split_whitespace()
        .any(|known| known == word)
}

/// Inserts, deletes or changes `percent` of the statements, at least one.
pub(crate) fn edit(block: &mut Vec<Line>, percent: usize, pool: &[String], random: &mut Random) {
    let wanted = (count(block) * percent + 50) / 100;
    for _ in 0..wanted.max(1) {
        let plain = places(block);
        if plain == 0 {
            return;
        }
        let (chosen, how) = (random.below(plain), random.below(3));
        let new = pool[random.below(pool.len())].clone();
        let mut at = 0;
        let mut done = false;
        each_block(block, &mut |lines| {
            let mut place = 0;
            while place < lines.len() && !done {
                if lines[place].is_plain() {
                    if at == chosen {
                        done = true;
                        match how {
                            0 => lines.insert(place, Line::new(new.clone(), Vec::new())),
                            1 if lines.len() > 1 => drop(lines.remove(place)),
                            _ => lines[place].head = changed(&lines[place].head, &new),
                        }
                        return;
                    }
                    at += 1;
                }
                place += 1;
            }
        });
    }
}

fn places(block: &[Line]) -> usize {
    block.iter().map(|line| usize::from(line.is_plain()) + places(&line.block)).sum()
}

/// Another statement that keeps its beginning: an assignment gets another value, a call other arguments.
fn changed(head: &str, other: &str) -> String {
    let value = other.split_once(" = ").map_or(other, |(_, value)| value).trim_start_matches("return ");
    if let Some((target, _)) = head.split_once(" = ") {
        return format!("{target} = {value}");
    }
    if head.starts_with("return") {
        return format!("return {value}");
    }
    if let Some((call, _)) = head.split_once('(') {
        return format!("{call}({value}, 3)");
    }
    other.to_owned()
}

/// Rewrites the control structure with the meaning kept; false where there is nothing to rewrite.
pub(crate) fn restructure(block: &mut Vec<Line>, how: Structure) -> bool {
    let mut any = false;
    each_block(block, &mut |lines| {
        let mut at = 0;
        while at < lines.len() {
            any |= match how {
                Structure::Invert => invert(lines, at),
                Structure::While => to_while(lines, &mut at),
                Structure::Loop => to_loop(lines, &mut at),
                Structure::Nest => nest(lines, at),
            };
            at += 1;
        }
    });
    any
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Structure {
    Invert,
    While,
    Loop,
    Nest,
}

fn condition(head: &str) -> Option<&str> {
    head.strip_prefix("if ")?.strip_suffix(':')
}

fn invert(lines: &mut [Line], at: usize) -> bool {
    let Some(test) = condition(&lines[at].head) else { return false };
    if lines.get(at + 1).is_none_or(|next| next.head != "else:") {
        return false;
    }
    let simple = !test.contains(" and ") && !test.contains(" or ") && !test.contains(" if ");
    let opposite = match test {
        _ if !simple => format!("not ({test})"),
        _ if test.contains(" is not ") => test.replacen(" is not ", " is ", 1),
        _ if test.contains(" is ") => test.replacen(" is ", " is not ", 1),
        _ if test.contains(" == ") => test.replacen(" == ", " != ", 1),
        _ => test.strip_prefix("not ").map_or_else(|| format!("not {test}"), str::to_owned),
    };
    lines[at].head = format!("if {opposite}:");
    let (left, right) = lines.split_at_mut(at + 1);
    std::mem::swap(&mut left[at].block, &mut right[0].block);
    true
}

fn nest(lines: &mut [Line], at: usize) -> bool {
    let Some((first, second)) = condition(&lines[at].head).and_then(|test| test.split_once(" and ")) else {
        return false;
    };
    let followed = lines.get(at + 1).is_some_and(|next| next.head.starts_with("el"));
    let closed = |text: &str| text.matches('(').count() == text.matches(')').count() && !text.contains(" or ");
    if followed || !closed(first) || !closed(second) {
        return false;
    }
    let inner = format!("if {second}:");
    lines[at].head = format!("if {first}:");
    let block = std::mem::take(&mut lines[at].block);
    lines[at].block = vec![Line::new(inner, block)];
    true
}

fn to_while(lines: &mut Vec<Line>, at: &mut usize) -> bool {
    let head = lines[*at].head.clone();
    let Some((target, source)) =
        head.strip_prefix("for ").and_then(|head| head.strip_suffix(':')).and_then(|head| head.split_once(" in "))
    else {
        return false;
    };
    let bound = ["enumerate(", "zip("].iter().any(|call| source.starts_with(call));
    let (setup, element) = if bound || at.is_multiple_of(2) {
        (vec![format!("position = 0"), format!("elements = list({source})")], format!("{target} = elements[position]"))
    } else {
        (vec![format!("steps = iter({source})")], String::new())
    };
    let mut block = std::mem::take(&mut lines[*at].block);
    if element.is_empty() {
        let attempt = Line::new("try:", vec![Line::new(format!("{target} = next(steps)"), Vec::new())]);
        let end = Line::new("except StopIteration:", vec![Line::new("break", Vec::new())]);
        block.splice(0..0, [attempt, end]);
        "while True:".clone_into(&mut lines[*at].head);
    } else {
        block.insert(0, Line::new(element, Vec::new()));
        block.insert(1, Line::new("position += 1", Vec::new()));
        "while position < len(elements):".clone_into(&mut lines[*at].head);
    }
    lines[*at].block = block;
    let added = setup.len();
    lines.splice(*at..*at, setup.into_iter().map(|head| Line::new(head, Vec::new())));
    *at += added;
    true
}

fn to_loop(lines: &mut Vec<Line>, at: &mut usize) -> bool {
    let head = lines[*at].head.clone();
    let Some(open) = head.find('[') else { return false };
    let Some(close) = head.rfind(']') else { return false };
    if close < open || !lines[*at].is_plain() {
        return false;
    }
    let inside = &head[open + 1..close];
    let Some((element, rest)) = inside.split_once(" for ") else { return false };
    let closed =
        |text: &str| "([{".chars().zip(")]}".chars()).all(|(a, b)| text.matches(a).count() == text.matches(b).count());
    if !closed(element) || !closed(rest) || rest.contains(" for ") {
        return false;
    }
    let (clause, test) = rest.split_once(" if ").map_or((rest, None), |(clause, test)| (clause, Some(test)));
    let add = Line::new(format!("collected.append({element})"), Vec::new());
    let body = match test {
        Some(test) => Line::new(format!("if {test}:"), vec![add]),
        None => add,
    };
    lines[*at].head = format!("{}collected{}", &head[..open], &head[close + 1..]);
    lines.splice(*at..*at, [Line::new("collected = []", Vec::new()), Line::new(format!("for {clause}:"), vec![body])]);
    *at += 2;
    true
}
