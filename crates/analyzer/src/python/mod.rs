//! Python, on tree-sitter.
//!
//! One parse and one walk of the tree a file; a second parse of the text in other words where the first one met an error.
//! None of these recurses, so that no nesting can exhaust the stack.

mod broken;
mod definitions;
mod extremes;
mod layout;
mod rewrite;
mod rows;
mod string_statements;
mod syntax;
mod tokens;
mod walk;

use std::{
    borrow::Cow,
    ops::{ControlFlow, Range},
    time::{Duration, Instant},
};

use cds_model::SourceText;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use self::{layout::Layout, rewrite::Rewritten};
use crate::{Analyzer, Findings, Problem};

/// Real files parse in milliseconds; only made ones come near what they are allowed.
const LEAST_PARSE_LIMIT: Duration = Duration::from_secs(10);
const PARSE_SECONDS_PER_MEGABYTE: f64 = 4.0;

/// The parser, the grammar, and the version of the rules in this folder and of Python's tables in `cds-language`.
const VERSION: &str = "tree-sitter 0.27.1 python 0.25.0 rules 1";

/// What ends a parse before its own end.
#[derive(Clone, Copy)]
struct Limit<'a> {
    time: Duration,
    is_cancelled: &'a dyn Fn() -> bool,
}

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
        let tree = self.parse(&layout.text, limit)?;
        let rewritten = if tree.root_node().has_error() { Rewritten::of(&layout.text) } else { None };
        if let Some(rewritten) = rewritten {
            let tree = self.parse(&rewritten.text, limit)?;
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

    fn parse(&mut self, text: &[u8], limit: Limit<'_>) -> Option<Tree> {
        let start = Instant::now();
        let mut in_time = |_: &ParseState| {
            if start.elapsed() > limit.time || (limit.is_cancelled)() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let options = ParseOptions::new().progress_callback(&mut in_time);
        let tree = self.parser.parse_with_options(
            &mut |offset, _| text.get(offset..).unwrap_or_default(),
            None,
            Some(options),
        );
        if tree.is_none() {
            // A parse that was cut short would otherwise go on with the next text.
            self.parser.reset();
        }
        tree
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
        let limit = Limit { time: parse_limit(layout.text.len()), is_cancelled };
        match self.parse_layout(layout, limit) {
            Some(parsed) => walk::walk(&parsed, source),
            None => Findings {
                problem: Some(Problem {
                    line: 1,
                    reason: format!("not parsed within {} seconds", limit.time.as_secs()),
                }),
                ..Findings::default()
            },
        }
    }
}

fn parse_limit(byte_count: usize) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "a text is smaller than 4 GiB")]
    let megabytes = byte_count as f64 / 1e6;
    LEAST_PARSE_LIMIT + Duration::from_secs_f64(megabytes * PARSE_SECONDS_PER_MEGABYTE)
}
