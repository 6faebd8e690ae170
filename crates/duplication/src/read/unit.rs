//! One eligible definition, prepared for every channel.

use std::collections::HashMap;

use cds_language::{Language, Token, TokenKind};

use crate::read::{
    hash::Hash,
    layout,
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
    /// Whether it is a function whose body does nothing.
    pub(crate) is_stub: bool,
    /// Tokens, structure not counted.
    pub(crate) token_count: u32,
    /// Lines of the normalized code.
    pub(crate) line_count: u32,
    /// The lines it has in one layout, however it is formatted; see [`rows`].
    pub(crate) row_count: u32,
}

/// The most tokens on a line of the one layout in which lines are counted.
const TOKENS_OF_ROW: u32 = 16;

/// The number of lines that a statement of `token_count` tokens has in one layout, which breaks it only for its length.
/// It counts tokens, not characters, so that a renaming does not change the number.
fn rows(token_count: u32) -> u32 {
    token_count.div_ceil(TOKENS_OF_ROW)
}

impl Unit {
    /// No more than the lines of `code`, for what is compared by its lines alone.
    pub(crate) fn of_lines(language: &Language, code: &str, tokens: &[Token], classes: &[Class]) -> Self {
        let line_count = code.lines().count() as u32;
        Self { lines: lines(language, code, tokens, classes), line_count, ..Self::default() }
    }

    pub(crate) fn new(language: &Language, code: &str) -> Self {
        let tokens = language.tokens(code);
        let classes = shape::classes(&tokens);
        let mut lines = lines(language, code, &tokens, &classes);
        Self {
            links: links(language, code, &tokens, &classes, &mut lines),
            renamed: renamed(code, &tokens, &classes),
            is_special: is_special(language, code, &tokens),
            method: method(language, code, &tokens),
            words: words(language, code, &tokens, &classes),
            is_stub: is_stub(language, code, &tokens, &lines),
            row_count: lines.iter().map(|line| rows(line.tokens)).sum(),
            lines,
            token_count: tokens.iter().filter(|token| !token.kind.is_structure()).count() as u32,
            line_count: code.lines().count() as u32,
            shape: language.canonical(code, &tokens, &classes).into_owned(),
        }
    }
}

/// Numbers names by their first appearance, separately for variables, attributes and keyword arguments: renaming one
/// of them does not rename the others, even if they are spelled the same.
#[derive(Default)]
pub(crate) struct Placeholders<'a> {
    /// The first few; a linear search is faster for them.
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

/// The first words of a header, from the one on that declares.
fn declaration<'a>(language: &Language, code: &'a str, tokens: &[Token]) -> [&'a str; 4] {
    let words = tokens.iter().map(|token| token.text(code));
    let mut words = words.skip_while(|word| !language.statements.declares(word));
    [(); 4].map(|()| words.next().unwrap_or_default())
}

fn is_special(language: &Language, code: &str, tokens: &[Token]) -> bool {
    if let Some(head) = language.head(code, tokens) {
        return !head.is_class && head.name(code).is_some_and(|name| language.naming.is_prescribed(name));
    }
    let [word, name, ..] = declaration(language, code, tokens);
    language.statements.functions.contains(&word) && language.naming.is_prescribed(name)
}

fn method(language: &Language, code: &str, tokens: &[Token]) -> Option<u32> {
    if let Some(head) = language.head(code, tokens) {
        return head.name(code).filter(|_| head.is_method).map(word_hash);
    }
    let [word, name, open, first] = declaration(language, code, tokens);
    let is_method =
        language.statements.functions.contains(&word) && open == "(" && language.naming.receivers.contains(&first);
    is_method.then(|| word_hash(name))
}

