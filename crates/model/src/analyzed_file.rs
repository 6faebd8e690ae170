//! What an analyzer says about source files: their symbols, the spans that normalization needs, and what went wrong.
//!
//! Nothing here depends on a language: an analyzer maps its own syntax onto these kinds.

use std::{fmt, str::FromStr, sync::Arc};

use crate::{
    Fingerprint, NotRead,
    source::{SourceSlice, SourceText},
};

/// The kinds of things that become records, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    /// A whole source file.
    File,
    /// A class definition.
    Class,
    /// A function whose nearest enclosing definition is no class.
    Function,
    /// A function whose nearest enclosing definition is a class.
    Method,
}

impl SymbolKind {
    /// Every kind, in the order in which scopes list them.
    pub const ALL: [Self; 4] = [Self::File, Self::Class, Self::Function, Self::Method];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Class => "class",
            Self::Function => "function",
            Self::Method => "method",
        }
    }
}

impl fmt::Display for SymbolKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for SymbolKind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(())
    }
}

/// One file or definition, found at whole lines of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// What it is.
    pub kind: SymbolKind,
    /// The declaration's exact text from its keyword through the end of its header; none for files.
    pub signature: Option<SourceSlice>,
    /// The line of the keyword, 1-based; decorators stand before it.
    pub start_line: u32,
    /// The last line of the last statement, 1-based and inclusive.
    pub end_line: u32,
}

/// What normalization has to know about a part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Says nothing to the machine (a comment, a statement that is only a string literal): left out.
    Noise,
    /// Kept byte for byte (a string literal of several lines, text that did not parse).
    Verbatim,
    /// Joins two lines into one (a backslash and its line break); void when nothing follows.
    Continuation,
}

/// A part of a file's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxSpan {
    /// What it means for normalization.
    pub kind: SpanKind,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// One source file as its analyzer understood it.
#[derive(Debug, Clone)]
pub struct AnalyzedFile {
    /// Relative to the root, `/` between the parts.
    pub path: Arc<str>,
    /// The decoded text.
    pub source: SourceText,
    /// The file itself and its definitions, by start line, outer before inner.
    pub symbols: Vec<Symbol>,
    /// Sorted by start, never overlapping.
    pub spans: Vec<SyntaxSpan>,
}

/// A file or folder of which something is missing from the result, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnalyzerError {
    /// Relative to the root, `/` between the parts; `.` is the root itself.
    pub file_path: String,
    /// The 1-based line where it went wrong, where there is one.
    pub line: Option<u32>,
    /// One line of text that says what went wrong.
    pub reason: String,
}

/// A source file as it stood on disk, whatever the analysis made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInput {
    /// Relative to the root, `/` between the parts.
    pub file_path: Arc<str>,
    /// The SHA-256 of its bytes before any decoding, or one line that says why they could not be read.
    pub content: Result<Fingerprint, String>,
}

/// Everything that the analysis of a tree found, in the order of the paths.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// The files that could be read, also those with an error of their own.
    pub files: Vec<AnalyzedFile>,
    /// At most one a file or folder.
    pub errors: Vec<AnalyzerError>,
    /// Every source file that was found, also those that could not be read, decoded or parsed.
    pub inputs: Vec<SourceInput>,
    /// What of the tree was not read; each pair of ending and reason once.
    pub not_read: Vec<NotRead>,
}
