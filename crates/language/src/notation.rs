//! One form for what a language lets its authors write in several.
//!
//! What formatters add and take away, and control structure in another notation, is no difference between two pieces of
//! code. Which form stands for all is a matter of the language; one that says nothing about it is compared as it is written.

use std::borrow::Cow;

use crate::{Language, Token, class::Class, python::form::Frame, tokenize_into};

/// What a language says about other ways to write the same.
#[derive(Debug)]
pub struct Notation {
    /// Writes the tokens of a text in one form, however it is formatted, and replaces the content of the last argument.
    pub form: Option<fn(&mut Former, &str, &mut Vec<Token>)>,
    /// The classes of tokens with control structure in one notation.
    pub canonical: Option<Canonical>,
}

/// Rewrites the classes of the tokens of a text.
pub type Rewrite = for<'a> fn(code: &str, tokens: &[Token], classes: &'a [Class]) -> Cow<'a, [Class]>;

/// How control structure comes into one notation.
#[derive(Debug)]
pub struct Canonical {
    /// The classes of the tokens of a text in that notation.
    pub rewrite: Rewrite,
    /// Whether rewriting may change anything; most code is written in that notation.
    pub may_change: fn(&[Class]) -> bool,
}

/// What reading needs beside its result, kept from text to text.
#[derive(Debug, Default)]
pub struct Former {
    pub(crate) raw: Vec<Token>,
    pub(crate) frames: Vec<Frame>,
}

impl Former {
    /// The tokens of `code` in one form, in place of what `tokens` held.
    pub fn read(&mut self, language: &Language, code: &str, tokens: &mut Vec<Token>) {
        match language.notation.form {
            Some(form) => form(self, code, tokens),
            None => tokenize_into(language.lexicon, code, tokens),
        }
    }
}

impl Language {
    /// The tokens of `code` in one form.
    pub fn tokens(&self, code: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        Former::default().read(self, code, &mut tokens);
        tokens
    }

    /// The classes of `tokens` with control structure in one notation.
    pub fn canonical<'a>(&self, code: &str, tokens: &[Token], classes: &'a [Class]) -> Cow<'a, [Class]> {
        let canonical = self.notation.canonical.as_ref();
        canonical.map_or(Cow::Borrowed(classes), |canonical| (canonical.rewrite)(code, tokens, classes))
    }

    /// Whether classes may be others in one notation.
    pub fn may_change(&self, classes: &[Class]) -> bool {
        self.notation.canonical.as_ref().is_some_and(|canonical| (canonical.may_change)(classes))
    }
}
