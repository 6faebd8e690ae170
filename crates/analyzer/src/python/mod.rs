//! Python, on tree-sitter.
//!
//! One parse and one walk of the tree a file; a second parse of the text in other words where the first one met an error.
//! None of these recurses, so that no nesting can exhaust the stack.

mod broken;
mod definitions;
mod extremes;
mod layout;
mod rewrite;
mod string_statements;
mod syntax;
mod tokens;
mod walk;

use std::{borrow::Cow, ops::Range};

use cds_model::SourceText;
use tree_sitter::{Parser, Tree};

use self::{layout::Layout, rewrite::Rewritten};
use crate::{
    Analyzer, Findings,
    parsing::{Limit, parse},
};

/// The parser, the grammar, and the version of the rules in this folder and of Python's tables in `cds-language`.
const VERSION: &str = "tree-sitter 0.27.1 python 0.25.0 rules 1";

/// A tree and what it is of: the source itself, or a text of the same length with the same definitions at the same offsets.
struct Parsed<'t> {
    tree: Tree,
    text: Cow<'t, [u8]>,
    /// Whether the text has a line break wherever the source has one.
    has_rows_of_source: bool,
    /// What the text does not show.
    comments: Vec<Range<usize>>,
    continuations: Vec<Range<usize>>,
}

/// Finds classes, functions and methods in Python text.
pub struct PythonAnalyzer {
    parser: Parser,
}

impl PythonAnalyzer {
    /// An analyzer for one thread.
    ///
    /// # Panics
    ///
    /// When the grammar and the parser library that were built in do not fit each other.
    pub fn new() -> Self {
        let mut parser = Parser::new();
        parser.set_language(syntax::language()).expect("the grammar that is built in fits the parser");
        Self { parser }
    }

    fn parse_layout<'t>(&mut self, layout: Layout<'t>, limit: Limit<'_>) -> Option<Parsed<'t>> {
        let tree = parse(&mut self.parser, &layout.text, limit)?;
        let rewritten = if tree.root_node().has_error() { Rewritten::of(&layout.text) } else { None };
        if let Some(rewritten) = rewritten {
            let tree = parse(&mut self.parser, &rewritten.text, limit)?;
            if !tree.root_node().has_error() {
                let mut continuations = rewritten.continuations;
                continuations.extend(layout.hidden);
                return Some(Parsed {
                    tree,
                    text: Cow::Owned(rewritten.text),
                    has_rows_of_source: false,
                    comments: rewritten.comments,
                    continuations,
                });
            }
        }
        Some(Parsed {
            tree,
            has_rows_of_source: layout.hidden.is_empty(),
            text: layout.text,
            comments: Vec::new(),
            continuations: layout.hidden,
        })
    }
}

impl Default for PythonAnalyzer {
    fn default() -> Self {
        Self::new()
    }
}

impl Analyzer for PythonAnalyzer {
    fn version(&self) -> &'static str {
        VERSION
    }

    fn analyze(&mut self, source: &SourceText, is_cancelled: &dyn Fn() -> bool) -> Findings {
        if let Some(problem) = extremes::find(source) {
            return Findings { problem: Some(problem), ..Findings::default() };
        }
        let layout = Layout::of(source.as_str());
        let limit = Limit::new(layout.text.len(), is_cancelled);
        match self.parse_layout(layout, limit) {
            Some(parsed) => walk::walk(&parsed, source),
            None => limit.exceeded(),
        }
    }
}
