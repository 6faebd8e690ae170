//! How definitions are named, and what a name says about them.

use std::borrow::Cow;

use cds_model::{UNNAMED, last_word};

use crate::{
    Language,
    head::{Heads, declared_name},
};

/// The name of a definition by its file and its signature, with the type of its receiver if it has one: `Server.Close`.
pub fn name_of<'a>(file_path: &str, signature: &'a str) -> Cow<'a, str> {
    let language = Language::of_record(file_path);
    let name = language.declared_name(signature);
    match language.receiver_of(signature) {
        Some(receiver) => Cow::Owned(format!("{receiver}.{name}")),
        None => Cow::Borrowed(name),
    }
}

impl Language {
    /// The name that a signature declares.
    pub fn declared_name<'a>(&self, signature: &'a str) -> &'a str {
        match &self.naming.heads {
            Some(heads) => declared_name(self, heads, signature),
            None => self.naming.name(signature),
        }
    }
}

/// How a language names definitions.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    /// Words before the one that declares.
    pub modifiers: &'static [&'static str],
    /// Words behind which the name stands.
    pub declaring: &'static [&'static str],
    /// What the name of something private begins with.
    pub private_beginning: &'static str,
    /// What the names begin and end with that the language itself calls.
    pub called_by_language: Option<(&'static str, &'static str)>,
    /// What makes an object. Its name says nothing, but what it does is its author's.
    pub constructor: &'static str,
    /// Prescribed names with what a function of that name does.
    pub prescribed: &'static [(&'static str, &'static str)],
    /// Names of the first parameter that make a function a method.
    pub receivers: &'static [&'static str],
    /// Others of a first parameter that stands for an object or a class.
    pub other_receivers: &'static [&'static str],
    /// The name of the object itself in a method.
    pub this: &'static str,
    /// How headers are read; `None` where a name always stands behind a word that declares.
    pub heads: Option<Heads>,
    /// Names that the language or its library calls, beside those with a deed.
    pub called: &'static [&'static str],
}

impl Naming {
    /// The name that a signature declares.
    ///
    /// In a signature that has none of the language's declaring words it is the last word before the first bracket.
    pub fn name<'a>(&self, signature: &'a str) -> &'a str {
        let mut rest = signature;
        loop {
            let (word, behind) = next_word(rest);
            if self.modifiers.contains(&word) {
                if behind.is_empty() {
                    return UNNAMED;
                }
                rest = behind;
            } else if self.declaring.contains(&word) {
                let (name, _) = next_word(behind);
                return if name.is_empty() { UNNAMED } else { name };
            } else {
                return last_word(signature);
            }
        }
    }

    /// Whether a name is one that the language calls, a constructor's left out.
    pub fn is_prescribed(&self, name: &str) -> bool {
        let is_called = |(start, end)| name.starts_with(start) && name.ends_with(end);
        (self.called_by_language.is_some_and(is_called) || self.called.contains(&name)) && name != self.constructor
    }

    /// What a function of this prescribed name does.
    pub fn deed(&self, name: &str) -> Option<&'static str> {
        self.prescribed.iter().find(|(known, _)| *known == name).map(|(_, deed)| *deed)
    }

    /// Whether a name marks what it names as private.
    pub fn is_private(&self, name: &str) -> bool {
        !self.private_beginning.is_empty() && name.starts_with(self.private_beginning)
    }

    /// Whether the first parameter of a method stands for its object or its class.
    pub fn is_receiver(&self, name: &str) -> bool {
        self.receivers.contains(&name) || self.other_receivers.contains(&name)
    }
}

/// The next word, and what follows it. White space and backslashes before it are skipped.
fn next_word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\\');
    text.split_at(text.find(ends_word).unwrap_or(text.len()))
}

/// Whether no name goes on with the character; everything else is left to the languages.
fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || (letter.is_ascii_punctuation() && letter != '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::PYTHON;

    #[test]
    fn every_signature_has_a_name() {
        for (signature, expected) in [
            ("def f(a, b) -> int:", "f"),
            ("class Generic[T]:", "Generic"),
            ("class Plain:", "Plain"),
            ("class Derived(Base, metaclass=Meta):", "Derived"),
            ("async  def\tspaced (\n    a,\n    b,\n):", "spaced"),
            ("async \\\n  def \\\n    continued():", "continued"),
            ("def generic[T: (int, str)](x: T) -> T:", "generic"),
            ("def 加算(数):", "加算"),
            ("def naïve():", "naïve"),
            ("def nai\u{308}ve():", "nai\u{308}ve"),
            ("def __init__(self):", "__init__"),
            ("def async_(x):", "async_"),
            ("def defer():", "defer"),
            ("class classes:", "classes"),
            // Damaged, or of another language.
            ("", UNNAMED),
            ("def", UNNAMED),
            ("def (x):", UNNAMED),
            ("async", UNNAMED),
            ("class :", UNNAMED),
            (":", UNNAMED),
            ("123(", UNNAMED),
            ("pub fn parse(text: &str) -> u32 {", "parse"),
            ("function make() {", "make"),
        ] {
            assert_eq!(PYTHON.naming.name(signature), expected, "{signature:?}");
        }
    }

    #[test]
    fn names_say_who_calls_them() {
        let naming = &PYTHON.naming;
        let prescribed = ["__eq__", "__init__", "_eq", "__eq"].map(|name| naming.is_prescribed(name));
        assert_eq!(prescribed, [true, false, false, false]);
        assert_eq!(["_a", "__a__", "a_"].map(|name| naming.is_private(name)), [true, true, false]);
        assert_eq!(naming.deed("__len__"), Some("tells the length"));
    }
}
