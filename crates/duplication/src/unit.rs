//! One eligible definition, prepared for every channel.

use std::collections::HashMap;

use crate::{
    canonical,
    hash::Hash,
    layout,
    lexer::{Token, TokenKind, is_structure},
    shape::{self, Class},
};

/// One logical line with its abstracted tokens as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Names and literals abstracted to their roles.
    pub(crate) shape: u32,
    /// The line as it is, layout aside.
    pub(crate) text: u32,
    /// This line and the next with names replaced consistently; 0 for the last line.
    pub(crate) link: u32,
    /// First physical line of the normalized code, from 0.
    pub(crate) first: u32,
    /// The last one of them.
    pub(crate) last: u32,
    /// Tokens, structure not counted.
    pub(crate) tokens: u32,
    /// The place of its first token among all tokens.
    pub(crate) token: u32,
}

/// What every channel needs to know about one definition.
#[derive(Default)]
pub(crate) struct Unit {
    /// The near channel's tokens: abstracted, control structure in one notation.
    pub(crate) shape: Vec<Class>,
    /// Equal for definitions that differ in consistently replaced names, in literals and in layout.
    pub(crate) renamed: u64,
    /// Whether it is a method that the language calls, as `__eq__`; a constructor is its own affair.
    pub(crate) is_special: bool,
    /// The hash of its name if it is a method: its first parameter is `self` or `cls`.
    pub(crate) method: Option<u32>,
    /// Hashes of the distinct names and literals of the program, sorted.
    pub(crate) words: Vec<u32>,
    /// Hashes of the distinct shapes of two lines that follow each other, names replaced consistently; sorted.
    pub(crate) links: Vec<u32>,
    pub(crate) lines: Vec<Line>,
    /// Whether it is a function that says nothing but what it is called with.
    pub(crate) is_stub: bool,
    /// Tokens, structure not counted.
    pub(crate) token_count: u32,
    /// Lines of the normalized code.
    pub(crate) line_count: u32,
    /// Lines that it would have in one layout, whoever formatted it; see [`rows`].
    pub(crate) row_count: u32,
}

/// The most tokens on a line of the one layout in which lines are counted.
const TOKENS_OF_ROW: u32 = 16;

/// How many lines a statement of so many tokens has in one layout, which breaks it as often as its length asks for and
/// nowhere else. Tokens are counted, not characters, so that other names make no other lines.
fn rows(token_count: u32) -> u32 {
    token_count.div_ceil(TOKENS_OF_ROW)
}

impl Unit {
    /// No more than the lines of `code`, for what is compared by its lines alone.
    pub(crate) fn of_lines(code: &str, tokens: &[Token], classes: &[Class]) -> Self {
        let line_count = code.lines().count() as u32;
        Self { lines: lines(code, tokens, classes), line_count, ..Self::default() }
    }

    pub(crate) fn new(code: &str) -> Self {
        let tokens = layout::tokens(code);
        let classes = shape::classes(&tokens);
        let mut lines = lines(code, &tokens, &classes);
        Self {
            links: links(code, &tokens, &classes, &mut lines),
            renamed: renamed(code, &tokens, &classes),
            is_special: is_special(code, &tokens),
            method: method(code, &tokens),
            words: words(code, &tokens, &classes),
            is_stub: is_stub(code, &tokens, &lines),
            row_count: lines.iter().map(|line| rows(line.tokens)).sum(),
            lines,
            token_count: tokens.iter().filter(|token| !is_structure(token.kind)).count() as u32,
            line_count: code.lines().count() as u32,
            shape: canonical::shape(code, &tokens, &classes).into_owned(),
        }
    }
}

