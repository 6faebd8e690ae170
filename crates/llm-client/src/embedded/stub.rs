//! Definitions without a body (stubs, protocols, abstract methods), about which no model can say more.

use cds_language::{LANGUAGES, Language};
use cds_model::SymbolKind;

use super::{
    facts::FunctionFacts,
    outline::describe,
    tokens::{Kind, Piece, Pieces},
};

/// The endings of sentences about definitions without a body, except those that raise an error.
const ENDS: [&str; 2] = ["does nothing.", "adds nothing of its own."];

/// The sentence about a definition with a header and no body; `None` for all other code.
pub(super) fn describe_stub(language: &'static Language, kind: SymbolKind, code: &str) -> Option<String> {
    let is_definition = kind != SymbolKind::File;
    if is_definition && is_without_body(language, code) { describe(language, kind, code) } else { None }
}

/// Whether `sentence` may be about a definition without a body.
pub(super) fn is_about_stub(sentence: &str) -> bool {
    let raises =
        |error: &str| sentence.strip_suffix('.').is_some_and(|rest| rest.ends_with(&format!("raises {error}")));
    ENDS.iter().any(|end| sentence.ends_with(end))
        || LANGUAGES.iter().any(|language| raises(language.statements.not_implemented))
}

/// Whether only no-ops, or the error for missing implementations, follow the header.
fn is_without_body(language: &'static Language, code: &str) -> bool {
    // A body in braces is there even where nothing stands in it.
    if language.has_braces() {
        return FunctionFacts::read(language, code, false).is_some_and(|facts| facts.is_empty)
            && code.trim_end().ends_with('}');
    }
    let mut lexer = Pieces::new(language, code);
    skip_header(&mut lexer) && has_only_fillers(&mut lexer)
}

/// Advances past the colon that ends the header; false if there is none.
fn skip_header(lexer: &mut Pieces<'_>) -> bool {
    while let Some(token) = lexer.next() {
        if token.kind == Kind::Operator(b':') && lexer.depth() == 0 {
            return true;
        }
    }
    false
}

fn has_only_fillers(lexer: &mut Pieces<'_>) -> bool {
    let mut raises = false;
    while let Some(token) = lexer.next() {
        let is_filler = match token.kind {
            Kind::Line(_) => {
                raises = false;
                true
            }
            Kind::Operator(b'.' | b';') => true,
            _ if raises => is_of_error(lexer, token),
            _ => {
                let (text, statements) = (lexer.text(token), &lexer.language.statements);
                raises = text == statements.raise;
                raises || statements.fillers.contains(&text)
            }
        };
        if !is_filler {
            return false;
        }
    }
    true
}

/// Whether the token is the error for missing implementations, with its arguments.
fn is_of_error(lexer: &Pieces<'_>, token: Piece) -> bool {
    let is_parenthesis = matches!(token.kind, Kind::Operator(b'(' | b')'));
    is_parenthesis || lexer.depth() > 0 || lexer.text(token) == lexer.language.statements.not_implemented
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python() -> &'static Language {
        Language::of_record("a.py")
    }

    #[test]
    fn bodyless_definition_is_described() {
        for (kind, code, expected) in [
            (SymbolKind::Function, "def f(x): ...", "Function `f` takes x and does nothing."),
            (SymbolKind::Function, "def f():\n    pass", "Function `f` does nothing."),
            (SymbolKind::Method, "def f(self):\n    ...", "Method `f` does nothing."),
            (SymbolKind::Method, "async def f(self): pass", "Async method `f` does nothing."),
            (SymbolKind::Method, "def f(self):", "Method `f` does nothing."),
            (SymbolKind::Class, "class A(B): ...", "Class `A` is a kind of B and adds nothing of its own."),
            (
                SymbolKind::Method,
                "def f(self, x) -> dict[str, int]:\n    raise NotImplementedError",
                "Method `f` takes x and raises NotImplementedError.",
            ),
        ] {
            let sentence = describe_stub(python(), kind, code);
            assert_eq!(sentence.as_deref(), Some(expected), "{code}");
            assert!(is_about_stub(expected), "{expected}");
        }
        let abstract_method = "def f(self):\n    raise NotImplementedError('of ' + type(self).__name__)";
        assert!(describe_stub(python(), SymbolKind::Method, abstract_method).is_some());
    }

    #[test]
    fn definition_with_body_is_asked() {
        for code in [
            "def f(): return 1",
            "def f():\n    pass\n    g()",
            "def f(x=lambda: 1): g()",
            "def f():\n    raise ValueError",
            "def f():\n    raise NotImplementedError\n    g()",
            "class A:\n    x = 1",
            "class A:\n    def f(self): pass",
            "class A:\n    print(1)",
        ] {
            assert_eq!(describe_stub(python(), SymbolKind::Function, code), None, "{code}");
        }
        assert_eq!(describe_stub(python(), SymbolKind::File, "pass"), None);
    }
}
