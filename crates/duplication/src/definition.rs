//! The input of the search: a plain view of one record.

use std::sync::Arc;

use cds_language::Language;
use cds_model::{Md5Sum, SymbolKind};

/// One record as far as duplicates are concerned; the texts are shared, not copied.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The record's id in its database; handed through, never interpreted.
    pub record_id: i64,
    /// What it is.
    pub kind: SymbolKind,
    /// Relative to the root, `/` between the parts.
    pub file_path: Arc<str>,
    /// The declaration's text; `None` for files.
    pub signature: Option<Arc<str>>,
    /// First line in the file, 1-based.
    pub start_line: u32,
    /// Last line in the file, inclusive.
    pub end_line: u32,
    /// The code without comments, docstrings and layout.
    pub normalized_code: Arc<str>,
    /// The fingerprint of `normalized_code`.
    pub md5sum: Md5Sum,
    /// Whether a program wrote its file; see [`cds_language::is_generated`].
    pub is_generated: bool,
    /// Its purpose in one sentence, if it has one.
    pub intent: Option<Arc<str>>,
    /// Whether a program derived the intent from the code, so that it adds no evidence to the code.
    pub intent_is_derived: bool,
}

impl Definition {
    /// The name in its signature.
    pub fn name(&self) -> Option<&str> {
        let name = self.language().declared_name(self.signature.as_deref()?);
        Some(name).filter(|name| *name != cds_model::UNNAMED)
    }

    /// The language in which its code is read.
    pub(crate) fn language(&self) -> &'static Language {
        Language::of_record(&self.file_path)
    }
}

#[cfg(test)]
impl Definition {
    /// A function at the beginning of a file, without an intent.
    pub(crate) fn of(code: &str) -> Self {
        Self {
            record_id: 1,
            kind: SymbolKind::Function,
            file_path: "a.py".into(),
            signature: None,
            start_line: 1,
            end_line: u32::try_from(code.lines().count()).unwrap(),
            normalized_code: code.into(),
            md5sum: Md5Sum(md5::compute(code).0),
            is_generated: false,
            intent: None,
            intent_is_derived: false,
        }
    }
}
