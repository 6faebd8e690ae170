//! The grammars that are built in, each behind a feature of this crate.

use std::sync::LazyLock;

use cds_language::{LANGUAGES, Language};

use crate::general::Grammar;

/// A grammar of a language that has no analyzer of its own.
struct BuiltIn {
    name: &'static str,
    grammar: Grammar,
}

static BUILT_IN: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| {
    let names = |language: &'static Language| {
        let others = language.syntax.grammars.iter().map(|(_, grammar)| *grammar);
        std::iter::once(language.id).chain(others).map(move |name| (language, name))
    };
    let built_in = |(language, name)| Some(BuiltIn { name, grammar: Grammar::new(language, parser_language(name)?) });
    LANGUAGES.iter().copied().flat_map(names).filter_map(built_in).collect()
});

/// What the parser needs for a grammar, and the versions of parser, grammar and the rules for it; `None` for one that is not
/// built in, and for Python's. The rules are those in `general` and in the tables of the language.
fn parser_language(name: &str) -> Option<(tree_sitter::Language, &'static str)> {
    match name {
        #[cfg(feature = "javascript")]
        "javascript" => Some((tree_sitter_javascript::LANGUAGE.into(), "tree-sitter 0.27.1 javascript 0.25.0 rules 1")),
        #[cfg(feature = "typescript")]
        "typescript" => {
            Some((tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), "tree-sitter 0.27.1 typescript 0.23.2 rules 1"))
        }
        #[cfg(feature = "typescript")]
        "tsx" => Some((tree_sitter_typescript::LANGUAGE_TSX.into(), "tree-sitter 0.27.1 tsx 0.23.2 rules 1")),
        #[cfg(feature = "go")]
        "go" => Some((tree_sitter_go::LANGUAGE.into(), "tree-sitter 0.27.1 go 0.25.0 rules 1")),
        #[cfg(feature = "rust")]
        "rust" => Some((tree_sitter_rust::LANGUAGE.into(), "tree-sitter 0.27.1 rust 0.24.2 rules 1")),
        #[cfg(feature = "java")]
        "java" => Some((tree_sitter_java::LANGUAGE.into(), "tree-sitter 0.27.1 java 0.23.5 rules 1")),
        #[cfg(feature = "php")]
        "php" => Some((tree_sitter_php::LANGUAGE_PHP.into(), "tree-sitter 0.27.1 php 0.25.1 rules 1")),
        #[cfg(feature = "c-sharp")]
        "csharp" => Some((tree_sitter_c_sharp::LANGUAGE.into(), "tree-sitter 0.27.1 c-sharp 0.23.5 rules 1")),
        _ => None,
    }
}

/// The grammar of a name, if it is built in.
pub(crate) fn grammar(name: &str) -> Option<&'static Grammar> {
    BUILT_IN.iter().find(|built_in| built_in.name == name).map(|built_in| &built_in.grammar)
}
