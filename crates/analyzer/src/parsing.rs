//! A parse that ends in time.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::{Findings, Problem};

/// Real files parse in milliseconds; only made ones come near what they are allowed.
const LEAST_PARSE_LIMIT: Duration = Duration::from_secs(10);
const PARSE_SECONDS_PER_MEGABYTE: f64 = 4.0;

/// What ends a parse before its own end.
#[derive(Clone, Copy)]
pub(crate) struct Limit<'a> {
    time: Duration,
    is_cancelled: &'a dyn Fn() -> bool,
}

impl<'a> Limit<'a> {
    /// The limit for a text of this length.
    pub(crate) fn new(byte_count: usize, is_cancelled: &'a dyn Fn() -> bool) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a text is smaller than 4 GiB")]
        let megabytes = byte_count as f64 / 1e6;
        let time = LEAST_PARSE_LIMIT + Duration::from_secs_f64(megabytes * PARSE_SECONDS_PER_MEGABYTE);
        Self { time, is_cancelled }
    }

    /// What is found in a text that was not parsed in time.
    pub(crate) fn exceeded(self) -> Findings {
        let reason = format!("not parsed within {} seconds", self.time.as_secs());
        Findings { problem: Some(Problem { line: 1, reason }), ..Findings::default() }
    }
}

/// The tree of `text`; none if the limit ends the parse.
pub(crate) fn parse(parser: &mut Parser, text: &[u8], limit: Limit<'_>) -> Option<Tree> {
    let start = Instant::now();
    let mut in_time = |_: &ParseState| {
        if start.elapsed() > limit.time || (limit.is_cancelled)() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut in_time);
    let tree = parser.parse_with_options(&mut |offset, _| text.get(offset..).unwrap_or_default(), None, Some(options));
    if tree.is_none() {
        // A parse that was cut short would otherwise go on with the next text.
        parser.reset();
    }
    tree
}
