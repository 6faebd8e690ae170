//! Finds the end of a string literal, also of one that holds expressions with literals of their own.
//!
//! A literal of one line that is not closed ends with its line, any other with the text. Each byte is looked at once; what
//! is nested lies on an explicit stack.

use crate::lexicon::{Fields, Lexicon, StringRule};

/// Finds ends; keeps the memory of its stack from one literal to the next.
#[derive(Debug, Default)]
pub(crate) struct StringScanner {
    open: Vec<Open>,
}

#[derive(Debug, Clone, Copy)]
enum Open {
    /// Inside of a literal.
    Literal { rule: &'static StringRule, fields: Option<&'static Fields> },
    /// Inside of a field, with `depth` brackets open.
    Field { fields: &'static Fields, depth: u32 },
}

impl Lexicon {
    /// The rule of the literal that begins at `at`, if one does; its prefix is not looked at.
    #[inline]
    pub(crate) fn string_rule(&'static self, bytes: &[u8], at: usize) -> Option<&'static StringRule> {
        let rest = &bytes[at..];
        self.words.strings.iter().find(|rule| rest.starts_with(rule.open.as_bytes()) && rule.begins(rest))
    }
}

impl StringRule {
    /// Whether a literal begins here, whose first bytes are those of one.
    fn begins(&self, rest: &[u8]) -> bool {
        if !self.is_character {
            return true;
        }
        let inside = &rest[self.open.len()..];
        let length = match inside {
            [b'\\', ..] => return true,
            [] => return false,
            [first, ..] => 1 + inside[1..].iter().take_while(|&&byte| *first >= 0xc0 && byte & 0xc0 == 0x80).count(),
        };
        inside[length..].starts_with(self.close.as_bytes())
    }

    /// The place behind the literal whose content begins at `content`, which has no fields.
    #[inline]
    pub(crate) fn plain_end(&self, bytes: &[u8], content: usize, stops: &[bool; 256]) -> usize {
        let close = self.close.as_bytes();
        let mut at = content;
        while let Some(&byte) = bytes.get(at) {
            if !stops[usize::from(byte)] {
                at += 1;
            } else if byte == close[0] && bytes[at..].starts_with(close) {
                at += close.len();
                if !(self.doubles_end && bytes[at..].starts_with(close)) {
                    return at;
                }
                at += close.len();
            } else if byte == b'\\' && self.has_escapes {
                at += 2;
            } else if byte == b'\n' && !self.spans_lines {
                return at;
            } else {
                at += 1;
            }
        }
        bytes.len()
    }
}

impl StringScanner {
    /// The place behind the literal of this rule whose first quote is at `start`.
    pub(crate) fn end(
        &mut self,
        lexicon: &'static Lexicon,
        bytes: &[u8],
        start: usize,
        rule: &'static StringRule,
        has_fields: bool,
    ) -> usize {
        let content = start + rule.open.len();
        let fields = fields_of(lexicon, rule, has_fields);
        if fields.is_none() {
            return rule.plain_end(bytes, content, &lexicon.string_stops);
        }
        self.open.clear();
        self.open.push(Open::Literal { rule, fields });
        let mut at = content;
        while let (Some(&top), true) = (self.open.last(), at < bytes.len()) {
            let next = match top {
                Open::Literal { rule, fields } => self.step_in_literal(bytes, at, rule, fields),
                Open::Field { fields, depth } => self.step_in_field(lexicon, bytes, at, fields, depth),
            };
            match next {
                Some(next) => at = next,
                None => return at,
            }
        }
        at.min(bytes.len())
    }

    /// The next place; `None` if the line, and with it the literal, ends.
    fn step_in_literal(
        &mut self,
        bytes: &[u8],
        at: usize,
        rule: &'static StringRule,
        fields: Option<&'static Fields>,
    ) -> Option<usize> {
        let rest = &bytes[at..];
        let opens = |fields: &Fields| rest.starts_with(fields.open.as_bytes());
        if rest[0] == b'\\' && rule.has_escapes {
            return Some(at + 2);
        }
        if rest[0] == b'\n' && !rule.spans_lines {
            return None;
        }
        if rest.starts_with(rule.close.as_bytes()) {
            let behind = at + rule.close.len();
            if rule.doubles_end && bytes[behind..].starts_with(rule.close.as_bytes()) {
                return Some(behind + rule.close.len());
            }
            self.open.pop();
            return Some(behind);
        }
        let Some(fields) = fields.filter(|fields| opens(fields)) else { return Some(at + 1) };
        let behind = at + fields.open.len();
        if fields.doubles_open && bytes[behind..].starts_with(fields.open.as_bytes()) {
            return Some(behind + fields.open.len());
        }
        self.open.push(Open::Field { fields, depth: 0 });
        Some(behind)
    }

    /// The next place; `None` if the line ends inside of a literal of one line.
    fn step_in_field(
        &mut self,
        lexicon: &'static Lexicon,
        bytes: &[u8],
        at: usize,
        fields: &'static Fields,
        depth: u32,
    ) -> Option<usize> {
        match bytes[at] {
            b'\n' if matches!(self.open[..], [.., Open::Literal { rule, .. }, _] if !rule.spans_lines) => return None,
            b'(' | b'[' | b'{' => self.set_depth(depth.saturating_add(1)),
            b'}' if depth == 0 => {
                self.open.pop();
            }
            b')' | b']' | b'}' => self.set_depth(depth.saturating_sub(1)),
            b':' if depth == 0 && fields.has_format => return Some(self.format_end(bytes, at + 1, fields)),
            _ => {
                if let Some(rule) = lexicon.string_rule(bytes, at) {
                    let before = bytes[at - 1].to_ascii_lowercase();
                    let has_fields = lexicon.words.prefixes.with_fields.contains(&before);
                    self.open.push(Open::Literal { rule, fields: fields_of(lexicon, rule, has_fields) });
                    return Some(at + rule.open.len());
                }
            }
        }
        Some(at + 1)
    }

    /// Skips the format behind a `:` up to its brace: quotes in it are fill characters, no literals.
    fn format_end(&mut self, bytes: &[u8], start: usize, fields: &'static Fields) -> usize {
        let rest = &bytes[start..];
        let stops = |byte: &u8| matches!(byte, b'{' | b'}' | b'\n');
        let at = start + rest.iter().position(stops).unwrap_or(rest.len());
        if bytes.get(at) == Some(&b'{') {
            // The expression of a nested field; its own brace closes it, and the format goes on behind it.
            self.open.push(Open::Field { fields, depth: 0 });
            return at + 1;
        }
        at
    }

    fn set_depth(&mut self, depth: u32) {
        if let Some(Open::Field { depth: current, .. }) = self.open.last_mut() {
            *current = depth;
        }
    }
}

fn fields_of(lexicon: &'static Lexicon, rule: &'static StringRule, has_fields: bool) -> Option<&'static Fields> {
    if has_fields { Some(&lexicon.words.prefixes.fields) } else { rule.fields.as_ref() }
}
