//! A text of the same length that says the same in words that the grammar has.
//!
//! The grammar stumbles over things that Python takes: a comment that is indented less than what it stands in, a line in
//! brackets that begins left of its block, a `*` before anything but a name, syntax that is newer than the grammar. Each
//! is written in another way here; what a definition is and where it ends stays the same, and so does every offset.
//! Line breaks go with this, so the rows of the text are not those of the source.

use std::ops::Range;

use cds_language::python::LEXICON;

use super::{
    layout::{Indentation, indent},
    tokens::{Kind, Token, Tokens},
};

/// The text in other words, and what was taken out of it.
pub(super) struct Rewritten {
    pub(super) text: Vec<u8>,
    pub(super) comments: Vec<Range<usize>>,
    pub(super) continuations: Vec<Range<usize>>,
}

impl Rewritten {
    /// `None` if the text is no sequence of tokens with matching brackets.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut tokens = Tokens::of(text);
        let mut rewritten = Self { text: text.to_vec(), comments: Vec::new(), continuations: Vec::new() };
        let mut line = Vec::new();
        for token in &mut tokens {
            match token.kind {
                Kind::Comment | Kind::Continuation => rewritten.take_out(token),
                Kind::LineBreak if token.is_in_brackets => rewritten.blank(token),
                // The grammar stumbles over some escapes, and over a format that makes an operator of the colon before it.
                Kind::Text => rewritten.text[token.range()].fill(b'x'),
                Kind::LineBreak => {
                    Line { source: text, tokens: &line, output: &mut rewritten.text }.rewrite();
                    line.clear();
                }
                _ => {
                    if token.kind == Kind::String {
                        rewritten.hide_text(token);
                    }
                    line.push(token);
                }
            }
        }
        Line { source: text, tokens: &line, output: &mut rewritten.text }.rewrite();
        tokens.is_sound().then_some(rewritten)
    }

    fn take_out(&mut self, token: Token) {
        self.blank(token);
        // What stands in a string belongs to it.
        if !token.is_in_string {
            let hidden = if token.kind == Kind::Comment { &mut self.comments } else { &mut self.continuations };
            hidden.push(token.range());
        }
    }

    /// Writes letters for what stands between the quotes of a string.
    fn hide_text(&mut self, token: Token) {
        let string = &mut self.text[token.range()];
        let Some(start) = string.iter().position(|byte| matches!(byte, b'"' | b'\'')) else { return };
        let quote = string[start];
        if string[start..].iter().all(|&byte| byte == quote) {
            // Empty, or only one end of a formatted string.
            return;
        }
        let length = if string[start..].starts_with(&[quote; 3]) { 3 } else { 1 };
        let end = string.len() - length;
        string[start + length..end].fill(b'x');
    }

    fn blank(&mut self, token: Token) {
        self.text[token.range()].fill(b' ');
    }
}

/// The tokens from one line break outside of brackets to the next.
struct Line<'a> {
    source: &'a [u8],
    tokens: &'a [Token],
    output: &'a mut [u8],
}

/// A bracket that is open.
#[derive(Default)]
struct Bracket {
    is_type_parameters: bool,
    /// Whether the present element already has a default.
    has_default: bool,
    /// The `**` that the only element begins with.
    splat: Option<Token>,
}