/// Whether a function in braces has none, or only an error for what others have to write.
fn is_stub_in_braces(language: &Language, code: &str, tokens: &[Token]) -> bool {
    let statements = &language.statements;
    let Some(head) = language.head(code, tokens).filter(|head| !head.is_class) else { return false };
    let Some(parameters) = head.parameters else { return false };
    let words = tokens[parameters..].iter().filter(|token| !token.kind.is_structure()).map(|token| token.text(code));
    let mut depth = 0_u32;
    let mut body = words.skip_while(|word| {
        match *word {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 0 || *word != "{"
    });
    if body.next().is_none() {
        return false;
    }
    match body.next() {
        Some("}") => body.all(|word| matches!(word, ";" | ",")),
        Some(word) if word == statements.raise && !statements.not_implemented.is_empty() => {
            body.next() == Some("new") && body.next() == Some(statements.not_implemented)
        }
        _ => false,
    }
}

/// Whether no line of a function does anything behind its decorators and its header.
fn is_stub(language: &Language, code: &str, tokens: &[Token], lines: &[Line]) -> bool {
    if language.has_braces() {
        return is_stub_in_braces(language, code, tokens);
    }
    let statements = &language.statements;
    let texts = |line: &Line| {
        let tokens = &tokens[line.token as usize..(line.token + line.tokens) as usize];
        tokens.iter().map(|token| token.text(code)).collect::<Vec<_>>()
    };
    let mut lines = lines.iter().map(texts).skip_while(|line| line.first() == Some(&statements.decorator));
    let begins_function = |line: &Vec<&str>| match line[..] {
        [first, second, ..] => statements.begins_function(first, second),
        _ => false,
    };
    let Some(header) = lines.next().filter(begins_function) else { return false };
    let has_no_body = match header[..] {
        [.., end, filler] if end == statements.header_end => statements.fillers.contains(&filler),
        [.., end] => end == statements.header_end,
        [] => false,
    };
    has_no_body
        && lines.all(|line| match line[..] {
            [filler] if statements.fillers.contains(&filler) => true,
            [raise, error, ..] => raise == statements.raise && error == statements.not_implemented,
            _ => false,
        })
}

/// The words of the body. Those of the header name a contract, not the work that is done. Names of one letter and the
/// literals 0, 1 and the empty text are no evidence either.
fn words(language: &Language, code: &str, tokens: &[Token], classes: &[Class]) -> Vec<u32> {
    let mut words: Vec<u32> = tokens
        .iter()
        .zip(classes)
        .filter(|&(token, &class)| {
            let text = token.text(code);
            match token.kind {
                TokenKind::Name => shape::is_name(class) && text.len() > 1,
                TokenKind::Text => layout::literal_length(language, token, code) > 1,
                TokenKind::Number => text.len() > 1,
                _ => false,
            }
        })
        .map(|(token, _)| token_hash(language, token, code))
        .collect();
    words.sort_unstable();
    words.dedup();
    let mut header: Vec<u32> = tokens
        .iter()
        .take_while(|token| token.kind != TokenKind::Newline)
        .map(|token| token_hash(language, token, code))
        .collect();
    header.sort_unstable();
    words.retain(|word| header.binary_search(word).is_err());
    words
}

pub(crate) fn word_hash(text: &str) -> u32 {
    Hash::new().bytes(text.as_bytes()).finish() as u32
}

fn token_hash(language: &Language, token: &Token, code: &str) -> u32 {
    layout::hashed(Hash::new(), language, token, code).finish() as u32
}

pub(crate) fn links(
    language: &Language,
    code: &str,
    tokens: &[Token],
    classes: &[Class],
    lines: &mut [Line],
) -> Vec<u32> {
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
        // a constructor keeps its arguments is no evidence either.
        let keeps =
            |line: &Line| language.only_keeps(&classes[line.token as usize..(line.token + line.tokens) as usize]);
        if at > 1 && !(keeps(&lines[at - 1]) && keeps(&lines[at])) {
            hashes.push(link);
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

pub(crate) fn lines(language: &Language, code: &str, tokens: &[Token], classes: &[Class]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = None;
    let (mut shape, mut text) = (Hash::new(), Hash::new());
    for (place, (token, &class)) in tokens.iter().zip(classes).enumerate() {
        match token.kind {
            TokenKind::Indent | TokenKind::Dedent => {}
            TokenKind::Newline => {
                // What only closes blocks is layout, as the end of an indentation is.
                let closes =
                    |from: usize| language.has_braces() && tokens[from..place].iter().all(|token| closes(token, code));
                if let Some(first) = start.take().filter(|&first| !closes(first)) {
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
                text = layout::hashed(text, language, token, code).bytes(b"\0");
            }
        }
    }
    lines
}

fn closes(token: &Token, code: &str) -> bool {
    token.kind.is_structure() || matches!(token.text(code), "}" | ")" | "]" | ";" | ",")
}

#[cfg(test)]
mod tests {
    use cds_language::Language;

    fn unit(code: &str) -> super::Unit {
        super::Unit::new(Language::of_record("a.py"), code)
    }

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
            assert_eq!(unit(code).is_stub, is_stub, "{code}");
        }
    }

    #[test]
    fn bodies_in_braces_may_be_empty() {
        for (path, code, is_stub) in [
            ("a.ts", "f(a: { b: c }) {\n}", true),
            ("a.java", "public void f(int a) {\nthrow new UnsupportedOperationException(\"a\");\n}", true),
            ("a.go", "func (s *S) f() {}", true),
            ("a.rs", "fn f() { g() }", false),
            ("a.cs", "public int F() => 1;", false),
            ("a.js", "class A {}", false),
        ] {
            assert_eq!(super::Unit::new(Language::of_record(path), code).is_stub, is_stub, "{code}");
        }
    }

    #[test]
    fn closing_braces_are_no_lines() {
        let unit = super::Unit::new(Language::of_record("a.js"), "function f(a) {\nif (a) {\ng(a);\n}\nreturn a;\n}");
        assert_eq!((unit.lines.len(), unit.row_count), (4, 4));
        let method = |path, code| super::Unit::new(Language::of_record(path), code).method.is_some();
        assert!(method("a.go", "func (s *S) f() { g() }") && !method("a.go", "func f() { g() }"));
        assert!(method("a.rs", "pub fn f(&mut self) {}") && !method("a.rs", "fn f(a: self_t) {}"));
        assert!(method("a.ts", "async f(a) {}") && !method("a.ts", "const f = (a) => {}"));
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
            assert_eq!(unit(&format!("{header}\n        return 1\n")).is_special, is_special, "{header}");
        }
    }
}
