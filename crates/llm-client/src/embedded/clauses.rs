//! Joins clauses about one subject to a sentence that is never too long.

use std::borrow::Cow;

use super::names::Names;
use crate::plain_text::{MAX_CHARS, one_line};

const MAX_NAME_BYTES: usize = 40;

/// A subject and what is said about it.
pub(super) struct Clauses {
    subject: String,
    clauses: Vec<(u8, String)>,
}

impl Clauses {
    pub(super) fn new(subject: String) -> Self {
        Self { subject, clauses: Vec::with_capacity(6) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Adds a clause; where the sentence gets too long, clauses of the least weight are left out.
    pub(super) fn push(&mut self, weight: u8, clause: String) {
        self.clauses.push((weight, clause));
    }

    /// Adds `verb` with a list of names behind it, unless there are none.
    pub(super) fn push_names<const N: usize>(&mut self, weight: u8, verb: &str, names: &Names<'_, N>) {
        if !names.is_empty() {
            let shown = names.as_slice().iter().map(|name| shortened(name));
            self.push(weight, format!("{verb} {}", list(shown, names.has_more(), "and")));
        }
    }

    /// The sentence, on one line of at most 300 characters.
    pub(super) fn into_sentence(mut self) -> String {
        // Each clause costs itself and at most ", and ".
        let length = |clauses: &[(u8, String)]| clauses.iter().map(|(_, clause)| clause.len() + 6).sum::<usize>();
        while self.subject.len() + length(&self.clauses) > MAX_CHARS {
            let Some(least) = (0..self.clauses.len()).min_by_key(|&index| self.clauses[index].0) else {
                break;
            };
            self.clauses.remove(least);
        }
        let mut sentence = self.subject;
        sentence.reserve(length(&self.clauses) + 1);
        let last = self.clauses.len().saturating_sub(1);
        // "takes a and b, and returns c", but "takes a and returns c".
        let is_simple = |clause: &str| ![",", " and ", " or "].iter().any(|part| clause.contains(part));
        let is_simple_pair = last == 1 && self.clauses.iter().all(|(_, clause)| is_simple(clause));
        for (index, (_, clause)) in self.clauses.iter().enumerate() {
            sentence.push_str(match index {
                0 => " ",
                _ if is_simple_pair => " and ",
                _ if index == last => ", and ",
                _ => ", ",
            });
            sentence.push_str(clause);
        }
        sentence.push('.');
        // Names may hold any character outside of ASCII, also one that shows nothing.
        if sentence.is_ascii() { sentence } else { one_line(&sentence, MAX_CHARS) }
    }
}

/// `a`, `a and b`, `a, b and c`, or `a, b, c and more`.
pub(super) fn list<'a>(items: impl Iterator<Item = Cow<'a, str>>, has_more: bool, conjunction: &str) -> String {
    let mut text = String::with_capacity(48);
    let mut items = items.peekable();
    let mut is_first = true;
    while let Some(item) = items.next() {
        let is_last = items.peek().is_none() && !has_more;
        if !is_first {
            text.push_str(if is_last { " " } else { ", " });
            if is_last {
                text.push_str(conjunction);
                text.push(' ');
            }
        }
        text.push_str(&item);
        is_first = false;
    }
    if has_more {
        text.push(' ');
        text.push_str(conjunction);
        text.push_str(" more");
    }
    text
}

/// `name`, cut where it is too long to read.
pub(super) fn shortened(name: &str) -> Cow<'_, str> {
    if name.len() <= MAX_NAME_BYTES {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("{}…", &name[..name.floor_char_boundary(MAX_NAME_BYTES - 3)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_joined_to_plain_english() {
        for (clauses, expected) in [
            (vec![], "It."),
            (vec!["is a"], "It is a."),
            (vec!["is a", "does b"], "It is a and does b."),
            (vec!["is a or b", "does c"], "It is a or b, and does c."),
            (vec!["is a", "does b", "has c"], "It is a, does b, and has c."),
        ] {
            let mut sentence = Clauses::new("It".to_owned());
            clauses.iter().for_each(|clause| sentence.push(1, (*clause).to_owned()));
            assert_eq!(sentence.into_sentence(), expected);
        }
    }

    #[test]
    fn what_matters_least_goes_first() {
        let mut sentence = Clauses::new("It".to_owned());
        sentence.push(2, format!("takes {}", "a".repeat(150)));
        sentence.push(1, format!("calls {}", "b".repeat(150)));
        sentence.push(3, "returns c".to_owned());
        let text = sentence.into_sentence();
        assert!(text.len() <= 300 && !text.contains("calls") && text.ends_with(" and returns c."), "{text}");
    }

    #[test]
    fn lists_read_as_one_would_say_them() {
        let shown = |names: &[&'static str], has_more| list(names.iter().map(|&name| name.into()), has_more, "or");
        assert_eq!(shown(&["a"], false), "a");
        assert_eq!(shown(&["a", "b"], false), "a or b");
        assert_eq!(shown(&["a", "b", "c"], false), "a, b or c");
        assert_eq!(shown(&["a", "b"], true), "a, b or more");
    }
}