impl Line<'_> {
    fn rewrite(&mut self) {
        let mut open: Vec<Bracket> = Vec::new();
        for index in 0..self.tokens.len() {
            let token = self.tokens[index];
            match token.kind {
                Kind::Open => {
                    open.push(Bracket { is_type_parameters: self.opens_type_parameters(index), ..Bracket::default() });
                }
                Kind::Close => drop(open.pop()),
                Kind::Operator => self.operator(index, open.last_mut()),
                Kind::Name => self.name(index, open.last_mut()),
                _ => {}
            }
        }
    }

    fn operator(&mut self, index: usize, bracket: Option<&mut Bracket>) {
        match (self.word(index), bracket) {
            (b"*", _) => self.star(index),
            (b"**", Some(bracket)) if self.is(index.wrapping_sub(1), b"{") => bracket.splat = Some(self.tokens[index]),
            (b",", Some(bracket)) => {
                *bracket = Bracket { is_type_parameters: bracket.is_type_parameters, ..Bracket::default() }
            }
            // The default of a type parameter: what the grammar has at this place is a bound.
            (b"=", Some(bracket)) if bracket.is_type_parameters && !bracket.has_default => {
                self.write(index, b':');
                bracket.has_default = true;
            }
            // `except A, B,:`
            (b":", None) if self.is(0, b"except") && self.is(index - 1, b",") => self.leave_out(index - 1),
            _ => {}
        }
    }

    fn name(&mut self, index: usize, bracket: Option<&mut Bracket>) {
        match (self.word(index), bracket) {
            // `{**x for …}`: as the set that `{x for …}` is.
            (b"for" | b"async", Some(bracket)) => {
                if let Some(splat) = bracket.splat.take() {
                    self.output[splat.range()].fill(b' ');
                }
            }
            (b"lazy", None)
                if (index == 0 || self.is(index - 1, b";"))
                    && (self.is(index + 1, b"import") || self.is(index + 1, b"from")) =>
            {
                self.leave_out(index);
            }
            _ => {}
        }
    }

    /// The grammar knows a `*` before a name, and in lists in brackets; without it, the rest is an element as any other.
    fn star(&mut self, index: usize) {
        let next = self.tokens.get(index + 1).map_or(b':', |next| self.source[next.range().start]);
        if index > 0 && self.is(index - 1, b"import") {
            self.write(index, b'_');
        } else if index == 1 && self.is(0, b"match") {
            // What can also be a product stays one.
            if b"([{".contains(&next) {
                self.leave_out(index);
            }
        } else if !(self.is_operand(index.wrapping_sub(1))
            || self.is(index.wrapping_sub(1), b"except")
            || b",):=]}".contains(&next))
        {
            self.leave_out(index);
        }
    }

    /// Blanks a token; where a line begins with it, the next begins in its place.
    fn leave_out(&mut self, index: usize) {
        let range = self.tokens[index].range();
        match self.tokens.get(1) {
            Some(next) if index == 0 => {
                let start = memchr::memrchr(b'\n', &self.source[..range.start]).map_or(0, |position| position + 1);
                let column = Indentation::at(self.source, start, &mut Vec::new()).column;
                indent(&mut self.output[start..next.range().start], column);
            }
            _ => self.output[range].fill(b' '),
        }
    }

    /// `class A[`, `def f[`, `type A[`
    fn opens_type_parameters(&self, index: usize) -> bool {
        let is_name = |at: usize| self.tokens.get(at).is_some_and(|token| token.kind == Kind::Name);
        self.is(index, b"[")
            && is_name(index.wrapping_sub(1))
            && [b"class".as_slice(), b"def", b"type"].iter().any(|word| self.is(index.wrapping_sub(2), word))
    }

    /// Whether an expression can end with the token.
    fn is_operand(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| match token.kind {
            Kind::Name => !str::from_utf8(self.word(index)).is_ok_and(|word| LEXICON.joins(word)),
            Kind::Number | Kind::String | Kind::Close => true,
            _ => false,
        })
    }

    fn is(&self, index: usize, word: &[u8]) -> bool {
        self.tokens.get(index).is_some_and(|token| self.source[token.range()] == *word)
    }

    fn word(&self, index: usize) -> &[u8] {
        &self.source[self.tokens[index].range()]
    }

    fn write(&mut self, index: usize, byte: u8) {
        self.output[self.tokens[index].range()].fill(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let text = Rewritten::of(source.as_bytes()).map(|rewritten| rewritten.text);
        assert_eq!(text.as_deref().map(str::from_utf8), Some(Ok(expected)), "{source}");
    }

    #[test]
    fn brackets_stand_on_one_line() {
        check("f(a, # b\n\\\r\n c)  # d\ng\n", "f(a,         c)     \ng\n");
        check("f'''{\nx # c\n}\n'''", "f'''{ x     }x'''");
        check("x = 1 + \\\n  2\n", "x = 1 +     2\n");
    }

    #[test]
    fn strings_are_read_as_python_reads_them() {
        check("'a\\'(' '' '''\n\"''' rb\"\\\\\"", "'xxxx' '' '''xx''' rb\"xx\"");
        check("f'{{a}}{b!r:>{c}}' f\"{f'{d}'}\"", "f'xxxxx{b!r:x{c}}' f\"{f'{d}'}\"");
        check("rf'\\N{a}' f'\\N{BULLET}'", "rf'xx{a}' f'xxxxxxxxxx'");
    }

    #[test]
    fn what_the_grammar_lacks_is_written_otherwise() {
        check("x = *[1], 2 * y, 3 ** z", "x =  [1], 2 * y, 3 ** z");
        check("  *a, b = c", "\x0c  a, b = c");
        check("def f(*, a, **k): g(*a, **k)", "def f(*, a, **k): g( a, **k)");
        check("class A[T: int = str, *U = (x == y)]: x = 1", "class A[T: int : str,  U : (x == y)]: x = 1");
        check("{**a for a in b}, {**a, b: c}", "{  a for a in b}, {**a, b: c}");
        check("from a import *; lazy import b", "from a import _;      import b");
        check("if x:\n  lazy from a import b", "if x:\n\x0c\x0c\x0c\x0c\x0c  from a import b");
        check("except A, B,: pass", "except A, B : pass");
    }

    #[test]
    fn what_is_not_closed_is_not_rewritten() {
        for source in ["(", ")", "(]", "'", "'\n'", "'''", "f'{", "f'{x", "x \\ y", "x \\", &"[".repeat(2000)] {
            assert!(Rewritten::of(source.as_bytes()).is_none(), "{source}");
        }
    }
}
