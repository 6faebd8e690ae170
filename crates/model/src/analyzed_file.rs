//! The result of an analysis: the symbols of source files, the spans for normalization, and the errors.
//!
//! Nothing here depends on a language: each analyzer maps its own syntax to these kinds.

use std::sync::Arc;

use crate::{
    Fingerprint, NotRead, Record,
    source::{SourceSlice, SourceText},
};

/// The kinds of symbols that become records, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    /// A whole source file.
    File,
    /// A class definition.
    Class,
    /// A function whose nearest enclosing definition is not a class.
    Function,
    /// A function whose nearest enclosing definition is a class.
    Method,
}

crate::words! {
    SymbolKind:
        File = "file",
        Class = "class",
        Function = "function",
        Method = "method",
}

/// One file or definition, located by whole lines of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its kind.
    pub kind: SymbolKind,
    /// The exact text of the declaration, from its keyword to the end of its header; `None` for files.
    pub signature: Option<SourceSlice>,
    /// The line of the keyword, 1-based; decorators come before it.
    pub start_line: u32,
    /// The last line of the last statement, 1-based and inclusive.
    pub end_line: u32,
    /// The name of what it stands in, where that is no definition of its own, as `Server` for a method of Go.
    pub owner: Option<Arc<str>>,
}

/// How normalization treats a part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Removed: it has no effect when the program runs (a comment, a statement that is only a string literal).
    Noise,
    /// Removed like noise, and one blank takes its place: two words would become one.
    Gap,
    /// Kept byte for byte (a multi-line string literal, text that did not parse).
    Verbatim,
    /// Joins two lines into one (a backslash and its line break); ignored if nothing follows.
    Continuation,
}

/// A part of a file's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxSpan {
    /// How normalization treats it.
    pub kind: SpanKind,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// One source file as its analyzer read it.
#[derive(Debug, Clone)]
pub struct AnalyzedFile {
    /// Relative to the root, with `/` as the separator.
    pub path: Arc<str>,
    /// The decoded text.
    pub source: SourceText,
    /// The file itself and its definitions, by start line, outer before inner.
    pub symbols: Vec<Symbol>,
    /// Sorted by start, never overlapping.
    pub spans: Vec<SyntaxSpan>,
    /// Whether the indentation of a line means something.
    pub indentation: Indentation,
}

/// What the white space at the beginning of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indentation {
    /// It makes blocks: what all lines of a definition share is left out.
    Blocks,
    /// Nothing: all of it is left out.
    Nothing,
}

/// A file or folder that the result lacks at least partly, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnalyzerError {
    /// Relative to the root, with `/` as the separator; `.` is the root itself.
    pub file_path: String,
    /// The 1-based line of the error, if it has one.
    pub line: Option<u32>,
    /// The error in one line of text.
    pub reason: String,
}

/// A source file as it is on disk, whether or not its analysis succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInput {
    /// Relative to the root, with `/` as the separator.
    pub file_path: Arc<str>,
    /// The SHA-256 of its bytes before decoding, or one line that says why they could not be read.
    pub content: Result<Fingerprint, String>,
}

/// A file that was read, with what its records depend on beside its path.
#[derive(Debug, Clone)]
pub struct ReadFile {
    /// The SHA-256 of its bytes before decoding.
    pub source_hash: Fingerprint,
    /// The id of its language, such as `python`.
    pub language: &'static str,
    /// The grammar and the rules for its symbols, with their versions.
    pub grammar: &'static str,
    /// Relative to the root, with `/` as the separator.
    pub path: Arc<str>,
    /// What was found.
    pub content: FileContent,
}

/// What is in a file.
#[derive(Debug, Clone)]
pub enum FileContent {
    /// It was parsed.
    Parsed(AnalyzedFile),
    /// Its records are those of an earlier analysis, without intents.
    Known(Vec<Record>),
    /// The same bytes in the same language as a parsed file of the tree: the index of that.
    CopyOf(usize),
}

impl Analysis {
    /// The number of records that the files will have.
    pub fn record_count(&self) -> usize {
        let count = |file: &ReadFile| match &file.content {
            FileContent::Parsed(file) => file.symbols.len(),
            FileContent::Known(records) => records.len(),
            FileContent::CopyOf(_) => 0,
        };
        let of_copy = |file: &ReadFile| match file.content {
            FileContent::CopyOf(index) => self.files.get(index).map_or(0, count),
            _ => count(file),
        };
        self.files.iter().map(of_copy).sum()
    }
}

/// A file that has records, as it was read: equal values give equal records.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceFile {
    /// Relative to the root, with `/` as the separator.
    pub file_path: Arc<str>,
    /// The SHA-256 of its bytes before decoding.
    pub source_hash: Fingerprint,
    /// The language it was read as, such as `python`.
    pub language: Arc<str>,
    /// What made records of it: the grammar, the rules and the normalization with their versions, and every option that
    /// changes records.
    pub analyzer: Arc<str>,
    /// The number of its records.
    pub record_count: u32,
}

/// Everything that the analysis of a tree found, ordered by path.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// The files that could be read, including those with an error.
    pub files: Vec<ReadFile>,
    /// At most one error for each file or folder.
    pub errors: Vec<AnalyzerError>,
    /// Every source file found, including those that could not be read, decoded or parsed.
    pub inputs: Vec<SourceInput>,
    /// The parts of the tree that were not read, with one entry for each pair of file extension and reason.
    pub not_read: Vec<NotRead>,
}
