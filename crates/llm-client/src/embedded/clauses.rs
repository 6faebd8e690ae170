//! Joins clauses about one subject into a sentence of bounded length.

use std::{borrow::Cow, ops::Range};

use super::names::Names;
use crate::plain_text::{MAX_CHARS, cut_before, one_line};

const MAX_NAME_BYTES: usize = 40;

/// A subject and its clauses.
pub(super) struct Clauses {
    subject: String,
    /// All clauses, one after the other.
    text: String,
    parts: Vec<Clause>,
}

/// A clause's position in the text, and its weight.
struct Clause {
    weight: u8,
    range: Range<usize>,
}

impl Clauses {
    pub(super) fn new(subject: String) -> Self {
        Self { subject, text: String::with_capacity(MAX_CHARS), parts: Vec::with_capacity(8) }
    }

    /// Starts clauses about the definition of this kind and name.
    pub(super) fn about(kind: &str, name: &str) -> Self {
        Self::new(match name {
            "" => [kind, " without a name"].concat(),
            name => [kind, " `", &shortened(name), "`"].concat(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds a clause. If the sentence becomes too long, the clauses of least weight are dropped.
    pub(super) fn push(&mut self, weight: u8, clause: &str) {
        let start = self.text.len();
        self.text.push_str(clause);
        self.parts.push(Clause { weight, range: start..self.text.len() });
    }

    /// Adds `verb` with a list of names, unless there are none.
    pub(super) fn push_names<const N: usize>(&mut self, weight: u8, verb: &str, names: &Names<'_, N>) {
        let shown = names.as_slice().iter().map(|name| shortened(name));
        self.push_list(weight, verb, shown, names.has_more(), "and");
    }

    /// Adds `verb` with `a`, `a and b`, `a, b and c`, or `a, b and more`, unless the list is empty.
    pub(super) fn push_list<'a>(
        &mut self,
        weight: u8,
        verb: &str,
        items: impl Iterator<Item = Cow<'a, str>>,
        has_more: bool,
        conjunction: &str,
    ) {
        let start = self.text.len();
        let mut items = items.chain(has_more.then_some(Cow::Borrowed("more"))).peekable();
        let mut separator = "";
        self.text.push_str(verb);
        while let Some(item) = items.next() {
            let is_last = items.peek().is_none() && !separator.is_empty();
            self.text.extend(if is_last { [" ", conjunction, " "] } else { [separator, " ", ""] });
            self.text.push_str(&item);
            separator = ",";
        }
        if separator.is_empty() {
            self.text.truncate(start);
        } else {
            self.parts.push(Clause { weight, range: start..self.text.len() });
        }
    }

    /// The sentence, on one line of at most 300 characters.
    pub(super) fn into_sentence(mut self) -> String {
        // Each clause costs its own length and at most ", and ".
        let length = |clauses: &[Clause]| clauses.iter().map(|clause| clause.range.len() + 6).sum::<usize>();
        while self.subject.len() + length(&self.parts) > MAX_CHARS {
            let Some(least) = (0..self.parts.len()).min_by_key(|&index| self.parts[index].weight) else {
                break;
            };
            self.parts.remove(least);
        }
        let mut sentence = self.subject;
        sentence.reserve(length(&self.parts) + 1);
        let last = self.parts.len().saturating_sub(1);
        let texts = || self.parts.iter().map(|clause| &self.text[clause.range.clone()]);
        // "takes a and b, and returns c", but "takes a and returns c".
        let is_simple_pair = last == 1 && texts().all(is_simple);
        for (index, text) in texts().enumerate() {
            sentence.push_str(match index {
                0 => " ",
                _ if is_simple_pair => " and ",
                _ if index == last => ", and ",
                _ => ", ",
            });
            sentence.push_str(text);
        }
        sentence.push('.');
        // Names may hold any non-ASCII character, including invisible ones.
        let is_plain = sentence.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if is_plain { sentence } else { one_line(&sentence, MAX_CHARS) }
    }
}

fn is_simple(clause: &str) -> bool {
    ![",", " and ", " or "].iter().any(|part| clause.contains(part))
}

/// `name`, cut if it is too long to read.
pub(super) fn shortened(name: &str) -> Cow<'_, str> {
    if name.len() <= MAX_NAME_BYTES {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("{}…", &name[..cut_before(name, MAX_NAME_BYTES - 3)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_form_plain_english() {
        for (clauses, expected) in [
            (vec![], "It."),
            (vec!["is a"], "It is a."),
            (vec!["is a", "does b"], "It is a and does b."),
            (vec!["is a or b", "does c"], "It is a or b, and does c."),
            (vec!["is a", "does b", "has c"], "It is a, does b, and has c."),
        ] {
            let mut sentence = Clauses::new("It".to_owned());
            for clause in clauses {
                sentence.push(1, clause);
            }
            assert_eq!(sentence.into_sentence(), expected);
        }
    }

    #[test]
    fn least_important_clause_is_dropped() {
        let mut sentence = Clauses::new("It".to_owned());
        sentence.push(2, &format!("takes {}", "a".repeat(150)));
        sentence.push(1, &format!("calls {}", "b".repeat(150)));
        sentence.push(3, "returns c");
        let text = sentence.into_sentence();
        assert!(text.len() <= 300 && !text.contains("calls") && text.ends_with(" and returns c."), "{text}");
    }

    #[test]
    fn lists_read_naturally() {
        let shown = |names: &[&'static str], has_more| {
            let mut sentence = Clauses::new("It".to_owned());
            sentence.push_list(1, "is", names.iter().map(|&name| name.into()), has_more, "or");
            sentence.into_sentence()
        };
        for (names, has_more, expected) in [
            (["a"].as_slice(), false, "It is a."),
            (&["a", "b"], false, "It is a or b."),
            (&["a", "b", "c"], false, "It is a, b or c."),
            (&["a", "b"], true, "It is a, b or more."),
            (&[], false, "It."),
        ] {
            assert_eq!(shown(names, has_more), expected);
        }
    }
}
