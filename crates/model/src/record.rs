//! The unit of a snapshot.

use std::sync::Arc;

use crate::{AskedQuestion, Intent, Md5Sum, SourceSlice, SymbolKind};

/// One file, class, function or method with its code, fingerprint and intent.
///
/// Records of a snapshot are ordered by `file_path`, then start line, outer before inner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: SymbolKind,
    /// Relative to the root, `/` between the parts.
    pub file_path: Arc<str>,
    /// The declaration's exact text from its keyword through the end of its header; none for files.
    pub signature: Option<SourceSlice>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, 1-based and inclusive.
    pub end_line: u32,
    /// The exact text of the lines, without the final line break.
    pub raw_code: SourceSlice,
    /// The code without what says nothing to the machine; lines end with `\n`.
    pub normalized_code: Arc<str>,
    /// MD5 of the UTF-8 bytes of `normalized_code`; equal sums are clones of type 1.
    pub md5sum: Md5Sum,
    /// What it is for.
    pub intent: Intent,
    /// The question that was asked for the intent; none where none was, or where asking costs nothing.
    pub question: Option<AskedQuestion>,
}
