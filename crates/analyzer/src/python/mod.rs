//! Python, on tree-sitter.
//!
//! One parse and one walk of the tree a file; a second parse where the first one met an error. Neither recurses, so that no nesting can exhaust the stack.

mod broken;
mod comments;
mod definitions;
mod string_statements;
mod syntax;
mod walk;

use std::{
    borrow::Cow,
    ops::{ControlFlow, Range},
    time::{Duration, Instant},
};

use cds_model::SourceText;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::{Analyzer, Findings, Problem};

/// Real files parse in milliseconds; only made ones come near what they are allowed.
const LEAST_PARSE_LIMIT: Duration = Duration::from_secs(30);
const PARSE_SECONDS_PER_MEGABYTE: f64 = 10.0;
const MAX_CONTINUED_LINES: u32 = 1000;
const BLANKS: [char; 3] = [' ', '\t', '\x0c'];

/// What ends a parse before its own end.
#[derive(Clone, Copy)]
struct Limit<'a> {
    time: Duration,
    is_cancelled: &'a dyn Fn() -> bool,
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

    /// The tree of a text that is broken only because of its comments, with these.
    fn parse_without_comments(
        &mut self,
        broken: &Tree,
        text: &[u8],
        limit: Limit<'_>,
    ) -> Option<(Tree, Vec<Range<usize>>)> {
        let (blanked, comments) = comments::blanked(broken, text);
        let tree = self.parse(&blanked, limit)?;
        let is_sound = !tree.root_node().has_error() && !comments::contradict(&comments, &tree);
        is_sound.then_some((tree, comments))
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
    fn analyze(&mut self, source: &SourceText, is_cancelled: &dyn Fn() -> bool) -> Findings {
        if let Some(line) = endless_continuation(source) {
            let reason = format!("more than {MAX_CONTINUED_LINES} lines are continued by backslashes in a row");
            return Findings { problem: Some(Problem { line, reason }), ..Findings::default() };
        }
        let text = with_line_feeds(source.as_str());
        let limit = Limit { time: parse_limit(text.len()), is_cancelled };
        match self.parse(&text, limit) {
            Some(tree) if tree.root_node().has_error() => match self.parse_without_comments(&tree, &text, limit) {
                Some((tree, comments)) => walk::walk(&tree, source, comments),
                None => walk::walk(&tree, source, Vec::new()),
            },
            Some(tree) => walk::walk(&tree, source, Vec::new()),
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

/// The line where too many lines begin that hold a backslash and nothing else: the parser's time grows with the square
/// of their number.
fn endless_continuation(source: &SourceText) -> Option<u32> {
    let mut run = 0;
    for line in 1..=source.line_count() {
        let range = source.line_range(line, line);
        let code = source.as_str()[range.start as usize..range.end as usize].trim_matches(BLANKS);
        run = if code == "\\" { run + 1 } else { 0 };
        if run > MAX_CONTINUED_LINES {
            return Some(line + 1 - run);
        }
    }
    None
}

fn parse_limit(byte_count: usize) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "a text is smaller than 4 GiB")]
    let megabytes = byte_count as f64 / 1e6;
    LEAST_PARSE_LIMIT + Duration::from_secs_f64(megabytes * PARSE_SECONDS_PER_MEGABYTE)
}

/// The grammar does not take a lone carriage return for the line break that it is in Python.
///
/// The text keeps its length, so that every offset stays what it was.
fn with_line_feeds(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    let is_lone = |position: usize| bytes.get(position + 1) != Some(&b'\n');
    if !memchr::memchr_iter(b'\r', bytes).any(is_lone) {
        return Cow::Borrowed(bytes);
    }
    let mut changed = bytes.to_vec();
    for position in memchr::memchr_iter(b'\r', bytes).filter(|&position| is_lone(position)) {
        changed[position] = b'\n';
    }
    Cow::Owned(changed)
}
