//! The contract between the walk and the languages.

use cds_model::{SourceText, Symbol, SyntaxSpan};

/// What one analyzer found in one text.
#[derive(Debug, Default)]
pub struct Findings {
    /// The definitions, by start line, outer before inner; without the file itself.
    pub symbols: Vec<Symbol>,
    /// Sorted by start, never overlapping.
    pub spans: Vec<SyntaxSpan>,
    /// Why something may be missing from the symbols.
    pub problem: Option<Problem>,
}

/// What is wrong with a text that was nevertheless analyzed as far as possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The 1-based line where it shows first.
    pub line: u32,
    /// One line of text.
    pub reason: String,
}

/// Finds the definitions of one language in one text.
///
/// An analyzer may keep buffers between calls, and is used by one thread at a time.
pub trait Analyzer {
    /// The grammar and the rules with their versions, such as `tree-sitter-python 0.25.0 rules 1`; printable ASCII.
    ///
    /// It changes whenever a text may get other symbols or spans: records of earlier runs are reused where it is the same.
    fn version(&self) -> &'static str;

    /// Finds everything that lies outside of what is broken.
    ///
    /// Once `is_cancelled` says so it returns soon, with findings that are worth nothing.
    fn analyze(&mut self, source: &SourceText, is_cancelled: &dyn Fn() -> bool) -> Findings;
}
