//! The unit of a snapshot.

use std::sync::Arc;

use crate::{AskedQuestion, Intent, Md5Sum, SourceSlice, SymbolKind};

/// One file, class, function or method with its code, fingerprint and intent.
///
/// The records of a snapshot are ordered by `file_path`, then by start line, outer before inner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its kind.
    pub kind: SymbolKind,
    /// Relative to the root, with `/` as the separator.
    pub file_path: Arc<str>,
    /// The exact text of the declaration, from its keyword to the end of its header; `None` for files.
    pub signature: Option<SourceSlice>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, 1-based and inclusive.
    pub end_line: u32,
    /// The exact text of the lines, without the final line break.
    pub raw_code: SourceSlice,
    /// The code without comments, docstrings and blank lines; lines end with `\n`.
    pub normalized_code: Arc<str>,
    /// MD5 of the UTF-8 bytes of `normalized_code`; records with equal sums are clones of type 1.
    pub md5sum: Md5Sum,
    /// Its purpose.
    pub intent: Intent,
    /// The question behind the intent; `None` if no model was asked, or if asking costs nothing.
    pub question: Option<AskedQuestion>,
}
