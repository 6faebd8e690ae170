//! Every language whose definitions can be read from its syntax tree by data alone.
//!
//! One parse and one walk of the tree a file. What is a definition, where its body begins and what gives it a name is said
//! by [`cds_language::Syntax`]; nothing here names a language. Nothing recurses, so that no nesting can exhaust the stack.

mod broken;
mod comments;
mod grammar;
mod header;
mod owner;
mod walk;

use std::borrow::Cow;

use cds_model::SourceText;
use tree_sitter::{Parser, Tree};

pub(crate) use grammar::Grammar;

use crate::{
    Analyzer, Findings, Problem,
    parsing::{Limit, parse},
};

/// The parser keeps about 250 bytes for each bracket that is open.
const MAX_OPEN_BRACKETS: usize = 10_000;

/// Finds the definitions of one grammar.
pub(crate) struct GeneralAnalyzer {
    parser: Parser,
    grammar: &'static Grammar,
}

impl GeneralAnalyzer {
    /// An analyzer for one thread.
    ///
    /// # Panics
    ///
    /// When the grammar and the parser library that were built in do not fit each other.
    pub(crate) fn new(grammar: &'static Grammar) -> Self {
        let mut parser = Parser::new();
        parser.set_language(&grammar.parser_language).expect("the grammar that is built in fits the parser");
        Self { parser, grammar }
    }
}

impl GeneralAnalyzer {
    /// The tree of a text, or of the same text in words that the grammar reads, and whether its rows are those of the text;
    /// offsets always are.
    fn parse(&mut self, text: &str, limit: Limit<'_>) -> Option<(Tree, bool)> {
        let syntax = &self.grammar.language.syntax;
        let rewritten = || syntax.rewrite.and_then(|rewrite| rewrite(text));
        let is_misread =
            syntax.misread.iter().any(|mark| memchr::memmem::find(text.as_bytes(), mark.as_bytes()).is_some());
        if is_misread && let Some(readable) = rewritten() {
            return parse(&mut self.parser, &readable, limit).map(|tree| (tree, false));
        }
        let with_line_break = syntax.needs_last_line_break && !text.ends_with('\n');
        let parsed = if with_line_break { Cow::Owned(format!("{text}\n")) } else { Cow::Borrowed(text) };
        let tree = parse(&mut self.parser, parsed.as_bytes(), limit)?;
        match Some(&tree).filter(|tree| tree.root_node().has_error()).and_then(|_| rewritten()) {
            Some(readable) => parse(&mut self.parser, &readable, limit).map(|tree| (tree, false)),
            None => Some((tree, true)),
        }
    }
}

impl Analyzer for GeneralAnalyzer {
    fn version(&self) -> &'static str {
        self.grammar.version
    }

    fn analyze(&mut self, source: &SourceText, is_cancelled: &dyn Fn() -> bool) -> Findings {
        let text = source.as_str().as_bytes();
        if let Some(problem) = too_deep(source) {
            return Findings { problem: Some(problem), ..Findings::default() };
        }
        let limit = Limit::new(text.len(), is_cancelled);
        match self.parse(source.as_str(), limit) {
            Some((tree, has_rows_of_source)) => walk::walk(self.grammar, &tree, source, has_rows_of_source),
            None => limit.exceeded(),
        }
    }
}

/// What would need memory out of all proportion to its size. Brackets in strings and comments count as well: no real file
/// comes near the limit.
fn too_deep(source: &SourceText) -> Option<Problem> {
    let mut open_count = 0_usize;
    for (place, byte) in source.as_str().bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => open_count += 1,
            b')' | b']' | b'}' => open_count = open_count.saturating_sub(1),
            _ => continue,
        }
        if open_count > MAX_OPEN_BRACKETS {
            let line = source.line_of(u32::try_from(place).unwrap_or(u32::MAX));
            return Some(Problem { line, reason: format!("more than {MAX_OPEN_BRACKETS} brackets are open at once") });
        }
    }
    None
}
