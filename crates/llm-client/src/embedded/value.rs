//! Describes an expression in a few words, without evaluating it.

use std::borrow::Cow;

use cds_language::Language;

use super::{
    clauses::shortened,
    tokens::{Kind, Piece, Pieces},
};

const MAX_VERBATIM_BYTES: usize = 32;

/// `expression` itself if it is short, otherwise its outermost shape.
pub(super) fn describe_value<'a>(language: &'static Language, expression: &'a str) -> Cow<'a, str> {
    let expression = expression.trim();
    if leading_chain(expression).len() == expression.len() {
        return shortened(expression);
    }
    let is_printable = |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && byte != b'`';
    if expression.len() <= MAX_VERBATIM_BYTES && expression.bytes().all(is_printable) {
        return Cow::Owned(format!("`{expression}`"));
    }
    Shape::of(language, language.statements.awaited(expression)).describe(language)
}

/// The dotted name at the start of `text`; empty if there is none.
pub(super) fn leading_chain(text: &str) -> &str {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || byte >= 0x80;
    &text[..text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len())]
}

/// The parts of an expression outside all brackets.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent observation, and all combinations occur")]
struct Shape<'a> {
    first: &'a str,
    first_byte: u8,
    group_count: u32,
    ends_with_group: bool,
    has_colon_in_group: bool,
    has_comma: bool,
    has_choice: bool,
    has_comparison: bool,
    has_operator: bool,
    has_only_text: bool,
    called: &'a str,
}

impl<'a> Shape<'a> {
    fn of(language: &'static Language, expression: &'a str) -> Self {
        let mut lexer = Pieces::new(language, expression);
        let mut shape = Self { has_only_text: true, ..Self::default() };
        let mut name = "";
        while let Some(token) = lexer.next() {
            if matches!(token.kind, Kind::Line(_)) {
                continue;
            }
            let text = lexer.text(token);
            if shape.first.is_empty() {
                shape.first = text;
                shape.first_byte = text.bytes().next().unwrap_or_default();
            }
            shape.ends_with_group = false;
            shape.has_only_text &= token.kind == Kind::Text;
            shape.add(language, token, text, lexer.depth(), &mut name);
        }
        shape
    }

    fn add(&mut self, language: &Language, token: Piece, text: &'a str, depth: u32, name: &mut &'a str) {
        let statements = &language.statements;
        match (token.kind, depth) {
            (Kind::Operator(b'(' | b'[' | b'{'), 1) => {
                self.group_count += 1;
                self.called = if text == "(" { name } else { "" };
            }
            (Kind::Operator(b')' | b']' | b'}'), 0) => self.ends_with_group = true,
            (Kind::Operator(b':'), 1) => self.has_colon_in_group = true,
            (Kind::Operator(b','), 0) => self.has_comma = true,
            (Kind::Operator(b'<' | b'>'), 0) => self.has_comparison = true,
            (Kind::Compound, 0) => self.has_comparison |= text != ":=",
            (Kind::Name, 0) if statements.choices.contains(&text) => self.has_choice = true,
            (Kind::Name, 0) if statements.comparisons.contains(&text) => self.has_comparison = true,
            (Kind::Name, 0) => {
                *name = text;
                return;
            }
            (Kind::Operator(b'.'), 0) => {}
            (Kind::Operator(_), 0) => self.has_operator = true,
            _ => return,
        }
        if text != "." {
            *name = "";
        }
    }

    fn describe(&self, language: &Language) -> Cow<'a, str> {
        let is_one_group = self.group_count == 1 && self.ends_with_group && !self.has_operator;
        let words = match self.first {
            first if language.statements.lambdas.contains(&first) => "a lambda",
            _ if self.has_comma => "several values",
            _ if self.has_choice => "one of several values",
            _ if self.has_comparison => "a truth value",
            _ if self.has_only_text => "a text",
            _ if is_one_group && self.first_byte == b'[' => "a list",
            _ if is_one_group && self.first_byte == b'{' && self.has_colon_in_group => "a dictionary",
            _ if is_one_group && self.first_byte == b'{' => "a set",
            _ if self.ends_with_group && !self.has_operator && !self.called.is_empty() => {
                return Cow::Owned(format!("the result of {}", shortened(self.called)));
            }
            _ => "a computed value",
        };
        Cow::Borrowed(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_summarized() {
        for (expression, expected) in [
            ("config", "config"),
            ("self.path.name", "self.path.name"),
            ("None", "None"),
            ("größe", "größe"),
            ("x + 1", "`x + 1`"),
            ("[]", "`[]`"),
            ("'ä'", "a text"),
            ("[value_of(item) for item in all_items]", "a list"),
            ("{key_of(item): item for item in all_items}", "a dictionary"),
            ("{key_of(item) for item in all_items_here}", "a set"),
            ("json.loads(open(path_to_configuration).read())", "the result of loads"),
            ("await session.get(url, headers=default_headers)", "the result of get"),
            ("open(path_to_configuration).read().strip()", "the result of strip"),
            ("first_result_of_the_call, second_result", "several values"),
            ("self.maximum_count is not None and self.x", "one of several values"),
            ("self.maximum_count >= other.maximum_count", "a truth value"),
            ("not self.is_an_extremely_long_name(other)", "a truth value"),
            ("lambda value, other: frobnicate(value, other)", "a lambda"),
            ("a_function_call(value) * another_call(value)", "a computed value"),
            ("\"text over more than\" \" thirty-two bytes\"", "a text"),
        ] {
            assert_eq!(describe_value(Language::of_record("a.py"), expression), expected);
        }
    }
}
