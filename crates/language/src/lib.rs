//! What is known about each programming language, as data, and one lexer driven by it.
//!
//! A [`Language`] says by what its files are known, what its text is made of, how definitions are named, and what counts as a
//! test or as generated. Each has a folder of its own, and [`LANGUAGES`] lists them all. No parser, no I/O: syntax trees are
//! the analyzer's, which gets the names of their nodes from here.

#![expect(
    clippy::cast_possible_truncation,
    reason = "bytes are counted to 256, words to 240, and a hash is cut on purpose"
)]

pub mod class;
pub mod csharp;
mod generated;
pub mod go;
mod head;
#[cfg(test)]
mod head_tests;
mod idioms;
pub mod java;
pub mod javascript;
mod language;
mod lexer;
mod lexicon;
mod literal;
mod naming;
mod nodes;
mod notation;
mod outline;
pub mod php;
pub mod python;
pub mod rust;
mod statements;
mod syntax;
mod test_marks;
pub mod typescript;

pub use generated::{GeneratedMarks, is_generated, is_generated_name};
pub use head::{Head, Heads, MethodMark};
pub use idioms::Idioms;
pub use language::{Docs, Files, LANGUAGES, Language};
pub use lexer::{Lexer, MAX_BYTES, Token, TokenKind, tokenize, tokenize_into};
pub use lexicon::{
    BlockComment, ClassSet, Digits, Escape, Fields, Layout, Lexicon, Numbers, Prefix, Prefixes, StringRule, Words,
};
pub use literal::{Plain, number as plain_number, text as plain_text};
pub use naming::{Naming, name_of};
pub use nodes::NodeRole;
pub use notation::{Canonical, Former, Notation, Rewrite};
pub use outline::{Outline, read_outline};
pub use statements::Statements;
pub use syntax::{BindingNode, DefinitionNode, OwnerNode, Part, RewriteText, Syntax};
pub use test_marks::{TestMarks, is_test};
