//! What classes and files in braces hold.

use cds_language::{Language, TokenKind};

use super::lines::{Line, Text};
use crate::embedded::{container::Members, names::Names};

/// The name of a class, what it is a kind of, and its members; `None` if the code has no token.
pub(in crate::embedded) fn read_class<'a>(
    language: &'static Language,
    code: &'a str,
) -> Option<(&'a str, Names<'a, 3>, Members<'a>)> {
    let text = Text::new(language, code)?;
    let head = language.head(code, &text.tokens).unwrap_or_default();
    let mut bases = Names::new();
    let start = head.name_token.map_or(0, |place| place + 1);
    let mut is_base = false;
    for place in start..text.tokens.len() {
        match text.word(place) {
            "{" | "" | ";" => break,
            "extends" | "implements" | ":" => is_base = true,
            "," => {}
            "<" | "(" => is_base = false,
            _ if is_base && text.tokens[place].kind == TokenKind::Name && !follows_member(&text, place) => {
                bases.push(first_chain(&text, place));
            }
            _ => {}
        }
    }
    Some((head.name(code).unwrap_or_default(), bases, members(&text, 1)))
}

/// What a file defines; `None` if the code has no token.
pub(in crate::embedded) fn read_file<'a>(language: &'static Language, code: &'a str) -> Option<Members<'a>> {
    Some(members(&Text::new(language, code)?, 0))
}

fn members<'a>(text: &Text<'a>, depth: u32) -> Members<'a> {
    let mut members = Members::none();
    for line in text.lines().iter().filter(|line| line.depth == depth) {
        read_line(text, line, &mut members);
    }
    members
}

fn read_line<'a>(text: &Text<'a>, line: &Line, members: &mut Members<'a>) -> Option<()> {
    let language = text.language;
    let statements = &language.statements;
    let first = text.word(line.tokens.start);
    if statements.imports.contains(&first) {
        let literal = line.tokens.clone().find(|&place| text.tokens[place].kind == TokenKind::Text);
        let name = line.tokens.clone().skip(1).find(|&place| text.tokens[place].kind == TokenKind::Name);
        members.imports.push(match (literal, name) {
            (Some(place), _) => text.word(place).trim_matches(['"', '\'']),
            (None, Some(place)) => first_chain(text, place),
            (None, None) => "",
        });
        return Some(());
    }
    let tokens = text.tokens.get(line.tokens.clone())?;
    let opens_block = tokens.last().is_some_and(|last| last.text(text.code) == "{");
    let is_control =
        matches!(first, "if" | "for" | "while" | "switch" | "try" | "do" | "else" | "catch" | "return" | "match");
    let head = language.head(text.code, tokens)?;
    let name = head.name(text.code).filter(|_| !is_control)?;
    let is_function = head.parameters.is_some() && (opens_block || head.is_method || is_declared(text, line));
    if head.is_class {
        members.classes.push(name);
    } else if is_function && !is_bound_call(text, line, opens_block) {
        if language.naming.is_private(name) {
            members.private_functions.push(name);
        } else {
            members.functions.push(name);
        }
    } else if is_assigned(text, line) {
        members.variables.push(name);
    }
    Some(())
}

/// Whether a word of a function stands on the line.
fn is_declared(text: &Text<'_>, line: &Line) -> bool {
    line.tokens
        .clone()
        .any(|place| text.language.statements.functions.contains(&text.word(place)) || text.word(place) == "=>")
}

/// Whether a name gets the result of a call, and not a function.
fn is_bound_call(text: &Text<'_>, line: &Line, opens_block: bool) -> bool {
    is_assigned(text, line) && !opens_block && !is_declared(text, line)
}

fn is_assigned(text: &Text<'_>, line: &Line) -> bool {
    line.tokens.clone().any(|place| matches!(text.word(place), "=" | ":=" | ":" | ";"))
}

fn follows_member(text: &Text<'_>, place: usize) -> bool {
    place.checked_sub(1).is_some_and(|before| matches!(text.word(before), "." | "::"))
}

/// The name that begins at a place, with its members.
fn first_chain<'a>(text: &Text<'a>, first: usize) -> &'a str {
    let mut last = first;
    while matches!(text.word(last + 1), "." | "::")
        && text.tokens.get(last + 2).is_some_and(|token| token.kind == TokenKind::Name)
    {
        last += 2;
    }
    text.slice(first, last + 1)
}

#[cfg(test)]
mod tests {
    use cds_language::Language;

    use crate::embedded::container::{describe_class, describe_file};

    #[test]
    fn classes_of_all_languages_are_described() {
        for (path, code, expected) in [
            (
                "a.ts",
                "class Cart extends Base implements Priced {\nprivate total = 0;\nadd(row: Row): void {\nif (row) {\nthis.total += 1;\n}\n}\nget size() {\nreturn 1;\n}\n}",
                "Class `Cart` is a kind of Base and Priced, holds total, and offers add and size.",
            ),
            (
                "a.java",
                "public class Cart {\nprivate final int total;\nvoid add(Row row) {\ntotal(row);\n}\n}",
                "Class `Cart` holds total and offers add.",
            ),
            (
                "a.cs",
                "class Cart : Base, IPriced {\nint total = 0;\nvoid Add(Row row) {\n}\n}",
                "Class `Cart` is a kind of Base and IPriced, holds total, and offers Add.",
            ),
            ("a.rs", "pub trait Shape {\nfn area(&self) -> f64;\n}", "Class `Shape` offers area."),
        ] {
            assert_eq!(describe_class(Language::of_record(path), code).as_deref(), Some(expected), "{code}");
        }
    }

    #[test]
    fn files_of_all_languages_are_described() {
        for (path, code, expected) in [
            (
                "a.js",
                "import fs from 'fs';\nexport class Cart {\n}\nexport function load(a) {\nreturn a;\n}\nconst limit = 3;\nconst half = (x) => x / 2;",
                "This file defines the class Cart, defines the functions load and half, sets limit, and imports fs.",
            ),
            (
                "a.go",
                "package shop\nimport \"fmt\"\ntype Cart struct {\nTotal int\n}\nfunc Load(a int) int {\nreturn a\n}",
                "This file defines the class Cart, defines the function Load, and imports shop and fmt.",
            ),
        ] {
            assert_eq!(describe_file(Language::of_record(path), code).as_deref(), Some(expected), "{code}");
        }
    }
}