/// Numbers names by their first appearance, separately for variables, attributes and keyword arguments: renaming one
/// of them does not rename the others, even where they are spelled alike.
#[derive(Default)]
pub(crate) struct Placeholders<'a> {
    /// The first few, found faster by looking at each.
    few: Vec<(u8, &'a str)>,
    many: HashMap<(u8, &'a str), u32>,
}

impl<'a> Placeholders<'a> {
    const FEW: usize = 24;

    pub(crate) fn number(&mut self, class: Class, text: &'a str) -> u32 {
        let space = shape::space(class);
        if let Some(place) = self.few.iter().position(|&known| known == (space, text)) {
            return place as u32;
        }
        if self.few.len() < Self::FEW {
            self.few.push((space, text));
            return self.few.len() as u32 - 1;
        }
        let next = (Self::FEW + self.many.len()) as u32;
        *self.many.entry((space, text)).or_insert(next)
    }

    pub(crate) fn clear(&mut self) {
        self.few.clear();
        self.many.clear();
    }
}

fn renamed(code: &str, tokens: &[Token], classes: &[Class]) -> u64 {
    let mut names = Placeholders::default();
    let mut hash = Hash::new();
    for (token, &class) in tokens.iter().zip(classes) {
        hash = hash.bytes(&[class]);
        if shape::is_name(class) {
            hash = hash.number(names.number(class, token.text(code)));
        }
    }
    hash.finish()
}

fn is_special(code: &str, tokens: &[Token]) -> bool {
    let mut words = tokens.iter().map(|token| token.text(code)).skip_while(|word| !matches!(*word, "def" | "class"));
    words.next() == Some("def")
        && words.next().is_some_and(|name| name.starts_with("__") && name.ends_with("__") && name != "__init__")
}

fn method(code: &str, tokens: &[Token]) -> Option<u32> {
    let mut words = tokens.iter().map(|token| token.text(code)).skip_while(|word| !matches!(*word, "def" | "class"));
    let header = [(); 4].map(|()| words.next().unwrap_or_default());
    matches!(header, ["def", _, "(", "self" | "cls"]).then(|| word_hash(header[1]))
}

/// Whether no line of a function does anything behind its decorators and its header.
fn is_stub(code: &str, tokens: &[Token], lines: &[Line]) -> bool {
    let texts = |line: &Line| {
        let tokens = &tokens[line.token as usize..(line.token + line.tokens) as usize];
        tokens.iter().map(|token| token.text(code)).collect::<Vec<_>>()
    };
    let mut lines = lines.iter().map(texts).skip_while(|line| line.first() == Some(&"@"));
    let Some(header) = lines.next().filter(|line| matches!(line[..], ["def", ..] | ["async", "def", ..])) else {
        return false;
    };
    matches!(header[..], [.., ":"] | [.., ":", "pass" | "..."])
        && lines.all(|line| matches!(line[..], ["pass" | "..."] | ["raise", "NotImplementedError", ..]))
}

/// The words of the body. Those of the header say what it overrides and which contract it follows, not what it does.
/// Names of one letter and the literals 0, 1 and the empty text say nothing about the program.
fn words(code: &str, tokens: &[Token], classes: &[Class]) -> Vec<u32> {
    let mut words: Vec<u32> = tokens
        .iter()
        .zip(classes)
        .filter(|&(token, &class)| {
            let text = token.text(code);
            match token.kind {
                TokenKind::Name => shape::is_name(class) && text.len() > 1,
                TokenKind::Text => layout::literal_length(token, code) > 1,
                TokenKind::Number => text.len() > 1,
                _ => false,
            }
        })
        .map(|(token, _)| token_hash(token, code))
        .collect();
    words.sort_unstable();
    words.dedup();
    let mut header: Vec<u32> = tokens
        .iter()
        .take_while(|token| token.kind != TokenKind::Newline)
        .map(|token| token_hash(token, code))
        .collect();
    header.sort_unstable();
    words.retain(|word| header.binary_search(word).is_err());
    words
}

pub(crate) fn word_hash(text: &str) -> u32 {
    Hash::new().bytes(text.as_bytes()).finish() as u32
}

fn token_hash(token: &Token, code: &str) -> u32 {
    layout::hashed(Hash::new(), token, code).finish() as u32
}

pub(crate) fn links(code: &str, tokens: &[Token], classes: &[Class], lines: &mut [Line]) -> Vec<u32> {
    let mut hashes = Vec::with_capacity(lines.len());
    let mut names = Placeholders::default();
    for at in 1..lines.len() {
        names.clear();
        let mut hash = Hash::new();
        for line in &lines[at - 1..=at] {
            hash = hash.bytes(&[shape::NEWLINE]);
            for place in line.token as usize..(line.token + line.tokens) as usize {
                let class = classes[place];
                hash = hash.bytes(&[class]);
                if shape::is_name(class) {
                    hash = hash.number(names.number(class, tokens[place].text(code)));
                }
            }
        }
        let link = hash.finish() as u32;
        lines[at - 1].link = link;
        // What follows a header is the first statement: how common that is depends on the number of parameters. That
        // a constructor keeps what it was given says nothing about the program either.
        let keeps = |line: &Line| only_keeps(&classes[line.token as usize..(line.token + line.tokens) as usize]);
        if at > 1 && !(keeps(&lines[at - 1]) && keeps(&lines[at])) {
            hashes.push(link);
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// Whether a line keeps what was given: `self.x = y` with names, literals and empty collections only, `if y is not None:`
/// before it, or a call of the parent.
fn only_keeps(line: &[Class]) -> bool {
    let is = |class: &Class, words: &[&str]| words.iter().any(|word| *class == shape::code_of(word));
    match line {
        [first, ..] if is(first, &["super"]) => true,
        [first, shape::NAME, rest @ ..] if is(first, &["if"]) => {
            rest.iter().all(|class| is(class, &["is", "not", "None", ":"]))
        }
        [this, dot, shape::ATTRIBUTE, rest @ ..] if is(this, &["self"]) && is(dot, &["."]) => {
            rest.iter().all(|class| {
                let literal =
                    matches!(*class, shape::NAME | shape::ATTRIBUTE | shape::NUMBER | shape::TEXT | shape::TRUTH);
                literal || is(class, &["self", ".", "=", ",", "or", "None", "[", "]", "{", "}"])
            })
        }
        _ => false,
    }
}

pub(crate) fn lines(code: &str, tokens: &[Token], classes: &[Class]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = None;
    let (mut shape, mut text) = (Hash::new(), Hash::new());
    for (place, (token, &class)) in tokens.iter().zip(classes).enumerate() {
        match token.kind {
            TokenKind::Indent | TokenKind::Dedent => {}
            TokenKind::Newline => {
                if let Some(first) = start.take() {
                    let first_token: &Token = &tokens[first];
                    lines.push(Line {
                        shape: shape.finish() as u32,
                        text: text.finish() as u32,
                        link: 0,
                        first: first_token.line,
                        last: token.line,
                        tokens: (place - first) as u32,
                        token: first as u32,
                    });
                }
                (shape, text) = (Hash::new(), Hash::new());
            }
            _ => {
                start.get_or_insert(place);
                shape = shape.bytes(&[class]);
                text = layout::hashed(text, token, code).bytes(b"\0");
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn a_function_without_a_statement_is_a_stub() {
        for (code, is_stub) in [
            ("@abstract\ndef f(\n    a,\n    b,\n):\n    pass\n", true),
            ("async def f(a):\n    ...\n", true),
            ("def f(a):\n    raise NotImplementedError('f')\n", true),
            ("def f(a): pass\n", true),
            ("def f(a):\n", true),
            ("def f(a):\n    return None\n", false),
            ("def f(a): return ...\n", false),
            ("def f(a):\n    pass\n    g()\n", false),
            ("def f(a):\n    raise NotImplemented\n", false),
            ("class A:\n    pass\n", false),
            ("", false),
        ] {
            assert_eq!(Unit::new(code).is_stub, is_stub, "{code}");
        }
    }

    #[test]
    fn what_the_language_calls_is_special() {
        for (header, is_special) in [
            ("def __eq__(self, other):", true),
            ("async def __aexit__(self, *details):", true),
            ("@final\ndef __len__(self):", true),
            ("def __init__(self):", false),
            ("def _eq(self, other):", false),
            ("class __Meta__:", false),
            ("class Meta:\n    def __len__(self):", false),
        ] {
            assert_eq!(Unit::new(&format!("{header}\n        return 1\n")).is_special, is_special, "{header}");
        }
    }
}
